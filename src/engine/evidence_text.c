/* What was found out about a Redis that does not answer, as lines for people. */
#include <assert.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "core/evidence.h"
#include "core/silence.h"
#include "engine/evidence.h"
#include "engine/service.h"
#include "engine/snapshot.h"

static const char *const state_texts[] = {
    [TASK_UNKNOWN] = "state not known",
    [TASK_RUNNING] = "runs (state R)",
    [TASK_SLEEPING] = "sleeps (state S)",
    [TASK_BLOCKED] = "waits for a disk (state D)",
    [TASK_STOPPED] = "is stopped by a signal (state T)",
    [TASK_TRACED] = "is held by a tracer (state t)",
    [TASK_ENDED] = "has ended (state Z)",
};
static_assert(ARRAY_LENGTH(state_texts) == TASK_STATE_COUNT, "a text for every state");

bool evidence_process_offered(const struct service *s)
{
    return s->settings->commands_extended || s->settings->control != CONTROL_SSH;
}

static bool in_this_probing(const struct service *s, mono_ms asked)
{
    return watch_is_probing(s) && asked.ms >= s->observations.probing_since.ms;
}

/* ", used 1.9 s of processor time in 2.0 s" */
static void append_work(const struct service *s, const struct process_facts *before,
                        const struct process_facts *now, char *text, size_t size)
{
    if (!in_this_probing(s, before->asked) || evidence_work(before, now) == WORK_UNKNOWN)
        return;
    (void)str_append(text, size, ", used %.2f s of processor time in %.1f s",
                     (double)(now->cpu_ms - before->cpu_ms) / 1000.0,
                     (double)mono_since(now->asked, before->at) / 1000.0);
}

static void process_text(const struct service *s, char *text, size_t size)
{
    const struct observations *t = &s->observations;
    bool other = evidence_not_main(t);
    if (!other && in_this_probing(s, t->process.asked) && t->process.pid == t->unit.main_pid) {
        (void)str_format(text, size, "process: %lld %s", (long long)t->process.pid,
                         state_texts[t->process.state]);
        append_work(s, &t->process_before, &t->process, text, size);
        if (t->process.tracer_pid > 0)
            (void)str_append(text, size, ", traced by process %lld",
                             (long long)t->process.tracer_pid);
    } else if (in_this_probing(s, t->group.asked) && t->group.pid == t->unit.main_pid) {
        (void)str_format(text, size, "process: %lld, state not known", (long long)t->group.pid);
        append_work(s, &t->group_before, &t->group, text, size);
    } else if (other) {
        (void)str_format(
            text, size,
            "process: not looked at (Redis is another process than the unit's main process "
            "%lld: a wrapper, or a container?)",
            (long long)t->unit.main_pid);
    } else if (!evidence_process_offered(s)) {
        (void)str_format(text, size,
                         "process: not looked at (that needs `commands: extended` in resus.yaml)");
    }
}

static void witness_text(const struct service *s, char *text, size_t size)
{
    const struct witness_facts *w = &s->observations.witness;
    if (!in_this_probing(s, w->asked))
        return;
    if (!w->possible && w->paused)
        (void)str_format(text, size,
                         "from here: PING waits, and a faulty command is refused at once: clients "
                         "are paused (on its own host: could not be asked: %s)",
                         w->text);
    else if (!w->possible && reply_answered(w->reply))
        (void)str_format(text, size,
                         "from here: answers %s to a client without a password (on its own host: "
                         "could not be asked: %s)",
                         reply_class_word(w->reply), w->text);
    else if (!w->possible)
        (void)str_format(text, size, "on its own host: could not be asked (%s)", w->text);
    else if (w->paused)
        (void)str_format(text, size, "on its own host, at %s: %s: clients are paused", w->address,
                         w->text);
    else if (reply_answered(w->reply))
        (void)str_format(text, size, "on its own host: answers %s at %s",
                         reply_class_word(w->reply), w->address);
    else
        (void)str_format(text, size, "on its own host: %s at %s", reply_class_word(w->reply),
                         w->address);
}

void evidence_texts(const struct service *s, struct now now, json_t *array)
{
    const struct observations *t = &s->observations;
    const enum unit_active unit = t->unit.active;
    char text[FACT_TEXT_MAX + 64] = "";
    if (!watch_is_probing(s) || cause_proven_well(t) ||
        (unit != UNIT_ACTIVE && unit != UNIT_RELOADING))
        return;
    process_text(s, text, sizeof text);
    snapshot_add_text(array, text);
    text[0] = '\0';
    witness_text(s, text, sizeof text);
    snapshot_add_text(array, text);
    if (in_this_probing(s, t->slow_look) &&
        mono_since(now.mono, t->slow_look) < 2 * t->probe_timeout_ms)
        snapshot_add_text(array, "host: it takes long to answer commands, so silence may be the "
                                 "line's");
}

const char *evidence_blind_text(const struct service *s, struct now now)
{
    static const char *const texts[] = {
        [BLIND_NOT] = "",
        [BLIND_PROCESS] = "without evidence about the process",
        [BLIND_WITNESS] = "no witness on the Redis host could be asked",
        [BLIND_BOTH] = ("without evidence about the process, and no witness on the Redis host "
                        "could be asked"),
    };
    if (s->verdict.cause != CAUSE_HUNG)
        return "";
    return texts[silence_blind(&s->observations, now.mono)];
}
