/* resus fleet */
#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_fleet.h"

static const struct {
    const char *sub, *op;
} orders[] = {{"drain", "fleet_drain"}, {"undrain", "fleet_undrain"}, {"remove", "fleet_remove"}};

static int run_fleet(const struct invocation *in)
{
    bool reads = str_equal(in->sub, "status") || str_equal(in->sub, "diff");
    if (reads && in->word_count != 0)
        return usage_error(in, "fleet status and fleet diff take no word");
    if (reads && arguments_has(in, OPTION_REASON))
        return usage_error(in, "--reason goes with drain, undrain and remove");
    if (str_equal(in->sub, "status"))
        return ask_show(in, "fleet", NULL, ASK_READ_MS, view_fleet, NULL);
    if (str_equal(in->sub, "diff"))
        return ask_show(in, "fleet_diff", NULL, ASK_READ_MS, view_fleet_diff, NULL);
    if (in->word_count != 1)
        return usage_error(in, "one ENGINE, please: `fleet status` shows them");
    json_t *args = json_object();
    (void)json_put_text(args, "name", in->words[0]);
    if (arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++)
        if (str_equal(in->sub, orders[i].sub))
            return ask_show(in, orders[i].op, args, ASK_READ_MS, view_fleet, NULL);
    json_decref(args);
    return usage_error(in, "fleet status | drain | undrain | remove | diff");
}

static const char *const subs[] = {"status", "drain", "undrain", "remove", "diff", NULL};

const struct verb verbs_fleet[] = {
    {"fleet", GROUP_OPERATE, "fleet status | diff | drain|undrain|remove ENGINE [--reason TEXT]",
     "several engines: who is there, which services each of them owns",
     "  status   the engines, and the owner of each service\n"
     "  diff     where their settings differ from those here\n"
     "  drain    the engine hands over its services, before its upgrade\n"
     "  undrain  it takes services again\n"
     "  remove   forgets an engine that is gone for good\n",
     .subs = subs, .words = true, .options = TAKES(REASON), .run = run_fleet},
    {0},
};
