#include "report/recovery_evidence.h"

#include "api/frame.h"
#include "base/json.h"

#define EVIDENCE_BYTES_MAX (FRAME_MAX / 3) /* of one answer; in JSON a byte may take more */

void recovery_evidence_cut(json_t *rows, enum access access)
{
    size_t budget = access == ACCESS_ADMIN ? EVIDENCE_BYTES_MAX : 0;
    size_t i, k;
    json_t *row, *text;
    json_array_foreach(rows, i, row) {
        size_t bytes = 0;
        json_array_foreach(json_object_get(row, "evidence"), k, text) {
            bytes += json_string_length(text);
        }
        if (bytes > budget)
            (void)json_put_null(row, "evidence");
        budget -= bytes > budget ? budget : bytes;
    }
}
