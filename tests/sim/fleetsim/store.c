#include "store.h"

#include <string.h>

#include "core/tenure.h"

void store_begin(struct store *s, struct chance *chance)
{
    memset(s, 0, sizeof *s);
    s->chance = chance;
    s->term = 2;
    s->percent_lost = (int)chance_between(chance, 0, 8);
    s->percent_late = (int)chance_between(chance, 0, 8);
}

static void changed(struct store *s, int service, int engine, int64_t lease, int64_t fence)
{
    if (s->change_count < CHANGES_MAX)
        s->changes[s->change_count++] = (struct change){s->now, service, engine, lease, fence};
    else
        s->broken = "the history of the store is too short";
}

static bool reached(const struct store *s, int engine)
{
    return s->now >= s->cut_until[engine];
}

bool store_ask(struct store *s, struct ask ask)
{
    ask.used = ask.awaited = true;
    ask.answers = NEVER;
    ask.arrives = s->now + chance_between(s->chance, 1, 40);
    if (chance_percent(s->chance, s->percent_lost) || !reached(s, ask.engine))
        ask.arrives = NEVER;
    else if (chance_percent(s->chance, s->percent_late))
        ask.arrives = s->now + chance_between(s->chance, 500, 9000);
    for (int i = 0; i < ASKS_MAX; i++)
        if (!s->asks[i].used) {
            s->asks[i] = ask;
            return true;
        }
    return false;
}

static bool lives(const struct store *s, int64_t lease)
{
    return lease > 0 && s->leases[lease].alive;
}

static void end_lease(struct store *s, int64_t id, bool early)
{
    struct lease *l = &s->leases[id];
    l->alive = false;
    for (int i = 0; i < SERVICES; i++) {
        if (s->owners[i].lease != id)
            continue;
        s->owners[i].lease = s->owners[i].fence = 0;
        if (early)
            s->owners[i].revoked = s->now;
        changed(s, i, l->engine, 0, 0);
    }
    changed(s, -1, l->engine, 0, id);
}

static void carry_out_key(struct store *s, struct ask *a)
{
    struct owner *o = &s->owners[a->service];
    switch (a->kind) {
    case ASK_CLAIM:
        a->ok = o->lease == 0 && lives(s, a->lease);
        if (!a->ok)
            return;
        o->lease = a->lease;
        o->fence = o->newest_fence = ++s->revision;
        changed(s, a->service, a->engine, o->lease, o->fence);
        return;
    case ASK_RELEASE:
        a->ok = o->fence == a->fence && o->fence != 0 && o->intent == a->intent;
        if (!a->ok)
            return;
        o->lease = o->fence = 0;
        changed(s, a->service, a->engine, 0, 0);
        return;
    default:
        a->ok = o->fence == a->fence && o->fence != 0;
        if (!a->ok)
            return;
        o->intent = ++s->revision;
        if (o->fence < o->last_intent_fence)
            s->broken = "the fence of an intent fell";
        o->last_intent_fence = o->fence;
    }
}

static void carry_out(struct store *s, struct ask *a)
{
    a->term = s->term;
    switch (a->kind) {
    case ASK_GRANT:
        if (s->last_lease + 1 >= LEASES_MAX) {
            s->broken = "too many leases";
            return;
        }
        a->ok = true;
        a->lease = ++s->last_lease;
        a->ttl = TENURE_TTL_MS;
        s->leases[a->lease] = (struct lease){true, a->engine, s->now + TENURE_TTL_MS};
        break;
    case ASK_JOIN:
        a->ok = lives(s, a->lease);
        if (a->ok)
            changed(s, -1, a->engine, a->lease, 0);
        break;
    case ASK_RENEW:
        a->ok = true;
        if (s->now < s->stale_until[a->engine] && s->term > 2) { /* and changes nothing */
            a->term = s->term - 1;
            a->stale = true;
            a->ttl = TENURE_TTL_MS;
            break;
        }
        a->ttl = lives(s, a->lease) ? TENURE_TTL_MS : 0;
        if (a->ttl > 0)
            s->leases[a->lease].ends = s->now + TENURE_TTL_MS;
        break;
    case ASK_REVOKE:
        a->ok = lives(s, a->lease);
        if (a->ok)
            end_lease(s, a->lease, false);
        break;
    default:
        carry_out_key(s, a);
        break;
    }
    a->revision = s->revision;
}

void store_turn(struct store *s)
{
    if (s->now < s->away_until)
        return; /* leases are frozen, requests hang */
    for (int64_t i = 1; i <= s->last_lease; i++)
        if (s->leases[i].alive && s->now >= s->leases[i].ends)
            end_lease(s, i, false);
    for (int i = 0; i < ASKS_MAX; i++) {
        struct ask *a = &s->asks[i];
        if (!a->used || a->carried_out)
            continue;
        if (s->now >= a->arrives) {
            carry_out(s, a);
            a->carried_out = true;
            if (!chance_percent(s->chance, s->percent_lost) && reached(s, a->engine))
                a->answers = s->now + chance_between(s->chance, 1, 40);
        }
        if (!a->awaited && (a->carried_out || a->arrives == NEVER))
            a->used = false;
    }
}

void store_revoke_one(struct store *s)
{
    int64_t id = s->last_lease - chance_between(s->chance, 0, 3);
    if (lives(s, id))
        end_lease(s, id, true);
}

void store_new_leader(struct store *s, int64_t away_ms)
{
    s->term++;
    s->away_until = s->now + away_ms;
    for (int64_t i = 1; i <= s->last_lease; i++)
        if (s->leases[i].alive)
            s->leases[i].ends = s->away_until + TENURE_TTL_MS;
}
