/* What happens when: a queue ordered by (time, rank, sequence), so that a seed replays exactly. */
#ifndef RESUS_TESTS_SIM_AGENDA_H
#define RESUS_TESTS_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENDA_MAX 65536

struct sim;
typedef void agenda_act(struct sim *sim, int service, uint64_t id);

/* At the same moment the world moves first, then the daemon's timers run, then its input is read,
 * as libuv does. */
enum agenda_rank { AGENDA_WORLD, AGENDA_TIMER, AGENDA_INPUT };

struct appointment {
    int64_t at;
    enum agenda_rank rank;
    uint64_t sequence;
    agenda_act *act;
    int service;
    uint64_t id;
    uint64_t life; /* of the daemon that it is for; of no meaning for the world */
};

/* The place of an appointment in the heap: what is compared, and where the rest of it is. */
struct agenda_place {
    int64_t at;
    uint64_t order; /* rank, then sequence */
    uint32_t slot;
};

struct agenda {
    size_t count, slots, free_count; /* slots: so many were ever used */
    uint64_t sequence;
    struct agenda_place places[AGENDA_MAX];
    struct appointment items[AGENDA_MAX];
    uint32_t free[AGENDA_MAX];
};

void agenda_clear(struct agenda *a);
void agenda_add(struct agenda *a, struct appointment item);
/* An item that was taken out goes back with its old place in the sequence. */
void agenda_put_back(struct agenda *a, struct appointment item);
bool agenda_take(struct agenda *a, struct appointment *ret);

#endif
