#include "host/controller.h"

#include <assert.h>
#include <errno.h>

#include "base/str.h"
#include "host/controller_kinds.h"

void controller_unit_set(struct controller_unit *unit, const struct service_settings *service,
                         bool root)
{
    (void)str_copy(unit->unit, sizeof unit->unit, service->unit);
    (void)str_copy(unit->log_file, sizeof unit->log_file, service->log_file);
    unit->extended = service->commands_extended;
    unit->root = root;
}

int controller_unit_argv(const struct controller_unit *unit, const struct host_request *request,
                         struct host_argv *ret, struct error *err)
{
    if (host_command_extended(request->command) && !unit->extended)
        return error_set(err, -EPERM, "%s is not among the default commands: `commands: extended`",
                         host_command_name(request->command));
    bool use_sudo = !unit->root && (request->command != HOST_JOURNAL || request->with_sudo);
    return host_command_argv(request->command, unit->unit, unit->log_file, request->number,
                             use_sudo, ret, err);
}

static int open_kind(uv_loop_t *loop, struct ssh_pool *pool, const struct service_settings *service,
                     struct controller **ret, struct error *err)
{
    switch (service->control) {
    case CONTROL_SYSTEMD:
        return controller_systemd_open(loop, service, ret, err);
    case CONTROL_SSH:
        return controller_ssh_open(loop, pool, service, ret, err);
    case CONTROL_PROCESS:
        return controller_process_open(loop, service, ret, err);
    }
    return error_set(err, -EINVAL, "unknown control: %d", (int)service->control);
}

int controller_open(uv_loop_t *loop, struct ssh_pool *pool, const struct service_settings *service,
                    host_done *done, void *context, struct controller **ret, struct error *err)
{
    int r = host_check_unit(service->unit, err);
    if (r < 0)
        return r;
    struct controller *c = NULL;
    r = open_kind(loop, pool, service, &c, err);
    if (r < 0)
        return error_prefix(err, "service %s", service->id);
    c->done = done;
    c->context = context;
    *ret = c;
    return 0;
}
