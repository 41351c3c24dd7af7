/* CLIENT LIST from a hostile server, or with hostile clients on it. */
#include <stddef.h>
#include <stdint.h>

#include "redis/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_entry entries[8];
    (void)clients_parse((const char *)data, size, entries, 8);
    return 0;
}
