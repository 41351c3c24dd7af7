#include "redis/canary.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "redis/resp.h"

#define VALUE "resus"

static const char *const step_words[] = {
    [CANARY_SET] = "SET", [CANARY_GET] = "GET", [CANARY_DEL] = "DEL"};
static_assert(ARRAY_LENGTH(step_words) == CANARY_STEP_COUNT, "a word for every step");

int canary_command(const struct canary *c, struct buf *to)
{
    const char *const words[] = {step_words[c->step], c->key, VALUE, "EX", CANARY_LIFE_SECONDS};
    return resp_command(to, words, c->step == CANARY_SET ? ARRAY_LENGTH(words) : 2);
}

void canary_begin(struct canary *c, int64_t now_us)
{
    c->under_way = true;
    c->step = CANARY_SET;
    c->began_us = now_us;
    c->facts.tried = true;
    c->facts.reply = REPLY_NONE;
    c->facts.latency_us = FACT_UNKNOWN;
}

void canary_fail(struct canary *c, enum reply_class why, const char *text, size_t length)
{
    c->under_way = false;
    c->facts.reply = why;
    (void)str_copy(c->facts.step, sizeof c->facts.step, step_words[c->step]);
    (void)str_copy_clean(c->facts.text, sizeof c->facts.text, text, length);
}

/* Redis may well accept a write and keep nothing: one that evicts does. */
static const char *refuted(const struct canary *c, const struct redis_reply *reply)
{
    bool value = reply->type == RESP_BULK && reply->length == sizeof VALUE - 1 &&
                 memcmp(reply->text, VALUE, sizeof VALUE - 1) == 0;
    switch (c->step) {
    case CANARY_SET:
        return reply->type == RESP_STATUS ? NULL : "the answer is not OK";
    case CANARY_GET:
        return value ? NULL
               : reply->type == RESP_BULK
                   ? "another value was read than was written"
                   : "the key that was just written is gone: evicted, or deleted by another client";
    default:
        return reply->type == RESP_INTEGER ? NULL : "the answer is no number";
    }
}

bool canary_take(struct canary *c, const struct redis_reply *reply, int64_t now_us)
{
    if (reply->type == RESP_ERROR) {
        canary_fail(c, reply_classify(reply), reply->text, reply->length);
        return false;
    }
    const char *wrong = refuted(c, reply);
    if (wrong != NULL) {
        canary_fail(c, REPLY_OTHER, wrong, strlen(wrong));
        return false;
    }
    if (c->step + 1 < CANARY_STEP_COUNT) {
        c->step++;
        return true;
    }
    c->under_way = false;
    c->facts.reply = REPLY_PONG;
    c->facts.latency_us = now_us - c->began_us;
    return false;
}
