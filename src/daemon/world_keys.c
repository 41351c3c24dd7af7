/* The ports of the rotation of SSH keys. */
#include "daemon/world_inside.h"
#include "io/clock.h"

static struct now port_now(void *context)
{
    (void)context;
    return clock_now();
}

static const struct settings *port_settings(void *context)
{
    const struct world *w = context;
    return w->settings;
}

static void port_audit(void *context, const struct audit_line *line)
{
    struct world *w = context;
    audit_append(w->audit, 0, line, false);
    accounts_see(w->accounts, line);
}

static void port_notice(void *context, int service, const char *message)
{
    struct world *w = context;
    engine_notice(w->engine, service, "ssh_key", access_name(ACCESS_ADMIN), message, clock_now());
}

int world_open_keys(struct world *w, struct error *err)
{
    struct sshkeys_ports ports = {
        .context = w,
        .now = port_now,
        .settings = port_settings,
        .audit = port_audit,
        .notice = port_notice,
        .ssh = w->ssh,
        .loop = w->loop,
    };
    return sshkeys_open(&ports, w->settings->server.state_dir, &w->keys, err);
}
