/* When a long command is over, SLOWLOG is read once: the command, its client and its duration are
 * said in a notice, in the audit log and in the advice. Name and key only: values are not ours. */
#include "engine/long_command.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "core/evidence.h"
#include "engine/event.h"
#include "engine/record.h"
#include "engine/service.h"
#include "redis/reply.h"

enum { SLOWLOG }; /* what its request is for */

#define SLOWLOG_DEADLINE_MS 5000
#define SLOWLOG_ENTRIES 128
#define CLOCKS_APART_MS 600000 /* the host's clock may be so far from ours */

/* What to use instead; the first word that fits. */
static const struct {
    const char *command, *advice;
} better[] = {
    {"KEYS", "Use SCAN instead of KEYS."},
    {"SMEMBERS", "Use SSCAN instead of SMEMBERS for large sets."},
    {"HGETALL", "Use HSCAN instead of HGETALL for large hashes."},
    {"DEL", "Use UNLINK instead of DEL for large keys."},
    {"FLUSHALL", "Use FLUSHALL ASYNC."},
    {"FLUSHDB", "Use FLUSHDB ASYNC."},
    {"SAVE", "Use BGSAVE instead of SAVE."},
    {"SORT", "Sort in the application, or keep a sorted set."},
    {"DEBUG", "Keep DEBUG away from servers in use."},
};

/* The newest that took at least half of the silence, not one of another day. */
static const struct slowlog_entry *find(const struct slowlog_entry *entries, size_t count,
                                        int64_t silent_ms, struct now now)
{
    const struct slowlog_entry *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct slowlog_entry *e = &entries[i];
        if (e->unix_seconds < 0 || e->unix_seconds > INT64_MAX / 1000)
            continue; /* no time; and it would not fit in ms */
        int64_t age_ms = now.wall.ms - e->unix_seconds * 1000;
        bool then = age_ms < silent_ms + CLOCKS_APART_MS && age_ms > -CLOCKS_APART_MS;
        if (then && e->duration_us / 500 >= silent_ms && (found == NULL || e->id > found->id))
            found = e;
    }
    return found;
}

static void announce(struct service *s, struct now now)
{
    struct long_command *l = &s->long_command;
    struct audit_line line;
    service_log(s, true, "%s", l->text);
    event_notice(s, l->text, now);
    record_line_init(s, &line, AUDIT_INCIDENT, "long-command", NULL, now);
    (void)str_copy(line.reason, sizeof line.reason, l->text);
    (void)str_format(line.request_id, sizeof line.request_id, "i-%" PRIx64,
                     s->engine->ports.random(s->engine->ports.context));
    s->engine->ports.audit(s->engine->ports.context, s->index, 0, &line, false);
}

bool long_command_answered(struct service *s, const struct pending *p,
                           const struct part_answer *answer, struct now now)
{
    struct long_command *l = &s->long_command;
    const struct redis_answer *a = answer->redis;
    (void)p;
    struct slowlog_entry entries[SLOWLOG_ENTRIES];
    size_t count = slowlog_parse(a->reply, entries, ARRAY_LENGTH(entries));
    const struct slowlog_entry *e = find(entries, count, l->silent_ms, now);
    double seconds = (double)l->silent_ms / 1000.0;
    const char *name = e == NULL ? "" : e->name;
    l->advice = "Use commands that work in small steps.";
    l->ended = now.wall;
    if (e == NULL) {
        bool read = a->reply != NULL && reply_answered(a->probe.reply) &&
                    a->probe.reply != REPLY_NOPERM && a->probe.reply != REPLY_ERROR;
        (void)str_format(l->text, sizeof l->text,
                         "Redis was busy for %.1f s. Its SLOWLOG %s, so the command is not known.",
                         seconds, read ? "has no command that took so long" : "could not be read");
    } else {
        (void)str_format(l->text, sizeof l->text, "Redis was busy for %.1f s: %s%s%s took %.1f s.",
                         seconds, e->brief, e->client[0] != '\0' ? " from " : "", e->client,
                         (double)e->duration_us / 1e6);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(better); i++)
        if (str_equal(better[i].command, name))
            l->advice = better[i].advice;
    announce(s, now);
    return false;
}

/* It is over when Redis answers again. Another end of it (a crash, a restart) has its own words. */
void long_command_judged(struct service *s, struct now now)
{
    struct long_command *l = &s->long_command;
    const struct probe_facts *p = cause_probe(&s->observations);
    bool busy = s->verdict.confirmed && s->verdict.cause == CAUSE_BUSY_COMMAND;
    if (busy && !l->seen) {
        l->seen = true;
        l->since = s->observations.last_answer;
        l->pid = s->observations.unit.main_pid;
    }
    if (!l->seen || busy)
        return;
    bool answers = reply_answered(p->reply) && p->at.ms > l->since.ms;
    if (answers && p->reply != REPLY_BUSY && s->observations.unit.main_pid == l->pid) {
        l->seen = false;
        l->silent_ms = mono_since(p->at, l->since);
        request_redis(s, PART_LONG_COMMAND, SLOWLOG, REDIS_SLOWLOG, SLOWLOG_DEADLINE_MS, now);
    } else if (answers || s->verdict.confirmed) {
        l->seen = false;
    }
}
