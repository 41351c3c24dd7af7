#include "notify/mail.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/mailbox.h"

struct mail {
    mail_done *done;
    void *context;
    struct mailbox *results;
    pthread_t thread;
    bool started;
    atomic_bool ending;
    pthread_mutex_t lock; /* of the queue */
    pthread_cond_t wake;
    struct mail_job *first, **end;
    size_t count; /* queued and under way: each has a place in the mailbox */
};

void mail_job_free(struct mail_job *job)
{
    if (job == NULL)
        return;
    if (job->password != NULL)
        mem_wipe(job->password, strlen(job->password));
    mem_free(job->password);
    buf_free(&job->text);
    mem_free(job);
}

/* ── on the thread ── */

struct upload {
    struct mail *mail;
    struct mail_job *job;
    size_t sent;
};

static size_t give_text(char *to, size_t size, size_t count, void *context)
{
    struct upload *u = context;
    size_t left = u->job->text.length - u->sent, room = size * count;
    size_t length = left < room ? left : room;
    memcpy(to, u->job->text.data + u->sent, length);
    u->sent += length;
    return length;
}

static size_t take_reply(char *line, size_t size, size_t count, void *context)
{
    struct upload *u = context;
    smtp_session_reply(&u->job->session, line, size * count);
    return size * count;
}

/* libcurl names what it sends only to its debug callback. */
static int take_command(CURL *easy, curl_infotype type, char *line, size_t length, void *context)
{
    struct upload *u = context;
    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        smtp_session_command(&u->job->session, line, length);
    return 0;
}

static int go_on(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct upload *u = context;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(&u->mail->ending) ? 1 : 0;
}

static struct curl_slist *recipients(const struct curl_calls *curl, const struct mailbox_list *to)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < to->count; i++) {
        struct curl_slist *more = curl->slist_append(list, to->addresses[i]);
        if (more == NULL) {
            curl->slist_free_all(list);
            return NULL;
        }
        list = more;
    }
    return list;
}

static int prepare(const struct curl_calls *curl, CURL *easy, struct upload *u,
                   const struct curl_slist *to)
{
    const struct mail_job *job = u->job;
    /* Bounds the wait for the reply to QUIT too, which the timeout of the transfer does not: without it a server that
       fell silent holds the mails after it for two more minutes. */
    long reply_seconds = (long)((job->timeout_ms + 999) / 1000);
    int failed = (int)curl->easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, reply_seconds) |
                 (int)curl->easy_setopt(easy, CURLOPT_USE_SSL,
                                        job->tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE) |
                 (int)curl->easy_setopt(easy, CURLOPT_MAIL_FROM, job->from) |
                 (int)curl->easy_setopt(easy, CURLOPT_MAIL_RCPT, to) |
                 (int)curl->easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_text) |
                 (int)curl->easy_setopt(easy, CURLOPT_READDATA, u) |
                 (int)curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_reply) |
                 (int)curl->easy_setopt(easy, CURLOPT_HEADERDATA, u) |
                 (int)curl->easy_setopt(easy, CURLOPT_VERBOSE, 1L) |
                 (int)curl->easy_setopt(easy, CURLOPT_DEBUGFUNCTION, take_command) |
                 (int)curl->easy_setopt(easy, CURLOPT_DEBUGDATA, u) |
                 (int)curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) |
                 (int)curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, go_on) |
                 (int)curl->easy_setopt(easy, CURLOPT_XFERINFODATA, u);
    if (job->proxy[0] != '\0')
        failed |= (int)curl->easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    if (job->username[0] != '\0')
        failed |= (int)curl->easy_setopt(easy, CURLOPT_USERNAME, job->username) |
                  (int)curl->easy_setopt(easy, CURLOPT_PASSWORD, job->password);
    return failed;
}

static void perform(struct mail *m, struct mail_job *job)
{
    struct error err = {0};
    struct outgoing_guard guard = {0};
    struct upload u = {.mail = m, .job = job};
    const struct curl_calls *curl = curl_calls(&err);
    if (curl == NULL) {
        (void)str_copy(job->error, sizeof job->error, err.text);
        return;
    }
    const struct outgoing o = {.url = job->url,
                               .protocols = "smtp,smtps",
                               .proxy = job->proxy,
                               .ca_file = job->ca_file,
                               .timeout_ms = job->timeout_ms};
    CURL *easy = outgoing_handle(curl, &o, &guard);
    struct curl_slist *to = recipients(curl, &job->to);
    if (easy == NULL || to == NULL || prepare(curl, easy, &u, to) != 0) {
        (void)str_copy(job->error, sizeof job->error, "out of memory");
    } else {
        CURLcode result = curl->easy_perform(easy);
        if (result != CURLE_OK)
            outgoing_failure(curl, easy, result, &guard, job->error);
    }
    if (easy != NULL)
        curl->easy_cleanup(easy);
    if (to != NULL)
        curl->slist_free_all(to);
}

/* NULL: the thread ends. */
static struct mail_job *next_job(struct mail *m)
{
    (void)pthread_mutex_lock(&m->lock);
    while (m->first == NULL && !atomic_load(&m->ending))
        (void)pthread_cond_wait(&m->wake, &m->lock);
    struct mail_job *job = atomic_load(&m->ending) ? NULL : m->first;
    if (job != NULL) {
        m->first = job->next;
        if (m->first == NULL)
            m->end = &m->first;
        job->next = NULL;
    }
    (void)pthread_mutex_unlock(&m->lock);
    return job;
}

static void *run(void *context)
{
    struct mail *m = context;
    struct mail_job *job;
    while ((job = next_job(m)) != NULL) {
        perform(m, job);
        /* The queue is no longer than the mailbox, which is closed after this thread has ended. */
        if (mailbox_post(m->results, job) < 0)
            mail_job_free(job);
    }
    return NULL;
}

/* ── in the loop ── */

static void on_result(void *context, void *item)
{
    struct mail *m = context;
    m->count--;
    if (atomic_load(&m->ending))
        mail_job_free(item);
    else
        m->done(m->context, item);
}

int mail_new(uv_loop_t *loop, mail_done *done, void *context, struct mail **ret, struct error *err)
{
    struct mail *m = mem_calloc(1, sizeof *m);
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    m->done = done;
    m->context = context;
    m->end = &m->first;
    int r = mailbox_new(loop, MAIL_QUEUE_MAX, on_result, m, &m->results, err);
    if (r < 0) {
        mem_free(m);
        return r;
    }
    (void)pthread_mutex_init(&m->lock, NULL);
    (void)pthread_cond_init(&m->wake, NULL);
    *ret = m;
    return 0;
}

int mail_send(struct mail *m, struct mail_job *job, struct error *err)
{
    if (m->count == MAIL_QUEUE_MAX)
        return error_set(err, -EBUSY, "%d mails wait already", MAIL_QUEUE_MAX);
    if (!m->started) {
        int r = pthread_create(&m->thread, NULL, run, m);
        if (r != 0)
            return error_set_errno(err, -r, "no thread for mail");
        m->started = true;
    }
    m->count++;
    (void)pthread_mutex_lock(&m->lock);
    *m->end = job;
    m->end = &job->next;
    (void)pthread_cond_signal(&m->wake);
    (void)pthread_mutex_unlock(&m->lock);
    return 0;
}

void mail_free(struct mail *m)
{
    if (m == NULL)
        return;
    (void)pthread_mutex_lock(&m->lock);
    atomic_store(&m->ending, true);
    (void)pthread_cond_signal(&m->wake);
    (void)pthread_mutex_unlock(&m->lock);
    if (m->started)
        (void)pthread_join(m->thread, NULL);
    mailbox_close(m->results); /* frees the jobs in it */
    while (m->first != NULL) {
        struct mail_job *job = m->first;
        m->first = job->next;
        mail_job_free(job);
    }
    (void)pthread_mutex_destroy(&m->lock);
    (void)pthread_cond_destroy(&m->wake);
    mem_free(m);
}
