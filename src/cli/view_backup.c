/* Backups as pages for a person. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/view_backup.h"
#include "cli/view_table.h"

#define SHEET_COLUMNS 79

void view_size(int64_t bytes, char to[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < ARRAY_LENGTH(units)) {
        value /= 1024;
        unit++;
    }
    (void)str_format(to, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static const char *proof_of(const json_t *backup)
{
    if (json_array_size(json_object_get(backup, "suspicious")) > 0)
        return "suspicious";
    if (str_equal(json_text_or(backup, "check_result", ""), "bad"))
        return "BAD";
    return str_equal(json_text_or(backup, "proved", ""), "loaded") ? "proved" : "not proved";
}

/* "  nas, far (failing)": a name alone has the copy. */
static void put_copies(struct page *p, const json_t *copies)
{
    const char *before = "  ";
    size_t i;
    const json_t *copy;
    json_array_foreach(copies, i, copy) {
        const char *state = json_text_or(copy, "state", "");
        const char *target = json_text_or(copy, "target", "");
        if (str_equal(state, "copied"))
            page_put(p, "%s%s", before, target);
        else
            page_put(p, "%s%s (%s)", before, target, state);
        before = ", ";
    }
}

static void put_row(struct page *p, const json_t *backup)
{
    char size[32];
    const char *proof = proof_of(backup);
    view_size(json_int_or(backup, "bytes", 0), size);
    page_put(p, "%s  %-6s  %10" PRId64 " %-4s  %10s  ", json_text_or(backup, "id", ""),
             json_text_or(backup, "kind", ""), json_int_or(backup, "keys", 0),
             json_int_or(backup, "keys", 0) == 1 ? "key" : "keys", size);
    page_tone(p, str_equal(proof, "proved") ? TONE_GOOD : TONE_BAD, "%s", proof);
    page_put(p, "%s%s", json_bool_or(backup, "sealed", false) ? " sealed" : "",
             json_bool_or(backup, "latest", false) ? "  latest" : "");
    put_copies(p, json_object_get(backup, "copies"));
    page_put(p, "\n");
}

void view_backups(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *items = json_object_get(body, "items");
    size_t i;
    const json_t *item;
    (void)in;
    if (json_array_size(items) == 0)
        page_put(p, "no backup yet: resus backup create makes one\n");
    json_array_foreach(items, i, item) {
        put_row(p, item);
    }
}

static void put_line(struct page *p, const char *name, const json_t *value)
{
    char text[512];
    if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
        return;
    page_put(p, "  %-12s %s\n", name, view_value(value, text, sizeof text));
}

void view_backup(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const rows[][2] = {
        {"began", "started_at"},
        {"ended", "finished_at"},
        {"by", "by"},
        {"reason", "reason"},
        {"proved", "proved"},
        {"checked", "checked_at"},
        {"result", "check_result"},
        {"why", "check_text"},
        {"suspicious", "suspicious"},
        {"accepted", "accepted_at"},
        {"pinned until", "pinned_until"},
        {"kept by", "kept_by"},
        {"folder", "folder"},
    };
    (void)in;
    put_row(p, body);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        put_line(p, rows[i][0], json_object_get(body, rows[i][1]));
}

void view_backup_last(struct page *p, const json_t *last, const struct invocation *in)
{
    static const char *const well[] = {"proved", "good", "done"};
    const char *result = json_text_or(last, "result", "?");
    bool good = str_index(well, ARRAY_LENGTH(well), result) >= 0;
    (void)in;
    page_tone(p, good ? TONE_GOOD : TONE_BAD, "%s %s: %s", json_text_or(last, "task", ""),
              json_text_or(last, "backup", ""), result);
    page_put(p, " (%.1f s)\n", json_real_or(last, "duration_seconds", 0));
    page_put(p, "%s\n", json_text_or(last, "message", ""));
}

/* ── drills ── */

static void put_span(struct page *p, const json_t *seconds)
{
    char text[DURATION_TEXT_SIZE];
    page_put(p, "%s",
             json_is_null(seconds)
                 ? "?"
                 : duration_text(llround(json_number_value(seconds) * 1000), text));
}

static void put_drill(struct page *p, const json_t *drill)
{
    bool good = str_equal(json_text_or(drill, "result", ""), "good");
    page_put(p, "%s  %s  ", json_text_or(drill, "started_at", ""),
             json_text_or(drill, "backup", ""));
    page_tone(p, good ? TONE_GOOD : TONE_BAD, "%s", good ? "passed" : "FAILED");
    if (good) {
        page_put(p, "  back in ");
        put_span(p, json_object_get(drill, "rto_seconds"));
        page_put(p, ", data ");
        put_span(p, json_object_get(drill, "rpo_seconds"));
        page_put(p, " old");
    } else {
        page_put(p, "\n  %s", json_text_or(drill, "message", ""));
    }
    page_put(p, "\n");
}

void view_drills(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *items = json_object_get(body, "items");
    size_t i;
    const json_t *item;
    (void)in;
    if (json_array_size(items) == 0)
        page_put(p, "no drill yet: resus backup drill runs one\n");
    json_array_foreach(items, i, item) {
        put_drill(p, item);
    }
}

static void put_drilling(struct page *p, const json_t *drilling)
{
    const json_t *passed = json_object_get(drilling, "passed");
    const char *next = json_text_or(drilling, "next_at", NULL);
    if (json_is_object(passed)) {
        page_put(p, "the last drill brought it back in ");
        put_span(p, json_object_get(passed, "rto_seconds"));
        page_put(p, " (%s)", json_text_or(passed, "started_at", ""));
    } else {
        page_put(p, "no drill has passed yet");
    }
    page_put(p, "%s%s\n", next == NULL ? "" : ", the next one ", next == NULL ? "" : next);
}

static void put_place(struct page *p, const json_t *place)
{
    const char *state = json_text_or(place, "state", "");
    int64_t waiting = json_int_or(place, "waiting", 0);
    page_put(p, "copies at %s: ", json_text_or(place, "target", ""));
    page_tone(p,
              str_equal(state, "up_to_date") ? TONE_GOOD
              : str_equal(state, "failing")  ? TONE_BAD
                                             : TONE_PLAIN,
              "%s", str_equal(state, "up_to_date") ? "up to date" : state);
    if (waiting > 0)
        page_put(p, ", %" PRId64 " without a copy", waiting);
    if (json_is_string(json_object_get(place, "problem")))
        page_put(p, ", next try %s\n  %s", json_text_or(place, "next_at", "now"),
                 json_text_or(place, "problem", ""));
    if (json_is_string(json_object_get(place, "note")))
        page_put(p, "\n  %s", json_text_or(place, "note", ""));
    page_put(p, "\n");
}

void view_backup_status(struct page *p, const json_t *body, const struct invocation *in)
{
    char size[32];
    const char *problem = json_text_or(body, "problem", "");
    const json_t *job = json_object_get(body, "job");
    const json_t *last = json_object_get(body, "last");
    page_tone(p, TONE_BOLD, "Backups of %s", json_text_or(body, "service", ""));
    page_put(p, ": %s%s%s\n", json_text_or(body, "schedule", "on demand only"),
             json_is_string(json_object_get(body, "next_at")) ? ", next " : "",
             json_text_or(body, "next_at", ""));
    view_size(json_int_or(body, "bytes", 0), size);
    page_put(p, "%" PRId64 " kept in %s (%s), %" PRId64 " of them proved; the newest proved: %s\n",
             json_int_or(body, "count", 0), json_text_or(body, "directory", ""), size,
             json_int_or(body, "proved_count", 0), json_text_or(body, "last_proved", "none"));
    if (problem[0] != '\0')
        page_tone(p, TONE_BAD, "%s\n", problem);
    if (json_int_or(body, "count", 0) > 0)
        put_drilling(p, json_object_get(body, "drill"));
    size_t i;
    const json_t *place;
    json_array_foreach(json_object_get(body, "copies"), i, place) {
        put_place(p, place);
    }
    if (json_is_object(job))
        page_put(p, "%s runs since %s, by %s: %s%s%s\n", json_text_or(job, "task", ""),
                 json_text_or(job, "since", ""), json_text_or(job, "user", "another user"),
                 json_text_or(job, "stage", ""),
                 json_is_string(json_object_get(job, "waits_for")) ? " for " : "",
                 json_text_or(job, "waits_for", ""));
    if (json_is_object(last))
        view_backup_last(p, last, in);
}

void view_backup_overview(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *items = json_object_get(body, "items");
    size_t i;
    const json_t *item;
    (void)in;
    json_array_foreach(items, i, item) {
        const char *proved = json_text_or(item, "last_proved_at", NULL);
        const char *problem = json_text_or(item, "problem", "");
        bool good = proved != NULL && problem[0] == '\0';
        page_tone(p, good ? TONE_GOOD : TONE_BAD, "%s: %s%s", json_text_or(item, "service", ""),
                  proved == NULL ? "no backup is proved" : "proved ", proved == NULL ? "" : proved);
        page_put(p, ", %s%s, %" PRId64 " kept\n",
                 json_is_string(json_object_get(item, "next_at")) ? "next " : "on demand only",
                 json_text_or(item, "next_at", ""), json_int_or(item, "count", 0));
        if (problem[0] != '\0')
            page_put(p, "  %s\n", problem);
    }
}

void view_prunable(struct page *p, const json_t *body, const struct invocation *in)
{
    char size[32];
    const json_t *items = json_object_get(body, "items");
    if (json_array_size(items) == 0) {
        page_put(p, "every backup is kept by a rule: there is nothing to remove\n");
        return;
    }
    view_backups(p, body, in);
    view_size(json_int_or(body, "bytes", 0), size);
    page_put(p,
             "%zu backups, %s: no rule keeps them. To remove them: resus backup prune --confirm "
             "PRUNE\n",
             json_array_size(items), size);
}

void view_elsewhere(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *items = json_object_get(body, "items");
    const char *target = json_text_or(body, "target", "");
    char size[32];
    size_t i;
    const json_t *item;
    (void)in;
    if (json_array_size(items) == 0)
        page_put(p, "no copy at %s\n", target);
    json_array_foreach(items, i, item) {
        view_size(json_int_or(item, "bytes", 0), size);
        page_put(p, "%s  %-6s  %10" PRId64 " keys  %10s  %s%s\n", json_text_or(item, "id", ""),
                 json_text_or(item, "kind", ""), json_int_or(item, "keys", 0), size,
                 json_bool_or(item, "suspicious", false)                 ? "suspicious"
                 : str_equal(json_text_or(item, "proved", ""), "loaded") ? "proved"
                                                                         : "not proved",
                 json_bool_or(item, "sealed", false) ? "  sealed" : "");
    }
    if (json_array_size(items) > 0)
        page_put(p, "to bring one back: resus backup fetch BACKUP --place %s\n", target);
}

/* ── a lost host ── */

static void put_parts(struct page *p, const json_t *parts)
{
    size_t i;
    const json_t *part;
    json_array_foreach(parts, i, part) {
        const char *reached = json_text_or(part, "reached", "");
        bool yes = str_equal(reached, "yes");
        bool no = str_equal(reached, "no");
        page_put(p, "  %-6s", json_text_or(part, "part", ""));
        page_tone(p,
                  yes  ? TONE_GOOD
                  : no ? TONE_BAD
                       : TONE_PLAIN,
                  "%s",
                  yes  ? "reached"
                  : no ? "NOT REACHED"
                       : "not known");
        page_put(p, ": %s\n", json_text_or(part, "text", ""));
    }
}

/* Commands stay as they are. */
void view_wrapped(struct page *p, const char *text, size_t indent)
{
    size_t column = indent;
    bool first = true;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        bool breaks = !first && column + 1 + length > SHEET_COLUMNS;
        if (breaks)
            page_put(p, "\n%*s", (int)indent, "");
        else if (!first)
            page_put(p, " ");
        page_put(p, "%.*s", (int)length, text);
        column = breaks ? indent + length : column + (first ? 0 : 1) + length;
        first = false;
        text += length;
        text += strspn(text, " ");
    }
    page_put(p, "\n");
}

void view_steps(struct page *p, const json_t *steps)
{
    size_t i;
    size_t k;
    const json_t *step;
    const json_t *line;
    json_array_foreach(steps, i, step) {
        page_put(p, "\n");
        page_tone(p, TONE_BOLD, "[ ] %zu. %s", i + 1, json_text_or(step, "title", ""));
        page_put(p, " (on %s)\n",
                 str_equal(json_text_or(step, "on", ""), "host") ? "the Redis host"
                                                                 : "Resus' machine");
        view_wrapped(p, json_text_or(step, "text", ""), 0);
        json_array_foreach(json_object_get(step, "commands"), k, line) {
            page_put(p, "%s\n", json_string_value(line));
        }
    }
}

void view_rebuild_sheet(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *backup = json_object_get(body, "backup");
    (void)in;
    page_tone(p, TONE_BOLD, "To build %s again", json_text_or(body, "name", ""));
    page_put(p, "\nFrom backup %s, printed %s\n", json_text_or(backup, "id", ""),
             json_text_or(body, "at", ""));
    put_parts(p, json_object_get(body, "parts"));
    page_put(p, "Resus acts by itself: %s\n",
             json_bool_or(body, "acting", false) ? "YES, step 1 ends that" : "no");
    if (json_is_string(json_object_get(body, "problem")))
        page_put(p, "Not known of this host: %s\n", json_text_or(body, "problem", ""));
    view_steps(p, json_object_get(body, "steps"));
}
