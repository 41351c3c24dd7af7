#include "notify/notify_mail.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "settings/channel_url.h"

static_assert(SMTP_RECIPIENTS_MAX == SETTINGS_RECIPIENTS_MAX, "a reply for each recipient");

static uint64_t hash_of(const char *address)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES] = {0};
    unsigned char bytes[crypto_shorthash_BYTES];
    uint64_t hash;
    (void)crypto_shorthash(bytes, (const unsigned char *)address, strlen(address), key);
    memcpy(&hash, bytes, sizeof hash);
    return hash;
}

static struct mail_partial *find(struct mail_memory *memory, const char *channel,
                                 const char *delivery)
{
    for (size_t i = 0; i < MAIL_PARTIAL_MAX; i++) {
        struct mail_partial *p = &memory->entries[i];
        if (strcmp(p->delivery, delivery) == 0 && strcmp(p->channel, channel) == 0)
            return p;
    }
    return NULL;
}

static bool is_done(const struct mail_partial *p, const char *address)
{
    uint64_t hash = hash_of(address);
    for (size_t i = 0; p != NULL && i < p->count; i++)
        if (p->done[i] == hash)
            return true;
    return false;
}

/* The server is told the instance's name; an address must not end with a slash of its own. */
static void add_hello(const struct channel *c, char *url, size_t size)
{
    size_t length = strlen(c->address);
    while (length > 0 && c->address[length - 1] == '/')
        length--;
    (void)str_format(url, size, "%.*s/%s", (int)length, c->address, c->instance);
}

struct mail_job *mail_job_new(const struct channel *c, const char *delivery, struct buf *text,
                              struct mail_memory *memory)
{
    const struct channel_settings *s = &c->settings;
    const struct mail_partial *partial = find(memory, s->name, delivery);
    struct mail_job *job = mem_calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    add_hello(c, job->url, sizeof job->url);
    (void)str_copy(job->proxy, sizeof job->proxy, s->proxy);
    (void)str_copy(job->ca_file, sizeof job->ca_file, s->ca_file);
    (void)str_copy(job->username, sizeof job->username, s->username);
    (void)str_copy(job->from, sizeof job->from, s->from);
    job->tls = s->tls == MAIL_TLS_REQUIRED;
    job->timeout_ms = c->timeout_ms;
    for (size_t i = 0; i < s->to.count; i++)
        if (!is_done(partial, s->to.addresses[i]))
            (void)str_copy(job->to.addresses[job->to.count++], SETTINGS_MAILBOX_MAX,
                           s->to.addresses[i]);
    if (job->to.count == 0) /* the list has changed since: everyone on it */
        job->to = s->to;
    job->password = c->key == NULL ? NULL : mem_strdup(c->key);
    if (c->key != NULL && job->password == NULL) {
        mail_job_free(job);
        return NULL;
    }
    job->text = *text;
    *text = BUF_LIMIT(text->limit);
    return job;
}

static struct mail_partial *remember(struct mail_memory *memory, const char *channel,
                                     const char *delivery)
{
    struct mail_partial *p = find(memory, channel, delivery);
    if (p != NULL)
        return p;
    p = &memory->entries[memory->next];
    memory->next = (memory->next + 1) % MAIL_PARTIAL_MAX;
    *p = (struct mail_partial){0};
    (void)str_copy(p->channel, sizeof p->channel, channel);
    (void)str_copy(p->delivery, sizeof p->delivery, delivery);
    return p;
}

static void note(struct mail_partial *p, const char *address)
{
    if (p->count < SETTINGS_RECIPIENTS_MAX && !is_done(p, address))
        p->done[p->count++] = hash_of(address);
}

static void refused(struct channel_verdict *v, const char *address, int code)
{
    (void)str_append(v->reason, sizeof v->reason, "%s%s was refused (%d)",
                     v->reason[0] == '\0' ? "" : ", ", address, code);
}

/* The server has the mail for those whose RCPT it took. */
static void judge_recipients(const struct mail_job *job, struct mail_partial *p,
                             struct channel_verdict *v)
{
    int later = 0, never = 0;
    for (size_t i = 0; i < job->to.count; i++) {
        int code = i < job->session.recipient_count ? job->session.recipients[i] : 0;
        if (code / 100 == 2)
            p->delivered = true;
        else
            refused(v, job->to.addresses[i], code);
        if (code / 100 == 2 || code / 100 == 5)
            note(p, job->to.addresses[i]);
        if (code / 100 == 5)
            never = code;
        else if (code / 100 != 2)
            later = code;
    }
    if (later != 0)
        v->code = later;
    else if (!p->delivered)
        v->code = never;
    v->class = later != 0     ? RETRY_LATER
               : p->delivered ? RETRY_DELIVERED
                              : retry_classify(CHANNEL_SMTP, RETRY_ANSWERED, never);
    if (v->class != RETRY_LATER)
        *p = (struct mail_partial){0};
}

void mail_judge(const struct channel *c, const struct mail_job *job, const char *delivery,
                struct mail_memory *memory, struct channel_verdict *ret)
{
    const struct smtp_session *s = &job->session;
    struct channel_verdict v = {0};
    enum retry_end end = smtp_session_end(s, &v.code);
    v.class = retry_classify(CHANNEL_SMTP, end, v.code);
    (void)str_copy(v.receipt, sizeof v.receipt, s->receipt);
    bool taken = s->codes[SMTP_MESSAGE] / 100 == 2;
    bool answered_all = end == RETRY_ANSWERED && s->recipient_count == job->to.count &&
                        s->codes[SMTP_DATA] == 0 && s->codes[SMTP_MAIL] / 100 == 2;
    if (taken || answered_all)
        judge_recipients(job, remember(memory, c->settings.name, delivery), &v);
    else if (s->refusal[0] != '\0')
        (void)str_format(v.reason, sizeof v.reason, "the server refused %s: %s",
                         smtp_stage_word(s->refused), s->refusal);
    else if (end == RETRY_NO_ANSWER)
        (void)str_format(v.reason, sizeof v.reason, "no reply after the mail was sent (%s)",
                         job->error);
    else
        (void)str_copy(v.reason, sizeof v.reason,
                       job->error[0] != '\0' ? job->error : "the session ended early");
    *ret = v;
}
