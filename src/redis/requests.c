#include "redis/requests.h"

#include <assert.h>
#include <errno.h>

#include "redis/resp.h"

#define WORDS_MAX 3

/* CONFIG GET takes several names since 7.0 only; one pattern works with every version, is one
 * request with one reply, and reaches the names we read without those that hold secrets
 * (masterauth, requirepass): save, maxclients, maxmemory*, lua-time-limit, busy-reply-threshold. */
#define CONFIG_PATTERN "[smlb][au][vxas][-ecmy]*"

static const char *const words[][WORDS_MAX + 1] = {
    [REDIS_PING] = {"PING"},
    [REDIS_INFO] = {"INFO"},
    [REDIS_CONFIG] = {"CONFIG", "GET", CONFIG_PATTERN},
    [REDIS_SCRIPT_KILL] = {"SCRIPT", "KILL"},
    [REDIS_FUNCTION_KILL] = {"FUNCTION", "KILL"},
    [REDIS_BGSAVE] = {"BGSAVE"},
    [REDIS_SLOWLOG] = {"SLOWLOG", "GET", "128"},
    [REDIS_CLIENT_LIST] = {"CLIENT", "LIST"},
    [REDIS_COMMANDSTATS] = {"INFO", "commandstats"},
    [REDIS_CLUSTER_INFO] = {"CLUSTER", "INFO"},
    [REDIS_LASTSAVE_INFO] = {"INFO", "persistence"},
    [REDIS_SCAN] = {"SCAN"},
    [REDIS_MEMORY_USAGE] = {"MEMORY", "USAGE"},
    [REDIS_TYPE] = {"TYPE"},
    [REDIS_CONFIG_GET] = {"CONFIG", "GET"},
    [REDIS_TIME] = {"TIME"},
    [REDIS_ACL_WHOAMI] = {"ACL", "WHOAMI"},
    [REDIS_ACL_DRYRUN] = {"ACL", "DRYRUN"},
    [REDIS_CANARY] = {"PING"}, /* redis/canary.c has the rest */
    [REDIS_STRANGER_PING] = {"PING"},
    [REDIS_SMOKE] = {NULL},
};
static_assert(ARRAY_LENGTH(words) == REDIS_REQUEST_COUNT, "words for every request");

int request_format(enum redis_request request, const char *const *args, struct buf *to)
{
    const char *all[WORDS_MAX + REDIS_ARGS_MAX];
    size_t count = 0;
    for (; words[request][count] != NULL; count++)
        all[count] = words[request][count];
    for (size_t i = 0; args != NULL && args[i] != NULL; i++) {
        if (i == REDIS_ARGS_MAX)
            return -ENOBUFS;
        all[count++] = args[i];
    }
    return resp_command(to, all, count);
}
