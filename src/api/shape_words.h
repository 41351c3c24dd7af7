/* Words that many shapes share (api/shapes.c). */
#ifndef RESUS_API_SHAPE_WORDS_H
#define RESUS_API_SHAPE_WORDS_H

#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }
#define STATUS_WORDS "=running|stopped|failed|starting|stopping|unknown"
#define OVERALL_WORDS "=healthy|degraded|critical|unknown"
#define CHECK_WORDS "=pass|warning|fail|unknown"
#define LEVEL_WORDS "=soft|standard|hard|critical"
#define ROLE_WORDS "=viewer|operator|admin"
#define CURSOR                                                                                     \
    {                                                                                              \
        "next_cursor", "text?", "Where the list goes on; null at its end."                         \
    }

#endif
