/* What the store remembers of recoveries before this start of Resus. */
#include "base/str.h"
#include "engine/service.h"

#define DURATION_MAX_S INT64_C(31536000) /* a year */

static enum recovery_level level_of(const char *word)
{
    for (int i = 0; i < (int)RECOVERY_LEVEL_COUNT; i++)
        if (str_equal(recovery_level_word((enum recovery_level)i), word))
            return (enum recovery_level)i;
    return LEVEL_HUMAN;
}

/* One that was interrupted by the end of Resus did not succeed as far as anybody knows. */
static enum recovery_end end_of(const char *word)
{
    for (int i = 0; i < (int)RECOVERY_END_COUNT; i++)
        if (str_equal(recovery_end_word((enum recovery_end)i), word))
            return (enum recovery_end)i;
    return END_FAILED;
}

/* A damaged row may hold any number: none of them may be carried past what a time can be. */
static wall_ms ended_at(const struct recovery_record *r)
{
    double seconds = r->duration_seconds > 0 ? r->duration_seconds : 0;
    bool sound = seconds < (double)DURATION_MAX_S && r->started_at.ms >= 0 &&
                 r->started_at.ms < INT64_MAX - DURATION_MAX_S * 1000;
    return sound ? wall_add(r->started_at, (int64_t)(seconds * 1000.0)) : (wall_ms){0};
}

void engine_recall(struct engine *e, int service, const struct recovery_record *newest_first,
                   size_t count)
{
    struct service *s = &e->services[service];
    if (count > ENGINE_RECALL_MAX)
        count = ENGINE_RECALL_MAX;
    for (size_t i = 0; i < count; i++)
        s->recovering.times[i] = ended_at(&newest_first[i]);
    if (count == 0)
        return;
    s->recovering.last.any = true;
    s->recovering.last.at = ended_at(&newest_first[0]);
    s->recovering.last.duration_seconds = newest_first[0].duration_seconds;
    s->recovering.last.level = level_of(newest_first[0].level);
    s->recovering.last.end = end_of(newest_first[0].result);
    s->recovering.last.attempts = newest_first[0].attempts;
}
