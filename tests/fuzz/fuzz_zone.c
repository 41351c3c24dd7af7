/* Hostile bytes as a zone file. */
#include <stdlib.h>

#include "io/zone.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, 1760106600000, 4102444800000, INT64_MAX};
    struct zone *z = NULL;
    if (zone_parse(data, size, &z) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
        if (abs(zone_offset_s(z, (wall_ms){times[i]})) > 28 * 3600)
            abort();
    zone_free(z);
    return 0;
}
