/* What follows an operation or a recovery: the service is watched for 15 minutes, and those that
 * depend on it are looked at. */
#ifndef RESUS_ENGINE_FOLLOW_UP_H
#define RESUS_ENGINE_FOLLOW_UP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/time.h"
#include "engine/part.h"
#include "engine/request.h"
#include "settings/settings.h"

struct service;

/* What is known of an entry of affected_services. */
struct dependent {
    bool asked, looked;
    bool well; /* seen well since the success that is followed up */
    int http_status;
    char error[FACT_TEXT_MAX]; /* of the last look; "" = it was well */
    wall_ms checked_at;
};

struct follow_up {
    struct dependent *dependents; /* as many as affected_services has */
    size_t count, next;           /* next: to be asked in this look */
    char what[32];                /* what is followed up, "" = nothing */
    mono_ms began, due;
    wall_ms began_wall;
    size_t looks, under_way;
    uint64_t serial;
    mono_ms watch_until; /* 15 minutes after an operation */
    bool watch_told;     /* that the service has degraded within them */
};

int follow_up_init(struct service *s, struct now now) ATTR_MUST_USE; /* negative without memory */
void follow_up_free(struct service *s);
void follow_up_settings(struct service *s, const struct service_settings *old);
/* An operation acted and is over; what its answer says of dependents goes into `body`. */
void follow_up_operation(struct service *s, bool success, json_t *body, struct now now);
void follow_up_success(struct service *s, const char *what, struct now now);
bool follow_up_turn(struct service *s, struct now now);
mono_ms follow_up_next(const struct service *s);
bool follow_up_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                        struct now now);

/* follow_up_json.c */
bool follow_up_to_look_at(const struct service *s, size_t dependent);
json_t *follow_up_json(const struct service *s);

#endif
