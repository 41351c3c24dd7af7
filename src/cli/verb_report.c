/* diagnose, bundle, slo */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_report.h"
#include "io/file.h"

/* A full check, and then one question after the other to Redis and its host. */
#define BUNDLE_MS 180000

static int run_slo(const struct invocation *in)
{
    return ask_show(in, "slo", NULL, ASK_READ_MS, view_slo, NULL);
}

static int run_diagnose(const struct invocation *in)
{
    json_t *body = NULL;
    int status = ask_show(in, "diagnosis", NULL, ASK_CHECK_MS, view_diagnosis, &body);
    if (status == CLI_DONE && json_int_or(body, "findings", 0) > 0)
        status = CLI_REFUSED;
    json_decref(body);
    return status;
}

/* Beside it and renamed, so that nobody finds half of it; but what is no file (/dev/stdout, a pipe,
 * a link) is written into, not replaced. */
static int write_output(const char *path, const char *text, struct error *err)
{
    struct stat st;
    size_t length = strlen(text);
    if (lstat(path, &st) < 0 || S_ISREG(st.st_mode)) /* Addresses and commands are in it: 0600 */
        return file_write_atomic(path, text, length, 0600, err);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool written = file != NULL && fwrite(text, 1, length, file) == length;
    int code = errno;
    if (file == NULL && fd >= 0)
        (void)close(fd);
    if (file != NULL && fclose(file) != 0 && written) {
        code = errno;
        written = false;
    }
    return written ? 0 : error_set_errno(err, -code, "cannot write %s", path);
}

static int write_bundle(const struct invocation *in, const json_t *body)
{
    const char *path = in->options[OPTION_OUTPUT];
    struct error err = {0};
    char *text = json_dumps(body, JSON_INDENT(2) | JSON_WRITE_FLAGS);
    if (text == NULL)
        return ask_failed(in, CLI_REFUSED, "out_of_memory", "out of memory");
    int r = write_output(path, text, &err);
    mem_free(text);
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "cannot_write", "%s", err.text);
    if (!in->json)
        (void)printf("Written to %s. Read it before you give it away: it has addresses, log lines "
                     "and %s.\n",
                     path,
                     arguments_has(in, OPTION_WITH_ARGUMENTS)
                         ? "slow commands with their values"
                         : "names of keys; no passwords, no values of slow commands");
    return CLI_DONE;
}

static int run_bundle(const struct invocation *in)
{
    if (!arguments_has(in, OPTION_OUTPUT) && !in->json)
        return usage_error(in, "say where it goes: -o FILE (or --json)");
    struct question q = {.op = "bundle", .args = json_object()};
    if (arguments_has(in, OPTION_WITH_ARGUMENTS))
        (void)json_put_bool(q.args, "with_arguments", true);
    int status = ask_all(in, &q, 1, BUNDLE_MS, NULL, NULL);
    if (status != 0)
        return status;
    status = ask_exit(q.status, q.body);
    if (q.status >= 400)
        ask_refusal(in, q.status, q.body);
    else if (arguments_has(in, OPTION_OUTPUT))
        status = write_bundle(in, q.body);
    if (in->json && (q.status >= 400 || !arguments_has(in, OPTION_OUTPUT)))
        ask_print_json(q.body);
    if (status == CLI_DONE && json_int_or(json_object_get(q.body, "diagnosis"), "findings", 0) > 0)
        status = CLI_REFUSED; /* 1 = findings */
    ask_free(&q, 1);
    return status;
}

const struct verb verbs_report[] = {
    {"diagnose", GROUP_WATCH, "diagnose [SERVICE]",
     "walk the runbook's decision trees: what is wrong, why, what to do",
     "Exit status: 0 nothing found, 1 findings.\n", .service = true, .run = run_diagnose},
    {"bundle", GROUP_WATCH, "bundle [SERVICE] -o FILE [--with-arguments]",
     "all that support asks for in one file, without secrets and values",
     "Exit status: 0 nothing found, 1 the diagnosis in it has findings.\n", .service = true,
     .options = TAKES(OUTPUT) | TAKES(WITH_ARGUMENTS), .run = run_bundle},
    {"slo", GROUP_WATCH, "slo [SERVICE]", "service levels and what is left of the error budget",
     .service = true, .run = run_slo},
    {0},
};
