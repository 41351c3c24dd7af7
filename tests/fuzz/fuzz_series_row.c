/* Rows of series.db as bytes: what is taken can be packed and read again as the same, added up with
 * itself, and asked about. */
#include <string.h>

#include "store/series.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct series_row row = {0}, again = {0};
    unsigned char packed[SERIES_ROW_MAX];
    if (!series_row_unpack(data, size, &row))
        return 0;
    size_t length = series_row_pack(&row, packed);
    PROMISE(length > 0 && length <= sizeof packed);
    PROMISE(series_row_unpack(packed, length, &again) && memcmp(&row, &again, sizeof row) == 0);
    series_row_add(&again, &row);
    for (int i = 0; i < SERIES_COUNT; i++) {
        const struct series_cell *c = &again.cells[i];
        PROMISE(c->count >= 0 && c->min <= c->max && c->min >= 0);
        PROMISE(c->count >= row.cells[i].count && c->sum >= row.cells[i].sum);
    }
    return 0;
}
