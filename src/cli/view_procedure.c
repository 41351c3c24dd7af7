/* Guided procedures as pages for a person. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/view_backup.h"
#include "cli/view_maintenance.h"
#include "cli/view_procedure.h"

bool view_procedure_bad(const json_t *body)
{
    const char *phase = json_text_or(body, "phase", "");
    return str_equal(phase, "blocked") || str_equal(phase, "needs_human");
}

static void put_head(struct page *p, const json_t *body)
{
    const char *phase = json_text_or(body, "phase", "");
    page_tone(p, TONE_BOLD, "%s %" PRId64, json_text_or(body, "kind", ""),
              json_int_or(body, "number", 0));
    if (json_is_string(json_object_get(body, "name")))
        page_put(p, " %s = \"%s\"", json_text_or(body, "name", ""),
                 json_text_or(body, "value", ""));
    page_put(p, ": ");
    page_tone(p,
              view_procedure_bad(body)   ? TONE_BAD
              : str_equal(phase, "done") ? TONE_GOOD
                                         : TONE_PLAIN,
              "%s", phase);
}

void view_procedures(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *items = json_object_get(body, "items");
    size_t i;
    const json_t *item;
    (void)in;
    if (json_array_size(items) == 0)
        page_put(p, "no procedure yet\n");
    json_array_foreach(items, i, item) {
        page_put(p, "%s  ", json_text_or(item, "started_at", ""));
        put_head(p, item);
        page_put(p, "\n");
    }
}

static void put_line(struct page *p, const char *name, const json_t *body, const char *key)
{
    const char *text = json_text_or(body, key, "");
    if (text[0] == '\0')
        return;
    page_put(p, "  %-8s", name);
    view_wrapped(p, text, 10);
}

static bool has_order(const json_t *body, const char *order)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(body, "orders"), i, one) {
        if (str_equal(json_string_value(one), order))
            return true;
    }
    return false;
}

static void put_next(struct page *p, const json_t *body)
{
    static const struct {
        const char *order, *text;
    } rows[] = {{"go", "go on"},
                {"recheck", "look again"},
                {"accept", "go on all the same, or end the watch"},
                {"undo", "go back"},
                {"cancel", "give it up: nothing was changed"}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (has_order(body, rows[i].order))
            page_put(p, "resus procedure %s %s %" PRId64 "   # %s\n", rows[i].order,
                     json_text_or(body, "service", ""), json_int_or(body, "number", 0),
                     rows[i].text);
}

void view_procedure(struct page *p, const json_t *body, const struct invocation *in)
{
    const char *phase = json_text_or(body, "phase", "");
    bool back = str_equal(phase, "needs_human");
    bool ready = str_equal(phase, "ready");
    (void)in;
    put_head(p, body);
    page_put(p, "\n");
    put_line(p, "found", body, "text");
    put_line(p, "before", body, "before");
    put_line(p, "now", body, "after");
    put_line(p, "from", body, "from");
    put_line(p, "to", body, "to");
    put_line(p, "backup", body, "safety");
    put_line(p, "mind", body, "notes");
    put_line(p, "watched", body, "watched_until");
    view_checklist(p, json_object_get(body, "checklist"));
    if (ready)
        view_steps(p, json_object_get(body, "steps"));
    if (back)
        view_steps(p, json_object_get(body, "way_back"));
    page_put(p, "\n");
    put_next(p, body);
}
