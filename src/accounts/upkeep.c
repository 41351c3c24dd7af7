#include "accounts/upkeep.h"

#include <errno.h>
#include <string.h>

#include "accounts/note.h"
#include "accounts/session_life.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

static const struct engine_user system_user = {"system", "system", "system", "local"};

/* ── rotation of the signing key: making it and writing the file is a worker's ── */

struct rotation {
    uv_work_t work;         /* first */
    struct accounts *owner; /* NULL: closed meanwhile */
    struct keyring *old, *fresh;
    wall_ms now;
    struct error error;
};

static void rotate_on_worker(uv_work_t *work)
{
    struct rotation *r = (struct rotation *)work;
    if (keyring_rotate(r->old, r->now, &r->fresh, &r->error) < 0)
        r->fresh = NULL;
}

static void rotated(uv_work_t *work, int status)
{
    struct rotation *r = (struct rotation *)work;
    struct accounts *a = r->owner;
    (void)status;
    keyring_free(r->old);
    if (a == NULL) {
        keyring_free(r->fresh);
    } else if (r->fresh == NULL) {
        log_error("accounts", "the signing key was not changed: %s", r->error.text);
        a->rotate_at = mono_add(accounts_now(a).mono, ACCOUNT_ROTATE_AGAIN_MS);
        a->rotation = NULL;
    } else {
        keyring_free(a->keyring);
        a->keyring = r->fresh;
        a->rotation = NULL;
        account_audit(a, &(struct account_note){.event = AUDIT_CONFIGURATION,
                                                .operation = "login-key-rotated",
                                                .user = &system_user,
                                                .success = true});
        account_changed(a);
    }
    mem_free(r);
}

static void rotate(struct accounts *a)
{
    struct now now = accounts_now(a);
    if (a->rotation != NULL || !mono_reached(now.mono, a->rotate_at) ||
        !keyring_rotation_due(a->keyring, now.wall))
        return;
    struct rotation *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return;
    r->old = keyring_copy(a->keyring);
    r->owner = a;
    r->now = now.wall;
    if (r->old == NULL || uv_queue_work(a->ports.loop, &r->work, rotate_on_worker, rotated) != 0) {
        keyring_free(r->old);
        mem_free(r);
        return;
    }
    a->rotation = r;
}

/* ── what ends ── */

static bool end_grants(struct accounts *a, wall_ms now)
{
    struct access_request *r;
    bool ended = false;
    shelf_each(a, STORE_ACCESS_REQUEST, r)
    {
        if (r->state != REQUEST_APPROVED || r->ends.ms > now.ms)
            continue;
        const struct user *u = user_by_number(a, r->user);
        char text[400];
        (void)str_format(text, sizeof text, "The role %s of %s has ended.", access_name(r->wanted),
                         u == NULL ? "?" : u->email);
        r->state = REQUEST_ENDED;
        (void)account_save(a, STORE_ACCESS_REQUEST, r);
        account_audit(a, &(struct account_note){.event = AUDIT_AUTHORIZATION,
                                                .operation = "access-grant-ended",
                                                .user = &system_user,
                                                .success = true,
                                                .reason = text});
        a->ports.notice(a->ports.context, NULL, "access", text);
        ended = true;
    }
    return ended;
}

static void drop_old(struct accounts *a, wall_ms now)
{
    struct shelf *sessions = &a->shelves[STORE_SESSION];
    struct shelf *requests = &a->shelves[STORE_ACCESS_REQUEST];
    for (size_t i = sessions->count; i > 0; i--) {
        struct session *s = sessions->items[i - 1];
        if (s->expires.ms <= now.ms)
            account_remove(a, STORE_SESSION, s);
    }
    for (size_t i = requests->count; i > 0; i--) {
        struct access_request *r = requests->items[i - 1];
        bool over = r->state == REQUEST_REJECTED || r->state == REQUEST_ENDED;
        if (over && wall_since(now, r->decided) > ACCOUNT_REQUESTS_KEPT_MS)
            account_remove(a, STORE_ACCESS_REQUEST, r);
    }
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct accounts *a)
{
    if (a->timer == NULL)
        return;
    wall_ms now = accounts_now(a).wall;
    int64_t wait = a->unsaved_count > 0 ? ACCOUNT_SAVE_AGAIN_MS : ACCOUNT_TIMER_MS;
    const struct access_request *r;
    shelf_each(a, STORE_ACCESS_REQUEST, r)
    {
        if (r->state == REQUEST_APPROVED && wall_since(r->ends, now) < wait)
            wait = wall_since(r->ends, now);
    }
    mono_ms next = mono_min(refusals_next(&a->refusals), refusals_next(&a->readings));
    if (next.ms != MONO_NEVER.ms) {
        int64_t until = mono_since(next, accounts_now(a).mono);
        wait = until < wait ? until : wait;
    }
    if (a->alert_count > 0)
        wait = 0;
    uv_update_time(a->ports.loop);
    (void)uv_timer_start(a->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void publish_alerts(struct accounts *a)
{
    size_t count = a->alert_count;
    a->alert_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct security_alert *alert = &a->alerts[i];
        const char *service = alert->service[0] == '\0' ? NULL : alert->service;
        a->ports.notice(a->ports.context, service, "security", alert->message);
        if (a->ports.finding != NULL)
            a->ports.finding(a->ports.context, service, security_rule_words[alert->rule],
                             alert->message);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct accounts *a = timer->data;
    wall_ms now = accounts_now(a).wall;
    publish_alerts(a);
    bool grants_ended = end_grants(a, now);
    if (sessions_end_idle(a) || grants_ended)
        account_changed(a);
    drop_old(a, now);
    account_audit_flush(a);
    account_save_again(a);
    rotate(a);
    schedule(a);
}

int upkeep_start(struct accounts *a, struct error *err)
{
    a->timer = mem_calloc(1, sizeof *a->timer);
    if (a->timer == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    (void)uv_timer_init(a->ports.loop, a->timer);
    a->timer->data = a;
    (void)uv_timer_start(a->timer, on_timer, 0, 0);
    return 0;
}

void accounts_look(struct accounts *a)
{
    uv_update_time(a->ports.loop);
    (void)uv_timer_start(a->timer, on_timer, 0, 0);
}

void upkeep_look(struct accounts *a)
{
    schedule(a);
}

static void closed(uv_handle_t *handle)
{
    mem_free(handle);
}

void upkeep_stop(struct accounts *a)
{
    if (a->rotation != NULL)
        a->rotation->owner = NULL;
    if (a->timer != NULL)
        uv_close((uv_handle_t *)a->timer, closed);
    a->timer = NULL;
}
