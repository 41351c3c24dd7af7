/* Copies keys from a server that serves a backup into another one as it runs: SCAN, DUMP and
 * PEXPIRETIME there, RESTORE ... ABSTTL here, many under way and few enough at a time that clients
 * of the target do not notice. Not atomic; may be repeated. The source has to be Redis 7 or newer. */
#ifndef RESUS_RESTORE_POUR_H
#define RESUS_RESTORE_POUR_H

#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/permit.h"
#include "core/restore_plan.h"
#include "redis/client.h"

#define POUR_BATCH 256                             /* keys of one SCAN, about */
#define POUR_WAITING_MAX ((size_t)4 * 1024 * 1024) /* bytes for the target: the source is paused */
#define POUR_DATABASES_MAX 1024
#define POUR_PATTERN_MAX 512

struct pour_options {
    const struct redis_settings *source, *target;
    const struct redis_tunnel *tunnel; /* of the target */
    enum restore_mode mode;
    int64_t db;          /* -1 = all */
    const char *pattern; /* of SCAN; "" = all */
    int64_t silence_ms;  /* without a reply of either server: it fails */
    /* To change the target. While it is not good, keys are held back; when it is over, the pour
     * ends. Copied; the pour ends it. */
    const struct permit *permit;
};

struct pour_result {
    struct error error; /* code 0: all keys are copied */
    int64_t restored, kept, expired, removed;
};

struct pour;

/* Once, on the loop, never on the stack of pour_start. */
typedef void pour_done(void *context, const struct pour_result *result);

int pour_start(uv_loop_t *loop, const struct pour_options *options, pour_done *done, void *context,
               struct pour **ret, struct error *err) ATTR_MUST_USE;
/* Keys so far. */
const struct pour_result *pour_so_far(const struct pour *p);
/* No call of `done`. What was copied stays. Takes NULL. */
void pour_cancel(struct pour *p);

#endif
