/* Durations as systemd prints them: "1min 30s", "2.345s", "12ms", "infinity". Foreign bytes. */
#ifndef RESUS_HOST_TIMESPAN_H
#define RESUS_HOST_TIMESPAN_H

#include <stddef.h>
#include <stdint.h>

/* Microseconds; INT64_MAX for "infinity"; FACT_UNKNOWN (-1) for anything else. */
int64_t timespan_us(const char *text, size_t length);

#endif
