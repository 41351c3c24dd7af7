/* What holds now, and what is only remembered: for how long Redis has been silent, whether the
 * figures are those of the process that answers, when the server's certificate ends. */
#include "engine/current.h"

#include "base/str.h"
#include "engine/service.h"

#define OVERDUE_MS 1000     /* a PING that waits longer is worth a word */
#define SHOWN_AFTER_MS 2000 /* a silence this long is published at once */
#define STALE_MS 300000     /* figures that INFO has not renewed for so long say nothing */
#define WANT_AGAIN_MS 1000
#define DAY_MS 86400000

static bool unanswered(const struct service *s, const struct probe_facts *p)
{
    return p->reply != REPLY_NONE && !reply_answered(p->reply) &&
           p->asked.ms > s->watch.answered.ms;
}

static bool overdue(const struct service *s, struct now now)
{
    for (int i = 0; i < s->requests.used; i++) {
        const struct pending *p = &s->requests.pending[i];
        bool ping =
            request_is(p, PART_WATCH, WATCH_PULSE) || request_is(p, PART_WATCH, WATCH_PROBE);
        if (ping && p->asked.ms > s->watch.answered.ms &&
            mono_since(now.mono, p->asked) >= OVERDUE_MS)
            return true;
    }
    return false;
}

int64_t current_silence_ms(const struct service *s, struct now now)
{
    const struct observations *t = &s->observations;
    if (!unanswered(s, &t->kept) && !unanswered(s, &t->fresh) && !overdue(s, now))
        return FACT_UNKNOWN;
    mono_ms since = s->watch.answered.ms != 0 ? s->watch.answered : t->last_answer;
    return mono_since(now.mono, since);
}

bool current_proof(const struct service *s, struct now now)
{
    const struct watch_policy *p = &s->watch_policy;
    int64_t early = p->interval_ms / 2;
    int64_t lasts_ms =
        2 * p->interval_ms - (p->confirm_interval_ms < early ? p->confirm_interval_ms : early);
    /* Sleeps of less than two seconds each are no reason for self-doubt, but age a proof. */
    return mono_since(now.boot, s->watch.proven) < lasts_ms;
}

bool current_asked(const struct service *s, mono_ms asked)
{
    return asked.ms >= s->watch.figures_from.ms && asked.ms >= s->watch.process_ended.ms;
}

bool current_process_info(const struct service *s)
{
    const struct unit_facts *u = &s->observations.unit;
    /* Where the host cannot be asked, Redis' own answers say that its process runs. */
    bool ended = u->control_reached == TRI_YES && (!unit_runs(u->active) || u->main_pid == 0);
    return current_asked(s, s->observations.info.asked) && s->observations.info.known && !ended;
}

bool current_info(const struct service *s, struct now now)
{
    const struct watch *w = &s->watch;
    const struct info_facts *i = &s->observations.info;
    return i->known && w->info_refused[0] == '\0' && current_asked(s, i->asked) &&
           mono_since(now.mono, i->at) < STALE_MS && current_silence_ms(s, now) < 0;
}

bool current_another(const struct service *s)
{
    return s->cause == CAUSE_WRONG_INSTANCE && !s->observations.role_changed;
}

bool current_figures(const struct service *s, struct now now)
{
    enum unit_active unit = s->observations.unit.active;
    bool runs = unit_runs(unit) || s->cause == CAUSE_CONTROL_LOST;
    return s->judged && runs && !current_another(s) && current_info(s, now);
}

void current_forget_figures(struct service *s, mono_ms from)
{
    s->watch.figures_from = mono_max(s->watch.figures_from, from);
    s->canary.known = false;
}

void current_want_figures(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    bool have = s->observations.info.known && s->observations.info.asked.ms >= w->figures_from.ms;
    if (have || w->info_refused[0] != '\0' || request_pending(s, PART_WATCH, WATCH_INFO) ||
        mono_since(now.mono, w->figures_tried) < WANT_AGAIN_MS)
        return;
    w->figures_tried = now.mono;
    w->performance_due = now.mono;
}

int64_t current_certificate_days(const struct service *s, struct now now)
{
    wall_ms ends = s->watch.certificate_ends;
    if (ends.ms == 0)
        return FACT_UNKNOWN;
    int64_t left_ms = wall_since(ends, now.wall);
    if (left_ms >= (int64_t)CERTIFICATE_WARNING_DAYS * DAY_MS)
        return FACT_UNKNOWN;
    return left_ms < 0 ? 0 : left_ms / DAY_MS;
}

bool current_certificate_text(const struct service *s, struct now now, char *text, size_t size)
{
    char at[WALL_TEXT_SIZE];
    int64_t days = current_certificate_days(s, now);
    if (days < 0)
        return false;
    (void)wall_text(s->watch.certificate_ends, at);
    if (wall_since(s->watch.certificate_ends, now.wall) <= 0)
        (void)str_format(text, size,
                         "the server's certificate ended at %s: new clients are refused", at);
    else
        (void)str_format(text, size, "the server's certificate ends %s%lld day%s (%s)",
                         days == 0 ? "in less than " : "in ", (long long)(days == 0 ? 1 : days),
                         days > 1 ? "s" : "", at);
    return true;
}
