#include "core/retry.h"

#include <assert.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* Answers from `low` to `high`; the first row that holds a code counts. */
struct answer {
    int low, high;
    enum retry_class class;
};

#define ANSWERS_MAX 8

/* A redirect is not followed and stays worth another attempt: the login page of a network, or
 * maintenance, ends. 408 and 429 are about the moment and 407 about a proxy, none of them about the
 * message. What broke in the receiver or behind a gateway (500 to 502, 504) may have been broken after
 * the message was taken: 503 says that it was not. */
static const struct answer answers[CHANNEL_TYPE_COUNT][ANSWERS_MAX] = {
    [CHANNEL_SMTP] =
        {
            {200, 299, RETRY_DELIVERED},
            {400, 499, RETRY_LATER},
            {500, 599, RETRY_FINAL},
        },
    [CHANNEL_SLACK] =
        {
            {200, 200, RETRY_DELIVERED},
            {407, 408, RETRY_LATER},
            {429, 429, RETRY_LATER},
            {500, 502, RETRY_UNKNOWN},
            {504, 504, RETRY_UNKNOWN},
            {400, 499, RETRY_FINAL},
        },
    /* A flow answers before it posts, and may fail after that. */
    [CHANNEL_TEAMS] =
        {
            {200, 200, RETRY_ACCEPTED},
            {202, 202, RETRY_ACCEPTED},
            {407, 408, RETRY_LATER},
            {429, 429, RETRY_LATER},
            {500, 502, RETRY_UNKNOWN},
            {504, 504, RETRY_UNKNOWN},
            {400, 499, RETRY_FINAL},
        },
    [CHANNEL_PAGERDUTY] =
        {
            {202, 202, RETRY_DELIVERED},
            {407, 408, RETRY_LATER},
            {429, 429, RETRY_LATER},
            {500, 502, RETRY_UNKNOWN},
            {504, 504, RETRY_UNKNOWN},
            {400, 499, RETRY_FINAL},
        },
    /* Standard Webhooks: only 410 says that the address is given up. */
    [CHANNEL_WEBHOOK] =
        {
            {200, 299, RETRY_DELIVERED},
            {500, 502, RETRY_UNKNOWN},
            {504, 504, RETRY_UNKNOWN},
            {410, 410, RETRY_FINAL},
        },
    [CHANNEL_ALERTMANAGER] =
        {
            {200, 200, RETRY_DELIVERED},
            {400, 400, RETRY_FINAL},
        },
    [CHANNEL_HEARTBEAT] =
        {
            {200, 299, RETRY_DELIVERED},
            {404, 404, RETRY_FINAL}, /* the check is not there */
            {410, 410, RETRY_FINAL},
        },
};
static_assert(CHANNEL_TYPE_COUNT == 7, "a row for every type");

const char *const channel_words[] = {
    [CHANNEL_SMTP] = "smtp",       [CHANNEL_SLACK] = "slack",
    [CHANNEL_TEAMS] = "teams",     [CHANNEL_PAGERDUTY] = "pagerduty",
    [CHANNEL_WEBHOOK] = "webhook", [CHANNEL_ALERTMANAGER] = "alertmanager",
    [CHANNEL_HEARTBEAT] = NULL,
};
static_assert(CHANNEL_HEARTBEAT == CHANNEL_TYPE_COUNT - 1, "the list ends with it");

const char *channel_type_word(enum channel_type type)
{
    assert(type < CHANNEL_TYPE_COUNT);
    return type == CHANNEL_HEARTBEAT ? "heartbeat" : channel_words[type];
}

const char *retry_class_word(enum retry_class class)
{
    static const char *const words[] = {
        [RETRY_DELIVERED] = "delivered", [RETRY_ACCEPTED] = "accepted", [RETRY_LATER] = "later",
        [RETRY_FINAL] = "final",         [RETRY_UNKNOWN] = "unknown",
    };
    static_assert(ARRAY_LENGTH(words) == RETRY_CLASS_COUNT, "a word for every class");
    return words[class];
}

static enum retry_class class_of_code(enum channel_type type, int code)
{
    for (int i = 0; i < ANSWERS_MAX && answers[type][i].high != 0; i++)
        if (code >= answers[type][i].low && code <= answers[type][i].high)
            return answers[type][i].class;
    return RETRY_LATER;
}

enum retry_class retry_classify(enum channel_type type, enum retry_end end, int code)
{
    switch (end) {
    case RETRY_ANSWERED:
        return class_of_code(type, code);
    case RETRY_NO_ANSWER:
        return RETRY_UNKNOWN;
    default:
        return RETRY_LATER;
    }
}

bool retry_again(enum retry_class class)
{
    return class == RETRY_LATER || class == RETRY_UNKNOWN;
}

/* The first steps bridge a restart of the receiver, the last ones an outage. */
static const int64_t delays_ms[] = {
    5 * SECOND_MS, 15 * SECOND_MS, 1 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS,
};
#define REFUSED_STEP 2 /* where the schedule starts after a refusal: at a minute */

static int64_t scheduled_ms(int attempts, int code)
{
    int last = (int)ARRAY_LENGTH(delays_ms) - 1;
    int step = (attempts < 1      ? 0
                : attempts > last ? last
                                  : attempts - 1) +
               (code >= 400 && code <= 499 ? REFUSED_STEP : 0);
    return delays_ms[step > last ? last : step];
}

/* `range` thousandths of `ms` at most, by the random number. */
static int64_t share_ms(int64_t ms, uint32_t random, int64_t range)
{
    return ms * (random % (range + 1)) / 1000;
}

int64_t retry_delay_ms(int attempts, int code, int64_t retry_after_ms, uint32_t random)
{
    const int64_t spread = RETRY_JITTER_PERCENT * 10; /* thousandths */
    if (retry_after_ms < 0) {
        int64_t ms = scheduled_ms(attempts, code);
        return ms - ms * spread / 1000 + share_ms(ms, random, 2 * spread);
    }
    int64_t ms = retry_after_ms < delays_ms[0] ? delays_ms[0] : retry_after_ms;
    if (ms >= RETRY_AFTER_MAX_MS)
        return RETRY_AFTER_MAX_MS;
    ms += share_ms(ms, random, spread);
    return ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : ms;
}

int64_t retry_life_ms(enum channel_type type)
{
    switch (type) {
    case CHANNEL_PAGERDUTY:
        return DAY_MS;
    case CHANNEL_SLACK:
    case CHANNEL_TEAMS:
        return 3 * DAY_MS;
    case CHANNEL_ALERTMANAGER: /* these send what is so now, and nothing of before */
    case CHANNEL_HEARTBEAT:
        return 0;
    default:
        return RETRY_LIFE_MAX_MS;
    }
}
