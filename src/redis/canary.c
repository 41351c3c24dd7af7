#include "redis/canary.h"

#include <assert.h>

#include "base/str.h"
#include "redis/resp.h"

static const char *const step_words[] = {
    [CANARY_SET] = "SET", [CANARY_GET] = "GET", [CANARY_DEL] = "DEL"};
static_assert(ARRAY_LENGTH(step_words) == CANARY_STEP_COUNT, "a word for every step");

int canary_command(const struct canary *c, struct buf *to)
{
    const char *const words[] = {step_words[c->step], c->key, "resus", "EX", CANARY_LIFE_SECONDS};
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

bool canary_take(struct canary *c, const struct redis_reply *reply, int64_t now_us)
{
    if (reply->type == RESP_ERROR) {
        canary_fail(c, reply_classify(reply), reply->text, reply->length);
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
