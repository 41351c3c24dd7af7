/* How an operation ends: the answer to who asked for it, its lines in the audit log, its event. */
#ifndef RESUS_ENGINE_OPERATION_RESULT_H
#define RESUS_ENGINE_OPERATION_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "engine/commands.h"
#include "store/audit.h"

struct service;

/* A caller that waits for the end of the operation gets 503. */
void operation_forsake(struct service *s);
/* The caller is answered once, whatever comes later; takes the reference. */
void operation_answer(struct service *s, int status, json_t *body);
const char *operation_done_message(enum engine_operation operation);
/* A new reference: the result as it is answered. */
json_t *operation_result(struct service *s, bool success, const char *message,
                         const char *new_status, struct now now);
/* `id` of the request that waits for the line to be durable; 0 = nothing waits. */
void operation_write_line(struct service *s, enum audit_event event, uint64_t id, bool success,
                          const char *error, struct now now);
/* The one way an operation ends; takes the reference. */
void operation_finish(struct service *s, int status, json_t *body, bool success,
                      const char *message, struct now now);
/* Ends it with a refusal or failure, and what the host has said. */
void operation_fail(struct service *s, int status, const char *title, const char *code,
                    const char *message, struct now now);

#endif
