#include "core/smoke.h"

#include <assert.h>
#include <inttypes.h>

#include "base/attr.h"
#include "base/str.h"

/* After a lost connection nothing more is sent: the key expires. */
static const struct {
    enum smoke_step next;
    enum smoke_result result; /* SMOKE_PENDING: as it was */
} table[SMOKE_OVER][SMOKE_ANSWER_COUNT] = {
    [SMOKE_SET] = {[SMOKE_RIGHT] = {SMOKE_GET, SMOKE_PENDING},
                   [SMOKE_WRONG] = {SMOKE_OVER, SMOKE_FAILED},
                   [SMOKE_READONLY] = {SMOKE_OVER, SMOKE_SKIPPED},
                   [SMOKE_ERROR] = {SMOKE_OVER, SMOKE_FAILED},
                   [SMOKE_NONE] = {SMOKE_OVER, SMOKE_FAILED}},
    [SMOKE_GET] = {[SMOKE_RIGHT] = {SMOKE_DEL, SMOKE_PENDING},
                   [SMOKE_WRONG] = {SMOKE_DEL, SMOKE_FAILED},
                   [SMOKE_READONLY] = {SMOKE_DEL, SMOKE_FAILED},
                   [SMOKE_ERROR] = {SMOKE_DEL, SMOKE_FAILED},
                   [SMOKE_NONE] = {SMOKE_OVER, SMOKE_FAILED}},
    [SMOKE_DEL] = {[SMOKE_RIGHT] = {SMOKE_OVER, SMOKE_PASSED},
                   [SMOKE_WRONG] = {SMOKE_OVER, SMOKE_FAILED},
                   [SMOKE_READONLY] = {SMOKE_OVER, SMOKE_FAILED},
                   [SMOKE_ERROR] = {SMOKE_OVER, SMOKE_FAILED},
                   [SMOKE_NONE] = {SMOKE_OVER, SMOKE_FAILED}},
};
static_assert(SMOKE_STEP_COUNT == 4 && SMOKE_ANSWER_COUNT == 5, "the table has a cell for each");

void smoke_init(struct smoke *s, uint64_t random, uint64_t value_random)
{
    *s = (struct smoke){.step = SMOKE_SET, .result = SMOKE_PENDING};
    (void)str_format(s->key, sizeof s->key, "resus:smoke:%016" PRIx64, random);
    (void)str_format(s->value, sizeof s->value, "%016" PRIx64, value_random);
}

size_t smoke_command(const struct smoke *s, const char *ret_words[SMOKE_WORDS_MAX])
{
    /* NX: a key that is there already is not ours, and is neither written nor deleted. */
    const char *const set[SMOKE_WORDS_MAX] = {"SET", s->key, s->value, "EX", SMOKE_LIFE_SECONDS,
                                              "NX"};
    if (s->step == SMOKE_OVER)
        return 0;
    for (size_t i = 0; i < SMOKE_WORDS_MAX; i++)
        ret_words[i] = set[i];
    ret_words[0] = smoke_step_word(s->step);
    return s->step == SMOKE_SET ? SMOKE_WORDS_MAX : 2;
}

void smoke_take(struct smoke *s, enum smoke_answer answer)
{
    if (s->step == SMOKE_OVER)
        return;
    enum smoke_result result = table[s->step][answer].result;
    if (result == SMOKE_FAILED && s->result != SMOKE_FAILED) {
        s->failed_at = s->step;
        s->why = answer;
    }
    if (result != SMOKE_PENDING && s->result != SMOKE_FAILED)
        s->result = result;
    s->step = table[s->step][answer].next;
}

const char *smoke_step_word(enum smoke_step step)
{
    static const char *const words[] = {
        [SMOKE_SET] = "SET", [SMOKE_GET] = "GET", [SMOKE_DEL] = "DEL", [SMOKE_OVER] = ""};
    static_assert(ARRAY_LENGTH(words) == SMOKE_STEP_COUNT, "a word for every step");
    return words[step];
}

const char *smoke_result_word(enum smoke_result result)
{
    static const char *const words[] = {[SMOKE_PENDING] = "pending",
                                        [SMOKE_PASSED] = "passed",
                                        [SMOKE_SKIPPED] = "skipped",
                                        [SMOKE_FAILED] = "failed"};
    static_assert(ARRAY_LENGTH(words) == SMOKE_RESULT_COUNT, "a word for every result");
    return words[result];
}
