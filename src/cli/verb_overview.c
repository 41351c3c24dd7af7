/* Every service on one line: `list`, and `status` of several. */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/overview.h"
#include "cli/terminal.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_overview.h"
#include "io/clock.h"

int verb_overview_show(const struct invocation *in, const json_t *services)
{
    struct overview_filter filter;
    struct error err = {0};
    if (overview_filter_read(in, &filter, &err) < 0)
        return usage_error(in, err.text);
    JSON_CLEANUP json_t *chosen = overview_select(services, &filter);
    if (in->json) {
        ask_print_json(chosen);
        return CLI_DONE;
    }
    JSON_CLEANUP json_t *all = page_clean(services);
    JSON_CLEANUP json_t *shown = page_clean(chosen);
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    view_overview(&p, all, shown, terminal_size(STDOUT_FILENO).columns);
    page_print(&p, stdout);
    return CLI_DONE;
}

int verb_overview_list(const struct invocation *in)
{
    struct question q = {.op = "services"};
    struct overview_filter filter;
    struct error err = {0};
    if (overview_filter_read(in, &filter, &err) < 0)
        return usage_error(in, err.text);
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    status = ask_exit(q.status, q.body);
    if (q.status < 400)
        status = verb_overview_show(in, q.body);
    else if (in->json)
        ask_print_json(q.body);
    else
        ask_refusal(in, q.status, q.body);
    ask_free(&q, 1);
    return status;
}

const struct verb verbs_overview[] = {
    {"list", GROUP_WATCH, "list [TEXT] [--state STATE,STATE] [--group NAME] [--tag TAG]",
     "every service on one line, the worst first",
     "TEXT is a part of the id, name, group, tag or cause. Columns that do not fit the\n"
     "terminal are left out.\n",
     .free_word = true, .options = TAKES(STATE) | TAKES(GROUP) | TAKES(TAG),
     .run = verb_overview_list},
    {"services", GROUP_WATCH, "services [TEXT] [--state STATE,STATE] [--group NAME] [--tag TAG]",
     "another name of `list`", .free_word = true,
     .options = TAKES(STATE) | TAKES(GROUP) | TAKES(TAG), .run = verb_overview_list},
    {0},
};
