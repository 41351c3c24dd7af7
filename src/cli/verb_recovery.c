#include <string.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_recovery.h"
#include "settings/settings.h"

/* A value as JSON: whole numbers, fractions and true/false keep their type. */
static json_t *typed(const char *value)
{
    int64_t whole;
    double real;
    if (str_equal(value, "true") || str_equal(value, "false"))
        return json_boolean(str_equal(value, "true"));
    if (parse_int(value, INT64_MIN, INT64_MAX, &whole, NULL) == 0)
        return json_integer(whole);
    if (parse_double(value, -1e15, 1e15, &real, NULL) == 0)
        return json_real(real);
    return json_string(value);
}

static int set(const struct invocation *in, json_t *args)
{
    struct recovery_policy recovery = recovery_policy_default();
    struct watch_policy watch = watch_policy_default();
    for (size_t i = 0; i < in->assignment_count; i++) {
        char key[64];
        struct error err = {0};
        const char *sign = strchr(in->assignments[i], '=');
        size_t length = (size_t)(sign - in->assignments[i]);
        bool fits = str_copy_n(key, sizeof(key), in->assignments[i], length);
        /* The file's own checks, here already: the daemon makes them again. */
        if (!fits || settings_set_recovery(key, sign + 1, &recovery, &watch, &err) < 0) {
            json_decref(args);
            return usage_error(in, fits ? err.text : "that is no setting's name");
        }
        (void)json_put(args, key, typed(sign + 1));
    }
    return ask_show(in, "recovery_set", args, ASK_READ_MS, view_recovery, NULL);
}

static json_t *enabled_args(json_t *args, bool enabled)
{
    (void)json_put_bool(args, "enabled", enabled);
    return args;
}

static int run_recovery(const struct invocation *in)
{
    json_t *args = json_object();
    if (arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    if (str_equal(in->sub, "set"))
        return set(in, args);
    if (str_equal(in->sub, "enable") || str_equal(in->sub, "disable"))
        return ask_show(in, "recovery_set", enabled_args(args, str_equal(in->sub, "enable")),
                        ASK_READ_MS, view_recovery, NULL);
    if (str_equal(in->sub, "reset"))
        return ask_show(in, "recovery_reset", args, ASK_READ_MS, view_recovery, NULL);
    json_decref(args);
    if (str_equal(in->sub, "history"))
        return ask_show(in, "recovery_history", NULL, ASK_READ_MS, view_recoveries, NULL);
    if (str_equal(in->sub, "explain"))
        return ask_show(in, "explain", NULL, ASK_READ_MS, view_explain, NULL);
    return ask_show(in, "recovery_status", NULL, ASK_READ_MS, view_recovery, NULL);
}

static const char *const subs[] = {"status", "history", "enable", "disable",
                                   "reset",  "explain", "set",    NULL};

const struct verb verbs_recovery[] = {
    {"recovery", GROUP_OPERATE,
     "recovery status|history|enable|disable|reset|explain|set [SERVICE] [KEY=VALUE ...] "
     "[--reason TEXT]",
     "auto-recovery: see it, change it, ask it why",
     "  status   state, attempts, circuit breaker\n"
     "  history  what was done and how it ended\n"
     "  explain  what it would do now and why\n"
     "  enable, disable\n"
     "  reset    closes the circuit breaker and gives the attempts back\n"
     "  set      enabled, max_attempts, retry_delay_seconds, backoff_multiplier,\n"
     "           failure_threshold, external_stop, external_stop_grace_seconds\n",
     .subs = subs, .service = true, .assignments = true, .options = TAKES(REASON),
     .run = run_recovery},
    {0},
};
