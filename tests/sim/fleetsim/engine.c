#include <string.h>

#include "world.h"

#define ANSWER_MAX_MS 1000 /* own clock: then a request has failed, whatever became of it */
#define VIEW_OLD_MS 10000
#define COMMAND_WAIT_MS 10000
#define WRITES_MS 60000 /* the longest change of many writes */

static const char *const names[ENGINES] = {"engine-1", "engine-2", "engine-3"};
static const char *const services[SERVICES] = {"orders", "sessions", "queue", "cache"};

static mono_ms clock_of(const struct engine *g)
{
    return (mono_ms){g->clock};
}

void engine_start(struct world *w, int e)
{
    struct engine *g = &w->engines[e];
    tenure_begin(&g->tenure);
    g->lease = 0;
    g->view = false;
    g->watched = 0;
    memset(g->member_lease, 0, sizeof g->member_lease);
    memset(g->known, 0, sizeof g->known);
    for (int i = 0; i < SERVICES; i++) {
        g->known[i].owner = -1;
        g->known[i].since = clock_of(g);
        g->known[i].asked = MONO_NEVER;
    }
    for (int i = 0; i < ASKS_MAX; i++)
        if (w->store.asks[i].engine == e)
            w->store.asks[i].awaited = false;
    g->silent_until = w->store.now + chance_between(&w->chance, 50, 800); /* the first read */
}

static bool ask(struct world *w, int e, enum ask_kind kind, int service)
{
    struct engine *g = &w->engines[e];
    const struct known *k = &g->known[service];
    return store_ask(&w->store, (struct ask){.kind = kind,
                                             .engine = e,
                                             .service = service,
                                             .lease = g->lease,
                                             .fence = k->fence,
                                             .intent = k->intent,
                                             .sent_clock = g->clock});
}

static void tenure_event(struct world *w, int e, enum tenure_event event, const struct ask *a)
{
    struct engine *g = &w->engines[e];
    struct tenure_answer answer = {.understood = true};
    if (a != NULL) {
        answer.asked = (mono_ms){a->sent_clock};
        answer.ttl_ms = a->ttl;
        answer.term = a->term;
    }
    if (event == TENURE_RENEWED)
        event = tenure_judge(&g->tenure, &answer);
    if (event == TENURE_GRANTED && g->tenure.phase == TENURE_ASKING)
        g->lease = a->lease;
    enum tenure_phase before = g->tenure.phase;
    enum tenure_act act = tenure_take(&g->tenure, event, &answer, clock_of(g));
    if (before != g->tenure.phase)
        world_say(w, e, tenure_phase_word(g->tenure.phase), -1, g->lease);
    bool sent = true;
    if (act == TENURE_ASK)
        sent = ask(w, e, ASK_GRANT, 0);
    else if (act == TENURE_JOIN)
        sent = ask(w, e, ASK_JOIN, 0);
    else if (act == TENURE_RENEW)
        sent = ask(w, e, ASK_RENEW, 0);
    else if (act == TENURE_FORGET)
        g->lease = 0;
    if (!sent)
        (void)tenure_take(&g->tenure, TENURE_FAILED, NULL, clock_of(g));
}

static enum ownership_shown shown(const struct engine *g, int e, const struct known *k)
{
    if (!g->view || g->clock - g->view_clock > VIEW_OLD_MS)
        return OWNERSHIP_UNKNOWN;
    if (k->lease == 0)
        return OWNERSHIP_NOBODY;
    if (k->owner != e)
        return OWNERSHIP_OTHERS;
    return k->lease == g->lease ? OWNERSHIP_OURS : OWNERSHIP_OF_PAST;
}

static bool renew_for(struct world *w, int e, int service)
{
    const struct engine *g = &w->engines[e];
    return store_ask(&w->store, (struct ask){.kind = ASK_RENEW,
                                             .of_fence = true,
                                             .engine = e,
                                             .service = service,
                                             .lease = g->lease,
                                             .sent_clock = g->clock});
}

static bool right(const struct engine *g, int e, const struct known *k)
{
    return ownership_right(shown(g, e, k), &g->tenure, clock_of(g)) == OWNERSHIP_RIGHT;
}

static void fence_event(struct world *w, int e, int service, enum fence_event event)
{
    struct engine *g = &w->engines[e];
    struct known *k = &g->known[service];
    struct fence_step step = fence_step(k->fence_at, event);
    k->fence_at = step.next;
    switch (step.act) {
    case FENCE_WRITE:
        if (!ask(w, e, ASK_INTENT, service))
            fence_event(w, e, service, FENCE_UNKNOWN);
        break;
    case FENCE_RENEW:
        if (!renew_for(w, e, service))
            fence_event(w, e, service, FENCE_UNKNOWN);
        break;
    case FENCE_SEND:
        k->acting = false;
        k->command_until = g->clock + COMMAND_WAIT_MS;
        world_send(w,
                   (struct command){
                       .engine = e, .service = service, .fence = k->fence, .guarded = k->guarded});
        if (chance_percent(&w->chance, 30)) {
            k->writes_until = g->clock + chance_between(&w->chance, 1000, WRITES_MS);
            k->writes_fence = k->fence;
        }
        break;
    default:
        k->acting = false;
        break;
    }
}

static void answered(struct world *w, int e, const struct ask *a, bool in_time)
{
    struct engine *g = &w->engines[e];
    struct known *k = &g->known[a->service];
    switch (a->kind) {
    case ASK_GRANT:
        tenure_event(w, e, in_time && a->ok ? TENURE_GRANTED : TENURE_FAILED, a);
        break;
    case ASK_RENEW:
        tenure_event(w, e, in_time ? TENURE_RENEWED : TENURE_FAILED, a);
        if (in_time && a->ttl > 0 && !a->stale)
            g->renewed = a->arrives;
        if (a->of_fence) {
            k->guarded = a->arrives;
            fence_event(w, e, a->service,
                        in_time && right(g, e, k) ? FENCE_ENOUGH : FENCE_TOO_LATE);
        }
        break;
    case ASK_JOIN:
        if (!in_time || !a->ok)
            tenure_event(w, e, in_time ? TENURE_GONE : TENURE_FAILED, a);
        break;
    case ASK_INTENT:
        if (in_time && a->ok)
            k->intent = a->revision;
        fence_event(w, e, a->service,
                    !in_time ? FENCE_UNKNOWN
                    : a->ok  ? FENCE_WRITTEN
                             : FENCE_REFUSED);
        break;
    default:
        break; /* what became of the key, the store shows */
    }
}

static void take_answers(struct world *w, int e)
{
    struct store *s = &w->store;
    for (int i = 0; i < ASKS_MAX; i++) {
        struct ask *a = &s->asks[i];
        if (!a->used || !a->awaited || a->engine != e)
            continue;
        bool in_time = a->carried_out && s->now >= a->answers;
        if (!in_time && w->engines[e].clock - a->sent_clock < ANSWER_MAX_MS)
            continue;
        struct ask copy = *a;
        a->awaited = false;
        a->used = !a->carried_out && a->arrives != NEVER;
        answered(w, e, &copy, in_time);
    }
}

static void see(struct world *w, int e, const struct change *c)
{
    struct engine *g = &w->engines[e];
    if (c->service < 0) {
        if (c->lease == 0 && g->member_lease[c->engine] != c->fence)
            return; /* the end of a lease before */
        if (c->lease != g->member_lease[c->engine])
            g->member_since[c->engine] = g->clock;
        g->member_lease[c->engine] = c->lease;
        if (c->engine == e && c->lease != 0 && c->lease == g->lease)
            tenure_event(w, e, TENURE_JOINED, NULL);
        return;
    }
    struct known *k = &g->known[c->service];
    k->lease = c->lease;
    k->fence = c->fence;
    k->owner = c->lease == 0 ? -1 : c->engine;
    k->since = clock_of(g);
    k->asked = MONO_NEVER;
}

static void watch(struct world *w, int e)
{
    struct engine *g = &w->engines[e];
    struct store *s = &w->store;
    if (s->now < g->silent_until || s->now < s->cut_until[e] || s->now < s->away_until)
        return;
    while (g->watched < s->change_count && s->changes[g->watched].at + 10 <= s->now)
        see(w, e, &s->changes[g->watched++]);
    g->view = true;
    g->view_clock = g->clock;
}

/* Who may own: that an engine is drained stands in its member's key. */
static bool candidate(const struct world *w, const struct engine *g, int i)
{
    return g->member_lease[i] != 0 && !w->engines[i].drained;
}

static size_t candidates(const struct world *w, const struct engine *g, const char **ret)
{
    size_t count = 0;
    for (int i = 0; i < ENGINES; i++)
        if (candidate(w, g, i))
            ret[count++] = names[i];
    return count;
}

static bool first_is_settled(const struct world *w, const struct engine *g, int service,
                             const char *const *members, size_t count)
{
    for (int i = 0; i < ENGINES; i++)
        if (candidate(w, g, i) && ownership_rank(services[service], names[i], members, count) == 0)
            return g->clock - g->member_since[i] >= OWNERSHIP_SETTLED_MS;
    return false;
}

static void own(struct world *w, int e, int service)
{
    struct engine *g = &w->engines[e];
    struct known *k = &g->known[service];
    const char *members[ENGINES];
    size_t count = candidates(w, g, members);
    struct ownership_facts f = {
        .shown = shown(g, e, k),
        .since = k->since,
        .able = true,
        .rank = ownership_rank(services[service], names[e], members, count),
        .settled = first_is_settled(w, g, service, members, count),
        .drained = g->drained,
        .busy = k->acting || g->clock < k->command_until || k->writes_until != 0,
        .asked = k->asked,
    };
    enum ownership_act act = ownership_act(&f, &g->tenure, clock_of(g));
    if (act != OWNERSHIP_NO_ACT &&
        ask(w, e, act == OWNERSHIP_CLAIM ? ASK_CLAIM : ASK_RELEASE, service)) {
        k->asked = clock_of(g);
        w->handed_over += act == OWNERSHIP_RELEASE;
        world_say(w, e, act == OWNERSHIP_CLAIM ? "claims" : "releases", service, g->lease);
    }
}

static void cure(struct world *w, int e, int service)
{
    struct engine *g = &w->engines[e];
    struct known *k = &g->known[service];
    if (!w->dead[service] || k->acting || g->clock < k->command_until || k->writes_until != 0)
        return;
    if (!right(g, e, k))
        return;
    k->acting = true;
    fence_event(w, e, service, FENCE_ENOUGH);
}

/* Each write asks again: the right that the change began with may be over by now. */
static void write_on(struct world *w, int e, int service)
{
    struct engine *g = &w->engines[e];
    struct known *k = &g->known[service];
    if (k->writes_until == 0)
        return;
    enum permit_state state =
        ownership_permit(k->fence == k->writes_fence, shown(g, e, k), &g->tenure, clock_of(g));
    if (state == PERMIT_OVER || g->clock >= k->writes_until) {
        k->writes_until = 0;
    } else if (state == PERMIT_GOOD && chance_percent(&w->chance, 3)) {
        w->writes++;
        k->command_until = g->clock + COMMAND_WAIT_MS; /* it may be on its way for so long */
        world_send(w, (struct command){.engine = e,
                                       .service = service,
                                       .fence = k->writes_fence,
                                       .guarded = g->renewed});
    }
}

void engine_turn(struct world *w, int e)
{
    struct engine *g = &w->engines[e];
    take_answers(w, e);
    watch(w, e);
    if (mono_reached(clock_of(g), tenure_due(&g->tenure))) {
        bool member = g->tenure.phase == TENURE_HELD || g->tenure.phase == TENURE_JOINING;
        bool lapsed = member && mono_reached(clock_of(g), g->tenure.until);
        tenure_event(w, e, lapsed ? TENURE_LAPSED : TENURE_DUE, NULL);
    }
    for (int i = 0; i < SERVICES; i++) {
        own(w, e, i);
        cure(w, e, i);
        write_on(w, e, i);
    }
}
