/* What is kept of each step of 30 s: where its time went, how fast Redis answered, its
 * figures. It observes the watch and decides nothing. */
#include "engine/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "engine/service.h"

#define STEP_MS (SERIES_STEP_SECONDS * 1000)
#define FIGURE_MAX 9e18 /* an int64_t holds it */
#define INFO_DEADLINE_MS 5000
#define FAST_PING_US 5000     /* service level: PING under 5 ms */
#define OUTAGE_LEAST_MS 1000  /* a shorter one counts when it was confirmed */
#define FIGURES_FRESH_MS 1000 /* what INFO shows is judged every 30 s, however the checks fall */

static void start_step(struct sampler *p)
{
    memset(p->state_ms, 0, sizeof p->state_ms);
    p->latency_count = p->latency_next = 0;
    p->worst_us = 0;
    p->pings = p->fast_pings = 0;
}

int sample_init(struct service *s, struct now now)
{
    struct sampler *p = &s->sampler;
    *p = (struct sampler){.state = SAMPLE_CANNOT_SAY, .accounted = now.mono};
    facts_info_reset(&p->figures);
    facts_info_reset(&p->before);
    /* Each at its own place of the step: a thousand at once would hold the loop. */
    p->phase_ms = (int64_t)STEP_MS * s->index / s->engine->count;
    int64_t into = (now.wall.ms - p->phase_ms) % STEP_MS;
    p->due = mono_add(now.mono, STEP_MS - (into < 0 ? into + STEP_MS : into));
    return 0;
}

/* ── where the time goes ── */

static enum sample_state state_now(const struct service *s)
{
    const struct observations *t = &s->observations;
    const struct probe_facts *probe = cause_probe(t);
    bool probing = t->probing_since.ms != MONO_NEVER.ms;
    if (!s->judged || t->tilt)
        return SAMPLE_CANNOT_SAY;
    bool shut_out = cause_shut_out(t); /* no new client gets in */
    if (probe->reply == REPLY_PONG && (!probing || probe->asked.ms >= t->probing_since.ms) &&
        !shut_out)
        return SAMPLE_UP;
    /* A stop on purpose lasts until the start that ends it is done. */
    if (s->saved.stopped_on_purpose || (s->sampler.state == SAMPLE_PLANNED && operation_running(s)))
        return SAMPLE_PLANNED;
    /* Before its first answer it is being set up: there is no level yet that it could miss. */
    if (!t->ever_answered)
        return SAMPLE_CANNOT_SAY;
    /* The verdict may be older than the loss: then it does not name one. */
    enum overall overall = cause_row(s->cause)->overall;
    bool silent = shut_out || (probe->reply != REPLY_PONG && probe->reply != REPLY_NONE);
    if (!s->verdict.confirmed || (!silent && overall != OVERALL_UNKNOWN) ||
        overall == OVERALL_HEALTHY)
        return SAMPLE_PENDING;
    return overall == OVERALL_UNKNOWN ? SAMPLE_CANNOT_SAY : SAMPLE_DOWN;
}

static const char *ended_by(const struct service *s, mono_ms began)
{
    const struct operation *o = &s->operation;
    const struct recovery *r = &s->recovery;
    if (operation_running(s) || o->core.command_ended.ms >= began.ms)
        return "operation";
    return r->action_ended.ms >= began.ms && r->action_began.ms != 0 ? "recovery" : "itself";
}

static void end_outage(struct service *s, enum sample_state state, struct now now)
{
    struct sampler *p = &s->sampler;
    int64_t ms = mono_since(now.mono, p->outage_began);
    if (state == SAMPLE_UP) {
        struct outage_record *record = &p->last_outage;
        *record = (struct outage_record){.began = wall_add(now.wall, -ms), .ended = now.wall};
        (void)str_copy(record->service, sizeof record->service, s->settings->id);
        (void)str_copy(record->cause, sizeof record->cause,
                       p->outage_confirmed ? cause_row(p->outage_cause)->code : "");
        (void)str_copy(record->ended_by, sizeof record->ended_by, ended_by(s, p->outage_began));
        p->last_outage_ended = now.mono;
        if (p->outage_confirmed || ms >= OUTAGE_LEAST_MS)
            s->engine->ports.outage(s->engine->ports.context, record);
    }
    p->outage = p->outage_confirmed = false;
}

bool sample_last_outage(const struct service *s, mono_ms since, wall_ms *ret_began,
                        double *ret_seconds)
{
    const struct sampler *p = &s->sampler;
    if (p->last_outage_ended.ms == 0 || p->last_outage_ended.ms < since.ms)
        return false;
    *ret_began = p->last_outage.began;
    *ret_seconds = (double)(p->last_outage.ended.ms - p->last_outage.began.ms) / 1000.0;
    return true;
}

void sample_name_outage(struct service *s, enum cause cause, const char *ended_by)
{
    struct outage_record *record = &s->sampler.last_outage;
    (void)str_copy(record->cause, sizeof record->cause, cause_row(cause)->code);
    (void)str_copy(record->ended_by, sizeof record->ended_by, ended_by);
    s->engine->ports.outage(s->engine->ports.context, record);
}

/* An outage is the time from the last answer to the next one. One that ends in a stop on purpose,
 * or in not knowing, is not an outage. */
static void follow_outage(struct service *s, enum sample_state state, struct now now)
{
    struct sampler *p = &s->sampler;
    bool down = state == SAMPLE_PENDING || state == SAMPLE_DOWN;
    if (!down && p->outage)
        end_outage(s, state, now);
    if (down && !p->outage && p->state != SAMPLE_CANNOT_SAY) {
        p->outage = true;
        p->outage_began = now.mono;
    }
    if (state == SAMPLE_DOWN && p->outage && !p->outage_confirmed) {
        p->outage_confirmed = true;
        p->outage_cause = s->cause;
    }
}

/* Samples of the time of probing become what it ended with; probing that an answer ended was silence,
 * if there was an answer before it, too. */
static enum series_state booked_as(const struct sampler *p, enum sample_state after)
{
    static const enum series_state known[] = {
        [SAMPLE_UP] = SERIES_UP,           [SAMPLE_DOWN] = SERIES_DOWN,
        [SAMPLE_PLANNED] = SERIES_PLANNED, [SAMPLE_CANNOT_SAY] = SERIES_CANNOT_SAY,
        [SAMPLE_PENDING] = SERIES_DOWN,
    };
    if (p->state != SAMPLE_PENDING)
        return known[p->state];
    if (after != SAMPLE_UP)
        return known[after];
    return p->outage ? SERIES_DOWN : SERIES_CANNOT_SAY;
}

void sample_account(struct service *s, struct now now)
{
    struct sampler *p = &s->sampler;
    enum sample_state state = state_now(s);
    if (p->state == SAMPLE_PENDING && state == SAMPLE_PENDING)
        return; /* booked when it is known what it was */
    int64_t ms = mono_since(now.mono, p->accounted);
    p->state_ms[booked_as(p, state)] += ms > 0 ? ms : 0;
    p->accounted = now.mono;
    if (state == p->state)
        return;
    follow_outage(s, state, now);
    p->state = state;
}

void sample_ping(struct service *s, int64_t us)
{
    struct sampler *p = &s->sampler;
    if (us < 0)
        return;
    p->latency_us[p->latency_next] = us;
    p->latency_next = (p->latency_next + 1) % SAMPLE_LATENCIES;
    if (p->latency_count < SAMPLE_LATENCIES)
        p->latency_count++;
    if (us > p->worst_us)
        p->worst_us = us;
    p->pings++;
    p->fast_pings += us < FAST_PING_US;
}

/* ── figures ── */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void put_pings(struct sampler *p, struct series_sample *sample)
{
    if (p->latency_count == 0)
        return;
    qsort(p->latency_us, p->latency_count, sizeof p->latency_us[0], by_value);
    unsigned last = p->latency_count - 1;
    sample->values[SERIES_PING_P50] = p->latency_us[last / 2];
    sample->values[SERIES_PING_P99] = p->latency_us[(last * 99 + 50) / 100];
    sample->values[SERIES_PING_MAX] = p->worst_us;
}

static int64_t scaled(double value, enum series series)
{
    double all = value * (double)series_kinds[series].scale;
    return all < 0 || all > FIGURE_MAX ? SERIES_UNKNOWN : (int64_t)llround(all);
}

/* By how much a counter of the same process rose, a second; < 0 unknown. */
static double rate(int64_t then, int64_t now, double seconds)
{
    return then < 0 || now < then || seconds <= 0 ? -1 : (double)(now - then) / seconds;
}

static void put_rates(const struct sampler *p, struct series_sample *sample)
{
    const struct info_facts *a = &p->before;
    const struct info_facts *b = &p->figures;
    int64_t *v = sample->values;
    if (!a->known || !str_equal(a->run_id, b->run_id))
        return;
    double seconds = (double)mono_since(b->at, a->at) / 1000.0;
    v[SERIES_COMMANDS] =
        scaled(rate(a->commands_processed, b->commands_processed, seconds), SERIES_COMMANDS);
    v[SERIES_ERRORS] = scaled(rate(a->error_replies, b->error_replies, seconds), SERIES_ERRORS);
    v[SERIES_EVICTED] = scaled(rate(a->evicted_keys, b->evicted_keys, seconds), SERIES_EVICTED);
    v[SERIES_EXPIRED] = scaled(rate(a->expired_keys, b->expired_keys, seconds), SERIES_EXPIRED);
    if (a->cpu_seconds >= 0 && b->cpu_seconds >= a->cpu_seconds && seconds > 0)
        v[SERIES_CPU] = scaled((b->cpu_seconds - a->cpu_seconds) / seconds * 100.0, SERIES_CPU);
    int64_t hits = b->keyspace_hits - a->keyspace_hits;
    int64_t misses = b->keyspace_misses - a->keyspace_misses;
    if (a->keyspace_hits >= 0 && a->keyspace_misses >= 0 && hits >= 0 && misses >= 0 &&
        hits + misses > 0)
        v[SERIES_HIT_RATE] =
            scaled((double)hits / (double)(hits + misses) * 100.0, SERIES_HIT_RATE);
}

static void put_figures(struct sampler *p, struct series_sample *sample, struct now now)
{
    const struct info_facts *i = &p->figures;
    int64_t *v = sample->values;
    if (!i->known || mono_since(now.mono, i->at) > STEP_MS + INFO_DEADLINE_MS)
        return;
    v[SERIES_MEMORY] = i->used_memory;
    v[SERIES_MEMORY_RSS] = i->used_memory_rss;
    v[SERIES_MAXMEMORY] = i->maxmemory;
    v[SERIES_FRAGMENTATION] = scaled(i->fragmentation_ratio, SERIES_FRAGMENTATION);
    v[SERIES_CONNECTIONS] = i->connected_clients;
    v[SERIES_MAXCLIENTS] = i->maxclients;
    v[SERIES_BLOCKED] = i->blocked_clients;
    v[SERIES_KEYS] = i->keys;
    v[SERIES_REPLICAS] = i->connected_replicas;
    v[SERIES_UNSAVED] = i->unsaved_changes;
    put_rates(p, sample);
    p->before = *i;
}

void sample_figures(struct service *s, const struct redis_answer *a, struct now now)
{
    struct sampler *p = &s->sampler;
    if (!a->info.known)
        return;
    p->figures = a->info;
    p->figures.at = now.mono;
    if (p->figures.maxclients < 0)
        p->figures.maxclients = s->observations.info.maxclients;
}

/* ── a step ends ── */

static void plan(struct sampler *p, struct now now)
{
    int64_t into = (now.wall.ms - p->phase_ms) % STEP_MS;
    if (into < 0)
        into += STEP_MS;
    /* A timer a little early must not make two steps of one. */
    int64_t wait = STEP_MS - into;
    p->due = mono_add(now.mono, wait < STEP_MS / 2 ? wait + STEP_MS : wait);
}

static void ask_figures(struct service *s, struct now now)
{
    struct sampler *p = &s->sampler;
    bool fresh = p->figures.known && mono_since(now.mono, p->figures.at) < FIGURES_FRESH_MS;
    /* While probing, another process may be answering: whose figures would they be? */
    bool probing = s->observations.probing_since.ms != MONO_NEVER.ms;
    if (p->state != SAMPLE_UP || probing || fresh || request_pending(s, PART_WATCH, WATCH_INFO) ||
        request_pending(s, PART_WATCH, WATCH_SAMPLE))
        return;
    request_redis(s, PART_WATCH, WATCH_SAMPLE, REDIS_INFO, INFO_DEADLINE_MS, now);
}

bool sample_turn(struct service *s, struct now now)
{
    struct sampler *p = &s->sampler;
    if (!mono_reached(now.mono, p->due))
        return false;
    sample_account(s, now);
    int64_t began = now.wall.ms - p->phase_ms - STEP_MS + STEP_MS / 2;
    struct series_sample sample = {
        .at = {began / STEP_MS * STEP_MS}, .pings = p->pings, .fast_pings = p->fast_pings};
    (void)str_copy(sample.service, sizeof sample.service, s->settings->id);
    for (int i = 0; i < SERIES_COUNT; i++)
        sample.values[i] = SERIES_UNKNOWN;
    memcpy(sample.state_ms, p->state_ms, sizeof sample.state_ms);
    put_pings(p, &sample);
    put_figures(p, &sample, now);
    s->engine->ports.sample(s->engine->ports.context, &sample);
    start_step(p);
    plan(p, now);
    ask_figures(s, now);
    return false;
}

mono_ms sample_next(const struct service *s)
{
    return s->sampler.due;
}
