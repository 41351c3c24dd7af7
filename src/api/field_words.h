/* What operations.c repeats: fields with their types and bounds, and the end of a list of them. */
#ifndef RESUS_API_FIELD_WORDS_H
#define RESUS_API_FIELD_WORDS_H

#include <stddef.h>

#include "api/operations.h"

#define TEXT(name_, low, high)                                                                     \
    {                                                                                              \
        .name = (name_), .type = FIELD_TEXT, .min = (low), .max = (high)                           \
    }
#define INT(name_, low, high)                                                                      \
    {                                                                                              \
        .name = (name_), .type = FIELD_INT, .min = (low), .max = (high)                            \
    }
#define REAL(name_, low, high)                                                                     \
    {                                                                                              \
        .name = (name_), .type = FIELD_REAL, .min = (low), .max = (high)                           \
    }
#define BOOL(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .type = FIELD_BOOL                                                        \
    }
#define TIME(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .type = FIELD_TIME                                                        \
    }
#define CHOICE(name_, words)                                                                       \
    {                                                                                              \
        .name = (name_), .type = FIELD_CHOICE, .choices = (words)                                  \
    }
#define REQUIRED_CHOICE(name_, words)                                                              \
    {                                                                                              \
        .name = (name_), .type = FIELD_CHOICE, .required = true, .choices = (words)                \
    }
#define SECRET(name_)                                                                              \
    {                                                                                              \
        .name = (name_), .type = FIELD_SECRET, .required = true, .min = 1,                         \
        .max = OPERATION_SECRET_MAX                                                                \
    }
#define EMAIL                                                                                      \
    {                                                                                              \
        .name = "email", .type = FIELD_TEXT, .required = true, .min = 1, .max = 254                \
    }
/* The number in a path: /api/users/{n} */
#define NUMBER                                                                                     \
    {                                                                                              \
        .name = "n", .type = FIELD_INT, .required = true, .min = 1, .max = INT64_MAX               \
    }
#define REASON TEXT("reason", 0, OPERATION_REASON_MAX)
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#endif
