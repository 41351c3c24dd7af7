#include "doctor/judge_channels.h"

#include "base/json.h"
#include "base/str.h"
#include "doctor/facts.h"

void doctor_judge_channels(const struct alerts *alerts, json_t *items)
{
    JSON_CLEANUP json_t *channels = alerts_channels_json(alerts);
    const char *unwell = alerts_unwell(alerts);
    size_t i;
    const json_t *c;
    json_array_foreach(channels, i, c) {
        const char *name = json_text_or(c, "name", "");
        const char *state = json_text_or(c, "state", "");
        char check[96], fix[160], why[OUTGOING_ERROR_MAX];
        enum try_end end = alerts_try_end(alerts, name, why);
        (void)str_format(check, sizeof check, "channel %s", name);
        (void)str_format(fix, sizeof fix, "see its address and key, then: resus notify test %s",
                         name);
        if (end == TRY_UNUSABLE)
            doctor_put(items, check, FINDING_FAIL,
                       "fix the file, then: resus serve --check, and reload", "%s", why);
        else if (str_equal(state, "failing") || str_equal(state, "retrying"))
            doctor_put(items, check, FINDING_FAIL, fix, "messages do not arrive: %s",
                       json_text_or(c, "last_error", "no answer"));
        else if (end == TRY_UNREACHED)
            doctor_put(items, check, FINDING_FAIL,
                       "see its address, its proxy and `ca_file`, DNS, and the firewall between",
                       "its server cannot be reached: %s", why);
        else if (str_equal(state, "unused"))
            doctor_put(items, check, FINDING_PASS, NULL, "%snothing was sent since the start",
                       end == TRY_REACHED ? "its server can be reached; " : "");
        else
            doctor_put(items, check, FINDING_PASS, NULL, "the last message arrived");
    }
    if (unwell != NULL && json_array_size(channels) > 0)
        doctor_put(items, "alerts", FINDING_WARNING, "see the other findings",
                   "the heartbeat is withheld: %s", unwell);
}
