#include "host/controller_kinds.h"
int controller_process_open(uv_loop_t *loop, const struct service_settings *service,
                            struct controller **ret, struct error *err)
{
    (void)loop, (void)service, (void)ret;
    return error_set(err, -1, "no");
}
