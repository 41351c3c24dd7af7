#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "daemon/check.h"
#include "daemon/check_fleet.h"
#include "daemon/daemon.h"
#include "daemon/demo.h"
#include "settings/settings.h"

#define DEMO_PORT 8443
#define ACCOUNT_ENTRY_MAX 16384 /* bytes of a line of passwd */
#define DEMO_FOLDER "./.demo"

static void add_warning(json_t *warnings, const char *text)
{
    JSON_CLEANUP json_t *one = json_object();
    (void)json_put_text(one, "text", text);
    (void)json_array_append(warnings, json_object_get(one, "text"));
}

static void add_problem(json_t *problems, const struct error *err)
{
    add_warning(problems, err->text);
}

/* From here on as the account that the daemon runs as, where that one is known: what root may read
 * and write says nothing of it. */
static void become_the_daemon(const struct settings *settings)
{
    struct stat state;
    struct passwd entry, *account = NULL;
    char room[ACCOUNT_ENTRY_MAX];
    if (geteuid() != 0 || stat(settings->server.state_dir, &state) < 0 || state.st_uid == 0)
        return;
    if (getpwuid_r(state.st_uid, &entry, room, sizeof room, &account) != 0)
        account = NULL;
    gid_t group = account != NULL ? account->pw_gid : state.st_gid;
    bool groups =
        account != NULL ? initgroups(account->pw_name, group) == 0 : setgroups(0, NULL) == 0;
    if (!groups || setgid(group) < 0 || setuid(state.st_uid) < 0)
        exit(CLI_REFUSED); /* to go on as root would give a wrong answer */
}

/* What lies outside the file and would keep `serve` from starting, or from watching a service. */
static json_t *surroundings(const struct settings *settings)
{
    json_t *problems = json_array();
    struct error err = {0};
    bool *bad = mem_calloc(settings->service_count, sizeof *bad);
    struct stat state;
    bool known = geteuid() == 0 && stat(settings->server.state_dir, &state) == 0;
    for (size_t i = 0; i < settings->service_count && bad != NULL; i++) {
        bad[i] =
            check_key(settings, &settings->services[i], known ? state.st_uid : geteuid(), &err) < 0;
        if (bad[i]) /* root reads keys that the daemon cannot, and knows the chown that helps */
            add_problem(problems, &err);
    }
    become_the_daemon(settings);
    if (check_server(settings, &err) < 0)
        add_problem(problems, &err);
    for (size_t i = 0; i < settings->service_count && bad != NULL; i++) {
        const struct service_settings *service = &settings->services[i];
        if (!bad[i] && check_service(settings, service, &err) < 0)
            add_problem(problems, &err);
        if (check_known_host(settings, service, &err) < 0)
            add_problem(problems, &err);
    }
    if (check_fleet(settings, &err) < 0)
        add_problem(problems, &err);
    mem_free(bad);
    return problems;
}

/* The file's own words are in it. */
static void say(const char *head, const char *text)
{
    char *clean = page_clean_text(text);
    (void)fprintf(stderr, "%s%s\n", head, clean == NULL ? "out of memory" : clean);
    mem_free(clean);
}

static int tell_problems(const struct invocation *in, const json_t *problems)
{
    char text[2048] = "";
    size_t i;
    json_t *problem;
    json_array_foreach((json_t *)(uintptr_t)problems, i, problem) {
        if (!in->json)
            say("", json_string_value(problem));
        (void)str_append(text, sizeof text, "%s%s", i == 0 ? "" : "\n", json_string_value(problem));
    }
    return in->json ? ask_failed(in, CLI_BAD_CONFIG, "config_invalid", "%s", text) : CLI_BAD_CONFIG;
}

static void tell_good(const struct invocation *in, const char *path,
                      const struct settings *settings)
{
    JSON_CLEANUP json_t *body = json_object();
    json_t *warnings = json_array();
    size_t i;
    json_t *warning;
    for (size_t w = 0; w < settings->warning_count; w++)
        add_warning(warnings, settings->warnings[w]);
    (void)(json_put_text(body, "file", path) &&
           json_put_int(body, "services", (int64_t)settings->service_count) &&
           json_put(body, "warnings", warnings));
    if (in->json) {
        ask_print_json(body);
        return;
    }
    json_array_foreach(warnings, i, warning) {
        say("warning: ", json_string_value(warning));
    }
    (void)printf("%s: good, %zu service%s\n", path, settings->service_count,
                 settings->service_count == 1 ? "" : "s");
}

static int run_serve(const struct invocation *in)
{
    const char *path = ask_config(in);
    if (!arguments_has(in, OPTION_CHECK))
        return daemon_serve(path);
    struct settings *settings = NULL;
    struct error err = {0};
    if (settings_read(path, &settings, &err) < 0) {
        if (in->json)
            return ask_failed(in, CLI_BAD_CONFIG, "config_invalid", "%s", err.text);
        say("", err.text);
        return CLI_BAD_CONFIG;
    }
    JSON_CLEANUP json_t *problems = surroundings(settings);
    int status = json_array_size(problems) > 0 ? tell_problems(in, problems) : CLI_DONE;
    if (status == CLI_DONE)
        tell_good(in, path, settings);
    settings_free(settings);
    return status;
}

static int run_demo(const struct invocation *in)
{
    const char *folder = in->options[OPTION_DIR];
    int64_t port = DEMO_PORT;
    struct error err = {0};
    if (arguments_has(in, OPTION_PORT) &&
        parse_int(in->options[OPTION_PORT], 1, 65535, &port, &err) < 0) {
        (void)error_prefix(&err, "--port");
        return usage_error(in, err.text);
    }
    return demo_run((int)port, folder == NULL ? DEMO_FOLDER : folder);
}

const struct verb verbs_local[] = {
    {"serve", GROUP_SETUP, "serve [--check]", "run the daemon in the foreground",
     "--check reads the configuration, reports what is wrong with it (exit status 2)\n"
     "and ends.\n",
     .options = TAKES(CHECK), .local = true, .daemon = true, .run = run_serve},
    {"demo", GROUP_SETUP, "demo [--port N] [--dir DIR]", "a private Redis under Resus, to look at",
     .options = TAKES(PORT) | TAKES(DIR), .local = true, .daemon = true, .run = run_demo},
    {0},
};
