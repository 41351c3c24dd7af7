#include "daemon/ledger.h"

#include <errno.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

static void link_last(struct ledger *l, struct ledger_entry *e)
{
    e->next = NULL;
    if (l->last != NULL)
        l->last->next = e;
    else
        l->first = e;
    l->last = e;
}

static void append(struct ledger *l, const struct ledger_entry *entry)
{
    struct ledger_entry *e = mem_must(mem_calloc(1, sizeof *e));
    *e = *entry;
    link_last(l, e);
}

void ledger_redis(struct ledger *l, uint64_t id, enum redis_request request, mono_ms asked)
{
    append(l, &(struct ledger_entry){.id = id, .request = request, .asked = asked});
}

void ledger_host(struct ledger *l, uint64_t id, enum host_command command, int number,
                 mono_ms asked)
{
    append(l, &(struct ledger_entry){
                  .id = id, .of_host = true, .command = command, .number = number, .asked = asked});
}

bool ledger_settle(struct ledger *l, uint64_t id, struct ledger_entry *ret)
{
    struct ledger_entry *before = NULL;
    for (struct ledger_entry *e = l->first; e != NULL; before = e, e = e->next) {
        if (e->id != id)
            continue;
        if (before != NULL)
            before->next = e->next;
        else
            l->first = e->next;
        if (l->last == e)
            l->last = before;
        *ret = *e;
        ret->next = NULL;
        mem_free(e);
        return true;
    }
    return false;
}

bool ledger_waits(const struct ledger *l, uint64_t id)
{
    const struct ledger_entry *e = l->first;
    while (e != NULL && e->id != id)
        e = e->next;
    return e != NULL;
}

bool ledger_next(struct ledger *l, struct ledger_entry *ret)
{
    return l->first != NULL && ledger_settle(l, l->first->id, ret);
}

struct ledger ledger_take(struct ledger *l, bool of_host)
{
    struct ledger taken = {0};
    struct ledger left = {0};
    for (struct ledger_entry *e = l->first, *next; e != NULL; e = next) {
        next = e->next;
        link_last(e->of_host == of_host ? &taken : &left, e);
    }
    *l = left;
    return taken;
}

void ledger_join(struct ledger *l, struct ledger *more)
{
    for (struct ledger_entry *e = more->first, *next; e != NULL; e = next) {
        next = e->next;
        link_last(l, e);
    }
    *more = (struct ledger){0};
}

/* A command that only reads has no effect that could be unknown. Its loss says nothing of the
 * host, as that of a session would. */
void ledger_give_up(struct ledger *l, struct controller *c)
{
    for (struct ledger_entry *e = l->first; e != NULL; e = e->next) {
        if (!e->of_host)
            continue;
        e->end = c == NULL ? HOST_NOT_REACHED : c->ops->give_up(c, e->id);
        if (c != NULL && !host_command_acts(e->command))
            e->end = HOST_CANCELLED;
    }
}

void ledger_clear(struct ledger *l)
{
    struct ledger_entry e;
    while (ledger_next(l, &e))
        ;
}

void ledger_lost_redis(const struct ledger_entry *e, const char *why, struct redis_answer *ret)
{
    *ret = (struct redis_answer){.id = e->id, .request = e->request};
    facts_info_reset(&ret->info);
    ret->probe.reply = REPLY_NONE;
    ret->probe.asked = e->asked;
    ret->probe.at = clock_mono();
    ret->probe.latency_us = FACT_UNKNOWN;
    (void)str_copy(ret->probe.text, sizeof ret->probe.text, why);
}

void ledger_lost_host(const struct ledger_entry *e, const char *why, struct host_result *ret)
{
    *ret = (struct host_result){
        .end = e->end, .out = "", .err = "", .duration_ms = mono_since(clock_mono(), e->asked)};
    (void)error_set(&ret->error, -ECANCELED, "%s", why);
}
