#include "cli/cli.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "base/version.h"
#include "cli/arguments.h"
#include "cli/ask.h"
#include "cli/checkline.h"
#include "cli/contexts.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "store/database.h"

static bool reader_is_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/* What could not be written was not told: a sudoers file cut by a full disk is no success. Whoever
 * went away (`resus logs | head`) had read enough; a daemon goes on without its output. */
int cli_after_output(const struct invocation *in, int status)
{
    bool daemon = in->verb != NULL && !in->help && !in->version && in->verb->daemon &&
                  !arguments_has(in, OPTION_CHECK);
    bool failed = fflush(stdout) != 0;
    failed = ferror(stdout) != 0 || failed;
    if (daemon || !failed || reader_is_gone())
        return status;
    (void)fprintf(stderr, "resus: cannot write to standard output: is its disk full?\n");
    if (status != CLI_DONE)
        return status;
    return in->verb != NULL && in->verb->plugin ? (int)CHECK_UNKNOWN : CLI_REFUSED;
}

static void print_version(void)
{
    const char *commit = version_commit();
    bool known = commit[0] != '\0';
    (void)printf("resus %s%s%s%s\n", RESUS_VERSION, known ? " (" : "", commit, known ? ")" : "");
    (void)printf("database schema %d\n", schema_version());
}

static int run(const struct invocation *in)
{
    if (in->version) {
        print_version();
        return CLI_DONE;
    }
    if (in->help)
        return verb_by_name("help")->run(in);
    if (in->verb == NULL)
        return usage_error(in, "a verb is missing; `resus help` lists them");
    return in->verb->run(in);
}

/* What an earlier `context use` chose stands nowhere on the command line: people are reminded. */
static void remind(const struct invocation *in)
{
    if (isatty(STDERR_FILENO) == 1 && !in->json)
        (void)fprintf(stderr, "(context %s, %s)\n", in->context, in->url);
}

static int not_chosen(const struct invocation *in, const struct error *err)
{
    if (!in->verb->plugin || in->json)
        return ask_failed(in, in->verb->plugin ? (int)CHECK_UNKNOWN : CLI_BAD_CONFIG,
                          "config_invalid", "%s", err->text);
    struct buf line = BUF_LIMIT(CHECKLINE_TEXT_MAX + 64);
    int status = (int)checkline_unknown(err->text, &line);
    (void)fputs(buf_text(&line), stdout);
    buf_free(&line);
    return status;
}

static int run_there(struct invocation *in)
{
    json_t *kept = NULL;
    bool saved = false;
    struct error err = {0};
    bool asks =
        in->verb != NULL && !in->help && !in->version && !in->verb->local && !in->verb->contexts;
    if (!asks)
        return run(in);
    if (context_choose(in, &kept, &saved, &err) < 0)
        return not_chosen(in, &err);
    if (saved)
        remind(in);
    int status = run(in);
    json_decref(kept);
    return status;
}

int cli_main(int argc, char **argv)
{
    struct invocation in;
    struct error err = {0};
    /* A reader that went away (`resus logs | head`) ends a write with EPIPE, not the program. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (arguments_parse(argc, argv, &in, &err) < 0) {
        for (int i = 1; i < argc && in.verb == NULL; i++) /* what is wrong stands before the verb */
            if (str_equal(argv[i], "check"))
                in.verb = verb_by_name("check");
        return usage_error(&in, err.text);
    }
    return cli_after_output(&in, run_there(&in));
}
