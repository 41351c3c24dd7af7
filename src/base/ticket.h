/* The number of a question that is answered later by the store, the audit log, Redis or a host. It
 * says whose the answer is, so that one callback can hand out the answers of all. 0: no answer is
 * wanted. */
#ifndef RESUS_BASE_TICKET_H
#define RESUS_BASE_TICKET_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum ticket_owner {
    TICKET_ENGINE,
    TICKET_HANDLERS,
    TICKET_ACCOUNTS,
    TICKET_TITLE, /* the world's own, for a question of the engine: where does Redis listen? */
    TICKET_MAINTENANCE, /* the book of maintenance windows: the smoke test's commands */
    TICKET_OWNER_COUNT
};

#define TICKET_NUMBER_BITS 45
#define TICKET_OWNER_BITS 3
#define TICKET_PART_MAX 0x7FFF

static_assert(TICKET_OWNER_COUNT <= 1 << TICKET_OWNER_BITS, "room for every owner");

struct ticket {
    enum ticket_owner owner;
    int part;        /* the owner's own, 0 to TICKET_PART_MAX: a service, a kind of record */
    uint64_t number; /* of TICKET_NUMBER_BITS */
};

static inline uint64_t ticket_pack(struct ticket t)
{
    return (uint64_t)(unsigned)t.part << (TICKET_NUMBER_BITS + TICKET_OWNER_BITS) |
           (uint64_t)t.owner << TICKET_NUMBER_BITS |
           (t.number & ((UINT64_C(1) << TICKET_NUMBER_BITS) - 1));
}

static inline struct ticket ticket_read(uint64_t id)
{
    return (struct ticket){
        .owner = (enum ticket_owner)(id >> TICKET_NUMBER_BITS & ((1U << TICKET_OWNER_BITS) - 1)),
        .part = (int)(id >> (TICKET_NUMBER_BITS + TICKET_OWNER_BITS) & TICKET_PART_MAX),
        .number = id & ((UINT64_C(1) << TICKET_NUMBER_BITS) - 1),
    };
}

static inline bool ticket_is_of(uint64_t id, enum ticket_owner owner)
{
    return id != 0 && ticket_read(id).owner == owner;
}

#endif
