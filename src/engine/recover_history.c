/* The entries of recoveries in the history. */
#include <stdlib.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"

void recover_save_history(struct service *s, const char *result, double duration, int attempts)
{
    char *evidence = json_array_size(s->recovering.evidence) > 0
                         ? json_dumps(s->recovering.evidence, JSON_COMPACT)
                         : NULL;
    struct recovery_record record = {.started_at = s->recovering.began,
                                     .duration_seconds = duration,
                                     .attempts = attempts,
                                     .evidence = evidence};
    (void)str_copy(record.service, sizeof record.service, s->settings->id);
    (void)str_copy(record.id, sizeof record.id, s->recovering.id);
    (void)str_copy(record.cause, sizeof record.cause, cause_row(s->recovering.cause)->code);
    (void)str_copy(record.level, sizeof record.level, recovery_level_word(s->recovery.level));
    (void)str_copy(record.result, sizeof record.result, result);
    (void)str_format(record.message, sizeof record.message, "%s%s%s",
                     s->recovering.first_start ? "Resus had not started it yet."
                                               : s->recovering.words,
                     s->recovering.stop_loss[0] != '\0' ? " " : "", s->recovering.stop_loss);
    s->engine->ports.record(s->engine->ports.context, &record);
    free(evidence);
}
