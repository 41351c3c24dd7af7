#include "host/ssh_link.h"

#include <assert.h>
#include <errno.h>
#include <libssh/server.h> /* ssh_send_keepalive */
#include <string.h>

#include "io/clock.h"
#include "io/log.h"

static void step(struct ssh_link *link);

/* --- the queue --- */

static void push_back(struct ssh_link *link, struct ssh_job *job)
{
    job->next = NULL;
    if (link->queue_last != NULL)
        link->queue_last->next = job;
    else
        link->queue_first = job;
    link->queue_last = job;
    link->queued++;
}

void ssh_link_requeue(struct ssh_link *link, struct ssh_job *job)
{
    job->next = link->queue_first;
    link->queue_first = job;
    if (link->queue_last == NULL)
        link->queue_last = job;
    link->queued++;
}

static struct ssh_job *take_all(struct ssh_link *link)
{
    struct ssh_job *first = link->queue_first;
    link->queue_first = NULL;
    link->queue_last = NULL;
    link->queued = 0;
    return first;
}

void ssh_link_finish(struct ssh_link *link, struct ssh_job *job, enum host_end end)
{
    job->end = end;
    job->next = NULL;
    link->thread->finish(link->thread->context, job);
}

static void finish_queue(struct ssh_link *link, const struct error *why)
{
    for (struct ssh_job *job = take_all(link), *next; job != NULL; job = next) {
        next = job->next;
        job->error = *why;
        ssh_link_finish(link, job, HOST_NOT_REACHED);
    }
}

static void expire_queue(struct ssh_link *link, mono_ms now)
{
    for (struct ssh_job *job = take_all(link), *next; job != NULL; job = next) {
        next = job->next;
        if (!mono_reached(now, job->deadline)) {
            push_back(link, job);
            continue;
        }
        const char *why = link->state == LINK_READY    ? "all channels are taken"
                          : link->last_error.code != 0 ? link->last_error.text
                                                       : "there was no session yet";
        (void)error_set(&job->error, -ETIMEDOUT,
                        "ssh %s: the deadline passed before the command could be sent: %s",
                        link->name, why);
        ssh_link_finish(link, job, HOST_NOT_REACHED);
    }
}

/* --- the session's end --- */

static void close_session(struct ssh_link *link)
{
    fd_watch_close(link->poll);
    link->poll = NULL;
    if (link->event != NULL) {
        (void)ssh_event_remove_session(link->event, link->session);
        ssh_event_free(link->event);
        link->event = NULL;
    }
    if (link->session != NULL) {
        ssh_disconnect(link->session);
        ssh_free(link->session);
        link->session = NULL;
    }
}

static int64_t spread(int64_t ms)
{
    uint16_t random = 0;
    (void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
    return ms / 2 + ms / 2 * random / UINT16_MAX;
}

/* A host that logs us in and hangs up again and again (no room, no processes) is not asked five
 * times a second without end. */
static int64_t backoff_after(struct ssh_link *link, mono_ms now)
{
    link->brief = mono_since(now, link->opened) < SSH_BRIEF_MS ? link->brief + 1 : 0;
    int64_t ms = SSH_BACKOFF_MIN_MS;
    for (unsigned i = 1; i < link->brief && ms < SSH_BACKOFF_MAX_MS; i++)
        ms *= 2;
    return ms < SSH_BACKOFF_MAX_MS ? ms : SSH_BACKOFF_MAX_MS;
}

/* What is in flight is cut off, what was not sent yet waits for the next session. */
static void lose_session(struct ssh_link *link, const struct error *why)
{
    mono_ms now = clock_mono();
    log_warning("ssh", "%s", why->text);
    link->state = LINK_IDLE;
    link->no_commands = false;
    link->last_error = *why;
    atomic_store(&link->reached, TRI_NO);
    ssh_command_end(link, why);
    ssh_tunnel_end(link, why);
    close_session(link);
    link->backoff_ms = backoff_after(link, now);
    link->retry_at = mono_add(now, spread(link->backoff_ms));
}

static void set_lost(struct ssh_link *link, struct error *err)
{
    const char *said = link->session == NULL ? "" : ssh_get_error(link->session);
    (void)error_set(err, -ECONNRESET, "ssh %s: the session ended%s%s", link->name,
                    said[0] != '\0' ? ": " : "", said);
}

/* --- a session that stands --- */

static void start_queued(struct ssh_link *link)
{
    for (struct ssh_job *job = take_all(link), *next; job != NULL; job = next) {
        next = job->next;
        job->next = NULL;
        int r = job->kind == SSH_JOB_TUNNEL ? ssh_tunnel_start(link, job)
                                            : ssh_command_start(link, job);
        if (r == -EAGAIN)
            push_back(link, job);
    }
}

static bool tunnels_open(const struct ssh_link *link)
{
    for (size_t i = 0; i < SSH_TUNNELS_MAX; i++)
        if (link->tunnels[i] != NULL)
            return true;
    return false;
}

static bool dead(const struct ssh_link *link)
{
    return !ssh_is_connected(link->session) ||
           (ssh_get_status(link->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

/* The descriptor alone is not enough: reading for one channel may have buffered what another waits
 * for, so every channel is looked at until nothing moves. */
void ssh_link_pump(struct ssh_link *link)
{
    if (link->pumping || link->state != LINK_READY)
        return;
    link->pumping = true;
    bool moved = true;
    bool lost = false;
    while (moved && !lost) {
        lost = ssh_event_dopoll(link->event, 0) == SSH_ERROR || dead(link);
        start_queued(link);
        bool commands = ssh_command_step(link);
        bool tunnels = ssh_tunnel_step(link);
        moved = commands || tunnels;
    }
    lost = lost || dead(link);
    link->pumping = false;
    struct error why = {0};
    if (lost) {
        set_lost(link, &why);
        lose_session(link, &why);
        return;
    }
    if (ssh_command_stuck(link) >= SSH_STUCK_MAX && ssh_command_live(link) == 0) {
        (void)error_set(&why, -ETIMEDOUT,
                        "ssh %s: %d commands hang on the host, starting a new session", link->name,
                        SSH_STUCK_MAX);
        lose_session(link, &why);
        link->retry_at = clock_mono();
        return;
    }
    /* sshd decides that at the login: only another one shows that it is over. Tunnels still work.
     */
    if (link->no_commands && ssh_command_live(link) == 0 && !tunnels_open(link)) {
        (void)error_set(&why, -EACCES, "ssh %s: the host logs us in and runs no command",
                        link->name);
        lose_session(link, &why);
        return;
    }
    int flags = ssh_get_poll_flags(link->session);
    fd_watch_set(link->poll, UV_READABLE | ((flags & SSH_WRITE_PENDING) != 0 ? UV_WRITABLE : 0));
}

static void on_session_ready(void *context, int status, int events)
{
    struct ssh_link *link = context;
    (void)status, (void)events; /* libssh finds out itself */
    step(link);
}

/* libssh's keepalive never says whether it was answered, and a call while one is out sends nothing:
 * the first of two calls takes the answer, the second sends. */
static void ask_if_alive(struct ssh_link *link)
{
    (void)ssh_send_keepalive(link->session);
    (void)ssh_send_keepalive(link->session);
}

static void keep_alive(struct ssh_link *link, mono_ms now)
{
    if (mono_since(now, link->ticked) < SSH_TICK_MS)
        return;
    bool stalled = mono_since(now, link->ticked) > SSH_KEEPALIVE_MS;
    link->ticked = now;
    if (link->socket_bytes.in_bytes != link->bytes_seen) {
        link->bytes_seen = link->socket_bytes.in_bytes;
        link->heard = now;
    }
    if (stalled) /* it was us who slept: ask before judging */
        link->heard = mono_max(link->heard, mono_add(now, -SSH_KEEPALIVE_MS));
    if (mono_since(now, link->heard) >= SSH_DEAD_MS) {
        struct error why = {0};
        (void)error_set(&why, -ETIMEDOUT, "ssh %s: no byte from the host for %d s", link->name,
                        SSH_DEAD_MS / 1000);
        lose_session(link, &why);
        return;
    }
    if (mono_since(now, link->heard) >= SSH_KEEPALIVE_MS &&
        mono_since(now, link->asked) >= SSH_KEEPALIVE_MS) {
        link->asked = now;
        ask_if_alive(link);
    }
}

/* --- dialling --- */

void ssh_link_dialled(struct ssh_link *link, ssh_session session, struct fd_watch *poll,
                      const struct error *err)
{
    mono_ms now = clock_mono();
    link->dial = NULL;
    link->attempt_ended = now;
    link->state = LINK_IDLE;
    if (session != NULL) {
        link->session = session;
        link->poll = poll;
        link->event = ssh_event_new();
        if (link->event != NULL && ssh_event_add_session(link->event, session) == SSH_OK)
            link->state = LINK_READY;
    }
    if (link->state != LINK_READY) {
        struct error why = {0};
        if (session != NULL)
            (void)error_set(&why, -ENOMEM, "ssh %s: out of memory", link->name);
        else
            why = *err;
        close_session(link);
        if (link->last_error.code != why.code) /* the same failure again is not news */
            log_warning("ssh", "%s", why.text);
        link->last_error = why;
        atomic_store(&link->reached, TRI_NO);
        link->backoff_ms = link->backoff_ms == 0 ? SSH_BACKOFF_MIN_MS : link->backoff_ms * 2;
        if (link->backoff_ms > SSH_BACKOFF_MAX_MS)
            link->backoff_ms = SSH_BACKOFF_MAX_MS;
        link->retry_at = mono_add(now, spread(link->backoff_ms));
        finish_queue(link, &why);
        step(link);
        return;
    }
    log_info("ssh", "%s: session open", link->name);
    link->last_error = (struct error){0};
    link->backoff_ms = 0;
    link->slot_limit = SSH_CHANNELS_MAX;
    link->most_open = 0;
    link->opened = link->heard = link->asked = link->ticked = now;
    link->bytes_seen = 0;
    link->socket_bytes = link->raw_bytes = (struct ssh_counter_struct){0};
    ssh_set_counters(session, &link->socket_bytes, &link->raw_bytes);
    fd_watch_handler(poll, on_session_ready, link);
    atomic_store(&link->reached, TRI_YES);
    step(link);
}

static mono_ms dial_due(const struct ssh_link *link)
{
    if (link->state != LINK_IDLE || !link->wanted)
        return MONO_NEVER;
    if (link->queue_first == NULL)
        return link->retry_at;
    return mono_min(link->retry_at, mono_add(link->attempt_ended, SSH_RETRY_AT_ONCE_MS));
}

static void dial(struct ssh_link *link)
{
    struct error err = {0};
    link->state = LINK_DIALLING;
    if (ssh_dial_start(link, &link->dial, &err) < 0)
        ssh_link_dialled(link, NULL, NULL, &err);
}

/* --- time --- */

static void on_timer(uv_timer_t *timer)
{
    step(timer->data);
}

static void arm(struct ssh_link *link, mono_ms now)
{
    mono_ms next = dial_due(link);
    for (const struct ssh_job *job = link->queue_first; job != NULL; job = job->next)
        next = mono_min(next, job->deadline);
    if (link->state == LINK_READY) {
        next = mono_min(next, ssh_command_deadline(link));
        next = mono_min(next, ssh_tunnel_deadline(link));
        next = mono_min(next, mono_add(link->ticked, SSH_TICK_MS));
        if (link->retiring)
            next = mono_min(next, link->retire_at);
    }
    if (next.ms == MONO_NEVER.ms) {
        (void)uv_timer_stop(&link->timer);
        return;
    }
    int64_t wait = mono_since(next, now);
    uv_update_time(&link->thread->loop);
    (void)uv_timer_start(&link->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static bool may_retire(const struct ssh_link *link, mono_ms now)
{
    if (!link->retiring || link->queue_first != NULL)
        return false;
    return link->state != LINK_READY ||
           (ssh_command_live(link) == 0 &&
            (!tunnels_open(link) || mono_reached(now, link->retire_at)));
}

/* Everything that is due, in order; then the timer for what comes next. */
static void step(struct ssh_link *link)
{
    if (link->shut)
        return;
    mono_ms now = clock_mono();
    if (link->state == LINK_READY) {
        ssh_link_pump(link); /* first: an answer that is there already beats its deadline */
        ssh_command_expire(link, now);
        ssh_tunnel_expire(link, now);
    }
    expire_queue(link, now);
    if (link->state == LINK_READY)
        keep_alive(link, now);
    ssh_link_pump(link); /* sends what was begun, reconnects when too much hangs */
    if (may_retire(link, now)) {
        link->retiring = false;
        ssh_link_hang_up(link);
        return;
    }
    if (mono_reached(now, dial_due(link)))
        dial(link);
    arm(link, now);
}

/* --- the door --- */

static void want(struct ssh_link *link)
{
    if (!link->timer_open) {
        (void)uv_timer_init(&link->thread->loop, &link->timer);
        link->timer.data = link;
        link->timer_open = true;
        link->attempt_ended = mono_add(clock_mono(), -SSH_RETRY_AT_ONCE_MS);
    }
    link->wanted = true;
}

void ssh_link_wake(struct ssh_link *link)
{
    if (link->shut)
        return;
    want(link);
    step(link);
}

void ssh_link_retire(struct ssh_link *link)
{
    if (link->shut || !link->timer_open)
        return; /* it never had anything to do */
    link->retiring = true;
    link->retire_at = mono_add(clock_mono(), SSH_RETIRE_MS);
    step(link);
}

void ssh_link_submit(struct ssh_link *link, struct ssh_job *job)
{
    if (link->shut)
        return; /* the pool frees it */
    want(link);
    if (link->queued >= SSH_QUEUE_MAX) {
        (void)error_set(&job->error, -EBUSY, "ssh %s: %d commands wait already", link->name,
                        SSH_QUEUE_MAX);
        ssh_link_finish(link, job, HOST_NOT_REACHED);
        return;
    }
    push_back(link, job);
    step(link);
}

static struct ssh_job *take_serial(struct ssh_link *link, uint64_t serial)
{
    struct ssh_job *found = NULL;
    for (struct ssh_job *job = take_all(link), *next; job != NULL; job = next) {
        next = job->next;
        if (job->serial == serial)
            found = job;
        else
            push_back(link, job);
    }
    return found;
}

void ssh_link_cancel(struct ssh_link *link, uint64_t serial)
{
    struct ssh_job *job = take_serial(link, serial);
    if (job != NULL)
        ssh_link_finish(link, job, HOST_CANCELLED);
    else if (link->state == LINK_READY)
        (void)ssh_command_cancel(link, serial);
}

void ssh_link_hang_up(struct ssh_link *link)
{
    struct error why = {0};
    (void)error_set(&why, -ECANCELED, "ssh %s: this session is no longer used", link->name);
    link->wanted = false;
    ssh_dial_drop(link->dial);
    link->dial = NULL;
    ssh_command_end(link, &why);
    ssh_tunnel_end(link, &why);
    finish_queue(link, &why);
    close_session(link);
    link->state = LINK_IDLE;
    link->backoff_ms = 0;
    link->retry_at = clock_mono();
    atomic_store(&link->reached, TRI_UNKNOWN);
    if (link->timer_open)
        (void)uv_timer_stop(&link->timer);
}

void ssh_link_shut(struct ssh_link *link)
{
    link->shut = true;
    ssh_dial_drop(link->dial);
    link->dial = NULL;
    ssh_command_end(link, NULL);
    ssh_tunnel_end(link, NULL);
    (void)take_all(link);
    close_session(link);
    link->state = LINK_IDLE;
    if (link->timer_open)
        uv_close((uv_handle_t *)&link->timer, NULL);
    link->timer_open = false;
}
