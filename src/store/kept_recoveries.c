#include "store/kept_recoveries.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

static struct kept_recovery **find(struct kept_recoveries *k, const struct recovery_record *record)
{
    struct kept_recovery **at = &k->first;
    while (*at != NULL && !(str_equal((*at)->record.service, record->service) &&
                            str_equal((*at)->record.id, record->id)))
        at = &(*at)->next;
    return at;
}

static void drop(struct kept_recoveries *k, struct kept_recovery **at)
{
    struct kept_recovery *gone = *at;
    *at = gone->next;
    k->count--;
    k->changes++;
    mem_free(gone->record.evidence);
    mem_free(gone);
}

/* Behind those with a lower serial. */
static void insert(struct kept_recoveries *k, struct kept_recovery *one)
{
    struct kept_recovery **at = &k->first;
    while (*at != NULL && (*at)->serial < one->serial)
        at = &(*at)->next;
    one->next = *at;
    *at = one;
    k->count++;
    k->changes++;
    if (k->count <= STORE_RECOVERIES_KEPT_MAX)
        return;
    log_warning("store",
                "recovery %s of %s is lost to the history: the disk refuses writes and %d "
                "recoveries wait already",
                k->first->record.id, k->first->record.service, STORE_RECOVERIES_KEPT_MAX);
    drop(k, &k->first);
}

void kept_recoveries_keep(struct kept_recoveries *k, const struct recovery_record *record,
                          uint64_t serial)
{
    struct kept_recovery **before = find(k, record);
    if (*before != NULL && (*before)->serial > serial)
        return;
    struct kept_recovery *one = mem_calloc(1, sizeof *one);
    if (one == NULL)
        return;
    one->serial = serial;
    one->record = *record;
    /* A record without evidence leaves the evidence of the one before: so does the database. */
    const char *evidence = record->evidence;
    if (evidence == NULL && *before != NULL)
        evidence = (*before)->record.evidence;
    one->record.evidence = evidence == NULL ? NULL : mem_strndup(evidence, STORE_BODY_MAX);
    if (*before != NULL)
        drop(k, before);
    insert(k, one);
}

void kept_recoveries_done(struct kept_recoveries *k, const struct recovery_record *record,
                          uint64_t serial)
{
    struct kept_recovery **at = find(k, record);
    if (*at != NULL && (*at)->serial < serial)
        drop(k, at);
}

void kept_recoveries_merge(struct kept_recoveries *k, struct kept_recoveries *other)
{
    while (other->first != NULL) {
        struct kept_recovery *one = other->first;
        other->first = one->next;
        other->count--;
        struct kept_recovery **mine = find(k, &one->record);
        if (*mine == NULL) {
            insert(k, one);
            continue;
        }
        mem_free(one->record.evidence); /* kept meanwhile, so newer */
        mem_free(one);
    }
}

void kept_recoveries_copy(const struct kept_recoveries *k, struct kept_recoveries *ret)
{
    *ret = (struct kept_recoveries){0};
    for (const struct kept_recovery *one = k->first; one != NULL; one = one->next)
        kept_recoveries_keep(ret, &one->record, one->serial);
}

void kept_recoveries_free(struct kept_recoveries *k)
{
    while (k->first != NULL)
        drop(k, &k->first);
}
