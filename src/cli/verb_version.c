#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "base/version.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/verb.h"
#include "io/clock.h"
#include "store/database.h"

static json_t *own_version(void)
{
    json_t *body = json_object();
    (void)json_put_text(body, "version", RESUS_VERSION);
    if (version_commit()[0] != '\0')
        (void)json_put_text(body, "commit", version_commit());
    (void)json_put_int(body, "schema", schema_version());
    return body;
}

/* "0.1.0 (4c1f0ae), database schema 12" */
static void put_version(struct page *p, const char *label, const json_t *body)
{
    const char *version = json_text_or(body, "version", NULL);
    const char *commit = json_text_or(body, "commit", "");
    int64_t schema = json_int_or(body, "schema", -1);
    page_label(p, label);
    if (version == NULL) {
        page_put(p, "reached, but its version is shown only with a token\n");
        return;
    }
    page_put(p, "%s%s%s%s", version, commit[0] == '\0' ? "" : " (", commit,
             commit[0] == '\0' ? "" : ")");
    if (schema >= 0)
        page_put(p, ", database schema %lld", (long long)schema);
    page_put(p, "\n");
}

static bool differs(const json_t *own, const json_t *daemon)
{
    const char *version = json_text_or(daemon, "version", NULL);
    return version != NULL &&
           (!str_equal(version, RESUS_VERSION) ||
            !str_equal(json_text_or(own, "commit", ""), json_text_or(daemon, "commit", "")));
}

static void show(const struct invocation *in, const json_t *own, const json_t *answer)
{
    JSON_CLEANUP json_t *daemon = answer == NULL ? NULL : page_clean(answer);
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    put_version(&p, "Command line", own);
    if (daemon != NULL)
        put_version(&p, "Daemon", daemon);
    if (differs(own, daemon) && in->url == NULL)
        page_put(&p, "The daemon runs another build than this one. To run this one:\n"
                     "  systemctl restart resus\n");
    page_print(&p, stdout);
}

static int run_version(const struct invocation *in)
{
    struct question q = {.op = "version"};
    struct ask_trouble t = {0};
    JSON_CLEANUP json_t *own = own_version();
    int status = CLI_DONE;
    bool answered = ask_quietly(in, &q, 1, ASK_READ_MS, NULL, NULL, &t) == 0;
    bool heard = answered && q.status < 400;
    if (in->json) {
        JSON_CLEANUP json_t *body = json_object();
        (void)json_put(body, "command_line", json_incref(own));
        (void)json_put(body, "daemon", heard ? json_incref(q.body) : json_null());
        if (!answered)
            (void)json_put_text(body, "message", t.error.text);
        ask_print_json(body);
    } else {
        show(in, own, heard ? q.body : NULL);
    }
    if (!answered)
        status =
            in->json ? t.exit_status : ask_failed(in, t.exit_status, t.code, "%s", t.error.text);
    else if (!heard)
        status = ask_exit(q.status, q.body);
    if (answered && !heard && !in->json)
        ask_refusal(in, q.status, q.body);
    ask_free(&q, 1);
    return status;
}

const struct verb verbs_version[] = {
    {"version", GROUP_SETUP, "version", "versions of this program and of the daemon",
     "Exit status: 0 both are known, 3 the daemon cannot be reached.\n", .run = run_version},
    {0},
};
