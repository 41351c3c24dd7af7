/* doctor: carries out the questions of an examination, then answers with the findings. */
#include <unistd.h>

#include "accounts/api_token.h"
#include "alerts/alerts.h"
#include "base/json.h"
#include "base/str.h"
#include "doctor/diagnosis.h"
#include "doctor/examination.h"
#include "doctor/judge_channels.h"
#include "doctor/judge_fleet.h"
#include "engine/owned.h"
#include "handlers/resources.h"
#include "host/keyfile.h"

#define CHANNELS_WAIT_MS (TRIES_MS + 1000)
#define TOKEN_SOON_MS (14LL * 24 * 3600 * 1000)

static void free_examination(struct call *call)
{
    examination_free(call->data);
    call->data = NULL;
}

static void finish(struct handlers *h, struct call *call)
{
    struct doctor_facts *f = examination_facts(call->data);
    h->ports.self(h->ports.context, &f->self);
    f->settings = f->self.settings;
    f->now = handlers_now(h);
    JSON_CLEANUP json_t *recovery = engine_recovery_json(h->engine, call->service, f->now);
    JSON_CLEANUP json_t *status = engine_status_json(h->engine, call->service, f->now);
    examination_note_state(f, status, recovery);
    if (h->ports.accounts != NULL)
        f->token_expires =
            api_token_ending(h->ports.accounts, TOKEN_SOON_MS, f->token, sizeof f->token);
    if (engine_owned_here(h->engine, call->service))
        f->misconfigured = engine_problem(h->engine, call->service);
    struct error err = {0};
    if (f->service->control == CONTROL_SSH && keyfile_check(f->service->ssh.key, &err) < 0)
        (void)str_copy(f->key_error, sizeof f->key_error, err.text);
    sshkeys_look(h->ports.keys, f->service, &f->key_note);
    json_t *body = json_object();
    (void)json_put_text(body, "service", f->service->id);
    json_t *items = doctor_judge(f);
    if (h->ports.alerts != NULL)
        doctor_judge_channels(h->ports.alerts, items);
    if (h->ports.fleet != NULL)
        doctor_judge_fleet(h->ports.fleet, h->engine, call->service, handlers_now(h), items);
    (void)json_put(body, "items", items);
    call->answer(call, 200, body);
}

static void ask(struct handlers *h, struct call *call, const struct doctor_question *q)
{
    uint64_t id = handlers_wait(h, call);
    mono_ms deadline = mono_add(handlers_now(h).mono, q->wait_ms);
    struct host_request request = {.id = id,
                                   .command = q->command,
                                   .number = q->number,
                                   .with_sudo = q->with_sudo,
                                   .deadline = deadline};
    switch (q->kind) {
    case QUESTION_HOST:
        h->ports.host(h->ports.context, call->service, &request);
        break;
    case QUESTION_REDIS:
        h->ports.redis(h->ports.context, call->service, id, q->redis,
                       q->args[0] == NULL ? NULL : q->args, q->fresh, deadline);
        break;
    case QUESTION_WITNESS:
        h->ports.witness(h->ports.context, call->service, id, q->number, deadline);
        break;
    }
}

/* With what is known of the channels by now. */
static void doctor_woken(struct handlers *h, struct call *call)
{
    finish(h, call);
}

static bool channels_tried(const struct handlers *h, const struct call *call)
{
    (void)call;
    return alerts_tried(h->ports.alerts);
}

static void ask_channels(struct handlers *h, struct call *call)
{
    if (h->ports.alerts == NULL) {
        finish(h, call);
        return;
    }
    handlers_sleep(h, call, mono_add(handlers_now(h).mono, CHANNELS_WAIT_MS));
    alerts_try(h->ports.alerts);
}

static void go_on(struct handlers *h, struct call *call)
{
    struct doctor_question question;
    if (call->gone)
        call->answer(call, 499, NULL);
    else if (examination_next(call->data, engine_settings(h->engine, call->service),
                              handlers_now(h), &question))
        ask(h, call, &question);
    else
        ask_channels(h, call);
}

static void doctor_run(struct handlers *h, struct call *call)
{
    struct error err = {0};
    struct examination *x = NULL;
    const struct service_settings *s = engine_settings(h->engine, call->service);
    bool root = s->control == CONTROL_SSH ? str_equal(s->ssh.user, "root") : geteuid() == 0;
    if (examination_new(s, root, h->ports.witness != NULL, handlers_now(h).mono, &x, &err) < 0) {
        handlers_refuse(h, call, 500, "Out of memory", "Out of memory", "out_of_memory");
        return;
    }
    call->data = x;
    call->free_data = free_examination;
    go_on(h, call);
}

static void doctor_host_ended(struct handlers *h, struct call *call,
                              const struct host_result *result)
{
    examination_host_ended(call->data, result);
    go_on(h, call);
}

static void doctor_redis_ended(struct handlers *h, struct call *call,
                               const struct redis_answer *answer)
{
    examination_redis_ended(call->data, answer, handlers_now(h).wall);
    go_on(h, call);
}

static void doctor_witness_ended(struct handlers *h, struct call *call,
                                 const struct witness_facts *facts)
{
    examination_witness_ended(call->data, facts);
    go_on(h, call);
}

/* ── the diagnosis ── */

json_t *diagnosis_now(struct handlers *h, int service)
{
    struct now now = handlers_now(h);
    JSON_CLEANUP json_t *status = engine_status_json(h->engine, service, now);
    JSON_CLEANUP json_t *health = engine_health_json(h->engine, service, now);
    JSON_CLEANUP json_t *explain = engine_explain_json(h->engine, service, now);
    json_t *body = diagnosis_json(status, health, explain);
    (void)json_put_wall(body, "timestamp", now.wall);
    return body;
}

static void on_looked(void *context, int status, json_t *body)
{
    struct call *call = context;
    struct handlers *h = call->data;
    (void)status; /* with too many callers the facts are fresh enough */
    json_decref(body);
    call->answer(call, 200, diagnosis_now(h, call->service));
}

/* A full check first: what is said is what is seen now. */
static void diagnosis_get(struct handlers *h, struct call *call)
{
    call->data = h;
    engine_refresh(h->engine, call->service, on_looked, call, handlers_now(h));
}

static const struct handling rows[] = {
    {OP_DOCTOR, .run = doctor_run, .host_ended = doctor_host_ended,
     .redis_ended = doctor_redis_ended, .witness_ended = doctor_witness_ended,
     .woken = doctor_woken, .answered = channels_tried},
    {OP_DIAGNOSIS, .run = diagnosis_get},
    {0},
};

const struct resource resource_doctor = {NEEDS_NOTHING, rows};
