/* Is Redis still what it was: a primary, or the replica of the same primary? REPLICAOF replaces all
 * data within seconds, and everything else about the instance stays healthy. */
#include "engine/role_watch.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "engine/event.h"
#include "engine/record.h"
#include "engine/service.h"
#include "engine/state.h"

enum { CLIENTS }; /* what its request is for */

#define CLIENTS_DEADLINE_MS 5000
#define SENTINEL_CLIENT "name=sentinel-" /* Sentinel names its connections so */

static void describe(const struct info_facts *i, char *role, size_t role_size, char *source,
                     size_t source_size)
{
    (void)str_copy(role, role_size, i->role == ROLE_PRIMARY ? "primary" : "replica");
    source[0] = '\0';
    if (i->role == ROLE_REPLICA)
        (void)str_format(source, source_size, "%s:%" PRId64, i->master_host, i->master_port);
}

static void remember(struct service *s)
{
    char role[sizeof s->saved.role];
    char source[sizeof s->saved.role_source];
    describe(&s->observations.info, role, sizeof role, source, sizeof source);
    state_accept_role(s, role, source);
    s->observations.role_changed = false;
}

static void report(struct service *s, struct now now)
{
    const struct info_facts *i = &s->observations.info;
    const struct service_state *saved = &s->saved;
    char role[sizeof saved->role];
    char source[sizeof saved->role_source];
    char text[FACT_TEXT_MAX * 2];
    describe(i, role, sizeof role, source, sizeof source);
    (void)str_format(text, sizeof text, "Redis was a %s%s%s and is now a %s%s%s", saved->role,
                     saved->role_source[0] == '\0' ? "" : " of ", saved->role_source, role,
                     source[0] == '\0' ? "" : " of ", source);
    if (saved->role_keys >= 0 && i->keys >= 0)
        (void)str_append(text, sizeof text, "; keys %" PRId64 " -> %" PRId64, saved->role_keys,
                         i->keys);
    (void)str_append(text, sizeof text, ".");
    service_log(s, true, "%s", text);
    record_setting(s, "role-changed", NULL, text, now);
    event_notice(s, text, now);
}

/* A failover, a restart with another configuration, and the promotion of a replica are an operator's
 * decision, and lose nothing that Resus could still save. */
static bool explained(const struct service *s)
{
    const struct info_facts *i = &s->observations.info;
    return i->role == ROLE_PRIMARY || str_equal(s->saved.role, "replica") ||
           i->cluster == TRI_YES || i->failover == FAILOVER_RUNNING ||
           !str_equal(s->saved.role_run_id, i->run_id);
}

static bool is_ours(const struct service *s)
{
    const struct unit_facts *u = &s->observations.unit;
    return u->active == UNIT_ACTIVE && !cause_other_process(&s->observations);
}

void role_watch(struct service *s, struct now now)
{
    const struct info_facts *i = &s->observations.info;
    const struct service_state *saved = &s->saved;
    char role[sizeof saved->role];
    char source[sizeof saved->role_source];
    /* A restore makes it a replica for a while: compared again by what it says afterwards. */
    if (restoring_withholds(s) || i->asked.ms < s->restoring.touched.ms)
        return;
    if (!i->known || i->loading == TRI_YES || !is_ours(s) ||
        (i->role != ROLE_PRIMARY && i->role != ROLE_REPLICA))
        return;
    describe(i, role, sizeof role, source, sizeof source);
    bool same = str_equal(saved->role, role) && str_equal(saved->role_source, source);
    if (saved->role[0] == '\0') {
        remember(s);
    } else if (same) {
        if (s->observations.role_changed)
            event_notice(s, "Redis is a primary again.", now);
        s->observations.role_changed = false;
        s->role.asked = false;
        state_note_role_process(s);
    } else if (explained(s)) {
        report(s, now);
        remember(s);
    } else if (!s->role.asked) {
        s->role.asked = true; /* Sentinel would be among the clients */
        request_redis(s, PART_ROLE_WATCH, CLIENTS, REDIS_CLIENT_LIST, CLIENTS_DEADLINE_MS, now);
    }
}

bool role_watch_answered(struct service *s, const struct pending *p,
                         const struct part_answer *answer, struct now now)
{
    const struct redis_answer *a = answer->redis;
    (void)p;
    if (!s->role.asked || s->observations.role_changed || s->observations.info.role != ROLE_REPLICA)
        return true;
    if (!reply_answered(a->probe.reply)) {
        s->role.asked = false; /* the next INFO asks again */
        return true;
    }
    report(s, now);
    if (a->text != NULL && str_find(a->text, a->text_length, SENTINEL_CLIENT) != NULL)
        remember(s);
    else
        s->observations.role_changed = true;
    return true;
}

void role_watch_accept(struct service *s)
{
    if (s->observations.role_changed)
        remember(s);
    s->role.asked = false;
}
