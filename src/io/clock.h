/* The only place that reads clocks. */
#ifndef RESUS_IO_CLOCK_H
#define RESUS_IO_CLOCK_H

#include "base/time.h"

struct now clock_now(void);
mono_ms clock_mono(void);
wall_ms clock_wall(void);
/* Microseconds of CLOCK_MONOTONIC: for measuring durations below a millisecond. */
int64_t clock_mono_us(void);

#endif
