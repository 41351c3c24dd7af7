#include "host/key_proof.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/facts.h"
#include "host/host_refusal.h"
#include "host/systemctl.h"
#include "io/clock.h"

#define JOURNAL_LINES 50

/* Read-only, in this order; HOST_SHOW only where it may be run. */
static const enum host_command commands[] = {HOST_IS_ACTIVE, HOST_STATUS, HOST_JOURNAL, HOST_SHOW};

struct key_proof {
    uv_loop_t *loop;
    struct ssh_pool *pool;
    struct service_settings *services; /* with the key under proof */
    size_t count, at;
    enum key_proof_depth depth;
    size_t step; /* of commands[]; behind them the tunnel */
    uint64_t id;
    struct controller *controller;
    uv_timer_t timer; /* so that nothing ends on a caller's stack */
    enum key_verdict worst;
    char place[SETTINGS_HOST_MAX + 80];
    struct error why;
    key_proof_done *done;
    void *context;
};

static void on_closed(uv_handle_t *handle)
{
    struct key_proof *p = handle->data;
    mem_free(p->services);
    mem_free(p);
}

static void close_controller(struct key_proof *p)
{
    if (p->controller != NULL)
        p->controller->ops->close(p->controller);
    p->controller = NULL;
}

void key_proof_drop(struct key_proof *p)
{
    if (p == NULL)
        return;
    close_controller(p);
    ssh_tunnel_forget(p->pool, p);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}

static const struct service_settings *service(const struct key_proof *p)
{
    return &p->services[p->at];
}

static void finish(struct key_proof *p)
{
    key_proof_done *done = p->done;
    void *context = p->context;
    enum key_verdict verdict = p->worst;
    char place[sizeof p->place];
    struct error why = p->why;
    (void)str_copy(place, sizeof place, p->place);
    key_proof_drop(p);
    done(context, verdict, place, &why);
}

static void begin_service(struct key_proof *p);
static void on_turn(uv_timer_t *timer)
{
    begin_service(timer->data);
}

/* A turn later: the controller that reports just now is closed on the way. */
static void on_next(uv_timer_t *timer)
{
    struct key_proof *p = timer->data;
    close_controller(p);
    if (p->at == p->count)
        finish(p);
    else
        begin_service(p);
}

/* The service is judged. */
static void judged(struct key_proof *p, enum key_verdict verdict, const struct error *why)
{
    bool ends = p->depth == KEY_PROOF_WORKS ? verdict != KEY_PROVED : verdict == KEY_PROVED;
    if (ends || (p->depth == KEY_PROOF_LOGIN && verdict == KEY_UNKNOWN)) {
        const struct ssh_settings *s = &service(p)->ssh;
        p->worst = verdict;
        p->why = why == NULL ? (struct error){0} : *why;
        (void)str_format(p->place, sizeof p->place, "%s@%s:%d", s->user, s->host, s->port);
    }
    p->at = ends ? p->count : p->at + 1;
    (void)uv_timer_start(&p->timer, on_next, 0, 0);
}

/* ── one service ── */

static void on_tunnel(void *context, int fd, const struct error *error)
{
    struct key_proof *p = context;
    if (fd >= 0)
        close(fd);
    /* That Redis does not listen just now says nothing against the key. */
    if (error == NULL || error->code == -ECONNREFUSED || error->code == -EHOSTUNREACH)
        judged(p, KEY_PROVED, NULL);
    else
        judged(p, error->code == -EACCES ? KEY_REFUSED : KEY_UNKNOWN, error);
}

static void next_step(struct key_proof *p)
{
    const struct service_settings *s = service(p);
    mono_ms deadline = mono_add(clock_mono(), KEY_PROOF_STEP_MS);
    bool commands_run = s->control == CONTROL_SSH || p->depth == KEY_PROOF_LOGIN;
    size_t last = p->depth == KEY_PROOF_LOGIN ? 1
                  : s->commands_extended      ? ARRAY_LENGTH(commands)
                                              : ARRAY_LENGTH(commands) - 1;
    if (commands_run && p->step < last) {
        struct host_request request = {.id = ++p->id,
                                       .command = commands[p->step],
                                       .number = JOURNAL_LINES,
                                       .deadline = deadline};
        p->controller->ops->run(p->controller, &request);
        return;
    }
    if (p->depth == KEY_PROOF_WORKS && s->redis.via == VIA_SSH) {
        ssh_tunnel_open(p->pool, &s->ssh, s->redis.host, s->redis.port, deadline, on_tunnel, p);
        return;
    }
    judged(p, KEY_PROVED, NULL);
}

/* A line of authorized_keys with a command of its own runs that instead of ours. */
static bool ours_ran(enum host_command command, const struct host_result *r)
{
    struct unit_facts unit;
    facts_unit_reset(&unit);
    if (command == HOST_IS_ACTIVE)
        systemctl_parse_is_active(r->out, r->out_length, &unit);
    return command != HOST_IS_ACTIVE || unit.active != UNIT_UNKNOWN;
}

static void on_command(void *context, uint64_t id, const struct host_result *r)
{
    struct key_proof *p = context;
    enum host_command command = commands[p->step];
    struct error why = r->error;
    (void)id;
    bool let_in = r->end != HOST_NOT_REACHED || why.code == -EACCES; /* in, but not to run this */
    if (p->depth == KEY_PROOF_LOGIN && let_in) {
        judged(p, KEY_PROVED, NULL);
        return;
    }
    if (r->end == HOST_NOT_REACHED) {
        judged(p, let_in || why.code == SSH_KEY_REFUSED ? KEY_REFUSED : KEY_UNKNOWN, &why);
        return;
    }
    if (r->end != HOST_EXITED) {
        if (why.code == 0)
            (void)error_set(&why, -ETIMEDOUT, "`%s` did not end in time",
                            host_command_name(command));
        judged(p, KEY_UNKNOWN, &why);
        return;
    }
    if (host_refusal_of(command, r->exit_code, r->out_length, r->err, r->err_length) ==
            HOST_REFUSED_LOGIN ||
        !ours_ran(command, r)) {
        (void)error_set(&why, -EACCES,
                        "the login with the new key works, but `%s` does not run (exit status %d)",
                        host_command_name(command), r->exit_code);
        judged(p, KEY_REFUSED, &why);
        return;
    }
    p->step++;
    next_step(p);
}

static void begin_service(struct key_proof *p)
{
    struct service_settings *s = &p->services[p->at];
    struct error err = {0};
    enum control control = s->control;
    p->step = 0;
    s->control = CONTROL_SSH; /* also of a service that has the tunnel alone */
    int r = controller_open(p->loop, p->pool, s, on_command, p, &p->controller, &err);
    s->control = control;
    if (r < 0)
        judged(p, KEY_UNKNOWN, &err);
    else
        next_step(p);
}

static void copy(struct key_proof *p, const struct service_settings *from, const char *key)
{
    for (size_t i = 0; p->depth == KEY_PROOF_LOGIN && i < p->count; i++)
        if (settings_same_login(&p->services[i].ssh, &from->ssh))
            return;
    struct service_settings *to = &p->services[p->count++];
    *to = *from;
    to->affected = NULL; /* not ours */
    to->affected_count = 0;
    (void)str_copy(to->ssh.key, sizeof to->ssh.key, key);
}

int key_proof_start(const struct key_proof_order *order, struct key_proof **ret, struct error *err)
{
    struct key_proof *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    p->services = mem_calloc(order->count, sizeof p->services[0]);
    if (p->services == NULL) {
        mem_free(p);
        return error_set(err, -ENOMEM, "out of memory");
    }
    p->loop = order->loop;
    p->pool = order->pool;
    p->depth = order->depth;
    p->worst = order->depth == KEY_PROOF_WORKS ? KEY_PROVED : KEY_REFUSED;
    p->done = order->done;
    p->context = order->context;
    for (size_t i = 0; i < order->count; i++)
        copy(p, order->services[i], order->key);
    (void)uv_timer_init(p->loop, &p->timer);
    p->timer.data = p;
    uv_update_time(p->loop);
    (void)uv_timer_start(&p->timer, on_turn, 0, 0);
    *ret = p;
    return 0;
}
