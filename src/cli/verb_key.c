#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_key.h"
#include "host/keyfile.h"
#include "io/clock.h"
#include "settings/settings.h"

int verb_key_of(const struct settings *settings, const struct service_settings *service,
                struct error *err)
{
    struct stat state;
    bool asked_by_root = geteuid() == 0 && stat(settings->server.state_dir, &state) == 0;
    return keyfile_check_for(service->ssh.key, asked_by_root ? state.st_uid : geteuid(), err);
}

/* {"items": [{"service", "key", "good", "message"}]}: one for each service that is reached by SSH.
 */
static json_t *examine(const struct invocation *in, const struct settings *settings, bool *ret_good)
{
    json_t *body = json_object();
    json_t *items = json_array();
    for (size_t i = 0; i < settings->service_count; i++) {
        const struct service_settings *service = &settings->services[i];
        struct error err = {0};
        if (service->control != CONTROL_SSH ||
            (in->service != NULL && !str_equal(in->service, service->id)))
            continue;
        bool good = verb_key_of(settings, service, &err) == 0;
        json_t *item = json_object();
        (void)(json_put_text(item, "service", service->id) &&
               json_put_text(item, "key", service->ssh.key) && json_put_bool(item, "good", good) &&
               json_put_text(item, "message", good ? "good" : err.text));
        (void)json_array_append_new(items, item);
        *ret_good = *ret_good && good;
    }
    (void)json_put(body, "items", items);
    return body;
}

static void view_keys(struct page *p, const json_t *body)
{
    const json_t *items = json_object_get(body, "items");
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        bool good = json_bool_or(item, "good", false);
        page_tone(p, good ? TONE_GOOD : TONE_BAD, "%s", good ? "✓" : "✗");
        page_put(p, " %s  %s\n", json_text_or(item, "service", ""), json_text_or(item, "key", ""));
        if (!good)
            page_put(p, "    %s\n", json_text_or(item, "message", ""));
    }
    if (json_array_size(items) == 0)
        page_put(p, "no service is reached by SSH\n");
}

static int check(const struct invocation *in)
{
    struct settings *settings = NULL;
    struct error err = {0};
    if (settings_read(ask_config(in), &settings, &err) < 0)
        return ask_failed(in, CLI_BAD_CONFIG, "config_invalid", "%s", err.text);
    bool known = in->service == NULL || settings_service(settings, in->service) != NULL;
    bool good = true;
    json_t *raw JSON_CLEANUP = examine(in, settings, &good);
    settings_free(settings);
    if (!known)
        return ask_failed(in, CLI_REFUSED, "not_found", "no service \"%s\" is configured",
                          in->service);
    if (in->json) {
        ask_print_json(raw);
    } else {
        json_t *body JSON_CLEANUP = page_clean(raw);
        struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
        view_keys(&p, body);
        page_print(&p, stdout);
    }
    return good ? CLI_DONE : CLI_REFUSED;
}

/* `target` is not the frame's service: it may be a host. */
static int rotate(const struct invocation *in)
{
    struct invocation asked = *in;
    json_t *args = json_object();
    asked.service = NULL;
    if (in->service != NULL)
        (void)json_put_text(args, "target", in->service);
    if (arguments_has(in, OPTION_TYPE))
        (void)json_put_text(args, "type", in->options[OPTION_TYPE]);
    if (arguments_has(in, OPTION_CONTINUE)) {
        (void)json_put_text(args, "step", "continue");
        (void)json_put_bool(args, "confirmation", true);
    }
    return ask_show(&asked, "key_rotate", args, ASK_OPERATE_MS, view_key_rotation, NULL);
}

static int run_key(const struct invocation *in)
{
    const char *type = in->options[OPTION_TYPE];
    bool goes_on = arguments_has(in, OPTION_CONTINUE);
    if (str_equal(in->sub, "backup"))
        return verb_key_backup(in);
    if (arguments_has(in, OPTION_OUTPUT))
        return usage_error(in, "--output is for key backup");
    if (str_equal(in->sub, "check")) {
        if (in->url != NULL || type != NULL || goes_on)
            return usage_error(in, "key check takes a service and nothing else: it looks at the "
                                   "files of this machine");
        return check(in);
    }
    if (type != NULL && !str_equal(type, "ed25519") && !str_equal(type, "rsa"))
        return usage_error(in, "--type is ed25519 or rsa");
    if (type != NULL && goes_on)
        return usage_error(in, "--type is for the first step: the key is made already");
    return rotate(in);
}

static const char *const subs[] = {"check", "rotate", "backup", NULL};

const struct verb verbs_key[] = {
    {"key", GROUP_SETUP,
     "key check|rotate [SERVICE|HOST] [--type ed25519|rsa] [--continue] | backup [-o FOLDER]",
     "check or exchange SSH keys, make keys for backups",
     "  check   owner, mode, kind and size, of the files on this machine\n"
     "  rotate  makes a new key beside the old one and prints the line for\n"
     "          authorized_keys on each host. Once it is installed, --continue logs in\n"
     "          with the new key on every host, and if that works puts it in the old\n"
     "          one's place for every service that uses it. The old key is kept for a\n"
     "          day, and removed when no host accepts it.\n"
     "  backup  makes the two keys that backups are sealed for, in FOLDER or\n"
     "          /etc/resus/keys. The recovery key is printed once: its end has to be\n"
     "          typed, to show that it is kept elsewhere\n",
     .subs = subs, .service = true, .options = TAKES(CONTINUE) | TAKES(TYPE) | TAKES(OUTPUT),
     .run = run_key},
    {0},
};
