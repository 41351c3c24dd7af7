/* A delivery by mail: the job for the server, and what its replies mean for each recipient. */
#ifndef RESUS_NOTIFY_NOTIFY_MAIL_H
#define RESUS_NOTIFY_NOTIFY_MAIL_H

#include "base/attr.h"
#include "notify/channel.h"
#include "notify/mail.h"

#define MAIL_PARTIAL_MAX 64 /* deliveries of which a part has arrived; the oldest gives way */

/* Who has had a delivery, so that another attempt is for the others alone. Kept in memory: after a
 * restart everyone gets it again, under the same Message-ID. */
struct mail_partial {
    char channel[SETTINGS_CHANNEL_NAME_MAX];
    char delivery[CHANNEL_DELIVERY_MAX];
    uint64_t done[SETTINGS_RECIPIENTS_MAX]; /* hashes of addresses that need no other attempt */
    size_t count;
    bool delivered; /* has one of them it? */
};

struct mail_memory {
    struct mail_partial entries[MAIL_PARTIAL_MAX];
    size_t next; /* the one to be overwritten */
};

/* Takes the text. NULL on lack of memory. */
struct mail_job *mail_job_new(const struct channel *c, const char *delivery, struct buf *text,
                              struct mail_memory *memory) ATTR_MUST_USE;
/* Of a job that has ended. */
void mail_judge(const struct channel *c, const struct mail_job *job, const char *delivery,
                struct mail_memory *memory, struct channel_verdict *ret);

#endif
