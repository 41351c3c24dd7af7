/* resus alert */
#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_alert.h"

static int list(const struct invocation *in)
{
    if (in->word_count > 1)
        return usage_error(in, "alert list takes one word: open, resolved or all");
    json_t *args = json_object();
    if (in->word_count == 1)
        (void)json_put_text(args, "state", in->words[0]);
    if (arguments_has(in, OPTION_LINES)) {
        int64_t lines;
        struct error err = {0};
        if (parse_int(in->options[OPTION_LINES], 1, 1000, &lines, &err) < 0) {
            json_decref(args);
            (void)error_prefix(&err, "--lines");
            return usage_error(in, err.text);
        }
        (void)json_put_int(args, "limit", lines);
    }
    return ask_show(in, "alerts", args, ASK_READ_MS, view_alerts, NULL);
}

static int run_alert(const struct invocation *in)
{
    int64_t number;
    struct error err = {0};
    if (str_equal(in->sub, "list"))
        return list(in);
    if (in->word_count != 1 || parse_int(in->words[0], 1, INT64_MAX, &number, &err) < 0)
        return usage_error(in, "the number of an alert, please: resus alert list");
    json_t *args = json_object();
    (void)json_put_int(args, "n", number);
    if (str_equal(in->sub, "show"))
        return ask_show(in, "alert", args, ASK_READ_MS, view_alert, NULL);
    if (arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "note", in->options[OPTION_REASON]);
    return ask_show(in, "alert_acknowledge", args, ASK_READ_MS, view_alert, NULL);
}

static const char *const subs[] = {"list", "show", "ack", NULL};

const struct verb verbs_alert[] = {
    {"alert", GROUP_ALERTS,
     "alert list [open|resolved|all] [-n N] | show N | ack N [--reason TEXT]",
     "trouble that people are told of, and what became of the messages",
     "  list  the open ones, unless told otherwise\n"
     "  show  one of them: what was seen and done, and what became of its messages\n"
     "  ack   you are working on it: no further calls for a while\n",
     .subs = subs, .words = true, .options = TAKES(LINES) | TAKES(REASON), .run = run_alert},
    {0},
};
