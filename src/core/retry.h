/* What the end of an attempt to send a message means, and when to try again.
 *
 * One table of answers per type of channel: a code is delivered, accepted, worth another attempt,
 * or final. Pure: the caller sends, keeps the queue, and gives the random number in. */
#ifndef RESUS_CORE_RETRY_H
#define RESUS_CORE_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum channel_type {
    CHANNEL_SMTP,
    CHANNEL_SLACK,
    CHANNEL_TEAMS,
    CHANNEL_PAGERDUTY,
    CHANNEL_WEBHOOK,
    CHANNEL_ALERTMANAGER,
    CHANNEL_HEARTBEAT,
    CHANNEL_TYPE_COUNT
};
const char *channel_type_word(enum channel_type type); /* "smtp" */
/* The types of channels that a message goes to, by their number; NULL at the end, which is the
 * heartbeat's place. The one place of their names. */
extern const char *const channel_words[CHANNEL_TYPE_COUNT];

/* What is known of an attempt when it ends. */
enum retry_end {
    RETRY_NOT_SENT,   /* no connection, no TLS, no login: the message has not left */
    RETRY_NO_ANSWER,  /* the message left, and no answer came */
    RETRY_ANSWERED,   /* `code` is the answer: an HTTP status, an SMTP reply */
    RETRY_WRONG_BODY, /* a code of success with a body that is not the receiver's (Slack: "ok") */
    RETRY_END_COUNT
};

enum retry_class {
    RETRY_DELIVERED, /* the receiver has it */
    RETRY_ACCEPTED,  /* taken over; whether it is shown is not known (Teams) */
    RETRY_LATER,     /* the receiver does not have it: send it again after the delay */
    RETRY_FINAL,     /* it will never be taken like this: do not send it again */
    RETRY_UNKNOWN,   /* it may have arrived: send it again under the same id */
    RETRY_CLASS_COUNT
};
const char *retry_class_word(enum retry_class class); /* "delivered" */

/* `code` counts with RETRY_ANSWERED only. Codes that no row names, and numbers that are
 * no status code, are worth another attempt. */
enum retry_class retry_classify(enum channel_type type, enum retry_end end, int code);

/* May the message be sent again? LATER and UNKNOWN. */
bool retry_again(enum retry_class class);

#define RETRY_AFTER_MAX_MS (INT64_C(3600) * 1000) /* of what a receiver asks for */
#define RETRY_AFTER_NONE INT64_C(-1)
#define RETRY_JITTER_PERCENT 20
#define RETRY_FAILING 5 /* attempts in a row without success: the channel is failing */

/* Milliseconds until the next attempt. `attempts` is how many have ended (1 after the first);
 * `random` is any number: it spreads the delay by RETRY_JITTER_PERCENT to both sides.
 * `retry_after_ms` is what the receiver asked for, RETRY_AFTER_NONE = nothing: it replaces the
 * schedule, is never undercut, and counts up to RETRY_AFTER_MAX_MS. A refusal (`code` 400 to 499)
 * starts a minute later in the schedule than a failure: it seldom ends within seconds. */
int64_t retry_delay_ms(int attempts, int code, int64_t retry_after_ms, uint32_t random);

#define RETRY_LIFE_MAX_MS (INT64_C(5) * 24 * 3600 * 1000) /* of any type */

/* After this long a message that was not delivered is dead: a page is of no use a day later. */
int64_t retry_life_ms(enum channel_type type);

#endif
