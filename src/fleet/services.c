/* Which services are ours: claims and releases, and the news for the world. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"
#include "io/log.h"

#define PART "fleet"

static const char *id_of(const struct entry *e)
{
    return e->fleet->settings->services[e->index].id;
}

/* ── what is shown ── */

static enum ownership_shown shown_now(const struct entry *e, struct now now)
{
    const struct fleet *f = e->fleet;
    if (!fleet_view_current(f, now))
        return OWNERSHIP_UNKNOWN;
    if (e->created == 0)
        return OWNERSHIP_NOBODY;
    if (f->lease != 0 && e->lease == f->lease)
        return OWNERSHIP_OURS;
    return str_equal(e->owner, f->settings->fleet.name) ? OWNERSHIP_OF_PAST : OWNERSHIP_OTHERS;
}

static void own(struct entry *e)
{
    struct fleet *f = e->fleet;
    struct service_state *state = mem_calloc(1, sizeof *state);
    bool known = state != NULL && e->state != NULL && fleet_state_read(e->state, state);
    if (e->state != NULL && !known)
        log_error(PART, "%s: the state that is stored for it is not understood", id_of(e));
    if (e->intent_modified != 0)
        log_warning(PART,
                    "%s: an action of the owner before was under way, and how it ended is "
                    "not known: %s",
                    id_of(e), e->intent == NULL ? "" : e->intent);
    e->here = e->known = true;
    e->unsure = false;
    e->fence = e->created;
    e->stored = e->version; /* what was to be stored under another fence is not */
    f->ports.own(f->ports.context, e->index, known ? state : NULL, e->fence);
    mem_free(state);
}

static void leave(struct entry *e)
{
    struct fleet *f = e->fleet;
    bool nobody = e->shown != OWNERSHIP_OTHERS;
    e->here = e->unsure = false;
    e->known = true;
    e->fence = 0;
    f->ports.elsewhere(f->ports.context, e->index, nobody ? "" : e->owner, e->created);
}

static void say_unsure(struct entry *e, bool unsure)
{
    struct fleet *f = e->fleet;
    if (e->unsure == unsure)
        return;
    e->unsure = unsure;
    f->ports.unsure(f->ports.context, e->index, unsure);
}

/* Without a view of the store since the start: watched, and not acted on. */
static void own_unsure(struct entry *e, struct now now)
{
    struct fleet *f = e->fleet;
    if (f->read || mono_since(now.boot, f->began) < ALONE_MS)
        return;
    e->here = e->known = true;
    e->fence = 0;
    f->ports.own(f->ports.context, e->index, NULL, 0);
    say_unsure(e, true);
}

static void note_shown(struct entry *e, struct now now, bool changed)
{
    switch (e->shown) {
    case OWNERSHIP_OURS:
        if (!e->here || e->fence != e->created)
            own(e);
        say_unsure(e, !tenure_holds(&e->fleet->tenure, now.boot));
        break;
    case OWNERSHIP_UNKNOWN:
        if (e->here)
            say_unsure(e, true);
        else
            own_unsure(e, now);
        break;
    case OWNERSHIP_OF_PAST:
        if (e->here)
            say_unsure(e, true);
        else if (!e->known)
            leave(e);
        break;
    default:
        if (e->here || changed || !e->known)
            leave(e);
        break;
    }
}

/* ── claims and releases ── */

static void on_claimed(void *context, const struct etcd_answer *answer)
{
    struct entry *e = context;
    struct fleet *f = e->fleet;
    e->asking = false;
    f->claims--;
    fleet_note(f, answer);
    fleet_wake(f); /* the view has the result */
}

static void claim(struct entry *e, struct now now)
{
    struct fleet *f = e->fleet;
    char owner[ETCD_KEY_MAX], member[ETCD_KEY_MAX], value[128];
    (void)fleet_key(f, owner, "owner", id_of(e));
    (void)fleet_key(f, member, "member", f->settings->fleet.name);
    (void)str_format(value, sizeof value, "{\"engine\":\"%s\",\"config\":\"%s\"}",
                     f->settings->fleet.name, e->own_config);
    const struct etcd_compare compares[] = {
        {.key = owner, .what = ETCD_CREATED, .is = 0},
        {.key = member, .what = ETCD_CREATED, .is = f->member_created}};
    const struct etcd_write write = {.key = owner, .value = value, .lease = f->lease};
    const struct etcd_txn txn = {
        .compares = compares, .compare_count = 2, .writes = &write, .write_count = 1};
    if (!etcd_commit(f->etcd, &txn, FLEET_REQUEST_MS, on_claimed, e))
        return;
    e->asking = true;
    e->asked = now.boot;
    f->claims++;
}

/* Guarded by the newest intent: carried out late, it must not take the key from under an action. */
static void release(struct entry *e, struct now now)
{
    struct fleet *f = e->fleet;
    char owner[ETCD_KEY_MAX], intent[ETCD_KEY_MAX];
    (void)fleet_key(f, owner, "owner", id_of(e));
    (void)fleet_key(f, intent, "intent", id_of(e));
    const struct etcd_compare compares[] = {
        {.key = owner, .what = ETCD_CREATED, .is = e->created},
        {.key = intent, .what = ETCD_MODIFIED, .is = e->intent_modified}};
    const struct etcd_write write = {.key = owner};
    const struct etcd_txn txn = {
        .compares = compares, .compare_count = 2, .writes = &write, .write_count = 1};
    if (!etcd_commit(f->etcd, &txn, FLEET_REQUEST_MS, on_claimed, e))
        return;
    e->asking = true;
    e->asked = now.boot;
    f->claims++;
}

/* ── the decision ── */

struct candidates {
    const char *names[FLEET_MEMBERS_MAX + 1];
    mono_ms since[FLEET_MEMBERS_MAX + 1];
    size_t count;
};

/* Those that may own: members that are not drained. */
static void find_candidates(const struct fleet *f, struct candidates *c)
{
    c->count = 0;
    for (size_t i = 0; i < f->member_count; i++)
        if (!fleet_drained(f, f->members[i].name)) {
            c->since[c->count] = f->members[i].since;
            c->names[c->count++] = f->members[i].name;
        }
}

static void facts_of(const struct entry *e, const struct candidates *c, bool drained,
                     struct now now, struct ownership_facts *ret)
{
    const struct fleet *f = e->fleet;
    mono_ms first_since = now.boot;
    *ret = (struct ownership_facts){
        .shown = e->shown,
        .since = e->since,
        .able = true,
        .rank = ownership_rank(id_of(e), f->settings->fleet.name, c->names, c->count),
        .drained = drained,
        .asked = e->asked,
        .busy = e->fencing.active || e->version > e->stored ||
                !mono_reached(now.boot, e->arrives_by) ||
                (e->here && f->ports.busy(f->ports.context, e->index)),
    };
    for (size_t i = 0; ret->rank > 0 && i < c->count; i++)
        if (ownership_rank(id_of(e), c->names[i], c->names, c->count) == 0)
            first_since = c->since[i];
    ret->settled = ret->rank > 0 && mono_since(now.boot, first_since) >= OWNERSHIP_SETTLED_MS;
}

static void decide(struct entry *e, const struct candidates *c, bool drained, struct now now)
{
    struct fleet *f = e->fleet;
    struct ownership_facts facts;
    if (e->asking || f->claims >= FLEET_CLAIMS_MAX)
        return;
    facts_of(e, c, drained, now, &facts);
    switch (ownership_act(&facts, &f->tenure, now.boot)) {
    case OWNERSHIP_CLAIM:
        claim(e, now);
        break;
    case OWNERSHIP_RELEASE:
        release(e, now);
        break;
    default:
        break;
    }
}

void fleet_services_turn(struct fleet *f, struct now now)
{
    struct candidates c;
    find_candidates(f, &c);
    bool drained = fleet_drained(f, f->settings->fleet.name);
    for (int i = 0; i < f->count && !f->closing; i++) {
        struct entry *e = &f->entries[i];
        enum ownership_shown shown = shown_now(e, now);
        bool changed = shown != e->shown || (shown == OWNERSHIP_OTHERS && e->fence != e->created);
        if (shown != e->shown)
            e->since = now.boot;
        e->shown = shown;
        note_shown(e, now, changed);
        if (shown == OWNERSHIP_OTHERS)
            e->fence = e->created; /* the news of it is out */
        fleet_store_turn(e, now);
        fleet_intent_turn(e);
        decide(e, &c, drained, now);
    }
}

mono_ms fleet_services_due(const struct fleet *f, struct now now)
{
    struct candidates c;
    mono_ms at = MONO_NEVER;
    find_candidates(f, &c);
    bool drained = fleet_drained(f, f->settings->fleet.name);
    for (int i = 0; i < f->count; i++) {
        const struct entry *e = &f->entries[i];
        struct ownership_facts facts;
        if (e->shown != OWNERSHIP_NOBODY && e->shown != OWNERSHIP_OURS)
            continue;
        facts_of(e, &c, drained, now, &facts);
        at = mono_min(at, ownership_due(&facts, &f->tenure, now.boot));
    }
    /* Some hang on time alone, and claims have a limit: look again soon. */
    return mono_max(at, mono_add(now.boot, 20));
}
