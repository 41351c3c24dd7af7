/* Sends a few commands to one server on a new connection. Delivers all replies, or an error. */
#ifndef RESUS_BACKUPS_QUERY_H
#define RESUS_BACKUPS_QUERY_H

#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/permit.h"
#include "base/time.h"
#include "redis/client.h"
#include "redis/reply.h"
#include "settings/settings.h"

#define QUERY_COMMANDS_MAX 8
#define QUERY_WORDS_MAX 4

struct query_command {
    const char *words[QUERY_WORDS_MAX]; /* NULL ends */
};

struct query;

/* Once, on the loop, never on the stack of query_start; the query is freed after it. The replies, error
 * replies among them, are in the commands' order and live during the call; if the
 * connection fails or the time is over, `replies` is NULL and `err` says why. */
typedef void query_done(void *context, struct redis_reply *const *replies, const struct error *err);

struct query_options {
    const struct redis_settings *redis; /* read at once */
    const struct redis_tunnel *tunnel;  /* for via: ssh; must outlive the query */
    const struct query_command *commands;
    size_t count;
    int64_t within_ms;
    /* For commands that are not known to read only; looked at when they are sent. NULL = they are
     * refused with -EPERM, and so they are when it is not good then: nothing was sent. */
    const struct permit *permit;
};

int query_start(uv_loop_t *loop, const struct query_options *options, query_done *done,
                void *context, struct query **ret, struct error *err) ATTR_MUST_USE;
/* `done` is not called. Takes NULL. */
void query_cancel(struct query *q);

/* "name:value" of INFO; NULL when it is not there. The value ends at '\r', '\n' or NUL. */
const char *query_info_field(const struct redis_reply *info, const char *name);
int64_t query_info_number(const struct redis_reply *info, const char *name); /* -1 = not there */
/* Copies the value, cleaned; "" when it is not there. */
void query_info_text(const struct redis_reply *info, const char *name, char *to, size_t size);
/* Keys of all databases by INFO keyspace. */
int64_t query_info_keys(const struct redis_reply *info);
/* Those of them with a time to live. */
int64_t query_info_expires(const struct redis_reply *info);
/* Keys of one database: 0 when it is not named, since empty ones are not. */
int64_t query_info_database(const struct redis_reply *info, int64_t db);

#endif
