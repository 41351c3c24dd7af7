/* The three controllers behind controller_open(). Inside host/ only. */
#ifndef RESUS_HOST_CONTROLLER_KINDS_H
#define RESUS_HOST_CONTROLLER_KINDS_H

#include "host/controller.h"

/* Each allocates its own struct that begins with a struct controller; controller_open fills that.
 */
int controller_ssh_open(uv_loop_t *loop, struct ssh_pool *pool,
                        const struct service_settings *service, struct controller **ret,
                        struct error *err) ATTR_MUST_USE;
int controller_systemd_open(uv_loop_t *loop, const struct service_settings *service,
                            struct controller **ret, struct error *err) ATTR_MUST_USE;
int controller_process_open(uv_loop_t *loop, const struct service_settings *service,
                            struct controller **ret, struct error *err) ATTR_MUST_USE;

/* What of the settings a command line needs. */
struct controller_unit {
    char unit[SETTINGS_UNIT_MAX];
    char log_file[SETTINGS_PATH_MAX];
    bool extended;
    bool root; /* we are root there: no sudo */
};
void controller_unit_set(struct controller_unit *unit, const struct service_settings *service,
                         bool root);
/* The argv of a request, or the refusal. */
int controller_unit_argv(const struct controller_unit *unit, const struct host_request *request,
                         struct host_argv *ret, struct error *err) ATTR_MUST_USE;

#endif
