/* Looks for evidence on the Redis host while Redis does not answer here: what its process does, and
 * whether it answers there. At most one of each is under way. What the evidence means is core's. */
#include "engine/evidence.h"

#include "core/evidence.h"
#include "engine/service.h"

/* A process that ends is noticed by its unit within this time: until then it is asked for nothing
 * else, so that its restart does not have to share the host. */
#define SETTLE_MS 200
#define QUIET_MS 1000 /* a probe that is pending for longer is silence */

/* Has nothing answered since probing began, or has a probe been waiting for long? */
static bool silent(const struct service *s, struct now now)
{
    const struct observations *t = &s->observations;
    const struct probe_facts *p = cause_probe(t);
    if (!reply_answered(p->reply) || p->at.ms < t->probing_since.ms)
        return true;
    for (int i = 0; i < s->requests.used; i++) {
        const struct pending *r = &s->requests.pending[i];
        bool ping =
            request_is(r, PART_WATCH, WATCH_PULSE) || request_is(r, PART_WATCH, WATCH_PROBE);
        if (ping && r->asked.ms >= t->last_answer.ms && mono_since(now.mono, r->asked) >= QUIET_MS)
            return true;
    }
    return false;
}

static bool seen_running(const struct observations *t)
{
    return unit_runs(t->unit.active) && t->unit.control_reached == TRI_YES &&
           t->unit.asked.ms >= t->probing_since.ms;
}

static bool process_can_be_looked_at(const struct service *s)
{
    int64_t pid = s->observations.unit.main_pid;
    return evidence_process_offered(s) && pid > 1 && pid <= HOST_PID_MAX &&
           !evidence_not_main(&s->observations);
}

static int port_to_ask(const struct service *s)
{
    int64_t port = s->observations.info.tcp_port;
    bool on_host = !evidence_not_main(&s->observations); /* else another Redis may have that port */
    return on_host && port > 0 && port <= UINT16_MAX ? (int)port : s->settings->redis.port;
}

static void ask_witness(struct service *s, struct now now)
{
    s->watch.witness_asked = now.mono;
    s->engine->ports.witness(s->engine->ports.context, s->index,
                             request_begin(s, PART_EVIDENCE, EVIDENCE_WITNESS, now.mono),
                             port_to_ask(s), mono_add(now.mono, s->watch_policy.timeout_ms));
}

/* A witness that never found Redis proves nothing by not finding it: it is asked once while all is
 * well, and again now and then until it does. */
void evidence_prove(struct service *s, struct now now)
{
    const struct watch *w = &s->watch;
    bool port_known = s->observations.info.known || w->info_refused[0] != '\0';
    if (s->observations.witness_proven || s->engine->ports.witness == NULL || !port_known ||
        watch_is_probing(s) || request_pending(s, PART_EVIDENCE, EVIDENCE_WITNESS))
        return;
    if (w->witness_asked.ms == 0 ||
        mono_since(now.mono, w->witness_asked) >= s->watch_policy.systemd_interval_ms)
        ask_witness(s, now);
}

static bool due(mono_ms asked, struct now now)
{
    return asked.ms == 0 || mono_since(now.mono, asked) >= EVIDENCE_APART_MS;
}

void evidence_ask(struct service *s, struct now now)
{
    const struct observations *t = &s->observations;
    if (!watch_is_probing(s) || watch_at_work(s) ||
        mono_since(now.mono, t->probing_since) < SETTLE_MS || !seen_running(t) || !silent(s, now))
        return;
    /* Two looks are compared: the second is asked for when the first is old enough. */
    if (process_can_be_looked_at(s) && !request_pending(s, PART_EVIDENCE, EVIDENCE_PROCESS) &&
        due(t->process.at, now))
        request_host(s, PART_EVIDENCE, EVIDENCE_PROCESS, HOST_PROCESS, (int)t->unit.main_pid, false,
                     now);
    if (s->engine->ports.witness != NULL && !request_pending(s, PART_EVIDENCE, EVIDENCE_WITNESS) &&
        due(s->watch.witness_asked, now))
        ask_witness(s, now);
}

/* An old look at a process that is no longer looked at must not outweigh newer ones at its unit. */
void evidence_settings(struct service *s)
{
    if (evidence_process_offered(s))
        return;
    s->observations.process = s->observations.process_before = (struct process_facts){0};
}

/* ── answers ── */

static void note_stir(struct service *s)
{
    s->observations.stirred = mono_max(s->observations.stirred, evidence_stirred(&s->observations));
}

/* How long the host took to answer says how much silence of Redis is worth. */
static void note_time(struct service *s, mono_ms asked, struct now now)
{
    struct watch *w = &s->watch;
    int64_t took_ms = mono_since(now.mono, asked);
    if (evidence_slow_look(took_ms, w->usual_look_ms, s->watch_policy.timeout_ms))
        s->observations.slow_look = now.mono;
    if (watch_is_probing(s))
        return;
    w->usual_look_ms = w->usual_look_ms < 0 ? took_ms : (w->usual_look_ms * 7 + took_ms) / 8;
}

/* An answer that is due and has not come shows a slow host as well. */
void evidence_overdue(struct service *s, struct now now)
{
    const struct watch *w = &s->watch;
    for (int i = 0; i < s->requests.used; i++) {
        const struct pending *p = &s->requests.pending[i];
        bool look =
            request_is(p, PART_WATCH, WATCH_UNIT) || request_is(p, PART_EVIDENCE, EVIDENCE_PROCESS);
        if (look && evidence_slow_look(mono_since(now.mono, p->asked), w->usual_look_ms,
                                       s->watch_policy.timeout_ms))
            s->observations.slow_look = now.mono;
    }
}

void evidence_unit(struct service *s, const struct host_outcome *o, mono_ms asked, struct now now)
{
    struct observations *t = &s->observations;
    struct process_facts look = {.pid = o->unit.main_pid,
                                 .asked = asked,
                                 .at = now.mono,
                                 .cpu_ms = o->unit.cpu_ms,
                                 .tracer_pid = FACT_UNKNOWN};
    if (o->unit.control_reached == TRI_YES)
        note_time(s, asked, now);
    if (look.pid > 0 && look.cpu_ms >= 0)
        evidence_take(&t->group_before, &t->group, &look);
    note_stir(s);
}

static void note_process(struct service *s, const struct host_outcome *o, mono_ms asked,
                         struct now now)
{
    struct observations *t = &s->observations;
    struct process_facts look = o->process;
    if (o->end != HOST_EXITED || look.pid <= 0)
        return;
    look.asked = asked;
    look.at = now.mono;
    note_time(s, asked, now);
    evidence_take_process(t, &look);
    note_stir(s);
}

static void note_witness(struct service *s, const struct witness_outcome *o, mono_ms asked,
                         struct now now)
{
    enum there before = evidence_there(&s->observations, now.mono);
    s->observations.witness = o->facts;
    s->observations.witness.asked = asked;
    s->observations.witness.at = now.mono;
    bool answered = evidence_witness_answered(&o->facts);
    s->observations.witness_proven = s->observations.witness_proven || answered;
    if (answered || evidence_there(&s->observations, now.mono) == THERE_ANSWERS) {
        s->observations.stirred = now.mono;
        if (before != THERE_ANSWERS)
            s->observations.witness_answers_since = now.mono;
    }
    if (before != THERE_REFUSED && evidence_there(&s->observations, now.mono) == THERE_REFUSED)
        s->observations.witness_refuses_since = now.mono;
}

bool evidence_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                       struct now now)
{
    if (p->purpose == EVIDENCE_WITNESS)
        note_witness(s, a->witness, p->asked, now);
    else
        note_process(s, a->host, p->asked, now);
    return true;
}
