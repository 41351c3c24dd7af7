/* Values that are refused for what the server holds at that moment: Redis would take them. */
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "procedures/inside.h"

#define CLIENTS_SPARE 16 /* connections: Resus' own, and a person's who looks */

static int64_t at_least_0(int64_t value)
{
    return value < 0 ? 0 : value;
}

/* As Redis reads it: 1k is 1000, 1kb 1024. -1: no size, which Redis refuses. */
static int64_t size_of(const char *value)
{
    static const struct {
        char letter;
        int64_t decimal;
        int shift;
    } units[] = {{'k', 1000, 10}, {'m', 1000 * 1000, 20}, {'g', 1000 * 1000 * 1000, 30}};
    int64_t bytes = 0;
    struct error err = {0};
    if (parse_size(value, &bytes, &err) < 0)
        return -1;
    char last = (char)(value[strlen(value) - 1] | 0x20);
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
        if (units[i].letter == last)
            return (bytes >> units[i].shift) * units[i].decimal;
    return bytes;
}

static bool memory(const char *value, const struct redis_reply *info, char *to, size_t size)
{
    int64_t bytes = size_of(value);
    /* Buffers of replicas and of the append-only file do not count. */
    int64_t used = query_info_number(info, "used_memory") -
                   at_least_0(query_info_number(info, "mem_not_counted_for_evict"));
    if (bytes <= 0 || bytes >= used)
        return false; /* 0 is no limit */
    char policy[32];
    query_info_text(info, "maxmemory_policy", policy, sizeof policy);
    (void)str_format(
        to, size, "Redis uses %" PRId64 " bytes: with less it %s at once (maxmemory-policy %s)",
        used, str_equal(policy, "noeviction") ? "refuses writes" : "removes keys", policy);
    return true;
}

static bool clients(const char *value, const struct redis_reply *info, char *to, size_t size)
{
    int64_t most = 0;
    struct error err = {0};
    int64_t connected = at_least_0(query_info_number(info, "connected_clients")) +
                        at_least_0(query_info_number(info, "connected_slaves"));
    if (parse_int(value, 0, INT64_MAX, &most, &err) < 0 || most >= connected + CLIENTS_SPARE)
        return false;
    (void)str_format(to, size,
                     "%" PRId64 " clients are connected: with less than %" PRId64
                     " Redis may not let Resus in to take it back",
                     connected, connected + CLIENTS_SPARE);
    return true;
}

bool procedure_harms(const char *name, const char *value, const struct redis_reply *info, char *to,
                     size_t size)
{
    return str_equal(name, "maxmemory")    ? memory(value, info, to, size)
           : str_equal(name, "maxclients") ? clients(value, info, to, size)
                                           : false;
}
