#include <unistd.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/page.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_help.h"
#include "io/clock.h"

static int run_help(const struct invocation *in)
{
    const struct verb *verb = in->help ? in->verb : in->sub == NULL ? NULL : verb_by_name(in->sub);
    if (verb == NULL && !in->help && in->sub != NULL) {
        char why[256];
        const char *near = verb_nearest(in->sub);
        (void)str_format(why, sizeof(why), "there is no verb \"%s\"%s%s%s", in->sub,
                         near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                         near == NULL ? "" : "?");
        return usage_error(in, why);
    }
    if (in->json) {
        JSON_CLEANUP json_t *body = view_verbs_json();
        ask_print_json(body);
        return CLI_DONE;
    }
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    if (verb == NULL)
        view_verbs(&p);
    else
        view_verb(&p, verb);
    page_print(&p, stdout);
    return CLI_DONE;
}

const struct verb verbs_help[] = {
    {"help", GROUP_SETUP, "help [VERB]", "this list, or all about one verb", .free_word = true,
     .local = true, .run = run_help},
    {0},
};
