#include "restore/restores.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "restore/restores_inside.h"
#include "store/record.h"

#define TURN_MS 200

const char *restores_state_word(enum restores_state state)
{
    static const char *const words[] = {
        [RESTORES_RUNNING] = "running",         [RESTORES_HELD] = "held",
        [RESTORES_NEEDS_HUMAN] = "needs_human", [RESTORES_DONE] = "done",
        [RESTORES_UNDONE] = "undone",           [RESTORES_FAILED] = "failed",
        [RESTORES_CANCELLED] = "cancelled",     [RESTORES_INTERRUPTED] = "interrupted",
    };
    static_assert(ARRAY_LENGTH(words) == RESTORES_STATE_COUNT, "a word for every state");
    return words[state];
}

struct now restores_now(const struct restores *r)
{
    return r->ports.now(r->ports.context);
}

const struct service_settings *restores_settings(const struct restores *r, int service)
{
    return &r->ports.settings(r->ports.context)->services[service];
}

bool restores_remote(const struct restores *r, int service, struct files_host *host)
{
    const struct service_settings *s = restores_settings(r, service);
    if (s->control == CONTROL_PROCESS || !s->restore_helper || r->ports.helper == NULL)
        return false;
    *host = (struct files_host){
        .local = s->control == CONTROL_SYSTEMD, .ssh = s->ssh, .stop = &r->stop};
    (void)str_copy(host->unit, sizeof host->unit, s->unit);
    return true;
}

/* ── turns of a worker ── */

void slot_ask(struct restores *r, struct slot *slot, void (*granted)(void *context), void *context)
{
    *slot = (struct slot){
        .r = r, .granted = granted, .context = context, .since = restores_now(r).mono};
    slot->held = backups_worker_take(r->ports.backups);
    if (slot->held) {
        granted(context);
        return;
    }
    slot->waits = true;
    slot->next = r->slots;
    r->slots = slot;
}

void slot_try(struct restores *r, struct slot *slot)
{
    *slot = (struct slot){.r = r, .held = backups_worker_take(r->ports.backups)};
}

static void forget_slot(struct slot *slot)
{
    struct slot **at = &slot->r->slots;
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    slot->waits = false;
}

void slot_give(struct slot *slot)
{
    if (slot->waits)
        forget_slot(slot);
    if (!slot->held)
        return;
    slot->held = false;
    backups_worker_give(slot->r->ports.backups);
}

/* ── the restores that are remembered ── */

struct entry *restores_find(const struct restores *r, int64_t number)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i]->number == number)
            return r->entries[i];
    return NULL;
}

static bool is_open(const struct entry *e)
{
    return e->state < RESTORES_DONE;
}

struct entry *restores_holder(const struct restores *r, int service)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i]->target == service && is_open(r->entries[i]))
            return r->entries[i];
    return NULL;
}

struct entry *restores_running(const struct restores *r)
{
    for (size_t i = 0; i < r->count; i++)
        /* Of a service that is gone none is taken up again: it keeps no other from beginning. */
        if (r->entries[i]->state == RESTORES_RUNNING && r->entries[i]->target >= 0)
            return r->entries[i];
    return NULL;
}

int restores_at_work(const struct restores *r)
{
    const struct entry *e = restores_running(r);
    return e == NULL ? -1 : e->target;
}

bool restores_holds(const struct restores *r, int service)
{
    return restores_holder(r, service) != NULL;
}

void entry_free(struct entry *e)
{
    if (e == NULL)
        return;
    run_free(e->run);
    mem_free(e->databases);
    mem_free(e);
}

int restores_make_room(struct restores *r, struct error *err)
{
    if (r->count < RESTORES_KEPT_MAX)
        return 0;
    for (size_t i = 0; i < r->count; i++) {
        if (is_open(r->entries[i]))
            continue;
        entry_free(r->entries[i]);
        r->count--;
        memmove(&r->entries[i], &r->entries[i + 1], (r->count - i) * sizeof r->entries[0]);
        return 0;
    }
    return error_set(err, -ENOBUFS, "%d restores wait for a person: end those first",
                     RESTORES_KEPT_MAX);
}

const struct redis_tunnel *entry_tunnel(const struct entry *e)
{
    const struct restores_ports *ports = &e->r->ports;
    return e->run->redis.via == VIA_SSH ? ports->tunnel(ports->context, e->target) : NULL;
}

/* ── what others see of it ── */

void entry_hold_text(const struct entry *e, char *to, size_t size)
{
    if (e->state == RESTORES_RUNNING)
        (void)str_format(to, size, "Restore %" PRId64 " of the backup %s is under way: %s.",
                         e->number, e->backup, e->stage);
    else
        (void)str_format(to, size,
                         "Restore %" PRId64 " of the backup %s waits for a person: resus restore "
                         "%s %s %" PRId64 ".",
                         e->number, e->backup,
                         e->state == RESTORES_HELD ? "resume or undo" : "undo", e->service,
                         e->number);
}

static void tell_hold(const struct entry *e)
{
    const struct restores_ports *ports = &e->r->ports;
    struct restores_hold hold = {.since = e->ordered,
                                 .acts = e->state == RESTORES_RUNNING,
                                 .withholds = e->method == RESTORE_BY_KEYS
                                                  ? e->run != NULL && e->run->pour != NULL
                                                  : restore_withholds(e->job.state)};
    if (e->target < 0 || e->r->closing)
        return;
    entry_hold_text(e, hold.text, sizeof hold.text);
    (void)str_copy(hold.user, sizeof hold.user, e->user.email);
    ports->hold(ports->context, e->target, is_open(e) ? &hold : NULL);
    bool waits = e->state == RESTORES_HELD || e->state == RESTORES_NEEDS_HUMAN;
    ports->report(ports->context, e->target, waits ? hold.text : NULL);
}

void entry_stage(struct entry *e, const char *stage)
{
    (void)str_copy(e->stage, sizeof e->stage, stage);
    tell_hold(e);
}

static void publish(const struct entry *e, const char *result, const char *text, int64_t ms)
{
    const struct restores_ports *ports = &e->r->ports;
    json_t *body = json_object();
    (void)json_put_text(body, "event", e->order);
    (void)json_put_text(body, "user", e->user.email);
    (void)json_put_text(body, "result", result);
    (void)json_put_text(body, "message", text);
    if (ms >= 0)
        (void)json_put_real(body, "duration_seconds", (double)ms / 1000);
    ports->publish(ports->context, e->target, body);
}

static void audit(const struct entry *e, enum audit_event event, bool success)
{
    const struct restores_ports *ports = &e->r->ports;
    wall_ms now = restores_now(e->r).wall;
    struct audit_line line = {.event = event,
                              .at = now,
                              .has_result = event != AUDIT_INTENT,
                              .success = success,
                              .duration_seconds = (double)wall_since(now, e->ordered) / 1000,
                              .risk = AUDIT_RISK_CRITICAL,
                              .ssh_key_used = -1};
    (void)str_copy(line.service, sizeof line.service, e->service);
    (void)str_copy(line.operation, sizeof line.operation, e->order);
    (void)str_copy(line.user_id, sizeof line.user_id, e->user.id);
    (void)str_copy(line.user_email, sizeof line.user_email, e->user.email);
    (void)str_copy(line.user_role, sizeof line.user_role, e->user.role);
    (void)str_copy(line.source_ip, sizeof line.source_ip, e->user.source_ip);
    (void)str_copy(line.request_id, sizeof line.request_id, e->request_id);
    if (line.has_result && !success)
        (void)str_copy(line.error, sizeof line.error, e->text);
    (void)str_format(line.reason, sizeof line.reason,
                     "restore %" PRId64 ": backup %s of %s by %s%s%s%s%s", e->number, e->backup,
                     e->source, restore_method_word(e->method),
                     e->safety[0] == '\0' ? "" : "; safety backup ", e->safety,
                     e->reason[0] == '\0' ? "" : ": ", e->reason);
    ports->audit(ports->context, &line);
}

void entry_order(struct entry *e, const char *order, const struct engine_user *user,
                 const char *request_id)
{
    e->order = order;
    e->ordered = restores_now(e->r).wall;
    e->user = *user;
    e->text[0] = '\0';
    e->state = RESTORES_RUNNING;
    (void)str_copy(e->request_id, sizeof e->request_id, request_id);
    if (e->request_id[0] == '\0')
        (void)str_format(e->request_id, sizeof e->request_id, "restore-%" PRId64 "-%d", e->number,
                         e->orders);
    e->orders++;
    audit(e, AUDIT_INTENT, false);
    publish(e, "started",
            str_equal(order, "restore_undo") ? "The undo of a restore has begun."
                                             : "A restore has begun.",
            -1);
}

void entry_ended(struct entry *e, enum restores_state state, const char *text)
{
    bool undo = str_equal(e->order, "restore_undo");
    bool success = state == (undo ? RESTORES_UNDONE : RESTORES_DONE);
    wall_ms now = restores_now(e->r).wall;
    e->state = state;
    (void)str_copy_clean(e->text, sizeof e->text, text, strlen(text));
    if (!is_open(e))
        e->ended = now;
    if (success)
        log_info("restore", "%s: %s: %s", e->service, e->order, e->text);
    else
        log_warning("restore", "%s: %s ended as %s: %s", e->service, e->order,
                    restores_state_word(state), e->text);
    run_free(e->run);
    e->run = NULL;
    if (e->r->closing)
        return;
    if (!e->taken_up) /* else the order has its line, by intents_close() */
        audit(e, AUDIT_BACKUP, success);
    e->taken_up = false;
    publish(e, success ? "success" : "failure", e->text, wall_since(now, e->ordered));
    entry_save(e, NULL);
    tell_hold(e);
}

/* ── the journal ── */

static void on_noted(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    (void)context;
    if (outcome != STORE_DURABLE)
        log_error("restore", "the end of restore %" PRIu64 " is not stored: %s", id,
                  error == NULL ? "the disk does not take it" : error->text);
}

void entry_save(struct entry *e, store_done *done)
{
    struct restores *r = e->r;
    JSON_CLEANUP json_t *body = entry_body(e);
    const struct record_change change = {.kind = RECORD_RESTORE, .number = e->number, .body = body};
    record_write(r->ports.store, &(struct record_write){.changes = &change,
                                                        .count = 1,
                                                        .full = true,
                                                        .id = (uint64_t)e->number,
                                                        .done = done == NULL ? on_noted : done,
                                                        .context = r});
}

struct loading {
    struct restores *r;
    int result;
    struct error *err;
};

static int index_of(const struct restores *r, const char *service)
{
    const struct settings *settings = r->ports.settings(r->ports.context);
    for (size_t i = 0; i < settings->service_count; i++)
        if (str_equal(settings->services[i].id, service))
            return (int)i;
    return -1;
}

static void on_record(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct loading *l = context;
    struct restores *r = l->r;
    struct error err = {0};
    (void)kind;
    if (l->result < 0)
        return;
    struct entry *e = mem_calloc(1, sizeof *e);
    if (e == NULL) {
        l->result = error_set(l->err, -ENOMEM, "out of memory");
        return;
    }
    e->r = r;
    e->number = number;
    e->order = "restore";
    if (body == NULL || restores_make_room(r, &err) < 0 || entry_read(e, body, &err) < 0) {
        log_error("restore", "restore %" PRId64 " cannot be read: %s", number, err.text);
        entry_free(e);
        return;
    }
    e->target = index_of(r, e->service);
    r->entries[r->count++] = e;
}

/* ── opening and closing ── */

int restores_open(const struct restores_ports *ports, struct restores **ret, struct error *err)
{
    struct restores *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    r->ports = *ports;
    struct loading l = {.r = r, .err = err};
    int result = record_load(ports->store, RECORD_RESTORE, NULL, on_record, &l, err);
    result = result < 0 ? result : l.result;
    if (result < 0) {
        restores_free(r);
        return result;
    }
    *ret = r;
    return 0;
}

/* The folder of the backups hangs, or another task is long at it. */
static void entry_late(struct entry *e)
{
    struct error err = {0};
    (void)error_set(&err, -EBUSY, "waited for 10 minutes for another task of the backups");
    slot_give(&e->run->slot);
    if (e->method == RESTORE_BY_FILE)
        file_late(e, &err);
    else
        serving_late(e, &err);
}

static void on_timer(uv_timer_t *timer)
{
    struct restores *r = timer->data;
    for (struct slot *s = r->slots, *next; s != NULL; s = next) {
        next = s->next;
        if (!backups_worker_take(r->ports.backups))
            break;
        forget_slot(s);
        s->held = true;
        s->granted(s->context);
    }
    for (struct planning *p = r->plannings, *next; p != NULL; p = next) {
        next = p->next;
        planning_turn(p);
    }
    struct entry *e = restores_running(r);
    if (e != NULL && e->run != NULL && e->run->slot.waits &&
        mono_since(restores_now(r).mono, e->run->slot.since) > BACKUPS_WAIT_MS)
        entry_late(e);
}

static void take_up(struct entry *e)
{
    struct error err = {0};
    if (!is_open(e) || e->target < 0)
        return;
    bool was_running = e->state == RESTORES_RUNNING;
    e->taken_up = was_running;
    e->ordered = restores_now(e->r).wall;
    if (e->method == RESTORE_BY_KEYS) {
        entry_ended(e, RESTORES_INTERRUPTED,
                    "Resus ended meanwhile. The keys that were copied stay: repeat the restore, or "
                    "restore the safety backup.");
        return;
    }
    if (was_running && machine_continue(e, &err) < 0)
        entry_ended(e, RESTORES_HELD, err.text);
    tell_hold(e);
}

void restores_start(struct restores *r)
{
    r->timer.data = r;
    (void)uv_timer_init(r->ports.loop, &r->timer);
    (void)uv_timer_start(&r->timer, on_timer, TURN_MS, TURN_MS);
    r->started = true;
    for (size_t i = 0; i < r->count; i++)
        take_up(r->entries[i]);
}

void restores_close(struct restores *r)
{
    if (r == NULL)
        return;
    r->closing = true;
    atomic_store(&r->stop, true);
    for (struct planning *p = r->plannings, *next; p != NULL; p = next) {
        next = p->next;
        planning_drop(p);
    }
    for (size_t i = 0; i < r->count; i++) {
        run_free(r->entries[i]->run);
        r->entries[i]->run = NULL;
    }
    if (r->started)
        uv_close((uv_handle_t *)&r->timer, NULL);
}

void restores_free(struct restores *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++)
        entry_free(r->entries[i]);
    mem_free(r);
}
