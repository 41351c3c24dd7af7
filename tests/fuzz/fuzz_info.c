/* INFO from a hostile server. */
#include <stddef.h>
#include <stdint.h>

#include "redis/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct info_facts info;
    struct command_stat stats[8];
    facts_info_reset(&info);
    info_parse((const char *)data, size, &info);
    (void)commandstats_parse((const char *)data, size, stats, 8);
    return 0;
}
