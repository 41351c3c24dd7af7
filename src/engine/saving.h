/* A background save that was begun, and whose end is awaited. */
#ifndef RESUS_ENGINE_SAVING_H
#define RESUS_ENGINE_SAVING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "engine/port.h"
#include "engine/request.h"

struct service;

enum save_end { SAVING_RUNS, SAVING_DONE, SAVING_FAILED };

struct saving {
    mono_ms due; /* when its end is asked for again */
    enum part_id part;
    int purpose;
    uint64_t belongs_to;
};

int saving_init(struct service *s, struct now now);
bool saving_begun(const struct redis_answer *a);          /* the reply to BGSAVE */
enum save_end saving_of(const struct redis_answer *info); /* one that does not say: it runs */
/* Asks now, for a part that gets the answer as of a request of its own; later, when the answer was "it runs". */
void saving_follow(struct service *s, enum part_id part, int purpose, uint64_t belongs_to,
                   struct now now);
void saving_follow_on(struct service *s, struct now now);
bool saving_turn(struct service *s, struct now now);
mono_ms saving_next(const struct service *s);

#endif
