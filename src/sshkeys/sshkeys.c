#include "sshkeys/sshkeys.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "sshkeys/key_run.h"

#define TIMER_MS 60000 /* at least so often: the clock may have been stepped */

static const struct engine_user system_user = {"system", "system", "system", "local"};

const struct settings *sshkeys_settings(const struct sshkeys *k)
{
    return k->ports.settings(k->ports.context);
}

/* ── runs ── */

static const struct service_settings *first_of(const struct sshkeys *k, const char *key)
{
    const struct settings *s = sshkeys_settings(k);
    for (size_t i = 0; i < s->service_count; i++)
        if (key_is_of(&s->services[i], key))
            return &s->services[i];
    return NULL;
}

static struct key_run *new_run(const struct sshkeys *k, const struct engine_user *user,
                               const char *key, const char *service)
{
    struct key_run *run = mem_calloc(1, sizeof *run);
    if (run == NULL)
        return NULL;
    run->user = *user;
    run->order.now = sshkeys_now(k).wall;
    (void)str_copy(run->order.key, sizeof run->order.key, key);
    (void)str_copy(run->order.by, sizeof run->order.by, user->email);
    (void)str_copy(run->service, sizeof run->service, service);
    uint64_t number;
    randombytes_buf(&number, sizeof number);
    (void)str_format(run->request_id, sizeof run->request_id, "k-%016" PRIx64, number);
    return run;
}

/* ── the clock ── */

static wall_ms due(const struct sshkeys *k, const struct key_record *r)
{
    return key_rotation_due(r->switched, key_keep_ms(sshkeys_settings(k), r->key), r->asked);
}

/* Has the old key been kept as long as it should be? A person need not wait for the next hour. */
static bool over(const struct sshkeys *k, const struct key_record *r)
{
    wall_ms until = wall_add(r->switched, key_keep_ms(sshkeys_settings(k), r->key));
    return r->recorded == KEY_SWITCHED && sshkeys_now(k).wall.ms >= until.ms;
}

static void on_timer(uv_timer_t *timer)
{
    struct sshkeys *k = timer->data;
    wall_ms now = sshkeys_now(k).wall;
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
    sshkeys_schedule(k);
}

void sshkeys_schedule(struct sshkeys *k)
{
    wall_ms now = sshkeys_now(k).wall;
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
static void look_at_all(struct sshkeys *k)
{
    for (size_t i = k->book.count; i > 0; i--) {
        char note[160];
        struct key_order order = {.now = sshkeys_now(k).wall, .by = "system"};
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

int sshkeys_open(const struct sshkeys_ports *ports, const char *state_dir, struct sshkeys **ret,
                 struct error *err)
{
    struct sshkeys *k = mem_calloc(1, sizeof *k);
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
    sshkeys_schedule(k);
    *ret = k;
    return 0;
}

static void closed(uv_handle_t *handle)
{
    mem_free(handle);
}

void sshkeys_close(struct sshkeys *k)
{
    if (k == NULL)
        return;
    key_run_drop(k);
    uv_close((uv_handle_t *)k->timer, closed);
    mem_free(k);
}

void sshkeys_reloaded(struct sshkeys *k)
{
    k->reloads++;
    sshkeys_schedule(k);
}

void sshkeys_look(const struct sshkeys *k, const struct service_settings *service,
                  struct sshkeys_note *ret)
{
    ret->state = SSHKEYS_QUIET;
    for (size_t i = 0; k != NULL && i < k->book.count; i++) {
        const struct key_record *r = &k->book.records[i];
        if (key_is_of(service, r->key))
            key_note(service, r, wall_add(r->switched, key_keep_ms(sshkeys_settings(k), r->key)),
                     ret);
    }
}

/* ── the order of a person ── */

enum sshkeys_ready sshkeys_ready(const struct sshkeys *k, char *ret_why, size_t size)
{
    ret_why[0] = '\0';
    if (k->run != NULL) {
        (void)str_format(ret_why, size, "A rotation of %s by %s is under way.", k->run->order.key,
                         k->run->user.email);
        return SSHKEYS_RUNNING;
    }
    (void)str_copy(ret_why, size, k->broken.code != 0 ? k->broken.text : "");
    return k->broken.code != 0 ? SSHKEYS_BROKEN : SSHKEYS_READY;
}

int sshkeys_order(struct sshkeys *k, const struct service_settings *service,
                  const struct sshkeys_order *order, struct error *err)
{
    const struct key_record *r = key_book_find(&k->book, service->ssh.key);
    struct call *call = order->call;
    struct key_run *run = new_run(k, &call->user, service->ssh.key, service->id);
    if (run == NULL)
        return error_set(err, -ENOMEM, "Out of memory");
    run->call = call;
    run->asked = !order->goes_on ? KEY_BEGIN : r != NULL && over(k, r) ? KEY_DUE : KEY_CONTINUE;
    run->order.kind = order->kind;
    if (call->request_id[0] != '\0')
        (void)str_copy(run->request_id, sizeof run->request_id, call->request_id);
    key_run_begin(k, run);
    return 0;
}

const struct service_settings *sshkeys_target(const struct sshkeys *k, const char *target,
                                              bool *several)
{
    const struct settings *s = sshkeys_settings(k);
    const struct service_settings *found = NULL;
    *several = false;
    for (size_t i = 0; i < s->service_count; i++) {
        const struct service_settings *one = &s->services[i];
        bool exactly = target != NULL && str_equal(one->id, target);
        bool named = target == NULL || exactly || str_equal(one->ssh.host, target);
        if (!named || !key_is_of(one, one->ssh.key))
            continue;
        *several = *several || (found != NULL && !str_equal(found->ssh.key, one->ssh.key));
        found = found == NULL ? one : found;
        if (exactly) { /* an id says it exactly */
            *several = false;
            return one;
        }
    }
    return *several ? NULL : found;
}
