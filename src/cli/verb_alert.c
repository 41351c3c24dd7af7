/* resus alert, notify */
#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view.h"

/* The daemon waits 10 s for the receivers. */
#define SEND_MS 30000

/* ── alert ── */

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

int verb_alert(const struct invocation *in)
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

/* ── notify ── */

/* A message that did not reach every channel is an exit status of 1. */
static int send_message(const struct invocation *in, const char *op, json_t *args)
{
    json_t *body = NULL;
    int status = ask_show(in, op, args, SEND_MS, view_sent, &body);
    bool success = json_bool_or(body, "success", true);
    json_decref(body);
    return status == CLI_DONE && !success ? CLI_REFUSED : status;
}

int verb_notify(const struct invocation *in)
{
    bool test = str_equal(in->sub, "test");
    if (in->word_count > 1 || (in->word_count == 0 && !test))
        return usage_error(in, test ? "notify test takes one channel, or none for all"
                                    : "the message as one word, please: put it into quotes");
    if (str_equal(in->sub, "emergency") && !arguments_has(in, OPTION_REASON))
        return usage_error(in, "notify emergency: --reason is missing");
    json_t *args = json_object();
    if (in->word_count == 1)
        (void)json_put_text(args, test ? "channel" : "message", in->words[0]);
    if (test)
        return send_message(in, "notify_test", args);
    if (str_equal(in->sub, "users"))
        return ask_show(in, "notify", args, ASK_READ_MS, view_anything, NULL);
    (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    return send_message(in, "notify_emergency", args);
}
