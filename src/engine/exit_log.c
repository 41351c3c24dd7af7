/* The exit log of a unit that has failed: its journal and, where that is allowed, Redis' log file.
 * Its lines decide whether a restart helps, so recovery waits for them. */
#include "engine/exit_log.h"

#include "base/str.h"
#include "engine/service.h"
#include "redis/reply.h"

/* What its requests are for. */
enum log_source { JOURNAL, LOG_FILE };

#define LINES 50
#define LINES_AFTER_SIGNAL                                                                         \
    1000 /* a report of a crash, with INFO in it, follows the line that counts */
/* A log that cannot be had is asked for again; one that never can be does not stop recovery. */
#define MISSES_MAX 3

static bool ended_by_signal(const struct unit_facts *unit)
{
    return unit->result == RESULT_SIGNAL || unit->result == RESULT_CORE_DUMP;
}

void exit_log_ask(struct service *s, struct now now)
{
    struct watch *w = &s->watch;
    if (w->log_of.ms != s->observations.unit.since.ms)
        exit_log_forget(s); /* it has failed again between two looks */
    w->log_of = s->observations.unit.since;
    if (w->log_asked)
        return;
    w->log_asked = true;
    w->log_heard = false;
    w->log_refused[0] = '\0';
    s->observations.log = (struct log_facts){0};
    /* Also when it was read a moment ago: those lines are dropped. */
    s->observations.log_read = false;
    request_host(s, PART_EXIT_LOG, JOURNAL, HOST_JOURNAL, LINES, w->journal_sudo, now);
    if (s->settings->commands_extended)
        request_host(s, PART_EXIT_LOG, LOG_FILE, HOST_LOG_TAIL,
                     ended_by_signal(&s->observations.unit) ? LINES_AFTER_SIGNAL : LINES, false,
                     now);
}

void exit_log_forget(struct service *s)
{
    s->watch.log_asked = false;
    s->watch.log_misses = 0;
    s->observations.log_read = false;
}

static void note(struct service *s, enum log_source source, const struct host_outcome *o,
                 struct now now)
{
    struct watch *w = &s->watch;
    if (source == JOURNAL && o->log_empty && o->end == HOST_EXITED &&
        w->journal_sudo == (s->settings->control == CONTROL_SSH)) {
        w->journal_sudo = !w->journal_sudo; /* once the other way */
        request_host(s, PART_EXIT_LOG, JOURNAL, HOST_JOURNAL, LINES, w->journal_sudo, now);
        return;
    }
    bool refused = o->end == HOST_EXITED && o->refusal != HOST_NOT_REFUSED;
    if (refused && source == LOG_FILE)
        (void)str_format(w->log_refused, sizeof w->log_refused, "the log %s could not be read: %s",
                         s->settings->log_file, o->error);
    else if (refused)
        (void)str_format(w->log_refused, sizeof w->log_refused, "the journal could not be read: %s",
                         o->error);
    w->log_heard = w->log_heard || (o->end == HOST_EXITED && !refused);
    if (log_class_weight(o->log.class) > log_class_weight(s->observations.log.class))
        s->observations.log = o->log;
    if (request_pending(s, PART_EXIT_LOG, JOURNAL) || request_pending(s, PART_EXIT_LOG, LOG_FILE))
        return;
    if (!w->log_heard && ++w->log_misses < MISSES_MAX) {
        w->log_asked = false; /* with the next look at the unit */
        return;
    }
    bool same_failure = w->log_of.ms != WALL_NONE.ms && w->log_of.ms == w->exit_log_of.ms;
    if (!w->log_heard && same_failure)
        s->observations.log = w->exit_log; /* dropped to be read again: it has not changed */
    w->exit_log = s->observations.log;
    w->exit_log_of = w->log_of;
    s->observations.log_read = true;
}

bool exit_log_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                       struct now now)
{
    note(s, (enum log_source)p->purpose, a->host, now);
    return true;
}
