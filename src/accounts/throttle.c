#include "accounts/throttle.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_WAIT_MS 1000
#define DOUBLINGS_MAX 20

struct entry {
    uint64_t key; /* 0 = free */
    int failures;
    mono_ms last;
};

struct throttle {
    uint8_t secret[crypto_shorthash_KEYBYTES]; /* so that nobody can choose keys that collide */
    struct entry entries[THROTTLE_KEYS_MAX];
};

int throttle_new(struct throttle **ret, struct error *err)
{
    struct throttle *t = mem_calloc(1, sizeof *t);
    if (t == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    randombytes_buf(t->secret, sizeof t->secret);
    *ret = t;
    return 0;
}

void throttle_free(struct throttle *t)
{
    mem_free(t);
}

static uint64_t hash(const struct throttle *t, const char *key)
{
    uint64_t value;
    static_assert(sizeof value == crypto_shorthash_BYTES, "a hash is 64 bits");
    (void)crypto_shorthash((uint8_t *)&value, (const uint8_t *)key, strlen(key), t->secret);
    return value == 0 ? 1 : value;
}

static const struct entry *find(const struct throttle *t, const char *key)
{
    uint64_t wanted = hash(t, key);
    for (size_t i = 0; i < THROTTLE_KEYS_MAX; i++)
        if (t->entries[i].key == wanted)
            return &t->entries[i];
    return NULL;
}

static bool forgotten(const struct entry *e, mono_ms now)
{
    return mono_since(now, e->last) >= THROTTLE_FORGET_SECONDS * INT64_C(1000);
}

int64_t throttle_wait_ms(const struct throttle *t, const char *key,
                         const struct throttle_rule *rule, mono_ms now)
{
    const struct entry *e = find(t, key);
    if (e == NULL || forgotten(e, now) || e->failures < rule->free)
        return 0;
    int doublings = e->failures - rule->free;
    int64_t wait = (int64_t)FIRST_WAIT_MS
                   << (doublings > DOUBLINGS_MAX ? DOUBLINGS_MAX : doublings);
    if (wait > rule->longest_ms)
        wait = rule->longest_ms;
    int64_t left = wait - mono_since(now, e->last);
    return left > 0 ? left : 0;
}

int throttle_failed(struct throttle *t, const char *key, mono_ms now)
{
    uint64_t wanted = hash(t, key);
    struct entry *e = NULL;
    for (size_t i = 0; i < THROTTLE_KEYS_MAX; i++) {
        struct entry *other = &t->entries[i];
        if (other->key == wanted) {
            e = other;
            break;
        }
        if (e == NULL || (e->key != 0 && (other->key == 0 || other->last.ms < e->last.ms)))
            e = other;
    }
    if (e->key != wanted || forgotten(e, now))
        *e = (struct entry){.key = wanted};
    e->last = now;
    return ++e->failures;
}

void throttle_forget(struct throttle *t, const char *key)
{
    uint64_t wanted = hash(t, key);
    for (size_t i = 0; i < THROTTLE_KEYS_MAX; i++)
        if (t->entries[i].key == wanted)
            t->entries[i] = (struct entry){0};
}
