#include "engine/orders.h"

#include "base/json.h"
#include "engine/service.h"
#include "engine/state.h"

enum { STORED };   /* what its requests are for */
#define AN_ORDER 1 /* no look: the request is not given up for another one */

#define ORDER_LIMIT_MS 5000 /* a store that does not answer is as good as one that cannot write */

static void answer(struct order *order, enum store_outcome outcome, const char *why, struct now now)
{
    struct order ended = *order;
    *order = (struct order){0};
    json_t *body = NULL;
    bool away = outcome == STORE_AWAY;
    if (outcome != STORE_DURABLE) {
        body = json_object();
        (void)json_put_text(body, "error", away ? "etcd does not answer" : "Not stored");
        (void)json_put_text(body, "message", why);
        (void)json_put_text(body, "code", away ? "store_away" : "not_stored");
        (void)json_put_wall(body, "timestamp", now.wall);
    }
    ended.answer(ended.context, outcome == STORE_DURABLE ? 200 : 503, body);
}

bool orders_save(struct service *s, const struct engine_order *order, struct now now)
{
    struct order *room = NULL;
    for (int i = 0; i < ORDERS_MAX; i++)
        if (s->orders[i].answer == NULL)
            room = &s->orders[i];
    bool waits = order != NULL && room != NULL;
    if (waits)
        *room =
            (struct order){.id = request_begin_action(s, PART_ORDERS, STORED, now.mono, AN_ORDER),
                           .answer = order->answer,
                           .context = order->context,
                           .deadline = mono_add(now.mono, ORDER_LIMIT_MS)};
    state_store(s, waits ? room->id : 0, STORE_FULL);
    return waits || order == NULL;
}

void orders_refuse(const struct engine_order *order, struct now now)
{
    struct order refused = {.answer = order->answer, .context = order->context};
    answer(&refused, STORE_FAILED,
           "It holds until Resus ends. Whether it is stored is not known: too many orders wait "
           "for the disk of the state folder.",
           now);
}

bool orders_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                     struct now now)
{
    for (int i = 0; i < ORDERS_MAX; i++) {
        if (s->orders[i].answer == NULL || s->orders[i].id != p->id)
            continue;
        answer(
            &s->orders[i], a->stored,
            a->stored == STORE_AWAY
                ? "It holds on this engine until Resus ends, but the other engines of the fleet "
                  "do not know it: etcd did not confirm it. Storing it is tried again until that "
                  "works. See resus doctor."
            : a->stored == STORE_FULL_DISK
                ? "It holds until Resus ends, but is not stored: the disk of the state folder "
                  "is full. Storing it is tried again until that works. Free the disk."
                : "It holds until Resus ends, but is not stored: the state folder cannot be "
                  "written. Storing it is tried again until that works. See resus doctor.",
            now);
        break;
    }
    return false;
}

bool orders_turn(struct service *s, struct now now)
{
    for (int i = 0; i < ORDERS_MAX; i++)
        if (s->orders[i].answer != NULL && mono_reached(now.mono, s->orders[i].deadline))
            answer(&s->orders[i], STORE_FAILED,
                   "It holds until Resus ends, but is not stored yet: the disk of the state folder "
                   "does not answer. See resus doctor.",
                   now);
    return false;
}

mono_ms orders_next(const struct service *s)
{
    mono_ms next = MONO_NEVER;
    for (int i = 0; i < ORDERS_MAX; i++)
        if (s->orders[i].answer != NULL)
            next = mono_min(next, s->orders[i].deadline);
    return next;
}

void orders_forsake(struct service *s)
{
    for (int i = 0; i < ORDERS_MAX; i++) {
        struct order ended = s->orders[i];
        s->orders[i] = (struct order){0};
        if (ended.answer != NULL)
            ended.answer(ended.context, 503, NULL);
    }
}
