#include "handlers/keys.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/account_book.h"
#include "handlers/key_run.h"
#include "io/log.h"

#define TIMER_MS 60000 /* at least so often: the clock may have been stepped */

static const struct engine_user system_user = {"system", "system", "system", "local"};

/* ── runs ── */

static const struct service_settings *first_of(const struct keys *k, const char *key)
{
    const struct settings *s = keys_settings(k);
    for (size_t i = 0; i < s->service_count; i++)
        if (key_is_of(&s->services[i], key))
            return &s->services[i];
    return NULL;
}

static struct key_run *new_run(const struct keys *k, const struct engine_user *user,
                               const char *key, const char *service)
{
    struct key_run *run = mem_calloc(1, sizeof *run);
    if (run == NULL)
        return NULL;
    run->user = *user;
    run->order.now = keys_now(k).wall;
    (void)str_copy(run->order.key, sizeof run->order.key, key);
    (void)str_copy(run->order.by, sizeof run->order.by, user->email);
    (void)str_copy(run->service, sizeof run->service, service);
    (void)str_format(run->request_id, sizeof run->request_id, "k-%016" PRIx64, account_random());
    return run;
}

/* ── the clock ── */

static wall_ms due(const struct keys *k, const struct key_record *r)
{
    return key_rotation_due(r->switched, key_keep_ms(keys_settings(k), r->key), r->asked);
}

/* Has the old key been kept as long as it should be? A person need not wait for the next hour. */
static bool over(const struct keys *k, const struct key_record *r)
{
    wall_ms until = wall_add(r->switched, key_keep_ms(keys_settings(k), r->key));
    return r->recorded == KEY_SWITCHED && keys_now(k).wall.ms >= until.ms;
}

static void on_timer(uv_timer_t *timer)
{
    struct keys *k = timer->data;
    wall_ms now = keys_now(k).wall;
    for (size_t i = 0; k->run == NULL && i < k->book.count; i++) {
        struct key_record *r = &k->book.records[i];
        const struct service_settings *s = first_of(k, r->key);
        if (r->recorded != KEY_SWITCHED || s == NULL || now.ms < due(k, r).ms)
            continue;
        r->asked = now; /* also when it fails before a host is asked: not again at once */
        struct key_run *run = new_run(k, &system_user, r->key, s->id);
        if (run == NULL)
            break;
        run->asked = KEY_DUE;
        key_run_begin(k, run);
    }
    keys_schedule(k);
}

void keys_schedule(struct keys *k)
{
    wall_ms now = keys_now(k).wall;
    int64_t wait = TIMER_MS;
    bool waits = false;
    for (size_t i = 0; i < k->book.count; i++) {
        const struct key_record *r = &k->book.records[i];
        if (r->recorded != KEY_SWITCHED || first_of(k, r->key) == NULL)
            continue;
        int64_t until = wall_since(due(k, r), now);
        waits = true;
        wait = until < wait ? until : wait;
    }
    (void)uv_timer_stop(k->timer);
    if (!waits || k->run != NULL)
        return;
    uv_update_time(k->ports.loop);
    (void)uv_timer_start(k->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

/* ── opening and closing ── */

/* Every rotation that was under way, once: the files say how far it came. */
static void look_at_all(struct keys *k)
{
    for (size_t i = k->book.count; i > 0; i--) {
        char note[160];
        struct key_order order = {.now = keys_now(k).wall, .by = "system"};
        (void)str_copy(order.key, sizeof order.key, k->book.records[i - 1].key);
        (void)key_book_look(&k->book, &order, note, sizeof note);
        if (note[0] == '\0')
            continue;
        log_warning("keys", "%s: %s", order.key, note);
        const struct service_settings *s = first_of(k, order.key);
        k->run = new_run(k, &system_user, order.key, s == NULL ? "" : s->id);
        if (k->run != NULL)
            key_run_audit(k, note, NULL);
        mem_free(k->run);
        k->run = NULL;
    }
}

int keys_open(const struct keys_ports *ports, const char *state_dir, struct keys **ret,
              struct error *err)
{
    struct keys *k = mem_calloc(1, sizeof *k);
    uv_timer_t *timer = mem_calloc(1, sizeof *timer);
    if (k == NULL || timer == NULL) {
        mem_free(k);
        mem_free(timer);
        return error_set(err, -ENOMEM, "out of memory");
    }
    k->ports = *ports;
    k->timer = timer;
    (void)uv_timer_init(ports->loop, timer);
    timer->data = k;
    /* No reason not to watch: keys are not exchanged until it is put right. */
    struct error bad = {0};
    if (key_book_open(&k->book, state_dir, &bad) < 0) {
        k->broken = bad;
        log_error("keys", "%s", bad.text);
    }
    look_at_all(k);
    keys_schedule(k);
    *ret = k;
    return 0;
}

static void closed(uv_handle_t *handle)
{
    mem_free(handle);
}

void keys_close(struct keys *k)
{
    if (k == NULL)
        return;
    key_run_drop(k);
    uv_close((uv_handle_t *)k->timer, closed);
    mem_free(k);
}

void keys_reloaded(struct keys *k)
{
    k->reloads++;
    keys_schedule(k);
}

void keys_look(const struct keys *k, const struct service_settings *service, struct keys_note *ret)
{
    ret->state = KEYS_QUIET;
    for (size_t i = 0; k != NULL && i < k->book.count; i++) {
        const struct key_record *r = &k->book.records[i];
        if (key_is_of(service, r->key))
            key_note(service, r, wall_add(r->switched, key_keep_ms(keys_settings(k), r->key)), ret);
    }
}

/* ── the order of a person ── */

/* A service's id or an SSH host; without a target the only key there is. NULL after a refusal. */
static const struct service_settings *target_of(struct handlers *h, struct call *call)
{
    const struct settings *s = keys_settings(h->ports.keys);
    const char *target = json_text_or(call->args, "target", NULL);
    const struct service_settings *found = NULL;
    bool several = false;
    char text[2 * SETTINGS_HOST_MAX];
    for (size_t i = 0; i < s->service_count; i++) {
        const struct service_settings *one = &s->services[i];
        bool named =
            target == NULL || str_equal(one->id, target) || str_equal(one->ssh.host, target);
        if (!named || !key_is_of(one, one->ssh.key))
            continue;
        several = several || (found != NULL && !str_equal(found->ssh.key, one->ssh.key));
        found = found == NULL ? one : found;
        if (target != NULL && str_equal(one->id, target)) { /* an id says it exactly */
            found = one;
            several = false;
            break;
        }
    }
    if (found != NULL && !several)
        return found;
    if (several)
        (void)str_format(text, sizeof text, "There are several SSH keys: name a service.");
    else if (target == NULL)
        (void)str_format(text, sizeof text, "No service is reached by SSH: there is no key.");
    else
        (void)str_format(text, sizeof text, "No service or host \"%s\" is reached by SSH.", target);
    call_refuse(call, several ? 400 : 404, several ? "Service needed" : "Not found", text,
                several ? "service_required" : "not_found", handlers_now(h).wall);
    return NULL;
}

static bool possible(struct handlers *h, struct call *call)
{
    const struct keys *k = h->ports.keys;
    struct audit_state state = {0};
    wall_ms now = handlers_now(h).wall;
    h->ports.audit_look(h->ports.context, &state);
    if (k->run != NULL) {
        char text[400];
        (void)str_format(text, sizeof text, "A rotation of %s by %s is under way.",
                         k->run->order.key, k->run->user.email);
        call_refuse(call, 409, "Rotation already running", text, "operation_running", now);
    } else if (k->broken.code != 0) {
        call_refuse(call, 500, "Cannot exchange keys", k->broken.text, "key_book_unreadable", now);
    } else if (state.problem.code != 0) {
        call_refuse(call, 500, "Operation failed",
                    "The audit log cannot be written, so nothing was done: free its disk or fix "
                    "its permissions.",
                    "audit_unwritable", now);
    } else {
        return true;
    }
    return false;
}

static void refuse_unconfirmed(struct handlers *h, struct call *call)
{
    json_t *body = call_error("Confirmation required",
                              "Every service that uses the key goes over to the new one. To "
                              "confirm it: {\"confirmation\": true}.",
                              "confirmation_required", handlers_now(h).wall);
    (void)json_put_bool(body, "confirmation_required", true);
    call->answer(call, 400, body);
}

void key_rotate(struct handlers *h, struct call *call)
{
    struct keys *k = h->ports.keys;
    bool goes_on = str_equal(json_text_or(call->args, "step", "begin"), "continue");
    if (k == NULL) {
        call_refuse(call, 404, "Not found", "Not available here.", "not_found",
                    handlers_now(h).wall);
        return;
    }
    const struct service_settings *s = target_of(h, call);
    if (s == NULL)
        return;
    if (goes_on && !json_bool_or(call->args, "confirmation", false)) {
        refuse_unconfirmed(h, call);
        return;
    }
    if (!possible(h, call))
        return;
    struct key_run *run = new_run(k, &call->user, s->ssh.key, s->id);
    if (run == NULL) {
        call_refuse(call, 500, "Out of memory", "Out of memory", "out_of_memory",
                    handlers_now(h).wall);
        return;
    }
    const struct key_record *r = key_book_find(&k->book, s->ssh.key);
    run->call = call;
    run->asked = !goes_on ? KEY_BEGIN : r != NULL && over(k, r) ? KEY_DUE : KEY_CONTINUE;
    run->order.kind = str_equal(json_text_or(call->args, "type", "ed25519"), "rsa")
                          ? KEYPAIR_RSA
                          : KEYPAIR_ED25519;
    if (call->request_id[0] != '\0')
        (void)str_copy(run->request_id, sizeof run->request_id, call->request_id);
    key_run_begin(k, run);
}
