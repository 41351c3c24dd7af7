/* resus notify */
#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_alert.h"
#include "cli/view_table.h"

/* The daemon waits 10 s for the receivers. */
#define SEND_MS 30000

/* A message that did not reach every channel is an exit status of 1. */
static int send_message(const struct invocation *in, const char *op, json_t *args)
{
    json_t *body = NULL;
    int status = ask_show(in, op, args, SEND_MS, view_sent, &body);
    bool success = json_bool_or(body, "success", true);
    json_decref(body);
    return status == CLI_DONE && !success ? CLI_REFUSED : status;
}

static int run_notify(const struct invocation *in)
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

static const char *const subs[] = {"test", "emergency", "users", NULL};

const struct verb verbs_notify[] = {
    {"notify", GROUP_ALERTS,
     "notify test [CHANNEL] | emergency MESSAGE --reason TEXT | users MESSAGE",
     "send a message by hand",
     "  test       to one channel, or to all, and print what each one answers\n"
     "  emergency  to every channel, past every hold\n"
     "  users      a banner in the console, for everybody\n"
     "Exit status: 0 every channel has it, 1 one has not.\n",
     .subs = subs, .words = true, .options = TAKES(REASON), .run = run_notify},
    {0},
};
