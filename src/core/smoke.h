/* The smoke test after maintenance: SET, GET and DEL of a scratch key, as a table of step and
 * answer.
 *
 * The key is `resus:smoke:RANDOM` and expires by itself, so that a test that was cut off leaves
 * nothing. Once it is written it is deleted after a failure, too. A replica takes no writes: there is nothing to
 * test, which is no failure. The caller sends the commands and names the class of each answer. */
#ifndef RESUS_CORE_SMOKE_H
#define RESUS_CORE_SMOKE_H

#include <stddef.h>
#include <stdint.h>

#define SMOKE_KEY_SIZE 40
#define SMOKE_VALUE_SIZE 24
#define SMOKE_LIFE_SECONDS "60"
#define SMOKE_WORDS_MAX 6

enum smoke_step { SMOKE_SET, SMOKE_GET, SMOKE_DEL, SMOKE_OVER, SMOKE_STEP_COUNT };

enum smoke_answer {
    SMOKE_RIGHT,    /* OK, the value that was written, 1 */
    SMOKE_WRONG,    /* anything else that is no error */
    SMOKE_READONLY, /* the error READONLY */
    SMOKE_ERROR,    /* another error */
    SMOKE_NONE,     /* no answer in time, or the connection was lost */
    SMOKE_ANSWER_COUNT
};

enum smoke_result {
    SMOKE_PENDING,
    SMOKE_PASSED,
    SMOKE_SKIPPED, /* a replica */
    SMOKE_FAILED,
    SMOKE_RESULT_COUNT
};
const char *smoke_result_word(enum smoke_result result); /* "passed" */

struct smoke {
    char key[SMOKE_KEY_SIZE], value[SMOKE_VALUE_SIZE];
    enum smoke_step step;      /* whose command is to be sent, or whose answer is awaited */
    enum smoke_result result;  /* final when the step is SMOKE_OVER */
    enum smoke_step failed_at; /* of SMOKE_FAILED: the first step that went wrong */
    enum smoke_answer why;
};

/* `random` makes the key unique; `value_random` tells this test's value from an older one's. */
void smoke_init(struct smoke *s, uint64_t random, uint64_t value_random);
/* The words of the step's command; their number, 0 when the test is over. They live as long as `s`
 * is unchanged. */
size_t smoke_command(const struct smoke *s, const char *ret_words[SMOKE_WORDS_MAX]);
void smoke_take(struct smoke *s, enum smoke_answer answer);
const char *smoke_step_word(enum smoke_step step); /* "SET", "" for SMOKE_OVER */

#endif
