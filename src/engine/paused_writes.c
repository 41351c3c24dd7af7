/* Do writes wait (CLIENT PAUSE n WRITE, a failover)? The INFO of Valkey says so. That of Redis only
 * counts clients that wait: CLIENT LIST shows whether one of them waits in a command that never does
 * so by itself, as SET. */
#include "engine/paused_writes.h"

#include <inttypes.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "engine/service.h"
#include "redis/reply.h"

enum { CLIENTS }; /* what its request is for */

#define CLIENTS_DEADLINE_MS 5000
#define CLIENTS_MAX 1000 /* the list of more would cost Redis too much of its time */
#define WORTH_MS 3000    /* a failover pauses for less, and no operator could act meanwhile */
#define AGAIN_MS 5000    /* the end of a pause is seen as soon */

/* As CLIENT LIST spells them. */
static const char *const writers[] = {
    "append",  "decr",   "decrby", "del",     "eval",    "evalsha", "exec",  "expire",  "expireat",
    "fcall",   "getdel", "getset", "hdel",    "hincrby", "hmset",   "hset",  "hsetnx",  "incr",
    "incrby",  "lpop",   "lpush",  "lrem",    "lset",    "ltrim",   "mset",  "pexpire", "psetex",
    "publish", "rpop",   "rpush",  "sadd",    "set",     "setbit",  "setex", "setnx",   "srem",
    "unlink",  "xadd",   "zadd",   "zincrby", "zrem",
};

static bool never_waits(const char *command)
{
    for (size_t i = 0; i < ARRAY_LENGTH(writers); i++)
        if (str_equal(writers[i], command))
            return true;
    return false;
}

static void look_again_soon(struct service *s, struct now now)
{
    mono_ms *due = &s->watch.performance_due;
    *due = mono_min(*due, mono_add(now.mono, AGAIN_MS));
}

void paused_writes_watch(struct service *s, struct now now)
{
    const struct info_facts *i = &s->observations.info;
    struct pause_facts *pause = &s->observations.pause;
    if (i->paused != TRI_UNKNOWN) {
        pause->writes_wait = i->paused == TRI_YES && i->pause_left_ms >= WORTH_MS;
        (void)str_format(pause->text, sizeof pause->text,
                         "INFO says that clients are paused, with %" PRId64 " s left",
                         i->pause_left_ms / 1000);
        if (pause->writes_wait)
            look_again_soon(s, now);
        return;
    }
    if (i->blocked_clients <= 0 || i->connected_clients > CLIENTS_MAX) {
        pause->writes_wait = false;
        return;
    }
    if (!s->paused_writes.refused && !request_pending(s, PART_PAUSED_WRITES, CLIENTS))
        request_redis(s, PART_PAUSED_WRITES, CLIENTS, REDIS_CLIENT_LIST, CLIENTS_DEADLINE_MS, now);
}

/* The write that has waited longest. False: none waits. */
static bool longest_wait(const char *text, size_t length, struct client_entry *ret)
{
    bool found = false;
    const char *end = text + length;
    while (text < end) {
        struct client_entry one;
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline == NULL ? end : newline;
        bool waits = clients_parse(text, (size_t)(stop - text), &one, 1) == 1 &&
                     strchr(one.flags, 'b') != NULL && never_waits(one.command);
        if (waits && (!found || one.idle_seconds > ret->idle_seconds)) {
            *ret = one;
            found = true;
        }
        text = stop + 1;
    }
    return found;
}

bool paused_writes_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                            struct now now)
{
    const struct redis_answer *answer = a->redis;
    struct pause_facts *pause = &s->observations.pause;
    struct client_entry client;
    (void)p;
    if (answer->probe.reply == REPLY_NOPERM || answer->probe.reply == REPLY_ERROR)
        s->paused_writes.refused = true;
    if (answer->text == NULL) {
        pause->writes_wait = false;
        return true;
    }
    bool waits = longest_wait(answer->text, answer->text_length, &client);
    pause->writes_wait = waits && client.idle_seconds * 1000 >= WORTH_MS;
    if (!waits)
        return true;
    look_again_soon(s, now);
    (void)str_format(pause->text, sizeof pause->text, "%s of %s has waited for %" PRId64 " s",
                     client.command, client.address, client.idle_seconds);
    for (char *c = pause->text; *c >= 'a' && *c <= 'z'; c++)
        *c = (char)(*c - 'a' + 'A');
    return true;
}
