/* resus maintenance */
#include <string.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/times.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_maintenance.h"
#include "io/clock.h"

#define MINUTE_MS 60000.0

/* "2h" from now, or a time as elsewhere. */
static int read_start(const char *text, wall_ms *ret, struct error *err)
{
    int64_t ms;
    wall_ms now = clock_wall();
    if (str_equal(text, "now")) {
        *ret = now;
        return 0;
    }
    if (parse_duration(text, &ms, NULL) == 0) {
        *ret = wall_add(now, ms);
        return 0;
    }
    return times_read(text, now, ret, err);
}

static json_t *split(const char *list)
{
    json_t *items = json_array();
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        if (length > 0)
            (void)json_array_append_new(items, json_stringn(list, length));
        list += length + (list[length] == ',');
    }
    return items;
}

static int plan(const struct invocation *in)
{
    wall_ms starts;
    int64_t ms;
    struct error err = {0};
    if (in->word_count != 1 || !arguments_has(in, OPTION_AT) || !arguments_has(in, OPTION_FOR))
        return usage_error(in, "maintenance plan: one TITLE, --at and --for, please");
    if (read_start(in->options[OPTION_AT], &starts, &err) < 0) {
        (void)error_prefix(&err, "--at");
        return usage_error(in, err.text);
    }
    if (parse_duration(in->options[OPTION_FOR], &ms, &err) < 0) {
        (void)error_prefix(&err, "--for");
        return usage_error(in, err.text);
    }
    json_t *args = json_object();
    (void)json_put_text(args, "title", in->words[0]);
    (void)json_put_wall(args, "starts_at", starts);
    (void)json_put_real(args, "duration_minutes", (double)ms / MINUTE_MS);
    (void)json_put(args, "services",
                   split(arguments_has(in, OPTION_SERVICES) ? in->options[OPTION_SERVICES] : "*"));
    if (arguments_has(in, OPTION_IMPACT))
        (void)json_put_text(args, "impact", in->options[OPTION_IMPACT]);
    return ask_show(in, "maintenance_plan", args, ASK_READ_MS, view_window, NULL);
}

/* A whole number of the words; 0, or the exit status after having said why. */
static int put_number(const struct invocation *in, size_t word, const char *key, json_t *args)
{
    int64_t number;
    struct error err = {0};
    if (parse_int(in->words[word], 1, INT64_MAX, &number, &err) < 0)
        return usage_error(in, err.text);
    (void)json_put_int(args, key, number);
    return 0;
}

/* Those that are about one window, by its number. */
static const struct {
    const char *sub, *op;
    const char *second; /* what the second word is; NULL = none */
    const char *usage;
} rows[] = {
    {"show", "maintenance_show", NULL, "one number, please: `maintenance list` shows them"},
    {"begin", "maintenance_begin", NULL, "one number, please: `maintenance list` shows them"},
    {"end", "maintenance_end", NULL, "one number, please: `maintenance list` shows them"},
    {"cancel", "maintenance_cancel", NULL, "one number, please: `maintenance list` shows them"},
    {"extend", "maintenance_extend", "minutes", "maintenance extend: N and MINUTES, please"},
    {"check", "maintenance_checklist", "item", "maintenance check: N and ITEM, please"},
};

static int about_one(const struct invocation *in, size_t row)
{
    size_t words = rows[row].second == NULL ? 1 : 2;
    if (in->word_count != words)
        return usage_error(in, rows[row].usage);
    json_t *args = json_object();
    int status = put_number(in, 0, "n", args);
    if (status == 0 && words == 2)
        status = put_number(in, 1, rows[row].second, args);
    if (status != 0) {
        json_decref(args);
        return status;
    }
    if (str_equal(in->sub, "check")) {
        (void)json_put_bool(args, "done", !arguments_has(in, OPTION_UNDO));
        if (arguments_has(in, OPTION_NOTE))
            (void)json_put_text(args, "note", in->options[OPTION_NOTE]);
    } else if (arguments_has(in, OPTION_REASON) && !str_equal(in->sub, "show")) {
        (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    }
    return ask_show(in, rows[row].op, args, ASK_READ_MS, view_window, NULL);
}

static int run_maintenance(const struct invocation *in)
{
    if (str_equal(in->sub, "list"))
        return in->word_count == 0
                   ? ask_show(in, "maintenance", NULL, ASK_READ_MS, view_windows, NULL)
                   : usage_error(in, "maintenance list takes no word");
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (str_equal(in->sub, rows[i].sub))
            return about_one(in, i);
    return plan(in);
}

static const char *const subs[] = {"list",   "show",   "plan",  "begin", "end",
                                   "extend", "cancel", "check", NULL};

const struct verb verbs_maintenance[] = {
    {"maintenance", GROUP_ALERTS,
     "maintenance list | show N | plan TITLE --at TIME --for DURATION [--services ID,ID] [--impact "
     "WORD] | begin|end|cancel N [--reason TEXT] | extend N MINUTES [--reason TEXT] | check N ITEM "
     "[--note TEXT] [--undo]",
     "maintenance windows: no automatic recovery while one is open",
     "  list    those to come, then those that are over\n"
     "  show    one with its checklist and results\n"
     "  plan    a window of your own, beside those of the settings\n"
     "  begin   opens it now, for its planned length\n"
     "  end     the work is done: checks the services, then recovery resumes\n"
     "  extend  at most twice its length in all; without it the window ends by itself\n"
     "  cancel  one that has not begun\n"
     "  check   ticks an item of the checklist\n",
     .subs = subs, .words = true,
     .options = TAKES(AT) | TAKES(FOR) | TAKES(SERVICES) | TAKES(IMPACT) | TAKES(REASON) |
                TAKES(NOTE) | TAKES(UNDO),
     .run = run_maintenance},
    {0},
};
