/* Hostile bytes as a zone file. */
#include <stdlib.h>

#include "io/zone.h"

#define YEAR_MS (INT64_C(366) * 86400000)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, 1760106600000, 4102444800000, INT64_MAX};
    struct zone *z = NULL;
    if (zone_parse(data, size, &z) < 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        wall_ms from = {times[i]};
        wall_ms until = {times[i] < INT64_MAX / 2 ? times[i] + YEAR_MS : times[i]};
        struct zone_table table;
        if (abs(zone_offset_s(z, from)) > 28 * 3600)
            abort();
        if (zone_changes(z, from, until, &table) < 0)
            continue;
        for (size_t k = 0; k < table.count; k++) {
            wall_ms at = {table.changes[k].at_s * 1000};
            if (at.ms <= from.ms || at.ms > until.ms ||
                zone_offset_s(z, at) != table.changes[k].offset_s ||
                zone_offset_s(z, at) == zone_table_offset_s(&table, table.changes[k].at_s - 1))
                abort();
        }
    }
    zone_free(z);
    return 0;
}
