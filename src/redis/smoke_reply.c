#include "redis/smoke_reply.h"

#include <string.h>

static bool right(const struct smoke *s, const struct redis_reply *reply)
{
    switch (s->step) {
    case SMOKE_SET:
        return reply->type == RESP_STATUS; /* a key that is there already: RESP_NULL */
    case SMOKE_GET:
        return reply->type == RESP_BULK && reply->length == strlen(s->value) &&
               memcmp(reply->text, s->value, reply->length) == 0;
    case SMOKE_DEL:
        return reply->type == RESP_INTEGER && reply->integer == 1;
    default:
        return false;
    }
}

enum smoke_answer smoke_reply(const struct smoke *smoke, const struct redis_reply *reply)
{
    if (reply == NULL)
        return SMOKE_NONE;
    if (reply->type == RESP_ERROR)
        return reply_classify(reply) == REPLY_READONLY ? SMOKE_READONLY : SMOKE_ERROR;
    return right(smoke, reply) ? SMOKE_RIGHT : SMOKE_WRONG;
}
