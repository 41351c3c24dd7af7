/* What shapes.c repeats: choices of words, and the end of a list of members. */
#ifndef RESUS_API_SHAPE_WORDS_H
#define RESUS_API_SHAPE_WORDS_H

#include <stddef.h>

#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }
#define STATUS_WORDS "=running|stopped|failed|starting|stopping|unknown"
#define OVERALL_WORDS "=healthy|degraded|critical|unknown"
#define CHECK_WORDS "=pass|warning|fail|unknown"
#define LEVEL_WORDS "=soft|standard|hard|critical"
#define ROLE_WORDS "=viewer|operator|admin"
#define PREFLIGHT_WORDS "=stop|restart|start"
/* Of a running operation, in the order in which it goes through them. */
#define RUNNING_PHASE_WORDS "=checking|saving|writing|running|verifying"
#define CURSOR                                                                                     \
    {                                                                                              \
        "next_cursor", "text?", "Where the list goes on; null at its end."                         \
    }

#endif
