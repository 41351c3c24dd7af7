/* Carries out what core/operate decides of a person's operation: save, desired state, intent,
 * command, verification; and a watch of 15 minutes after it. */
#include "engine/operation.h"

#include <assert.h>
#include <inttypes.h>

#include "base/str.h"
#include "engine/commands.h"
#include "engine/current.h"
#include "engine/event.h"
#include "engine/observe.h"
#include "engine/operation_end.h"
#include "engine/operation_result.h"
#include "engine/service.h"
#include "engine/state.h"
#include "engine/stops.h"

#define COMMAND_DEADLINE_MS 90000 /* below OPERATE_COMMAND_LIMIT_MS */
#define REDIS_DEADLINE_MS 5000

static const enum operate_kind kinds[] = {
    [OPERATION_START] = OPERATE_START,
    [OPERATION_STOP] = OPERATE_STOP,
    [OPERATION_RESTART] = OPERATE_RESTART,
    [OPERATION_RELOAD] = OPERATE_RELOAD,
};
static_assert(ARRAY_LENGTH(kinds) == ENGINE_OPERATION_COUNT, "a kind for every operation");

static uint64_t ask(struct service *s, enum operation_purpose purpose, struct now now)
{
    return request_begin_action(s, PART_OPERATE, (int)purpose, now.mono, s->operation.serial);
}

/* ── effects ── */

static void keep_figures(struct service *s)
{
    struct operation *o = &s->operation;
    facts_info_reset(&o->before);
    if (current_process_info(s))
        o->before = s->observations.info;
}

static void begin_save(struct service *s, struct now now)
{
    const struct engine_ports *ports = &s->engine->ports;
    ports->redis(ports->context, s->index, ask(s, OPERATION_FOR_SAVE, now), REDIS_BGSAVE, false,
                 mono_add(now.mono, REDIS_DEADLINE_MS));
}

static void desire(struct service *s, struct now now)
{
    struct operation *o = &s->operation;
    state_keep_desired(s, &o->desired_before);
    if (o->request.operation == OPERATION_STOP)
        state_desire_stop(s, o->request.user.email, o->request.reason, now.wall);
    else
        state_desire_run(s);
    state_store(s, ask(s, OPERATION_FOR_DESIRED, now), STORE_FULL);
}

/* The store may still write the one that it was late with, so the old one is given to it again. */
static void take_back(struct service *s, struct now now)
{
    state_restore_desired(s, &s->operation.desired_before);
    state_store_desired(s, now);
}

static void run_command(struct service *s, struct now now)
{
    static const enum host_command commands[] = {
        [OPERATION_START] = HOST_START,
        [OPERATION_STOP] = HOST_STOP,
        [OPERATION_RESTART] = HOST_RESTART,
        [OPERATION_RELOAD] = HOST_RELOAD,
    };
    static_assert(ARRAY_LENGTH(commands) == ENGINE_OPERATION_COUNT, "a command for each");
    struct operation *o = &s->operation;
    const struct unit_facts *unit = &s->observations.unit;
    struct host_request request = {
        .id = ask(s, OPERATION_FOR_COMMAND, now),
        .command = commands[o->request.operation],
        .deadline = mono_add(now.mono, COMMAND_DEADLINE_MS),
    };
    o->process = unit->main_pid > 0 ? unit->main_pid : 0;
    o->unit_before = unit->active;
    o->unit_since_before = unit->since;
    o->unsaved = current_process_info(s) ? s->observations.info.unsaved_changes : FACT_UNKNOWN;
    s->engine->ports.host(s->engine->ports.context, s->index, &request);
}

static void say_loading(struct service *s, struct now now)
{
    operation_answer(
        s, 202,
        operation_result(s, true,
                         "Redis is starting: it loads its data set. The operation goes on.",
                         "starting", now));
}

static void carry_out(struct service *s, const struct operate_effect *e, struct now now)
{
    switch (e->kind) {
    case OPERATE_KEEP_FIGURES:
        keep_figures(s);
        break;
    case OPERATE_SAVE:
        begin_save(s, now);
        break;
    case OPERATE_FOLLOW_SAVE:
        saving_follow(s, PART_OPERATE, OPERATION_FOR_SAVED, s->operation.serial, now);
        break;
    case OPERATE_FOLLOW_ON:
        saving_follow_on(s, now);
        break;
    case OPERATE_TAKE_OVER:
        recover_event(s, EVENT_OPERATION_BEGAN, 0, ACTION_DONE, now);
        break;
    case OPERATE_DESIRE:
        desire(s, now);
        break;
    case OPERATE_TAKE_BACK:
        take_back(s, now);
        break;
    case OPERATE_DESIRED:
        state_desired_is_saved(s);
        break;
    case OPERATE_WRITE_INTENT:
        operation_write_line(s, AUDIT_INTENT, ask(s, OPERATION_FOR_INTENT, now), false, "", now);
        break;
    case OPERATE_RUN:
        run_command(s, now);
        break;
    case OPERATE_LOOK:
        watch_look(s, now);
        break;
    case OPERATE_READ_LOG:
        request_host_of(s, PART_OPERATE, OPERATION_FOR_LOG, HOST_JOURNAL, STOP_LOG_LINES,
                        s->watch.journal_sudo, s->operation.serial, now);
        break;
    case OPERATE_SAY_LOADING:
        say_loading(s, now);
        break;
    case OPERATE_END:
        operation_end(s, e->end, now);
        break;
    case OPERATE_EFFECT_KIND_COUNT:
        break;
    }
}

static void step(struct service *s, struct operate_input *input, struct now now)
{
    struct operate_effects effects = {0};
    operation_facts(s, now, &input->facts);
    operate_step(&s->operation.core, input, now.mono, &effects);
    for (size_t i = 0; i < effects.count; i++)
        carry_out(s, &effects.items[i], now);
}

static void event(struct service *s, enum operate_event event, struct now now)
{
    step(s, &(struct operate_input){.event = event}, now);
}

/* ── answers ── */

static void save_followed(struct service *s, const struct redis_answer *a, struct now now)
{
    static const enum operate_event events[] = {
        [SAVING_RUNS] = OPERATE_SAVE_RUNS,
        [SAVING_DONE] = OPERATE_SAVE_DONE,
        [SAVING_FAILED] = OPERATE_SAVE_FAILED,
    };
    enum save_end end = saving_of(a);
    bool waited_for = s->operation.core.phase == OPERATE_SAVING;
    if (waited_for && end == SAVING_DONE && a->info.last_save_seconds >= 0)
        s->observations.info.last_save_seconds = a->info.last_save_seconds;
    event(s, events[end], now);
}

static void command_ended(struct service *s, const struct host_outcome *out, struct now now)
{
    struct operation *o = &s->operation;
    struct operate_input input = {.event = OPERATE_COMMAND_ENDED,
                                  .action_end = recover_end_of(out)};
    if (o->core.phase != OPERATE_RUNNING)
        return; /* the wait for it was given up: its result no longer counts */
    bool exited = out->end == HOST_EXITED;
    o->exit_code = exited ? out->exit_code : -1;
    (void)str_copy(o->error, sizeof o->error, exited && out->exit_code == 0 ? "" : out->error);
    step(s, &input, now);
}

static void log_read(struct service *s, const struct host_outcome *out, struct now now)
{
    struct operate_input input = {.event = OPERATE_LOG_READ};
    if (out->end == HOST_EXITED && !out->log_empty)
        input.stop_end = out->log.stop_cut ? STOP_END_CUT : STOP_END_CLEAN;
    step(s, &input, now);
}

bool operation_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                        struct now now)
{
    if (p->purpose == OPERATION_FOR_COMMAND) {
        bool ours = p->action_id == s->operation.serial; /* else of an operation that is over */
        const char *word = ours ? engine_operation_word(s->operation.request.operation)
                                : host_command_name(a->host->command);
        guard_command_ended(s, word, a->host, recover_end_of(a->host), now);
        observe_command(s, a->host, now);
    }
    if (p->action_id != s->operation.serial)
        return false; /* the operation that asked is over, and another one has begun */
    switch ((enum operation_purpose)p->purpose) {
    case OPERATION_FOR_SAVE:
        event(s, saving_begun(a->redis) ? OPERATE_SAVE_BEGUN : OPERATE_SAVE_REFUSED, now);
        break;
    case OPERATION_FOR_SAVED:
        save_followed(s, a->redis, now);
        break;
    case OPERATION_FOR_DESIRED:
        s->operation.away = a->stored == STORE_AWAY;
        event(s, a->stored == STORE_DURABLE ? OPERATE_STORED : OPERATE_NOT_STORED, now);
        break;
    case OPERATION_FOR_INTENT:
        event(s, a->audited == AUDIT_DURABLE ? OPERATE_WRITTEN : OPERATE_NOT_WRITTEN, now);
        break;
    case OPERATION_FOR_COMMAND:
        command_ended(s, a->host, now);
        break;
    case OPERATION_FOR_LOG:
        log_read(s, a->host, now);
        break;
    }
    return false;
}

/* ── the part ── */

int operation_init(struct service *s, struct now now)
{
    (void)now;
    s->operation.core.deadline = MONO_NEVER;
    return 0;
}

void operation_begin(struct service *s, const struct engine_request *request, struct now now)
{
    const struct engine_ports *ports = &s->engine->ports;
    struct operation *o = &s->operation;
    *o = (struct operation){
        .serial = o->serial + 1, .request = *request, .since = now.wall, .exit_code = -1};
    operate_begin(&o->core, kinds[request->operation], request->force, now.mono);
    (void)str_format(o->id, sizeof o->id, "%s-%016" PRIx64,
                     o->request.of_restore ? "restore-step" : "o", ports->random(ports->context));
    event_operation(s, engine_operation_word(request->operation), &request->user, "started",
                    request->reason, -1, now);
    if (s->judged)
        publish_status(s, now);
    if (!request_pending(s, PART_WATCH, WATCH_INFO) ||
        request_asked(s, PART_WATCH, WATCH_INFO).ms < now.mono.ms)
        request_redis(s, PART_WATCH, WATCH_INFO, REDIS_INFO, REDIS_DEADLINE_MS, now);
    watch_look(s, now);
}

void operation_judged(struct service *s, struct now now)
{
    if (operation_running(s))
        event(s, OPERATE_FACTS, now);
}

bool operation_turn(struct service *s, struct now now)
{
    if (!operation_running(s))
        return false;
    operation_judged(s, now);
    return !operation_running(s); /* what it held back counts from here on */
}
