/* Mail to one server, on a thread of its own: libcurl waits for an SMTP server's last words without
 * giving the loop back, and a server that hangs may hold up no one else. */
#ifndef RESUS_NOTIFY_MAIL_H
#define RESUS_NOTIFY_MAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "notify/outgoing.h"
#include "notify/smtp_session.h"
#include "settings/settings.h"

#define MAIL_QUEUE_MAX 64

/* One mail to be sent; its memory is one piece but for the text. */
struct mail_job {
    /* given */
    char url[SETTINGS_PATH_MAX + 64]; /* with the EHLO name as its path */
    char proxy[SETTINGS_PATH_MAX], ca_file[SETTINGS_PATH_MAX];
    char username[128];
    char *password; /* owned; wiped with the job */
    bool tls;       /* required: STARTTLS, unless the URL is smtps:// */
    int64_t timeout_ms;
    char from[SETTINGS_MAILBOX_MAX];
    struct mailbox_list to; /* at least one */
    struct buf text;        /* the mail, with CRLF; owned */
    void *context;
    /* the result */
    struct smtp_session session;    /* its recipients are those of `to`, in order */
    char error[OUTGOING_ERROR_MAX]; /* of the connection, "" = the server said all */
    struct mail_job *next;
};

struct mail;
/* In the loop. The job is the callee's: mail_job_free(). */
typedef void mail_done(void *context, struct mail_job *job);

/* The thread starts with the first mail. */
int mail_new(uv_loop_t *loop, mail_done *done, void *context, struct mail **ret,
             struct error *err) ATTR_MUST_USE;
/* Takes the job over. On an error it is the caller's still: -EBUSY, the queue is full. */
int mail_send(struct mail *m, struct mail_job *job, struct error *err) ATTR_MUST_USE;
void mail_job_free(struct mail_job *job); /* takes NULL */
/* Breaks a session off that is under way (within a second); no `done` runs any longer. Takes NULL.
 * Memory goes when libuv has let go of it (run the loop once more). */
void mail_free(struct mail *m);

#endif
