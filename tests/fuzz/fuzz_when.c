/* The rule of a maintenance window: what is taken is written as the same rule, and its occurrences
 * are within their bounds. */
#include <string.h>

#include "base/mem.h"
#include "core/schedule.h"
#include "support.h"

static void check_text(const struct schedule *s)
{
    char text[SCHEDULE_TEXT_SIZE];
    char again[SCHEDULE_TEXT_SIZE];
    struct schedule other;
    PROMISE(schedule_parse(schedule_text(s, text), &other, NULL) == 0);
    PROMISE(strcmp(schedule_text(&other, again), text) == 0);
    PROMISE(other.minutes == s->minutes && other.kind == s->kind);
}

static void check_occurrences(const struct schedule *s)
{
    static const struct zone_table zone = {3600, 2, {{1774746000, 7200}, {1792890000, 3600}}};
    static const int64_t moments[] = {INT64_C(1774700000000), INT64_C(1792000000000), 0};
    for (size_t i = 0; i < ARRAY_LENGTH(moments); i++) {
        struct schedule_occurrence o[SCHEDULE_OCCURRENCES_MAX];
        size_t count = schedule_occurrences(s, &zone, (wall_ms){moments[i]}, o);
        for (size_t k = 0; k < count; k++) {
            PROMISE(schedule_matches(s, o[k].date));
            PROMISE(o[k].ends.ms > moments[i] && o[k].ends.ms > o[k].starts.ms);
            PROMISE(k == 0 || date_days(o[k].date) > date_days(o[k - 1].date));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = input_text(input_of(data, size));
    struct schedule s;
    struct error err = {0};
    if (schedule_parse(text, &s, &err) == 0) {
        PROMISE(s.start_minute >= 0 && s.start_minute < 24 * 60);
        PROMISE(s.minutes > 0 && s.minutes <= SCHEDULE_MINUTES_MAX);
        check_text(&s);
        check_occurrences(&s);
    } else {
        PROMISE(err.text[0] != '\0');
    }
    mem_free(text);
    return 0;
}
