/* What a walk over the key space has seen: the largest keys, and how much of it was measured. */
#ifndef RESUS_REPORT_BIGKEYS_H
#define RESUS_REPORT_BIGKEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "redis/reply.h"

#define BIGKEYS_SHOWN 20
#define BIGKEYS_PER_SCAN 256 /* keys of one SCAN reply that are measured: COUNT is only a hint */
#define BIGKEYS_KEY_MAX 256  /* longer names are passed over */

struct bigkeys {
    char cursor[32];
    char keys[BIGKEYS_PER_SCAN][BIGKEYS_KEY_MAX];
    size_t count, next;
    int64_t measured, passed_over;
    mono_ms until;
    struct {
        char key[BIGKEYS_KEY_MAX];
        int64_t bytes;
    } top[BIGKEYS_SHOWN];
    size_t shown;
};

/* False: it is no reply of SCAN. */
bool bigkeys_take_scan(struct bigkeys *b, const struct redis_reply *reply);
/* The reply of MEMORY USAGE for the next key; NULL: none. */
void bigkeys_take_size(struct bigkeys *b, const struct redis_reply *reply);
json_t *bigkeys_json(const struct bigkeys *b, bool complete);

#endif
