/* The body of an answer that says what went wrong, in one form for every answer of the API. New
 * references. */
#ifndef RESUS_API_ERROR_BODY_H
#define RESUS_API_ERROR_BODY_H

#include <jansson.h>

#include "api/operations.h"
#include "api/rate.h"
#include "base/time.h"

/* {"error", "message", "code", "timestamp"}: a short title, a sentence for people, a word for
 * programs. */
json_t *error_body(const char *title, const char *message, const char *code, wall_ms now);

struct role_refusal {
    const char *title, *message, *code;
    enum access least, has;
};
/* With "required_roles" and "user_role". */
json_t *error_body_role(const struct role_refusal *refusal, wall_ms now);
/* 429, with when to try again. */
json_t *error_body_rate(const struct rate_answer *rate, wall_ms now);

#endif
