/* resus pause, resume */
#include "base/json.h"
#include "base/parse.h"
#include "cli/ask.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_operate.h"

#define PAUSE_MS (INT64_C(2) * 3600 * 1000) /* where --for does not say otherwise */

static json_t *pause_args(const struct invocation *in)
{
    json_t *args = json_object();
    if (arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    return args;
}

static int run_pause(const struct invocation *in)
{
    int64_t length_ms = PAUSE_MS;
    struct error err = {0};
    if (!arguments_has(in, OPTION_REASON))
        return usage_error(in, "pause needs --reason: it is kept, and shown to other users");
    if (arguments_has(in, OPTION_FOR) &&
        parse_duration(in->options[OPTION_FOR], &length_ms, &err) < 0) {
        (void)error_prefix(&err, "--for");
        return usage_error(in, err.text);
    }
    if (length_ms < 1000)
        return usage_error(in, "--for: at least one second");
    json_t *args = pause_args(in);
    (void)json_put_int(args, "for_seconds", length_ms / 1000);
    return ask_show(in, "pause", args, ASK_READ_MS, view_pause, NULL);
}

static int run_resume(const struct invocation *in)
{
    return ask_show(in, "resume", pause_args(in), ASK_READ_MS, view_pause, NULL);
}

const struct verb verbs_pause[] = {
    {"pause", GROUP_OPERATE, "pause [SERVICE] [--for DURATION] --reason TEXT",
     "no automatic action for a while; it ends by itself",
     "Two hours unless --for says otherwise.\n", .service = true,
     .options = TAKES(FOR) | TAKES(REASON), .run = run_pause},
    {"resume", GROUP_OPERATE, "resume [SERVICE] [--reason TEXT]", "end a pause", .service = true,
     .options = TAKES(REASON), .run = run_resume},
    {0},
};
