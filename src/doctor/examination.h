/* The questions of the doctor, one after the other, all of them read-only and the whole bounded in
 * time. An examination gives out one question at a time; the caller asks it and brings the answer.
 * It asks nothing itself and reads no clock. */
#ifndef RESUS_DOCTOR_EXAMINATION_H
#define RESUS_DOCTOR_EXAMINATION_H

#include "base/attr.h"
#include "doctor/facts.h"

struct examination;

enum doctor_question_kind { QUESTION_HOST, QUESTION_REDIS, QUESTION_WITNESS };

#define QUESTION_ARGS_MAX (DOCTOR_DRYRUN_WORDS + 2) /* with the NULL at the end */

struct doctor_question {
    enum doctor_question_kind kind;
    int64_t wait_ms; /* how long the answer may take */
    /* of a host command */
    enum host_command command;
    int number; /* the command's; of a witness the port */
    bool with_sudo;
    /* of a request to Redis */
    enum redis_request redis;
    const char *args[QUESTION_ARGS_MAX]; /* NULL-terminated; borrowed from the examination */
    bool fresh;                          /* on a connection of its own */
};

/* `root`: the account on the host needs no sudo. `witness`: PING can be sent from the host. The
 * settings are borrowed until the next examination_next(). -ENOMEM. */
int examination_new(const struct service_settings *service, bool root, bool witness, mono_ms now,
                    struct examination **ret, struct error *err) ATTR_MUST_USE;
void examination_free(struct examination *x); /* takes NULL */
/* What is known so far; the caller adds what only it knows before doctor_judge(). */
struct doctor_facts *examination_facts(struct examination *x);

/* The next question that makes sense; false when there is none, or no time for it. `service`: the
 * settings as they are now, because a reload may have come in between. */
bool examination_next(struct examination *x, const struct service_settings *service, struct now now,
                      struct doctor_question *ret) ATTR_MUST_USE;
/* The answer to the last question, by its kind. */
void examination_host_ended(struct examination *x, const struct host_result *result);
void examination_redis_ended(struct examination *x, const struct redis_answer *answer, wall_ms now);
void examination_witness_ended(struct examination *x, const struct witness_facts *facts);

/* What status and recovery of the service, as the API shows them, add to the facts. */
void examination_note_state(struct doctor_facts *f, const json_t *status, const json_t *recovery);

#endif
