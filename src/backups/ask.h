/* A few commands to one server on a connection of their own: all replies, or an error. */
#ifndef RESUS_BACKUPS_ASK_H
#define RESUS_BACKUPS_ASK_H

#include <uv.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "redis/client.h"
#include "redis/reply.h"
#include "settings/settings.h"

#define ASK_COMMANDS_MAX 8
#define ASK_WORDS_MAX 4

struct ask_command {
    const char *words[ASK_WORDS_MAX]; /* NULL ends */
};

struct ask;

/* Once, on the loop, never on the stack of ask_start; the ask is freed after it. The replies, error
 * replies among them, are in the commands' order and live during the call; without a connection or
 * in time `err` says why and `replies` is NULL. */
typedef void ask_done(void *context, struct redis_reply *const *replies, const struct error *err);

struct ask_options {
    const struct redis_settings *redis; /* read at once */
    const struct redis_tunnel *tunnel;  /* for via: ssh; must outlive the ask */
    const struct ask_command *commands;
    size_t count;
    int64_t within_ms;
};

int ask_start(uv_loop_t *loop, const struct ask_options *options, ask_done *done, void *context,
              struct ask **ret, struct error *err) ATTR_MUST_USE;
/* No call of `done` any more. Takes NULL. */
void ask_cancel(struct ask *a);

/* "name:value" of INFO; NULL when it is not there. The value ends at '\r', '\n' or NUL. */
const char *ask_info_field(const struct redis_reply *info, const char *name);
int64_t ask_info_number(const struct redis_reply *info, const char *name); /* -1 = not there */
/* Copies the value, cleaned; "" when it is not there. */
void ask_info_text(const struct redis_reply *info, const char *name, char *to, size_t size);
/* Keys of all databases by INFO keyspace. */
int64_t ask_info_keys(const struct redis_reply *info);
/* Keys of one database: 0 when it is not named, since empty ones are not. */
int64_t ask_info_database(const struct redis_reply *info, int64_t db);

#endif
