/* Numbers of a record that another program may have written: what is out of range is taken for 0, so
 * that no later sum of times or counts overflows. */
#ifndef RESUS_ALERTS_RECORD_NUMBER_H
#define RESUS_ALERTS_RECORD_NUMBER_H

#include <jansson.h>

#include "base/json.h"
#include "base/time.h"

#define RECORD_TIME_MAX_MS INT64_C(253402300799999) /* the year 9999 */
#define RECORD_COUNT_MAX 1000000

static inline int64_t record_number(const json_t *o, const char *key, int64_t most)
{
    int64_t value = json_int_or(o, key, 0);
    return value < 0 || value > most ? 0 : value;
}

static inline wall_ms record_time(const json_t *o, const char *key)
{
    return (wall_ms){record_number(o, key, RECORD_TIME_MAX_MS)};
}

#endif
