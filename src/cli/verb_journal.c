#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/times.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_journal.h"
#include "io/clock.h"

#define LINES_MAX 1000  /* what the whitelist reads at once */
#define EVENTS_LINES 50 /* unless told */

/* 0, or the usage error's exit status; *ret_args is the caller's. */
static int journal_args(const struct invocation *in, const char *lines_key, json_t **ret_args)
{
    static const char *const levels[] = {"error", "warning", "info"};
    const char *level = in->options[OPTION_LEVEL];
    struct error err = {0};
    int64_t lines = 0;
    wall_ms since = WALL_NONE;
    if (arguments_has(in, OPTION_LINES) &&
        parse_int(in->options[OPTION_LINES], 1, LINES_MAX, &lines, &err) < 0) {
        (void)error_prefix(&err, "-n");
        return usage_error(in, err.text);
    }
    if (level != NULL && str_index(levels, ARRAY_LENGTH(levels), level) < 0)
        return usage_error(in, "--level is one of error, warning, info");
    if (arguments_has(in, OPTION_SINCE) &&
        times_read(in->options[OPTION_SINCE], clock_wall(), &since, &err) < 0) {
        (void)error_prefix(&err, "--since");
        return usage_error(in, err.text);
    }
    json_t *args = json_object();
    if (lines > 0)
        (void)json_put_int(args, lines_key, lines);
    if (level != NULL)
        (void)json_put_text(args, "level", level);
    if (since.ms != 0)
        (void)json_put_wall(args, "since", since);
    *ret_args = args;
    return 0;
}

struct follower {
    const struct invocation *in;
    void (*view)(struct page *, const json_t *);
    bool zone_told;
};

static void follow_line(void *context, json_t *line)
{
    struct follower *f = context;
    if (f->in->json) {
        ask_print_json(line);
    } else {
        json_t *clean JSON_CLEANUP = page_clean(line);
        struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
        p.zone_told = f->zone_told;
        f->view(&p, clean);
        page_print(&p, stdout);
        f->zone_told = p.zone_told;
    }
    /* The reader is gone or the disk is full: so are we, as `tail -f` is. */
    if (ferror(stdout))
        _exit(cli_after_output(f->in, CLI_DONE));
}

static int follow(const struct invocation *in, const char *op, json_t *args,
                  void (*view)(struct page *, const json_t *))
{
    struct question q = {.op = op, .args = args};
    struct follower f = {.in = in, .view = view};
    int status = ask_all(in, &q, 1, 0, follow_line, &f);
    if (status != 0)
        return status;
    status = ask_exit(q.status, q.body);
    if (q.status >= 400 && in->json)
        ask_print_json(q.body);
    else if (q.status >= 400)
        ask_refusal(in, q.status, q.body);
    ask_free(&q, 1);
    return status;
}

static int run_logs(const struct invocation *in)
{
    json_t *args = NULL;
    int status = journal_args(in, "lines", &args);
    if (status != 0)
        return status;
    if (arguments_has(in, OPTION_FOLLOW))
        return follow(in, "logs_follow", args, view_log_line);
    return ask_show(in, "logs", args, ASK_CHECK_MS, view_logs, NULL);
}

static int run_events(const struct invocation *in)
{
    json_t *args = NULL;
    int status = journal_args(in, "limit", &args);
    if (status != 0)
        return status;
    if (arguments_has(in, OPTION_FOLLOW) && arguments_has(in, OPTION_LINES)) {
        json_decref(args);
        return usage_error(in, "-f shows what comes: without -n");
    }
    if (arguments_has(in, OPTION_FOLLOW))
        return follow(in, "events_follow", args, view_event);
    if (!arguments_has(in, OPTION_LINES)) /* the API's own default is another */
        (void)json_put_int(args, "limit", EVENTS_LINES);
    return ask_show(in, in->service == NULL ? "events_all" : "events", args, ASK_READ_MS,
                    view_events, NULL);
}

const struct verb verbs_journal[] = {
    {"logs", GROUP_WATCH, "logs [SERVICE] [-n N] [--since TIME] [--level error|warning|info] [-f]",
     "its log lines, the newest last", .service = true,
     .options = TAKES(LINES) | TAKES(SINCE) | TAKES(LEVEL) | TAKES(FOLLOW), .run = run_logs},
    {"events", GROUP_WATCH, "events [SERVICE] [-n N | -f]",
     "what happened: changes, operations, recoveries", "Without SERVICE: to all of them.\n",
     .service = true, .options = TAKES(LINES) | TAKES(FOLLOW), .run = run_events},
    {0},
};
