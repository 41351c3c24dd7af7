/* Any line of any log. */
#include <stddef.h>
#include <stdint.h>

#include "redis/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)log_class_weight(log_classify((const char *)data, size));
    return 0;
}
