/* resus sudoers */
#include <stdio.h>

#include "base/json.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/verb.h"
#include "host/command.h"
#include "settings/settings.h"

#define SUDOERS_BYTES_MAX ((size_t)1024 * 1024)
/* The account of the installed unit, where the host is this machine. */
#define SUDOERS_USER "resus"

/* The service named, or the only one. NULL after having said why. */
static const struct service_settings *chosen(const struct invocation *in,
                                             const struct settings *settings)
{
    if (in->service == NULL && settings->service_count == 1)
        return &settings->services[0];
    const struct service_settings *service =
        in->service == NULL ? NULL : settings_service(settings, in->service);
    if (service == NULL && in->service == NULL)
        (void)ask_failed(in, CLI_REFUSED, "service_required", "there are %zu services: name one",
                         settings->service_count);
    else if (service == NULL)
        (void)ask_failed(in, CLI_REFUSED, "not_found", "no service \"%s\" is configured",
                         in->service);
    return service;
}

static int sudoers(const struct invocation *in, const struct settings *settings)
{
    const struct service_settings *service = chosen(in, settings);
    if (service == NULL)
        return CLI_REFUSED;
    const char *user = in->options[OPTION_USER];
    if (user == NULL)
        user = service->ssh.user[0] != '\0' ? service->ssh.user : SUDOERS_USER;
    struct buf out = BUF_LIMIT(SUDOERS_BYTES_MAX);
    int rc = host_sudoers(user, service->unit, service->log_file, service->commands_extended,
                          service->restore_helper, &out);
    if (rc == 0 && in->json) {
        JSON_CLEANUP json_t *body = json_object();
        (void)(json_put_text(body, "service", service->id) && json_put_text(body, "user", user) &&
               json_put_text(body, "sudoers", buf_text(&out)));
        ask_print_json(body);
    } else if (rc == 0) {
        if (service->control == CONTROL_PROCESS)
            (void)fprintf(stderr,
                          "Resus runs %s itself (control: process) and needs none of these lines "
                          "for it.\n",
                          service->id);
        (void)fputs(buf_text(&out), stdout);
    }
    buf_free(&out);
    return rc == 0 ? CLI_DONE
                   : ask_failed(in, CLI_REFUSED, "bad_name",
                                "user \"%s\" or unit \"%s\" cannot stand in a sudoers file", user,
                                service->unit);
}

static int run_sudoers(const struct invocation *in)
{
    struct settings *settings = NULL;
    struct error err = {0};
    if (settings_read(ask_config(in), &settings, &err) < 0)
        return ask_failed(in, CLI_BAD_CONFIG, "config_invalid", "%s", err.text);
    int status = sudoers(in, settings);
    settings_free(settings);
    return status;
}

const struct verb verbs_sudoers[] = {
    {"sudoers", GROUP_SETUP, "sudoers [SERVICE] [--user NAME]",
     "print the sudoers file for the Redis host",
     "Exact lines only, no wildcard, for the account that Resus logs in as (on its own\n"
     "machine: resus) unless --user names another. Install it on the service's host:\n"
     "  resus sudoers > resus.sudoers && visudo -cf resus.sudoers\n"
     "  install -m 0440 resus.sudoers /etc/sudoers.d/resus\n",
     .service = true, .options = TAKES(USER), .local = true, .run = run_sudoers},
    {0},
};
