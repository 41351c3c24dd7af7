/* The way from a server that becomes a replica to the server of the backup, which listens on a Unix
 * socket only. One connection is let in: by TCP from the address of that server alone, or through
 * SSH. A thread of its own carries the bytes. */
#ifndef RESUS_RESTORE_WAY_BACK_H
#define RESUS_RESTORE_WAY_BACK_H

#include <stdatomic.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

#define WAY_BACK_ADDRESS_SIZE 64

struct way_back;

/* Of a host that is reached through SSH (host/ssh_listen.h). Blocks, on the thread: calls
 * way_back_listens(), then way_back_connect(), and carries the bytes. */
typedef int way_back_remote(const struct ssh_settings *ssh, int64_t accept_ms,
                            const atomic_bool *stop, struct way_back *way, struct error *err);

struct way_back_options {
    const char *socket;                 /* of the server of the backup */
    const struct redis_settings *redis; /* which server may come; copied */
    way_back_remote *remote;            /* for via: ssh */
    const struct ssh_settings *ssh;     /* likewise; copied */
    int64_t accept_ms;                  /* until it comes */
};

/* On the loop, once: it listens there, seen from the server that may come. */
typedef void way_back_open(void *context, const char *address, int port);
/* On the loop, once, instead of it or after it: the stream has ended, or none came. */
typedef void way_back_ended(void *context, const struct error *err);

int way_back_start(uv_loop_t *loop, const struct way_back_options *options, way_back_open *open,
                   way_back_ended *ended, void *context, struct way_back **ret,
                   struct error *err) ATTR_MUST_USE;
/* No further call. The memory goes when the thread has ended. Takes NULL. */
void way_back_cancel(struct way_back *w);

/* ── on its thread ── */
void way_back_listens(struct way_back *w, const char *address, int port);
/* A connection to the server of the backup. */
int way_back_connect(struct way_back *w, struct error *err) ATTR_MUST_USE;

#endif
