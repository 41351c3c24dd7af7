#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "io/clock.h"
#include "settings/settings.h"
#include "store/state_copy.h"

static int64_t bytes_of(const json_t *manifest)
{
    int64_t bytes = 0;
    size_t i;
    json_t *file;
    json_array_foreach(json_object_get(manifest, "files"), i, file) {
        bytes += json_int_or(file, "bytes", 0);
    }
    return bytes;
}

static void show(const struct invocation *in, const char *folder, const json_t *manifest,
                 const char *done)
{
    JSON_CLEANUP json_t *body = json_object();
    size_t count = json_array_size(json_object_get(manifest, "files"));
    (void)json_put_text(body, "folder", folder);
    (void)json_object_update_missing(body, (json_t *)manifest);
    if (in->json)
        ask_print_json(body);
    else
        (void)printf("%s %zu files, %.1f MB: %s\n", done, count,
                     (double)bytes_of(manifest) / (1024 * 1024), folder);
}

static int backup(const struct invocation *in, const struct settings *settings)
{
    struct error err = {0};
    JSON_CLEANUP json_t *manifest = NULL;
    const char *to = in->options[OPTION_OUTPUT];
    if (state_copy_make(settings->server.state_dir, to, clock_wall(), &manifest, &err) < 0)
        return ask_failed(in, CLI_REFUSED, "state_backup_failed", "%s", err.text);
    show(in, to, manifest, "Copied");
    return CLI_DONE;
}

static int restore(const struct invocation *in, const struct settings *settings)
{
    struct error err = {0};
    JSON_CLEANUP json_t *manifest = NULL;
    const char *state_dir = settings->server.state_dir;
    if (state_copy_restore(in->words[0], state_dir, &manifest, &err) < 0)
        return ask_failed(in, CLI_REFUSED, "state_restore_failed", "%s", err.text);
    show(in, state_dir, manifest, "Restored");
    return CLI_DONE;
}

/* The files are read and written here: no daemon is asked, whether one runs or not. */
static int run_state(const struct invocation *in)
{
    bool restoring = str_equal(in->sub, "restore");
    struct settings *settings = NULL;
    struct error err = {0};
    if (in->word_count != (restoring ? 1 : 0))
        return usage_error(in, restoring ? "state restore: the folder of the copy is missing"
                                         : "state backup takes no further word");
    if (restoring == arguments_has(in, OPTION_OUTPUT))
        return usage_error(in, restoring ? "state restore does not take --output"
                                         : "state backup: -o is missing");
    if (settings_read(ask_config(in), &settings, &err) < 0)
        return ask_failed(in, CLI_BAD_CONFIG, "config_invalid", "%s", err.text);
    int status = restoring ? restore(in, settings) : backup(in, settings);
    settings_free(settings);
    return status;
}

static const char *const subs[] = {"backup", "restore", NULL};

const struct verb verbs_state[] = {
    {"state", GROUP_SETUP, "state backup -o DIR | restore DIR",
     "copy Resus' own state while it runs, and put a copy back",
     "  backup   users, tokens, history, settings of the run time, keys and\n"
     "           certificate, into a new folder. It holds secrets\n"
     "  restore  verifies the copy and fills the state folder, which must be empty\n"
     "           (stop Resus and move the old one away)\n"
     "Not in it: backups of Redis, the audit log and its sealing key, the settings.\n",
     .subs = subs, .words = true, .options = TAKES(OUTPUT), .local = true, .run = run_state},
    {0},
};
