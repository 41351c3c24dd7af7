/* A channel as one row: what its type needs from files, how a message becomes the bytes that its
 * receiver takes, and what the answer means. One file a type: channel_TYPE.c. */
#ifndef RESUS_NOTIFY_CHANNEL_H
#define RESUS_NOTIFY_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "core/retry.h"
#include "notify/http.h"
#include "notify/message.h"
#include "settings/settings.h"

#define CHANNEL_SECRETS_MAX 4 /* of a webhook, while they are exchanged */
#define CHANNEL_SECRET_MAX 64 /* bytes of one */
#define CHANNEL_BODY_MAX (128 * 1024)
#define CHANNEL_DELIVERY_MAX 64 /* an id of A-Z a-z 0-9 _ -, with the NUL */
#define CHANNEL_RECEIPT_MAX 160
#define CHANNEL_REASON_MAX 512

struct channel_secret {
    unsigned char bytes[CHANNEL_SECRET_MAX];
    size_t length;
};

/* A channel that can be used: its settings with what its files hold. Sendings under way keep it
 * alive through a reload. */
struct channel {
    unsigned references;
    const struct channel_kind *kind;
    struct channel_settings settings;
    char instance[64];
    int64_t timeout_ms;
    char *address; /* from `url`, `url_file` or the type; wiped at the end, as is the next */
    char *key;     /* routing key or password, NULL = none */
    struct channel_secret secrets[CHANNEL_SECRETS_MAX];
    size_t secret_count;
};

/* What the end of an attempt means for the delivery. */
struct channel_verdict {
    enum retry_class class;
    int code; /* HTTP status or SMTP reply, 0 = none */
    char receipt[CHANNEL_RECEIPT_MAX];
    char reason[CHANNEL_REASON_MAX]; /* what went wrong, without address or key; "" = nothing */
};

struct channel_kind {
    enum channel_type type;
    int64_t timeout_ms; /* unless the settings say another */
    /* Reads `key` and `secrets`; NULL = it needs none. `ret_key` names the setting that is wrong. */
    int (*load)(struct channel *c, const char **ret_key, struct error *err);
    /* The receiver's address, when it is neither `url` nor in `url_file`; NULL otherwise. */
    const char *(*address)(const struct channel_settings *s);
    const char *path; /* behind the address, NULL = none */
    /* Appends the body. -EINVAL: the message cannot be made into one. */
    int (*render)(const struct channel *c, const struct message *m, const char *delivery,
                  wall_ms now, struct buf *body, struct error *err);
    /* Adds headers that depend on the body; NULL = none. */
    int (*sign)(const struct channel *c, const char *delivery, wall_ms now, const struct buf *body,
                struct http_request *request, struct error *err);
    /* Sees what the code alone does not say; NULL = nothing. May change `end` and the verdict's
     * receipt and reason. */
    void (*look)(const struct http_answer *answer, const char *key, enum retry_end *end,
                 struct channel_verdict *verdict);
    bool keeps_state;      /* no messages: a list of what is so now (Alertmanager) */
    bool repeats_are_seen; /* it has no id of a message, so a repeat is marked in words */
};

extern const struct channel_kind channel_smtp, channel_slack, channel_teams, channel_pagerduty,
    channel_webhook, channel_alertmanager;

/* Opens what the settings name. The error names the key ("url_file") in `ret_key` (may be NULL) and
 * never what the file holds. */
int channel_load(const struct channel_settings *settings, const char *instance,
                 struct channel **ret, const char **ret_key, struct error *err) ATTR_MUST_USE;
struct channel *channel_ref(struct channel *c);
void channel_unref(struct channel *c); /* takes NULL */
/* Of a channel whose receiver is known to have ended; NULL = all is well. */
const char *channel_warning(const struct channel *c);

/* The body, or the built-in message when that cannot be made: then `ret_replaced` says why. */
int channel_render(const struct channel *c, const struct message *m, const char *delivery,
                   wall_ms now, struct buf *body, char ret_replaced[CHANNEL_REASON_MAX],
                   struct error *err) ATTR_MUST_USE;
void channel_judge(const struct channel *c, const struct http_answer *answer, const char *key,
                   struct channel_verdict *ret);

/* A text file with one secret line (password_file and the like), wiped by mem_wipe and mem_free. */
int channel_read_secret(const char *path, char **ret, struct error *err) ATTR_MUST_USE;
/* At most `most` characters of `text`, cleaned, as a JSON string; never NULL but for memory. */
json_t *channel_json_text(const char *text, size_t most) ATTR_MUST_USE;
/* Appends the JSON in its shortest form. */
int channel_write_json(const json_t *json, struct buf *body, struct error *err) ATTR_MUST_USE;

#endif
