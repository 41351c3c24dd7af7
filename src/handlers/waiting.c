#include "handlers/waiting.h"

#include "base/ticket.h"

void list_remove(struct call **list, struct call *call)
{
    for (struct call **p = list; *p != NULL; p = &(*p)->next)
        if (*p == call) {
            *p = call->next;
            call->next = NULL;
            return;
        }
}

static void list_add(struct call **list, struct call *call)
{
    call->next = *list;
    *list = call;
}

uint64_t handlers_wait(struct handlers *h, struct call *call)
{
    call->ask = ticket_pack((struct ticket){.owner = TICKET_HANDLERS, .number = ++h->last_id});
    list_add(&h->waiting, call);
    return call->ask;
}

void handlers_wait_for(struct handlers *h, struct call *call, uint64_t id)
{
    call->ask = id;
    list_add(&h->waiting, call);
}

struct call *handlers_waited(struct handlers *h, uint64_t id)
{
    for (struct call *c = h->waiting; c != NULL; c = c->next)
        if (c->ask == id) {
            list_remove(&h->waiting, c);
            return c;
        }
    return NULL;
}

void handlers_unwait(struct handlers *h, struct call *call)
{
    list_remove(&h->waiting, call);
}

mono_ms handlers_next_waking(const struct handlers *h)
{
    mono_ms at = MONO_NEVER;
    for (const struct call *c = h->sleepers; c != NULL; c = c->next)
        at = mono_min(at, c->deadline);
    return at;
}

void handlers_sleep(struct handlers *h, struct call *call, mono_ms until)
{
    call->deadline = until;
    list_add(&h->sleepers, call);
    h->ports.later(h->ports.context, handlers_next_waking(h));
}

void handlers_follow(struct handlers *h, struct call *call)
{
    int count = 0;
    for (const struct call *c = h->followers; c != NULL; c = c->next)
        count++;
    if (count >= HANDLERS_FOLLOWERS_MAX) {
        handlers_refuse(h, call, 503, "Too many followers",
                        "As many followers of events as can be are there already.", "busy");
        return;
    }
    list_add(&h->followers, call);
}

/* True when it was in the list: it is answered. */
static bool drop_from(struct call **list, struct call *call)
{
    for (const struct call *c = *list; c != NULL; c = c->next)
        if (c == call) {
            list_remove(list, call);
            call->answer(call, 499, NULL);
            return true;
        }
    return false;
}

void handlers_gone(struct handlers *h, struct call *call)
{
    call->gone = true;
    if (!drop_from(&h->followers, call))
        (void)drop_from(&h->sleepers, call);
}
