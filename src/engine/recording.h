/* What recovery of one service was given to decide, and what it decided, while something was wrong:
 * one JSON object a line, so that `resus replay` and the tests can run it through core again
 * (docs/simulation.md). Inputs that changed nothing are left out: without them the decisions are
 * the same. No secret and no text of strangers is in it: facts are numbers and our own words.
 *
 *   {"v": 1, "service": "redis", "number": N, "resus": "0.1.0", "wall": "...", "recovery": {...}}
 *   {"mono": ms, "wall": ms, "event": "facts", "id": 0, "end": "done", "policy": {...},
 *    "sight": {...}, "verdict": {...}, "facts": {...}, "effects": [...], "wake": ms}
 *
 * `sight` (struct observations) is there when it was judged in that step; `policy` when it differs from the
 * line before. */
#ifndef RESUS_ENGINE_RECORDING_H
#define RESUS_ENGINE_RECORDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/cause.h"
#include "core/policy.h"
#include "core/recovery.h"

#define RECORDING_VERSION 1
#define RECORDING_NUMBER_MAX ((int64_t)1 << 53) /* of a time or a size; JSON holds it exactly */
#define RECORDING_LINE_MAX 16384
#define RECORDING_BYTES_MAX                                                                        \
    ((size_t)512 *                                                                                 \
     1024) /* of one incident; what comes after is not kept                          \
                          */

struct service;

/* One service's; all zero = no incident. */
struct recording {
    uint64_t number; /* of the incident: wall ms of its first line, 0 = none is open */
    size_t bytes;
    bool full;
    bool judged; /* `observations` were judged since the last step */
    struct observations observations;
    struct verdict verdict; /* of the last line */
    struct recovery_policy policy;
};

/* ── the engine's side ── */

/* A verdict was made of s->observations: call this before they change again. */
void recording_judged(struct service *s);
/* recovery_step() was called with `in` on `before` and gave `out`. */
void recording_step(struct service *s, const struct recovery *before,
                    const struct recovery_input *in, const struct recovery_effects *out,
                    struct now now);

/* ── playing it again ── */

struct replay {
    uint64_t steps, decisions; /* lines; effects */
    bool different, cut;       /* cut: the last line is not whole */
    char difference[512];      /* the first one, with its line */
};

/* Called for every step; `line` is the decoded object, borrowed. */
typedef void replay_told(void *context, const json_t *line);

/* Plays a whole recording. -EINVAL for text that is no recording (the error names the line), and
 * for a version that is not ours; a last line that is not complete is left out. */
int recording_replay(const char *text, size_t length, replay_told *told, void *context,
                     struct replay *ret, struct error *err) ATTR_MUST_USE;

/* ── the encoding (recording_code.c): a new reference, NULL for lack of memory; readers leave
 * unknown members alone and return -EINVAL for a wrong type or word ── */
json_t *recording_encode_observations(const struct observations *observations);
json_t *recording_encode_policy(const struct recovery_policy *policy);
json_t *recording_encode_facts(const struct recovery_facts *facts);
json_t *recording_encode_recovery(const struct recovery *recovery);
json_t *recording_encode_verdict(const struct verdict *verdict);
json_t *recording_encode_effects(const struct recovery_effects *effects);
int recording_decode_observations(const json_t *object, struct observations *ret) ATTR_MUST_USE;
int recording_decode_policy(const json_t *object, struct recovery_policy *ret) ATTR_MUST_USE;
int recording_decode_facts(const json_t *object, struct recovery_facts *ret) ATTR_MUST_USE;
int recording_decode_recovery(const json_t *object, struct recovery *ret) ATTR_MUST_USE;
int recording_decode_verdict(const json_t *object, struct verdict *ret) ATTR_MUST_USE;
bool recording_same_policy(const struct recovery_policy *a, const struct recovery_policy *b);
bool recording_same_recovery(const struct recovery *a, const struct recovery *b);
const char *recording_event_word(enum recovery_event event);
const char *recording_end_word(enum action_end end);
int recording_event(const char *word, enum recovery_event *ret) ATTR_MUST_USE;
int recording_end(const char *word, enum action_end *ret) ATTR_MUST_USE;

#endif
