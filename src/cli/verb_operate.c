#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_operate.h"
#include "io/clock.h"

/* `reason`, `force`, `message`, `emergency` as they were given. NULL on lack of memory. */
static json_t *operation_args(const struct invocation *in)
{
    static const struct {
        enum option_id id;
        const char *key;
    } rows[] = {
        {OPTION_REASON, "reason"},
        {OPTION_FORCE, "force"},
        {OPTION_EMERGENCY, "emergency"},
        {OPTION_MESSAGE, "message"},
    };
    json_t *args = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *value = in->options[rows[i].id];
        if (value == NULL)
            continue;
        bool ok = option_rows[rows[i].id].argument == NULL
                      ? json_put_bool(args, rows[i].key, true)
                      : json_put_text(args, rows[i].key, value);
        if (!ok) {
            json_decref(args);
            return NULL;
        }
    }
    return args;
}

static int operate(const struct invocation *in, json_t *args)
{
    struct question q = {.op = in->verb->name, .args = args};
    struct progress progress =
        progress_new(!in->json && isatty(STDERR_FILENO) == 1, in->verb->name);
    int status = ask_all(in, &q, 1, ASK_OPERATE_MS, progress_line, &progress);
    progress_end(&progress);
    if (status != 0)
        return status;
    status = ask_exit(q.status, q.body);
    if (q.status < 400 && !json_bool_or(q.body, "success", true))
        status = CLI_REFUSED;
    if (in->json) {
        ask_print_json(q.body);
    } else if (q.status >= 400) {
        ask_refusal(in, q.status, q.body);
    } else {
        json_t *body JSON_CLEANUP = page_clean(q.body);
        struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
        view_operation(&p, body, in);
        page_print(&p, stdout);
    }
    ask_free(&q, 1);
    return status;
}

static int run_start(const struct invocation *in)
{
    return operate(in, operation_args(in));
}

static int run_restart(const struct invocation *in)
{
    return operate(in, operation_args(in));
}

static int run_reload(const struct invocation *in)
{
    return operate(in, operation_args(in));
}

static int run_stop(const struct invocation *in)
{
    const char *word = in->options[OPTION_CONFIRM];
    if (word != NULL && !str_equal(word, "STOP"))
        return usage_error(in, "--confirm takes the word STOP, in capitals");
    if (arguments_has(in, OPTION_EMERGENCY) && !arguments_has(in, OPTION_MESSAGE))
        return usage_error(in, "--emergency needs --message: the text of the notification");
    if (arguments_has(in, OPTION_MESSAGE) && !arguments_has(in, OPTION_EMERGENCY))
        return usage_error(in, "--message goes with --emergency only");
    json_t *args = operation_args(in);
    if (args != NULL && !json_put_bool(args, "confirmation", word != NULL)) {
        json_decref(args);
        args = NULL;
    }
    return operate(in, args);
}

static int run_preflight(const struct invocation *in)
{
    json_t *args = json_object();
    (void)json_put_text(args, "operation", in->sub);
    json_t *body = NULL;
    int status = ask_show(in, "preflight", args, ASK_CHECK_MS, view_preflight, &body);
    if (status == CLI_DONE && !json_bool_or(body, "allowed", false))
        status = CLI_REFUSED;
    json_decref(body);
    return status;
}

static const char *const subs[] = {"start", "restart", "stop", NULL};

const struct verb verbs_operate[] = {
    {"start", GROUP_OPERATE, "start [SERVICE] [--reason TEXT] [--force]",
     "start it and wait until it answers", "While it loads its data the progress is shown.\n",
     .service = true, .options = TAKES(REASON) | TAKES(FORCE), .run = run_start},
    {"stop", GROUP_OPERATE,
     "stop [SERVICE] --confirm STOP [--force] [--reason TEXT] [--emergency --message TEXT]",
     "save, then stop it; auto-recovery leaves it stopped",
     "Without --confirm STOP nothing is done; the answer names the services that\n"
     "depend on it.\n",
     .service = true,
     .options = TAKES(CONFIRM) | TAKES(FORCE) | TAKES(REASON) | TAKES(EMERGENCY) | TAKES(MESSAGE),
     .run = run_stop},
    {"restart", GROUP_OPERATE, "restart [SERVICE] [--reason TEXT] [--force]",
     "save, restart it and wait until it answers", .service = true,
     .options = TAKES(REASON) | TAKES(FORCE), .run = run_restart},
    {"reload", GROUP_OPERATE, "reload [SERVICE] [--reason TEXT]",
     "have it read its configuration again", .service = true, .options = TAKES(REASON),
     .run = run_reload},
    {"preflight", GROUP_OPERATE, "preflight start|restart|stop [SERVICE]",
     "what a start, restart or stop would cost now", .subs = subs, .service = true,
     .run = run_preflight},
    {0},
};
