#include "api/rate.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define WINDOW_MS ((int64_t)RATE_WINDOW_SECONDS * 1000)
#define WHO_SIZE 80    /* "address:" and the longest IPv6 address with its zone */
#define BUCKETS 16384u /* a power of two, twice RATE_ENTRIES_MAX */
#define NONE UINT32_MAX

static_assert((BUCKETS & (BUCKETS - 1)) == 0 && BUCKETS >= RATE_ENTRIES_MAX, "half full at most");

/* One caller of one class. In its bucket's chain, and in one list of all by last use. */
struct entry {
    char who[WHO_SIZE];
    uint32_t class, bucket;
    uint32_t next_in_bucket;
    uint32_t older, newer;
    int used; /* in this window, refused calls not counted */
    mono_ms since;
};

struct rate_limiter {
    int limits[RATE_CLASS_COUNT];
    uint64_t seed;
    uint32_t count, oldest, newest;
    uint32_t buckets[BUCKETS];
    struct entry entries[RATE_ENTRIES_MAX];
};

/* Callers choose their addresses, so where an entry falls must not be known to them: mixed with
 * where this process happens to lie in memory. */
static uint32_t bucket_of(const struct rate_limiter *r, uint32_t class, const char *who)
{
    uint64_t h = r->seed ^ class;
    for (; *who != '\0'; who++) {
        h = (h ^ (unsigned char)*who) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    h *= r->seed | 1;
    return (uint32_t)(h >> 40) & (BUCKETS - 1);
}

/* Limits that no setting changes. */
static void set_fixed(struct rate_limiter *r)
{
    r->limits[RATE_NONE] = 0;
    r->limits[RATE_REFRESH] = OPERATION_REFRESHES_A_MINUTE;
    r->limits[RATE_NOTIFY] = OPERATION_NOTICES_A_MINUTE;
    r->limits[RATE_TASK] = OPERATION_TASKS_A_MINUTE;
    r->limits[RATE_WRITE] = OPERATION_WRITES_A_MINUTE;
}

struct rate_limiter *rate_new(void)
{
    struct rate_limiter *r = mem_calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->seed = (uint64_t)(uintptr_t)r * 0xD6E8FEB86659FD93u ^ (uint64_t)(uintptr_t)&r;
    r->oldest = r->newest = NONE;
    for (size_t i = 0; i < BUCKETS; i++)
        r->buckets[i] = NONE;
    set_fixed(r);
    return r;
}

void rate_free(struct rate_limiter *r)
{
    mem_free(r);
}

void rate_set(struct rate_limiter *r, const int limits[RATE_CLASS_COUNT])
{
    for (int i = 0; i < RATE_CLASS_COUNT; i++)
        r->limits[i] = limits[i];
    set_fixed(r);
}

static void unlink_use(struct rate_limiter *r, const struct entry *e)
{
    if (e->older == NONE)
        r->oldest = e->newer;
    else
        r->entries[e->older].newer = e->newer;
    if (e->newer == NONE)
        r->newest = e->older;
    else
        r->entries[e->newer].older = e->older;
}

static void link_newest(struct rate_limiter *r, uint32_t index)
{
    struct entry *e = &r->entries[index];
    e->older = r->newest;
    e->newer = NONE;
    if (r->newest == NONE)
        r->oldest = index;
    else
        r->entries[r->newest].newer = index;
    r->newest = index;
}

static void unlink_bucket(struct rate_limiter *r, uint32_t index)
{
    uint32_t *at = &r->buckets[r->entries[index].bucket];
    while (*at != index)
        at = &r->entries[*at].next_in_bucket;
    *at = r->entries[index].next_in_bucket;
}

/* A free entry, or that of the caller who was not heard of for longest. */
static uint32_t make_room(struct rate_limiter *r)
{
    if (r->count < RATE_ENTRIES_MAX)
        return r->count++;
    uint32_t index = r->oldest;
    unlink_use(r, &r->entries[index]);
    unlink_bucket(r, index);
    return index;
}

static struct entry *entry_of(struct rate_limiter *r, uint32_t class, const char *who,
                              mono_ms since)
{
    uint32_t bucket = bucket_of(r, class, who);
    uint32_t index = r->buckets[bucket];
    while (index != NONE &&
           (r->entries[index].class != class || !str_equal(r->entries[index].who, who)))
        index = r->entries[index].next_in_bucket;
    if (index != NONE) {
        unlink_use(r, &r->entries[index]);
    } else {
        index = make_room(r);
        struct entry *e = &r->entries[index];
        (void)str_copy(e->who, sizeof e->who, who);
        e->class = class;
        e->used = 0;
        e->since = since;
        e->bucket = bucket;
        e->next_in_bucket = r->buckets[bucket];
        r->buckets[bucket] = index;
    }
    link_newest(r, index);
    return &r->entries[index];
}

void rate_count(struct rate_limiter *r, enum rate_class class, const char *who, struct now now,
                struct rate_answer *ret)
{
    char name[WHO_SIZE];
    *ret = (struct rate_answer){0};
    if (class <= RATE_NONE || class >= RATE_CLASS_COUNT || r->limits[class] <= 0)
        return;
    (void)str_copy(name, sizeof name, who);
    struct entry *e = entry_of(r, (uint32_t) class, name, now.mono);
    if (mono_since(now.mono, e->since) >= WINDOW_MS) {
        e->since = now.mono;
        e->used = 0;
    }
    int64_t left_ms = WINDOW_MS - mono_since(now.mono, e->since);
    ret->limited = true;
    ret->limit = r->limits[class];
    ret->refused = e->used >= ret->limit;
    if (!ret->refused)
        e->used++;
    ret->remaining = e->used >= ret->limit ? 0 : ret->limit - e->used;
    ret->reset = (now.wall.ms + left_ms + 999) / 1000;
    if (ret->refused)
        ret->retry_after_seconds = (int)((left_ms + 999) / 1000);
}
