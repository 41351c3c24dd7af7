/* Plans and restores as pages for a person. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/view_backup.h"
#include "cli/view_restore.h"

#define LABEL_WIDTH 12
#define COLUMNS 80

/* "  label      text", wrapped between words, with the text of further lines below the first. */
static void put_text(struct page *p, const char *label, const char *text)
{
    size_t width = COLUMNS - LABEL_WIDTH - 2;
    while (text[0] != '\0') {
        size_t length = strlen(text);
        if (length > width) {
            length = width;
            while (length > 0 && text[length] != ' ')
                length--;
            length = length == 0 ? strcspn(text, " ") : length;
        }
        page_put(p, "  %-*s%.*s\n", LABEL_WIDTH, label, (int)length, text);
        label = "";
        text += length;
        text += strspn(text, " ");
    }
}

static void put_points(struct page *p, const char *label, const json_t *points)
{
    size_t i;
    const json_t *one;
    json_array_foreach(points, i, one) {
        put_text(p, label, json_text_or(one, "text", ""));
    }
}

static void put_head(struct page *p, const json_t *body)
{
    const char *service = json_text_or(body, "service", "");
    const char *source = json_text_or(body, "source", "");
    page_tone(p, TONE_BOLD, "%s of %s into %s", json_text_or(body, "backup", ""), source, service);
    page_put(p, ", by %s", json_text_or(body, "method", ""));
    if (str_equal(json_text_or(body, "method", ""), "keys"))
        page_put(p, " (%s)", json_text_or(body, "mode", ""));
    page_put(p, "\n");
}

static void put_part(struct page *p, const json_t *body)
{
    char text[600] = "";
    int64_t db = json_int_or(body, "db", -1);
    const char *match = json_text_or(body, "match", "");
    if (db >= 0)
        (void)str_format(text, sizeof text, "database %" PRId64 "%s", db,
                         match[0] == '\0' ? "" : ", ");
    if (match[0] != '\0')
        (void)str_append(text, sizeof text, "keys that match %s", match);
    put_text(p, "only", text);
}

void view_restore_plan(struct page *p, const json_t *body, const struct invocation *in)
{
    char text[256];
    char size[32];
    double downtime = json_real_or(body, "downtime_seconds", -1);
    bool by_keys = str_equal(json_text_or(body, "method", ""), "keys");
    (void)in;
    put_head(p, body);
    put_part(p, body);
    view_size(json_int_or(body, "bytes", 0), size);
    int64_t keys = json_int_or(body, "keys", 0), now = json_int_or(body, "keys_now", 0);
    (void)str_format(text, sizeof text, "%" PRId64 " key%s, %s", keys, keys == 1 ? "" : "s", size);
    put_text(p, "backup", text);
    if (json_is_integer(json_object_get(body, "keys_now")))
        (void)str_format(text, sizeof text, "%" PRId64 " key%s", now, now == 1 ? "" : "s");
    else
        (void)str_copy(text, sizeof text, "Redis does not answer");
    put_text(p, "now", text);
    if (by_keys)
        (void)str_copy(text, sizeof text, "none: Redis goes on serving");
    else if (downtime >= 0)
        (void)str_format(text, sizeof text, "about %.0f s, by the last load of this backup",
                         downtime);
    else
        (void)str_copy(text, sizeof text, "not known: this backup was never loaded");
    put_text(p, "downtime", text);
    put_text(p, "method", json_text_or(body, "method_reason", ""));
    put_text(p, "first",
             json_bool_or(body, "safety_backup", false) ? "a safety backup of the data in use"
                                                        : "no safety backup");
    put_points(p, "warning", json_object_get(body, "warnings"));
    put_points(p, "BLOCKED", json_object_get(body, "blockers"));
    if (json_bool_or(body, "allowed", false))
        page_put(p, "Nothing stands in the way. Nothing was changed.\n");
    else
        page_tone(p, TONE_BAD, "This restore is blocked. Nothing was changed.\n");
}

static enum tone tone_of(const char *state)
{
    return str_equal(state, "done") || str_equal(state, "undone") ? TONE_GOOD
           : str_equal(state, "running")                          ? TONE_BUSY
                                                                  : TONE_BAD;
}

void view_restore(struct page *p, const json_t *body, const struct invocation *in)
{
    char text[256];
    const char *state = json_text_or(body, "state", "");
    const char *stage = json_text_or(body, "stage", "");
    int64_t number = json_int_or(body, "number", 0);
    (void)in;
    page_put(p, "restore %" PRId64 ": ", number);
    page_tone(p, tone_of(state), "%s%s%s", state, stage[0] == '\0' ? "" : ", ", stage);
    page_put(p, "\n");
    put_text(p, "", json_text_or(body, "message", ""));
    (void)str_format(text, sizeof text, "%s of %s into %s, by %s", json_text_or(body, "backup", ""),
                     json_text_or(body, "source", ""), json_text_or(body, "service", ""),
                     json_text_or(body, "method", ""));
    put_text(p, "backup", text);
    put_part(p, body);
    put_text(p, "began", json_text_or(body, "began_at", ""));
    put_text(p, "ended", json_text_or(body, "ended_at", ""));
    put_text(p, "by", json_text_or(body, "user", ""));
    put_text(p, "reason", json_text_or(body, "reason", ""));
    put_text(p, "safety", json_text_or(body, "safety_backup", ""));
    bool undo = json_bool_or(body, "can_undo", false);
    if (json_bool_or(body, "can_resume", false))
        page_put(p, "  to go on:   resus restore resume %s %" PRId64 "\n",
                 json_text_or(body, "service", ""), number);
    if (undo)
        page_put(p, "  to go back: resus restore undo %s %" PRId64 "\n",
                 json_text_or(body, "service", ""), number);
}

void view_restores(struct page *p, const json_t *body, const struct invocation *in)
{
    size_t i;
    const json_t *one;
    const json_t *items = json_object_get(body, "items");
    (void)in;
    if (json_array_size(items) == 0)
        page_put(p, "nothing was restored yet\n");
    json_array_foreach(items, i, one) {
        const char *state = json_text_or(one, "state", "");
        page_put(p, "%4" PRId64 "  %s  %s  %-4s  ", json_int_or(one, "number", 0),
                 json_text_or(one, "began_at", ""), json_text_or(one, "backup", ""),
                 json_text_or(one, "method", ""));
        page_tone(p, tone_of(state), "%s", state);
        page_put(p, "  %s\n", json_text_or(one, "user", ""));
    }
}
