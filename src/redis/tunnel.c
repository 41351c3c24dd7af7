#include "redis/tunnel.h"

#include <errno.h>
#include <unistd.h>

#include "base/mem.h"

struct tunnel_wait {
    void *owner; /* NULL: gone */
    tunnel_opened *opened;
};

static void on_tunnel(void *context, int fd, const struct error *error)
{
    const struct tunnel_wait wait = *(struct tunnel_wait *)context;
    struct error none = {0};
    mem_free(context);
    if (wait.owner == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    if (fd < 0 && error == NULL)
        (void)error_set(&none, -EHOSTUNREACH, "no SSH tunnel");
    wait.opened(wait.owner, fd, error == NULL ? &none : error);
}

int tunnel_open(const struct redis_tunnel *tunnel, const struct endpoint *to, mono_ms deadline,
                tunnel_opened *opened, void *owner, struct tunnel_wait **ret, struct error *err)
{
    struct tunnel_wait *wait = mem_calloc(1, sizeof *wait);
    if (wait == NULL)
        return error_set(err, -ENOMEM, "SSH tunnel: out of memory");
    *wait = (struct tunnel_wait){.owner = owner, .opened = opened};
    *ret = wait;
    tunnel->open(tunnel->context, to->host, to->port, deadline, on_tunnel, wait);
    return 0;
}

void tunnel_forget(struct tunnel_wait *wait)
{
    if (wait != NULL)
        wait->owner = NULL;
}
