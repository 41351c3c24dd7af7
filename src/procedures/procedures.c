#include "procedures/procedures.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "procedures/inside.h"
#include "store/record.h"

#define TURN_MS 1000

struct now procedures_now(const struct procedures *p)
{
    return p->ports.now(p->ports.context);
}

const struct service_settings *procedure_settings(const struct procedure *x)
{
    return &x->p->ports.settings(x->p->ports.context)->services[x->service];
}

/* ── what is written down ── */

struct procedure *procedure_waiting(struct procedures *p, int64_t number)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i]->number == number && p->items[i]->waits)
            return p->items[i];
    return NULL;
}

/* That a value is about to be set is on the disk: a Resus that ends now looks up whether it was. Taking
 * it back is as good twice as once, and does not wait for a disk that is full. */
static void on_noted(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct procedures *p = context;
    struct procedure *x = p->closing ? NULL : procedure_waiting(p, (int64_t)id);
    if (x == NULL)
        return;
    x->waits = false;
    if (outcome == STORE_DURABLE || x->phase == PROCEDURE_UNDOING) {
        procedure_work(x);
        return;
    }
    char text[ERROR_TEXT_MAX];
    (void)str_format(text, sizeof text,
                     "nothing was set, since it cannot be written down first: %s",
                     error == NULL ? "the disk does not take it" : error->text);
    procedure_event_now(x, PROCEDURE_BAD, text);
}

static void save(struct procedure *x, store_done *done)
{
    JSON_CLEANUP json_t *body = procedure_body(x);
    const struct record_change change = {
        .kind = RECORD_PROCEDURE, .number = x->number, .body = body};
    x->waits = x->waits || done != NULL;
    /* Without `done` the answer would be the engine's, which has a request of its own by that id. */
    record_write(x->p->ports.store,
                 &(struct record_write){.changes = &change,
                                        .count = 1,
                                        .id = done == NULL ? 0 : (uint64_t)x->number,
                                        .done = done,
                                        .context = x->p});
}

/* `order`: of a person; NULL: the result. */
static void audit(const struct procedure *x, const char *what, bool success,
                  const struct procedures_order *order)
{
    const char *reason = order == NULL || order->reason == NULL ? "" : order->reason;
    struct audit_line line = {.event = x->kind == PROCEDURE_CONFIG ? AUDIT_CONFIGURATION
                                                                   : AUDIT_MAINTENANCE,
                              .at = procedures_now(x->p).wall,
                              .has_result = true,
                              .success = success,
                              .risk = AUDIT_RISK_MODERATE,
                              .ssh_key_used = -1};
    (void)str_copy(line.service, sizeof line.service, x->id);
    (void)str_format(line.operation, sizeof line.operation, "procedure_%s", what);
    (void)str_copy(line.user_id, sizeof line.user_id, x->user.id);
    (void)str_copy(line.user_email, sizeof line.user_email, x->user.email);
    (void)str_copy(line.user_role, sizeof line.user_role, x->user.role);
    (void)str_copy(line.source_ip, sizeof line.source_ip, x->user.source_ip);
    if (order != NULL)
        (void)str_copy(line.request_id, sizeof line.request_id, order->request_id);
    (void)str_format(line.reason, sizeof line.reason, "%s %" PRId64 "%s%s%s%s%s%s%s",
                     procedure_kind_word(x->kind), x->number, x->name[0] == '\0' ? "" : ": ",
                     x->name, x->name[0] == '\0' ? "" : " = ", x->value,
                     x->reason[0] == '\0' ? "" : "; ", x->reason, reason[0] == '\0' ? "" : "; ");
    (void)str_append(line.reason, sizeof line.reason, "%s", reason);
    if (!success)
        (void)str_copy(line.error, sizeof line.error, x->text);
    x->p->ports.audit(x->p->ports.context, &line);
}

static void publish(const struct procedure *x)
{
    json_t *body = json_object();
    bool bad = x->phase == PROCEDURE_NEEDS_HUMAN || x->phase == PROCEDURE_BLOCKED;
    (void)json_put_text(body, "event", "procedure");
    (void)json_put_text(body, "user", x->by);
    (void)json_put_text(body, "result",
                        bad                        ? "failure"
                        : procedure_over(x->phase) ? "success"
                                                   : "started");
    char text[ERROR_TEXT_MAX + 64];
    (void)str_format(text, sizeof text, "Procedure %" PRId64 ": %s%s%s", x->number,
                     procedure_phase_word(x->phase), x->text[0] == '\0' ? "" : ": ", x->text);
    (void)json_put_text(body, "message", text);
    x->p->ports.publish(x->p->ports.context, x->service, body);
}

/* ── events ── */

static void tick(struct procedure *x, enum procedure_phase left, const char *who, const char *text)
{
    struct error err = {0};
    char note[CHECKLIST_NOTE_SIZE];
    int item = procedure_item(x->kind, left);
    (void)str_copy_clean(note, sizeof note, text, strnlen(text, sizeof note - 1));
    bool rehearsed = left != PROCEDURE_REHEARSING || x->backup[0] != '\0';
    if (item > 0 && rehearsed &&
        checklist_mark(&x->checklist, (size_t)item, true, who, note, procedures_now(x->p).wall,
                       &err) < 0)
        log_error("procedure", "%s", err.text);
}

/* Is Redis changed in it? */
static bool sets(enum procedure_phase phase)
{
    return phase == PROCEDURE_APPLYING || phase == PROCEDURE_UNDOING;
}

static void enter(struct procedure *x, enum procedure_phase phase)
{
    struct now now = procedures_now(x->p);
    bool unset = sets(x->phase) && phase == PROCEDURE_BLOCKED;
    x->phase = phase;
    x->waits = false;
    if (phase == PROCEDURE_WATCHING)
        x->watched_from = now.wall;
    if (procedure_over(phase))
        x->ended = now.wall;
    if (procedure_over(phase) || phase == PROCEDURE_NEEDS_HUMAN || unset)
        audit(x, procedure_phase_word(phase), procedure_over(phase), NULL);
}

void procedure_event_now(struct procedure *x, enum procedure_event event, const char *text)
{
    enum procedure_phase left = x->phase;
    struct procedure_step step = procedure_event(x->kind, left, event);
    if (step.refused || (!step.entered && event != PROCEDURE_RESTART))
        return;
    if (event == PROCEDURE_GOOD || event == PROCEDURE_TIME)
        tick(x, left, "Resus", text);
    else if (event == PROCEDURE_GO && x->kind == PROCEDURE_UPDATE)
        tick(x, left, x->by, "");
    if (step.entered) {
        (void)str_copy(x->text, sizeof x->text, text);
        enter(x, step.phase);
        log_info("procedure", "%s: %s %" PRId64 ": %s%s%s", x->id, procedure_kind_word(x->kind),
                 x->number, procedure_phase_word(x->phase), text[0] == '\0' ? "" : ": ", text);
        save(x, sets(x->phase) ? on_noted : NULL);
        publish(x);
    }
    if (step.entered && procedure_works(x->phase) && !x->waits)
        procedure_work(x);
}

/* ── time ── */

static void turn(struct procedure *x)
{
    char text[ERROR_TEXT_MAX];
    if (x->phase == PROCEDURE_WATCHING) {
        const char *unwell = x->p->ports.unwell(x->p->ports.context, x->service, text, sizeof text);
        if (unwell != NULL)
            procedure_event_now(x, PROCEDURE_TROUBLE, unwell);
        else if (wall_since(procedures_now(x->p).wall, x->watched_from) >= PROCEDURE_WATCH_MS)
            procedure_event_now(x, PROCEDURE_TIME, "");
    } else if (procedure_works(x->phase) && x->query == NULL && !x->waits) {
        procedure_work(x); /* it had no turn so far */
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct procedures *p = timer->data;
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i]->service >= 0 && !procedure_over(p->items[i]->phase))
            turn(p->items[i]);
}

/* ── orders ── */

static struct procedure *find(const struct procedures *p, int service, int64_t number)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i]->service == service && p->items[i]->number == number)
            return p->items[i];
    return NULL;
}

static void take_user(struct procedure *x, const struct engine_user *user)
{
    x->user = *user;
    (void)str_copy_n(x->by, sizeof x->by, user->email, strnlen(user->email, sizeof x->by - 1));
}

/* Room for one more: the oldest that is over goes. */
static int make_room(struct procedures *p, struct error *err)
{
    if (p->items == NULL)
        p->items = mem_calloc(PROCEDURES_KEPT_MAX, sizeof(struct procedure *));
    if (p->items == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; p->count == PROCEDURES_KEPT_MAX && i < p->count; i++) {
        struct procedure *x = p->items[i];
        if (!procedure_over(x->phase))
            continue;
        const struct record_change change = {
            .kind = RECORD_PROCEDURE, .number = x->number, .remove = true};
        record_write(p->ports.store, &(struct record_write){.changes = &change, .count = 1});
        memmove(&p->items[i], &p->items[i + 1], (p->count - i - 1) * sizeof(struct procedure *));
        p->count--;
        mem_free(x);
    }
    return p->count < PROCEDURES_KEPT_MAX
               ? 0
               : error_set(err, -EBUSY, "%d procedures are not over: end or cancel some first",
                           PROCEDURES_KEPT_MAX);
}

const struct procedure *procedure_other(const struct procedures *p, int service,
                                        const struct procedure *x)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i] != x && p->items[i]->service == service &&
            !procedure_over(p->items[i]->phase))
            return p->items[i];
    return NULL;
}

static int check_alone(const struct procedures *p, int service, const struct procedure *x,
                       struct error *err)
{
    const struct procedure *other = procedure_other(p, service, x);
    return other == NULL
               ? 0
               : error_set(err, -EBUSY,
                           "procedure %" PRId64 " of this service is not over: end or cancel it "
                           "first (resus procedure show %" PRId64 ")",
                           other->number, other->number);
}

static int check_wish(const struct procedures *p, int service, const struct procedures_wish *wish,
                      struct error *err)
{
    int r = check_alone(p, service, NULL, err);
    if (r < 0 || wish->kind == PROCEDURE_UPDATE)
        return r;
    if (wish->name == NULL || wish->value == NULL || strlen(wish->value) >= PROCEDURES_VALUE_MAX)
        return error_set(err, -EINVAL, "a change of a setting needs `name` and `value`");
    if (wish->value[strcspn(wish->value, "\r\n")] != '\0')
        return error_set(err, -EINVAL, "the value of a setting is one line");
    return procedure_check_name(wish->name, err);
}

int64_t procedures_begin(struct procedures *p, int service, const struct procedures_wish *wish,
                         struct error *err)
{
    int r = check_wish(p, service, wish, err);
    r = r < 0 ? r : make_room(p, err);
    if (r < 0)
        return r;
    struct procedure *x = mem_calloc(1, sizeof *x);
    if (x == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    x->p = p;
    x->number = record_next(p->ports.store, RECORD_PROCEDURE);
    x->service = service;
    x->kind = wish->kind;
    x->began = procedures_now(p).wall;
    x->keys = -1;
    (void)str_copy(x->id, sizeof x->id, procedure_settings(x)->id);
    (void)str_copy(x->unit, sizeof x->unit, procedure_settings(x)->unit);
    (void)str_copy(x->name, sizeof x->name, wish->name);
    (void)str_copy(x->value, sizeof x->value, wish->value);
    if (wish->reason != NULL)
        (void)str_copy_clean(x->reason, sizeof x->reason, wish->reason, strlen(wish->reason));
    take_user(x, wish->user);
    procedure_checklist(x->kind, &x->checklist);
    p->items[p->count++] = x;
    audit(x, "begin", true, &(struct procedures_order){.request_id = wish->request_id});
    save(x, NULL);
    publish(x);
    procedure_work(x);
    return x->number;
}

static int check_now(const struct procedure *x, enum procedure_event order, struct error *err)
{
    const char *busy = x->p->ports.busy(x->p->ports.context, x->service);
    bool changes =
        x->kind == PROCEDURE_CONFIG && (order == PROCEDURE_GO || order == PROCEDURE_UNDO);
    return changes && busy != NULL
               ? error_set(err, -EBUSY, "%s is under way: try again when it has ended", busy)
               : 0;
}

int procedures_order(struct procedures *p, int service, int64_t number,
                     const struct procedures_order *order, struct error *err)
{
    enum procedure_event event = order->event;
    struct procedure *x = find(p, service, number);
    if (x == NULL)
        return error_set(err, -ENOENT,
                         "There is no such procedure: resus procedure list shows them.");
    if (procedure_event(x->kind, x->phase, event).refused ||
        (event == PROCEDURE_UNDO && x->kind == PROCEDURE_CONFIG && !x->held))
        return error_set(err, -EBUSY, "this does not fit to its state, which is %s",
                         procedure_phase_word(x->phase));
    int r = check_alone(p, service, x, err);
    r = r < 0 ? r : check_now(x, event, err);
    if (r < 0)
        return r;
    take_user(x, order->user);
    audit(x, procedure_event_word(event), true, order);
    if (event == PROCEDURE_CANCEL)
        procedure_stop(x);
    procedure_event_now(x, event, "");
    return 0;
}

int procedures_mark(struct procedures *p, int service, int64_t number, size_t item, bool done,
                    const struct engine_user *user, const char *note, struct error *err)
{
    struct procedure *x = find(p, service, number);
    char who[CHECKLIST_WHO_SIZE];
    if (x == NULL)
        return error_set(err, -ENOENT,
                         "There is no such procedure: resus procedure list shows them.");
    (void)str_copy_n(who, sizeof who, user->email, strnlen(user->email, sizeof who - 1));
    int r = checklist_mark(&x->checklist, item, done, who, note, procedures_now(p).wall, err);
    if (r == 0)
        save(x, NULL);
    return r;
}

/* ── reading ── */

json_t *procedures_list(const struct procedures *p, int service)
{
    json_t *items = json_array();
    json_t *body = json_object();
    for (size_t i = p->count; i-- > 0;)
        if (p->items[i]->service == service)
            (void)json_array_append_new(items, procedure_json(p->items[i]));
    (void)json_put(body, "items", items);
    return body;
}

json_t *procedures_one(const struct procedures *p, int service, int64_t number)
{
    const struct procedure *x = find(p, service, number);
    return x == NULL ? NULL : procedure_json(x);
}

bool procedures_working(const struct procedures *p, int service, int64_t number)
{
    const struct procedure *x = find(p, service, number);
    return x != NULL && procedure_works(x->phase);
}

/* ── opening and closing ── */

static void on_record(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct procedures *p = context;
    const struct settings *settings = p->ports.settings(p->ports.context);
    struct error err = {0};
    (void)kind;
    struct procedure *x = body == NULL ? NULL : mem_calloc(1, sizeof *x);
    if (x == NULL || make_room(p, &err) < 0) {
        log_error("procedure", "procedure %" PRId64 " cannot be read", number);
        mem_free(x);
        return;
    }
    x->p = p;
    x->number = number;
    x->service = -1;
    procedure_read(x, body);
    for (size_t i = 0; i < settings->service_count; i++)
        if (str_equal(settings->services[i].id, x->id))
            x->service = (int)i;
    p->items[p->count++] = x;
}

int procedures_open(const struct procedures_ports *ports, struct procedures **ret,
                    struct error *err)
{
    struct procedures *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    p->ports = *ports;
    int r = record_load(ports->store, RECORD_PROCEDURE, NULL, on_record, p, err);
    if (r < 0) {
        mem_free(p->items);
        mem_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

/* Of a service that has left the settings: neither Resus nor an operator can go on with it. */
static void close_gone(struct procedure *x)
{
    (void)str_copy(x->text, sizeof x->text, "The service is no longer in the settings.");
    enter(x, PROCEDURE_CANCELLED);
    save(x, NULL);
}

void procedures_start(struct procedures *p)
{
    p->timer.data = p;
    (void)uv_timer_init(p->ports.loop, &p->timer);
    (void)uv_timer_start(&p->timer, on_timer, TURN_MS, TURN_MS);
    p->started = true;
    /* What was under way: only the value that was being set goes another way, see core. Its work
     * begins with the first turn, when there are connections. */
    for (size_t i = 0; i < p->count; i++) {
        struct procedure *x = p->items[i];
        if (x->service < 0 && !procedure_over(x->phase))
            close_gone(x);
        x->phase = procedure_event(x->kind, x->phase, PROCEDURE_RESTART).phase;
    }
}

void procedures_free(struct procedures *p)
{
    for (size_t i = 0; p != NULL && i < p->count; i++)
        mem_free(p->items[i]);
    mem_free(p == NULL ? NULL : p->items);
    mem_free(p);
}

void procedures_close(struct procedures *p)
{
    if (p == NULL)
        return;
    p->closing = true;
    for (size_t i = 0; i < p->count; i++)
        procedure_stop(p->items[i]);
    p->timer.data = p;
    if (!p->started)
        (void)uv_timer_init(p->ports.loop, &p->timer);
    p->timer.data = p;
    uv_close((uv_handle_t *)&p->timer, NULL);
}
