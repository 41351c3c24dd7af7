/* A fingerprint of a service's settings, so that engines with different files find out. Files of this
 * machine (keys, passwords) differ on purpose, and are left out. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "fleet/inside.h"
#include "settings/keys.h"

#define FNV_START UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static uint64_t add(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ p[i]) * FNV_PRIME;
    return (hash ^ length) * FNV_PRIME;
}

static bool is_text(enum key_type type)
{
    switch (type) {
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_WORD:
    case KEY_PROGRAM:
    case KEY_UNIT:
    case KEY_USER:
    case KEY_HOST:
    case KEY_LISTEN:
    case KEY_URL:
        return true;
    default:
        return false;
    }
}

static bool is_number(enum key_type type)
{
    switch (type) {
    case KEY_INT:
    case KEY_INT_OR_0:
    case KEY_REAL:
    case KEY_SECONDS:
    case KEY_MINUTES:
    case KEY_MEGABYTES:
    case KEY_SIZE:
    case KEY_BOOL:
    case KEY_CHOICE:
    case KEY_SPAN:
        return true;
    default:
        return false;
    }
}

static uint64_t add_rows(uint64_t hash, enum base base, const void *of)
{
    for (size_t i = 0; i < key_count; i++) {
        const struct key *row = &keys[i];
        const char *value = (const char *)of + row->offset;
        if (row->base != base || row->same_as != NULL)
            continue;
        if (is_text(row->type)) {
            hash = add(hash, row->name, strlen(row->name));
            hash = add(hash, value, strnlen(value, row->size));
        } else if (is_number(row->type)) {
            hash = add(hash, row->name, strlen(row->name));
            hash = add(hash, value, row->size);
        }
    }
    return hash;
}

static uint64_t hash_of(const struct service_settings *s)
{
    uint64_t hash = add(FNV_START, s->id, strlen(s->id));
    hash = add(hash, s->redis.host, strlen(s->redis.host));
    hash = add(hash, s->redis.socket, strlen(s->redis.socket));
    hash = add(hash, &s->redis.port, sizeof s->redis.port);
    hash = add_rows(hash, BASE_SERVICE, s);
    hash = add_rows(hash, BASE_WATCH, &s->watch);
    return add_rows(hash, BASE_RECOVERY, &s->recovery);
}

void fleet_config_of(const struct service_settings *service, char ret[CONFIG_SIZE])
{
    (void)str_format(ret, CONFIG_SIZE, "%016" PRIx64, hash_of(service));
}

void fleet_config_all(struct fleet *f)
{
    uint64_t all = 0; /* whatever their order in the file */
    for (int i = 0; i < f->count; i++) {
        all ^= hash_of(&f->settings->services[i]);
        fleet_config_of(&f->settings->services[i], f->entries[i].own_config);
    }
    (void)str_format(f->config, CONFIG_SIZE, "%016" PRIx64, all);
}
