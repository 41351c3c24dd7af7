/* Who follows whom: replicas with their link and their syncs, and a Sentinel that fails over (field
 * notes 7.4). A primary is a service of the same world, or one outside that never fails. */
#include "sim.h"

#define RECONNECT_MS 1000 /* replicationCron() */
#define TRANSFER_MS 5000
#define FULL_SYNC_PERCENT 40 /* the backlog is too short, or the primary is another than before */
#define BUSY_AGAIN_MS 1000

static struct unit *unit_of(struct sim *s, int service)
{
    return &s->worlds[service].unit;
}

static bool leads(const struct sim *s, int service)
{
    const struct unit *u = &s->worlds[service].unit;
    return u->process == PROCESS_UP && u->role == ROLE_PRIMARY && !u->foreign;
}

/* Is there a primary to be had for this replica? */
static bool has_primary(const struct sim *s, int service)
{
    const struct unit *u = &s->worlds[service].unit;
    return !u->link_cut && (u->primary == SIM_OUTSIDE || leads(s, u->primary));
}

void replication_init(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    struct chance *c = &s->chance;
    bool follows = service > 0 && unit_of(s, 0)->role != ROLE_SENTINEL;
    bool replica = chance_percent(c, follows ? 50 : 15);
    bool sentinel = !replica && chance_percent(c, follows ? 30 : 5);
    u->role = sentinel ? ROLE_SENTINEL : replica ? ROLE_REPLICA : ROLE_PRIMARY;
    u->primary = follows && chance_percent(c, 80) ? 0 : SIM_OUTSIDE;
    u->successor = SIM_OUTSIDE;
    u->answers_stale = chance_percent(c, 70);
    u->down_after_ms = chance_between(c, 1000, 30000);
    if (sentinel) {
        u->persists = u->primary_with_replicas = false;
        u->load_ms = 0;
    }
    if (replica) {
        u->primary_with_replicas = chance_percent(c, 30); /* has replicas of its own */
        u->persists = chance_percent(c, 60);              /* its primary keeps the data */
    }
    u->link_up = replica && has_primary(s, service);
}

int64_t replication_replicas(const struct sim *s, int service)
{
    int64_t n = s->worlds[service].unit.primary_with_replicas ? 2 : 0;
    for (int i = 0; i < s->count; i++) {
        const struct unit *u = &s->worlds[i].unit;
        n += u->role == ROLE_REPLICA && u->primary == service && u->link_up;
    }
    return n;
}

/* ── the link and its sync ── */

static void link_is_up(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    u->syncing = false;
    u->link_up = true;
    sim_say(s, service, "the link to its primary is up");
}

static void transferred(struct sim *s, int service, uint64_t serial)
{
    struct unit *u = unit_of(s, service);
    if (serial != u->link_serial || u->process != PROCESS_UP)
        return;
    if (u->script_until > s->now || u->work_until > s->now || u->frozen ||
        u->active != UNIT_ACTIVE) {
        sim_at(s, s->now + BUSY_AGAIN_MS, transferred, service, serial);
        return;
    }
    if (u->load_ms == 0) {
        link_is_up(s, service);
        return;
    }
    sim_say(s, service, "it loads what its primary has sent");
    unit_load(s, service);
}

static void link_begins(struct sim *s, int service, uint64_t serial)
{
    struct unit *u = unit_of(s, service);
    if (serial != u->link_serial || u->process != PROCESS_UP)
        return;
    if (!chance_percent(&s->chance, FULL_SYNC_PERCENT)) {
        link_is_up(s, service);
        return;
    }
    u->syncing = true;
    sim_at(s, s->now + chance_between(&s->chance, 20, TRANSFER_MS), transferred, service, serial);
}

static void look_at_link(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->role != ROLE_REPLICA || u->process == PROCESS_LOADING)
        return;
    if (u->process != PROCESS_UP || !has_primary(s, service)) {
        if (u->link_up)
            sim_say(s, service, "the link to its primary is down");
        u->link_up = u->link_tried = u->syncing = false;
        u->link_serial = ++s->serials;
        return;
    }
    if (u->link_up || u->link_tried)
        return;
    u->link_tried = true;
    u->link_serial = ++s->serials;
    sim_at(s, s->now + chance_between(&s->chance, 50, RECONNECT_MS), link_begins, service,
           u->link_serial);
}

void replication_changed(struct sim *s)
{
    for (int i = 0; i < s->count; i++)
        look_at_link(s, i);
}

void replication_loaded(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    if (u->syncing && has_primary(s, service))
        link_is_up(s, service);
    replication_changed(s);
}

/* ── Sentinel ── */

static void reconfigure(struct sim *s, int service)
{
    struct unit *u = unit_of(s, service);
    sim_say(s, service, "Sentinel makes it a replica");
    u->role = ROLE_REPLICA;
    u->primary = u->successor;
    u->successor = SIM_OUTSIDE;
    replication_changed(s);
}

static void promote(struct sim *s, int from, int to)
{
    struct unit *old = unit_of(s, from);
    struct unit *new = unit_of(s, to);
    sim_say(s, to, "Sentinel makes it the primary (+switch-master)");
    new->role = ROLE_PRIMARY;
    new->link_up = new->link_tried = new->syncing = false;
    new->link_serial = ++s->serials;
    new->primary_with_replicas |= old->primary_with_replicas;
    new->successor = SIM_OUTSIDE;
    old->primary_with_replicas = false;
    old->successor = to;
    for (int i = 0; i < s->count; i++)
        if (unit_of(s, i)->primary == from)
            unit_of(s, i)->primary = to;
    new->primary = SIM_OUTSIDE;
    replication_changed(s);
}

static bool is_down(const struct unit *u)
{
    return u->process != PROCESS_UP || u->frozen || u->work_until != 0;
}

/* It looks every down-after-milliseconds: a primary that is down at two looks is given up. */
static void sentinel_looks(struct sim *s, int service, uint64_t downs)
{
    struct unit *u = unit_of(s, service);
    bool can_see = !is_down(u) && u->primary != SIM_OUTSIDE;
    bool down = can_see && is_down(unit_of(s, u->primary));
    for (int i = 0; i < s->count && can_see; i++)
        if (unit_of(s, i)->successor != SIM_OUTSIDE && !is_down(unit_of(s, i)))
            reconfigure(s, i);
    for (int i = 0; i < s->count && down && downs > 0; i++) {
        struct unit *r = unit_of(s, i);
        if (r->role != ROLE_REPLICA || r->primary != u->primary || is_down(r))
            continue;
        promote(s, u->primary, i);
        down = false;
    }
    sim_at(s, s->now + u->down_after_ms, sentinel_looks, service, down ? downs + 1 : 0);
}

void replication_plan(struct sim *s)
{
    for (int i = 0; i < s->count; i++)
        if (unit_of(s, i)->role == ROLE_SENTINEL && unit_of(s, i)->primary != SIM_OUTSIDE)
            sentinel_looks(s, i, 0);
}
