/* What Redis reports for /metrics: the figures of INFO, of its commands, and of the cluster.
 *
 * A rate is right when the figures are as old at each scrape as at the last one. INFO of the watch
 * comes every 30 s, so whoever scrapes more often would see a counter stand still and then jump.
 * For those, figures are asked for after each scrape: the next one gets them, one interval old. A
 * scrape itself is answered from memory, and waits for no answer. */
#include "engine/reported.h"

#include "engine/current.h"
#include "engine/service.h"

#define DEADLINE_MS 5000
#define COMMANDS_AGAIN_MS 20000 /* beside the INFO of the watch, which comes more often at times */
#define OFTEN_MS 25000   /* who comes again within that time scrapes more often than we look */
#define IN_STEP_MS 40000 /* without a scrape for so long, the watch's INFO is taken again */
#define AGAIN_MS 4000    /* one more INFO for scrapes at most so often */
#define SPREAD_MS 2      /* a thousand services at once would hold the loop */

int reported_init(struct service *s, struct now now)
{
    (void)now;
    s->reported.info_at = WALL_NONE;
    s->reported.wanted = MONO_NEVER;
    return 0;
}

static bool may_ask(const struct service *s)
{
    bool probing = s->observations.probing_since.ms != MONO_NEVER.ms;
    return s->sampler.state == SAMPLE_UP && !probing && s->watch.info_refused[0] == '\0' &&
           s->misconfigured == NULL;
}

static void ask(struct service *s, enum reported_purpose purpose, enum redis_request request,
                struct now now)
{
    if (!request_pending(s, PART_REPORTED, (int)purpose))
        request_redis(s, PART_REPORTED, (int)purpose, request, DEADLINE_MS, now);
}

static void ask_the_rest(struct service *s, struct now now)
{
    struct reported_figures *t = &s->reported;
    if (!t->rest_wanted || !may_ask(s))
        return;
    t->rest_wanted = false;
    t->commands_tried = now.mono;
    ask(s, REPORTED_COMMANDS, REDIS_COMMANDSTATS, now);
    if (exposition_value(&t->info, "cluster_enabled") == 1 && !t->cluster_refused)
        ask(s, REPORTED_CLUSTER, REDIS_CLUSTER_INFO, now);
}

/* ── answers ── */

static void take_info(struct service *s, const struct redis_answer *a, mono_ms asked,
                      struct now now)
{
    struct reported_figures *t = &s->reported;
    bool another = !current_asked(s, t->info_asked);
    exposition_read(a->text, a->text_length, &t->info);
    t->info_asked = asked;
    t->info_at = now.wall;
    if (another) {
        t->commands.count = 0;
        t->cluster_refused = false;
    }
}

void reported_note(struct service *s, const struct redis_answer *a, mono_ms asked, struct now now)
{
    struct reported_figures *t = &s->reported;
    bool in_step = t->in_step.ms != 0 && mono_since(now.mono, t->in_step) < IN_STEP_MS;
    if (!a->info.known || a->text == NULL)
        return;
    if (in_step && t->info.known && current_asked(s, t->info_asked))
        return;
    take_info(s, a, asked, now);
    t->rest_wanted |= !current_asked(s, t->commands_asked) ||
                      mono_since(now.mono, t->commands_tried) >= COMMANDS_AGAIN_MS;
    ask_the_rest(s, now);
}

/* INFO of a new process comes while its health is not clear yet. */
void reported_judged(struct service *s, struct now now)
{
    ask_the_rest(s, now);
}

bool reported_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                       struct now now)
{
    struct reported_figures *t = &s->reported;
    const struct redis_answer *r = a->redis;
    bool refused = r->probe.reply == REPLY_NOPERM || r->probe.reply == REPLY_ERROR;
    switch ((enum reported_purpose)p->purpose) {
    case REPORTED_INFO:
        if (r->text == NULL || !r->info.known)
            break;
        take_info(s, r, p->asked, now);
        t->rest_wanted = true;
        ask_the_rest(s, now);
        break;
    case REPORTED_COMMANDS:
        if (r->text == NULL)
            break;
        exposition_read_commands(r->text, r->text_length, &t->commands);
        t->commands_asked = p->asked;
        break;
    case REPORTED_CLUSTER:
        t->cluster_refused = refused;
        if (r->text == NULL)
            break;
        exposition_read_cluster(r->text, r->text_length, &t->cluster);
        t->cluster_asked = p->asked;
        break;
    }
    return false;
}

/* ── scrapes ── */

void reported_scraped(struct service *s, struct now now)
{
    struct reported_figures *t = &s->reported;
    bool often = t->scraped.ms != 0 && mono_since(now.mono, t->scraped) < OFTEN_MS;
    bool again = t->in_step.ms == 0 || mono_since(now.mono, t->in_step) >= AGAIN_MS;
    t->scraped = now.mono;
    if (often && again && t->wanted.ms == MONO_NEVER.ms)
        t->wanted = mono_add(now.mono, (int64_t)SPREAD_MS * s->index);
}

bool reported_turn(struct service *s, struct now now)
{
    struct reported_figures *t = &s->reported;
    if (!mono_reached(now.mono, t->wanted))
        return false;
    t->wanted = MONO_NEVER;
    if (!may_ask(s))
        return false;
    t->in_step = now.mono;
    ask(s, REPORTED_INFO, REDIS_INFO, now);
    return false;
}

mono_ms reported_next(const struct service *s)
{
    return s->reported.wanted;
}
