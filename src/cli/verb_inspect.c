/* resus inspect */
#include "base/json.h"
#include "cli/ask.h"
#include "cli/verb.h"
#include "cli/view_table.h"

/* Big keys are searched within a time budget. */
#define INSPECT_MS 180000

static int run_inspect(const struct invocation *in)
{
    json_t *args = json_object();
    (void)json_put_text(args, "what", in->sub);
    if (arguments_has(in, OPTION_WITH_ARGUMENTS))
        (void)json_put_bool(args, "with_arguments", true);
    return ask_show(in, "inspect", args, INSPECT_MS, view_anything, NULL);
}

static const char *const subs[] = {"info", "slowlog", "clients", "bigkeys", "commandstats", NULL};

const struct verb verbs_inspect[] = {
    {"inspect", GROUP_WATCH,
     "inspect info|slowlog|clients|bigkeys|commandstats [SERVICE] [--with-arguments]",
     "look into Redis (reading only, bounded)",
     "slowlog shows a command's name and first key; with --with-arguments all of it.\n",
     .subs = subs, .service = true, .options = TAKES(WITH_ARGUMENTS), .run = run_inspect},
    {0},
};
