/* Commands on a session: one channel each (ssh_link.h). */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/host_refusal.h"
#include "host/ssh_link.h"

enum slot_phase { SLOT_OPENING, SLOT_ASKING, SLOT_RUNNING };

struct ssh_channel_slot {
    struct ssh_link *link;
    struct ssh_job *job; /* NULL: given up, but the channel is taken until the host closes it */
    ssh_channel channel;
    struct ssh_channel_callbacks_struct callbacks;
    enum slot_phase phase;
    bool alone; /* no other was there when it was asked for */
    bool sent, closed, has_status, has_signal;
    int status, signal;
};

/* --- callbacks of libssh: they note, ssh_command_step acts --- */

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t length,
                   int is_stderr, void *userdata)
{
    struct ssh_channel_slot *slot = userdata;
    (void)session, (void)channel;
    if (slot->job != NULL) {
        struct buf *to = is_stderr ? &slot->job->err : &slot->job->out;
        if (!buf_append_cut(to, data, length))
            slot->job->truncated = true;
    }
    return (int)length;
}

static void on_close(ssh_session session, ssh_channel channel, void *userdata)
{
    struct ssh_channel_slot *slot = userdata;
    (void)session, (void)channel;
    slot->closed = true;
}

static void on_exit_status(ssh_session session, ssh_channel channel, int status, void *userdata)
{
    struct ssh_channel_slot *slot = userdata;
    (void)session, (void)channel;
    slot->has_status = true;
    slot->status = status;
}

static int signal_number(const char *name)
{
    for (int i = 1; i < 32; i++) {
        const char *abbreviation = sigabbrev_np(i);
        if (abbreviation != NULL && str_equal(abbreviation, name))
            return i;
    }
    return 0;
}

static void on_exit_signal(ssh_session session, ssh_channel channel, const char *name, int core,
                           const char *message, const char *language, void *userdata)
{
    struct ssh_channel_slot *slot = userdata;
    (void)session, (void)channel, (void)core, (void)message, (void)language;
    slot->has_signal = true;
    slot->signal = signal_number(name);
}

/* --- slots --- */

size_t ssh_command_live(const struct ssh_link *link)
{
    size_t n = 0;
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++)
        n += link->slots[i] != NULL && link->slots[i]->job != NULL;
    return n;
}

size_t ssh_command_stuck(const struct ssh_link *link)
{
    size_t n = 0;
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++)
        n += link->slots[i] != NULL && link->slots[i]->job == NULL;
    return n;
}

static void free_slot(struct ssh_link *link, size_t i)
{
    struct ssh_channel_slot *slot = link->slots[i];
    link->slots[i] = NULL;
    (void)ssh_remove_channel_callbacks(slot->channel, &slot->callbacks);
    ssh_channel_free(slot->channel);
    mem_free(slot);
}

int ssh_command_start(struct ssh_link *link, struct ssh_job *job)
{
    size_t i = 0;
    while (i < link->slot_limit && link->slots[i] != NULL)
        i++;
    if (i == link->slot_limit || ssh_command_stuck(link) >= SSH_STUCK_FULL)
        return -EAGAIN;
    struct ssh_channel_slot *slot = mem_calloc(1, sizeof *slot);
    if (slot != NULL)
        slot->channel = ssh_channel_new(link->session);
    if (slot == NULL || slot->channel == NULL) {
        mem_free(slot);
        (void)error_set(&job->error, -ENOMEM, "ssh %s: out of memory", link->name);
        ssh_link_finish(link, job, HOST_NOT_REACHED);
        return 0;
    }
    slot->link = link;
    slot->alone = ssh_command_live(link) + ssh_command_stuck(link) == 0;
    slot->job = job;
    slot->callbacks = (struct ssh_channel_callbacks_struct){
        .userdata = slot,
        .channel_data_function = on_data,
        .channel_close_function = on_close,
        .channel_exit_status_function = on_exit_status,
        .channel_exit_signal_function = on_exit_signal,
    };
    ssh_callbacks_init(&slot->callbacks);
    (void)ssh_set_channel_callbacks(slot->channel, &slot->callbacks);
    link->slots[i] = slot;
    return 0;
}

static size_t open_now(const struct ssh_link *link)
{
    size_t n = 0;
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++)
        n += link->slots[i] != NULL && link->slots[i]->phase != SLOT_OPENING;
    return n;
}

/* sshd allows fewer channels than we thought, or none. It counts a channel that was closed until it
 * has emptied its input, so one that is asked for right behind a close can be refused although it
 * is the only one: on a host that did open channels a refusal means "later". */
static void open_failed(struct ssh_link *link, size_t i)
{
    struct ssh_job *job = link->slots[i]->job;
    bool alone = link->slots[i]->alone;
    free_slot(link, i);
    link->slot_limit = link->most_open > 0 ? link->most_open : 1;
    if (job == NULL)
        return;
    if ((!alone || link->most_open > 0) && job->refusals++ < SSH_REFUSALS_MAX) {
        ssh_link_requeue(link, job);
        return;
    }
    (void)error_set(&job->error, -ECONNREFUSED, "ssh %s: the host opens no channel: %s", link->name,
                    ssh_get_error(link->session));
    ssh_link_finish(link, job, HOST_NOT_REACHED);
}

static void exec_refused(struct ssh_link *link, size_t i)
{
    struct ssh_job *job = link->slots[i]->job;
    free_slot(link, i);
    if (job == NULL)
        return;
    (void)error_set(&job->error, -EACCES, "ssh %s: the host refuses to run commands", link->name);
    ssh_link_finish(link, job, HOST_NOT_REACHED);
}

static void complete(struct ssh_link *link, size_t i)
{
    struct ssh_channel_slot *slot = link->slots[i];
    struct ssh_job *job = slot->job;
    if (job != NULL && slot->has_status) {
        job->exit_code = slot->status;
        link->no_commands =
            host_refusal_of(HOST_STATUS, slot->status, job->out.length, buf_text(&job->err),
                            job->err.length) == HOST_REFUSED_LOGIN;
        ssh_link_finish(link, job, HOST_EXITED);
    } else if (job != NULL && slot->has_signal) {
        job->signal = slot->signal;
        ssh_link_finish(link, job, HOST_SIGNALLED);
    } else if (job != NULL) {
        (void)error_set(&job->error, -ECONNRESET,
                        "ssh %s: the host closed the channel without an exit status", link->name);
        ssh_link_finish(link, job, HOST_CUT_OFF);
    }
    free_slot(link, i);
}

/* SSH_ERROR of a dead session is left to the link, which ends them all. */
static bool session_dead(const struct ssh_link *link)
{
    return !ssh_is_connected(link->session);
}

static bool open_step(struct ssh_link *link, size_t i)
{
    struct ssh_channel_slot *slot = link->slots[i];
    switch (ssh_channel_open_session(slot->channel)) {
    case SSH_OK:
        slot->phase = SLOT_ASKING;
        if (open_now(link) > link->most_open)
            link->most_open = open_now(link);
        if (slot->job == NULL)
            free_slot(link, i);
        return true;
    case SSH_AGAIN:
        return false;
    default:
        if (session_dead(link))
            return false;
        open_failed(link, i);
        return true;
    }
}

static bool may_send(struct ssh_job *job)
{
    int expected = JOB_WAITS;
    return atomic_compare_exchange_strong(&job->step, &expected, JOB_SENT);
}

static bool ask_step(struct ssh_link *link, size_t i)
{
    struct ssh_channel_slot *slot = link->slots[i];
    if (slot->job == NULL)
        return false; /* given up after it was sent: it ends when the host closes */
    if (!slot->sent && !may_send(slot->job)) {
        struct ssh_job *job = slot->job;
        free_slot(link, i);
        ssh_link_finish(link, job, HOST_CANCELLED);
        return true;
    }
    slot->sent = true;
    switch (ssh_channel_request_exec(slot->channel, slot->job->line)) {
    case SSH_OK:
        slot->phase = SLOT_RUNNING;
        return true;
    case SSH_AGAIN:
        return false;
    default:
        if (session_dead(link) || slot->closed)
            return slot->closed;
        exec_refused(link, i);
        return true;
    }
}

bool ssh_command_step(struct ssh_link *link)
{
    bool moved = false;
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++) {
        struct ssh_channel_slot *slot = link->slots[i];
        if (slot == NULL)
            continue;
        if (slot->closed) {
            complete(link, i);
            moved = true;
        } else if (slot->phase == SLOT_OPENING) {
            moved = open_step(link, i) || moved;
        } else if (slot->phase == SLOT_ASKING) {
            moved = ask_step(link, i) || moved;
        }
    }
    /* A step for a later slot may have brought the end of an earlier one. */
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++)
        moved = moved || (link->slots[i] != NULL && link->slots[i]->closed);
    return moved;
}

void ssh_command_expire(struct ssh_link *link, mono_ms now)
{
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++) {
        struct ssh_channel_slot *slot = link->slots[i];
        if (slot == NULL || slot->job == NULL || !mono_reached(now, slot->job->deadline))
            continue;
        struct ssh_job *job = slot->job;
        slot->job = NULL;
        if (slot->sent) {
            ssh_link_finish(link, job, HOST_TIMED_OUT);
            continue;
        }
        (void)error_set(&job->error, -ETIMEDOUT,
                        "ssh %s: the deadline passed before the host opened a channel", link->name);
        ssh_link_finish(link, job, HOST_NOT_REACHED);
    }
}

mono_ms ssh_command_deadline(const struct ssh_link *link)
{
    mono_ms next = MONO_NEVER;
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++)
        if (link->slots[i] != NULL && link->slots[i]->job != NULL)
            next = mono_min(next, link->slots[i]->job->deadline);
    return next;
}

bool ssh_command_cancel(struct ssh_link *link, uint64_t serial)
{
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++) {
        struct ssh_channel_slot *slot = link->slots[i];
        if (slot == NULL || slot->job == NULL || slot->job->serial != serial || slot->sent)
            continue;
        struct ssh_job *job = slot->job;
        slot->job = NULL;
        ssh_link_finish(link, job, HOST_CANCELLED);
        return true;
    }
    return false;
}

void ssh_command_end(struct ssh_link *link, const struct error *why)
{
    for (size_t i = 0; i < SSH_CHANNELS_MAX; i++) {
        struct ssh_channel_slot *slot = link->slots[i];
        if (slot == NULL)
            continue;
        if (why != NULL && slot->closed) {
            complete(link, i); /* its end had arrived */
            continue;
        }
        struct ssh_job *job = slot->job;
        bool sent = slot->sent;
        free_slot(link, i);
        if (job == NULL || why == NULL)
            continue;
        if (!sent) {
            ssh_link_requeue(link, job);
            continue;
        }
        job->error = *why;
        ssh_link_finish(link, job, HOST_CUT_OFF);
    }
}
