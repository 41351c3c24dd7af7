#include "engine/commands.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/event.h"
#include "engine/queries.h"
#include "engine/record.h"
#include "engine/recovery_facts.h"
#include "engine/refusal.h"
#include "engine/service.h"
#include "engine/state.h"

/* Of a notice's text in the audit log, where an operator could otherwise push older lines out. */
#define NOTICE_AUDITED_BYTES 200

static void refuse(const struct engine_request *request, int status, json_t *body)
{
    request->answer(request->context, status, body);
}

void engine_operate(struct engine *e, int service, const struct engine_request *request,
                    struct now now)
{
    struct service *s = &e->services[service];
    const struct operation *o = &s->operation;
    struct recovery_facts facts;
    engine_look_at_clocks(e, now);
    recovery_facts_now(s, now, &facts);
    if (request->operation == OPERATION_STOP && !request->confirmation) {
        refuse(request, 400, refusal_unconfirmed(s, now));
        return;
    }
    if (s->owned.elsewhere) {
        refuse(request, 409, owned_refusal(s, now));
        return;
    }
    if (s->misconfigured != NULL) {
        refuse(request, 503, refusal_body("Misconfigured", s->misconfigured, "misconfigured", now));
        return;
    }
    if (operation_running(s)) {
        refuse(request, 409,
               refusal_busy(s, o->request.user.email, engine_operation_word(o->request.operation),
                            o->since, now));
        return;
    }
    if (restoring_refuses(s, request, now))
        return;
    if (recovery_holds(&s->recovery, &facts)) {
        refuse(request, 409,
               refusal_busy(s, "system", "automatic recovery", s->recovering.action_began, now));
        return;
    }
    operation_begin(s, request, now);
    service_schedule(s);
}

void engine_refresh(struct engine *e, int service, engine_answer *answer, void *context,
                    struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    if (s->misconfigured != NULL) {
        json_t *body = json_object();
        (void)json_put(body, "status", engine_status_json(e, service, now));
        (void)json_put(body, "health", engine_health_json(e, service, now));
        answer(context, 200, body);
        return;
    }
    if (refresh_begin(s, answer, context, now))
        service_schedule(s);
}

/* ── orders ── */

/* The end of an order. Its answer may free what the caller still needs, so it comes last. */
static void end(struct service *s, const struct engine_order *order, bool waits, struct now now)
{
    service_schedule(s);
    if (!waits)
        orders_refuse(order, now);
}

int engine_recovery_set(struct engine *e, int service, const struct engine_setting *settings,
                        size_t count, const struct engine_user *user,
                        const struct engine_order *order, struct now now, struct error *err)
{
    struct service *s = &e->services[service];
    struct recovery_policy recovery = s->recovery_policy;
    struct watch_policy watch = s->watch_policy;
    engine_look_at_clocks(e, now);
    for (size_t i = 0; i < count; i++) {
        int r = settings_set_recovery(settings[i].key, settings[i].value, &recovery, &watch, err);
        if (r < 0)
            return r;
    }
    s->recovery_policy = recovery;
    s->watch_policy = watch;
    if (count > 0)
        state_mark_recovery_set(s);
    bool waits = orders_save(s, order, now);
    for (size_t i = 0; i < count; i++) {
        char reason[160];
        (void)str_format(reason, sizeof reason, "%s=%s", settings[i].key, settings[i].value);
        record_setting(s, "auto-recovery-set", user, reason, now);
    }
    service_judge(s, now);
    publish_health(s, now);
    end(s, order, waits, now);
    return 0;
}

void engine_recovery_reset(struct engine *e, int service, const struct engine_user *user,
                           const char *reason, const struct engine_order *order, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    record_setting(s, "auto-recovery-reset", user, reason, now);
    role_watch_accept(s);
    recover_event(s, EVENT_RESET, 0, ACTION_DONE,
                  now); /* saves too, but no caller waits for that */
    bool waits = order == NULL || orders_save(s, order, now);
    publish_health(s, now);
    end(s, order, waits, now);
}

void engine_pause(struct engine *e, int service, int64_t for_ms, const struct engine_user *user,
                  const char *reason, const struct engine_order *order, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    char text[FACT_TEXT_MAX];
    char until[WALL_TEXT_SIZE];
    state_pause(s, wall_add(now.wall, for_ms), user->email, reason);
    bool waits = orders_save(s, order, now);
    record_setting(s, "pause", user, reason, now);
    (void)str_format(text, sizeof text, "Automatic recovery is paused until %s.",
                     wall_text(s->saved.paused_until, until));
    json_t *notice = json_object();
    (void)json_put_text(notice, "message", text);
    (void)json_put_text(notice, "user", user->email);
    (void)json_put_text(notice, "reason", reason);
    event_publish(s, "notice", notice, now);
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    publish_health(s, now);
    end(s, order, waits, now);
}

void engine_resume(struct engine *e, int service, const struct engine_user *user,
                   const char *reason, const struct engine_order *order, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    bool paused = s->saved.paused_until.ms != 0;
    if (!paused && order == NULL)
        return;
    state_end_pause(s);
    bool waits = orders_save(s, order, now); /* when nothing is paused too: is that stored? */
    if (paused) {
        record_setting(s, "resume", user, reason, now);
        event_notice(s, "Automatic recovery is resumed.", now);
        recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
        publish_health(s, now);
    }
    end(s, order, waits, now);
}

/* ── maintenance ── */

/* What a reader of the service would see otherwise than before. */
static bool same_window(const struct maintained *m, const struct engine_window *window)
{
    if (window == NULL || !m->held)
        return window == NULL && !m->held;
    return m->window.number == window->number && m->window.ends.ms == window->ends.ms &&
           m->window.verifying == window->verifying && str_equal(m->window.title, window->title);
}

static void tell_maintained(struct service *s, bool was_held, struct now now)
{
    char text[FACT_TEXT_MAX];
    json_t *body = json_object();
    if (s->maintained.held)
        maintained_words(s, text, sizeof text);
    else
        (void)str_copy(text, sizeof text, "The maintenance has ended.");
    (void)str_append(text, sizeof text, " Automatic recovery %s.",
                     !s->maintained.held ? "is resumed"
                     : was_held          ? "stays withheld"
                                         : "is withheld");
    (void)json_put_text(body, "kind", "maintenance");
    (void)json_put_text(body, "message", text);
    (void)json_put(body, "maintenance", s->maintained.held ? maintained_json(s) : json_null());
    if (s->maintained.held)
        (void)json_put_wall(body, "expires_at", s->maintained.window.ends);
    event_publish(s, "notice", body, now);
}

void engine_maintain(struct engine *e, int service, const struct engine_window *window,
                     struct now now)
{
    struct service *s = &e->services[service];
    bool was_held = s->maintained.held;
    if (same_window(&s->maintained, window))
        return;
    engine_look_at_clocks(e, now);
    s->maintained.held = window != NULL;
    if (window != NULL)
        s->maintained.window = *window;
    tell_maintained(s, was_held, now);
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    publish_status(s, now);
    publish_health(s, now);
    service_schedule(s);
}

/* ── restores ── */

static bool same_restore(const struct restoring *r, const struct engine_restore *restore)
{
    if (restore == NULL || !r->held)
        return restore == NULL && !r->held;
    return r->restore.acts == restore->acts && r->restore.withholds == restore->withholds &&
           str_equal(r->restore.text, restore->text);
}

void engine_restoring(struct engine *e, int service, const struct engine_restore *restore,
                      struct now now)
{
    struct service *s = &e->services[service];
    if (same_restore(&s->restoring, restore))
        return;
    engine_look_at_clocks(e, now);
    if (restoring_withholds(s))
        s->restoring.touched = now.mono;
    s->restoring.held = restore != NULL;
    if (restore != NULL)
        s->restoring.restore = *restore;
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    if (s->judged) {
        publish_status(s, now);
        publish_health(s, now);
    }
    service_schedule(s);
}

/* ── notices ── */

void engine_notice(struct engine *e, int service, const char *kind, const char *least_role,
                   const char *message, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "kind", kind);
    (void)json_put_text(body, "least_role", least_role);
    (void)json_put_text(body, "message", message);
    event_publish(&e->services[service], "notice", body, now);
}

static void write_down(struct engine *e, int service, const struct engine_user *user,
                       const char *message, struct now now)
{
    struct audit_line line;
    record_line_init(&e->services[service < 0 ? 0 : service], &line, AUDIT_CONFIGURATION,
                     "notify-users", user, now);
    if (service < 0)
        line.service[0] = '\0';
    line.has_result = true;
    line.success = true;
    line.duration_seconds = 0;
    (void)str_format(line.request_id, sizeof line.request_id, "n-%016" PRIx64,
                     e->ports.random(e->ports.context));
    (void)str_copy(line.reason, NOTICE_AUDITED_BYTES + 1, message);
    e->ports.audit(e->ports.context, service < 0 ? 0 : service, 0, &line, false);
}

int engine_notify(struct engine *e, int service, const struct engine_user *user,
                  const char *message, struct now now)
{
    int told = 0;
    engine_look_at_clocks(e, now);
    const struct notice *n = notice_keep(e, service, user, message, now);
    write_down(e, service, user, message, now);
    for (int i = 0; i < e->count; i++)
        if (service < 0 || service == i) {
            notice_publish(&e->services[i], n, now);
            told++;
        }
    return told;
}

bool engine_maintained(const struct engine *e, int service)
{
    return e->services[service].maintained.held;
}

int64_t engine_start_timeout_ms(const struct engine *e, int service)
{
    int64_t us = e->services[service].observations.unit.timeout_start_us;
    return us <= 0 || us == INT64_MAX ? 0 : us / 1000;
}

const char *engine_at_work(const struct engine *e, struct now now)
{
    for (int i = 0; i < e->count; i++) {
        const struct service *s = &e->services[i];
        struct recovery_facts facts;
        recovery_facts_now(s, now, &facts);
        if (operation_running(s) || recovery_holds(&s->recovery, &facts))
            return s->settings->id;
    }
    return NULL;
}
