/* Plays a recording again: the same facts through the same code, line by line. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/recording.h"

#define ATTEMPTS_MAX 10 /* as many as a policy may ask for */

struct player {
    struct recovery recovery;
    struct recovery_policy policy;
    uint64_t line;
    struct replay *report;
};

static void differs(struct player *p, const char *what, const json_t *recorded, const json_t *now)
{
    if (p->report->different)
        return;
    char *was = json_dumps(recorded, JSON_WRITE_FLAGS | JSON_ENCODE_ANY);
    char *is = json_dumps(now, JSON_WRITE_FLAGS | JSON_ENCODE_ANY);
    p->report->different = true;
    (void)str_format(p->report->difference, sizeof p->report->difference,
                     "line %" PRIu64 ": %s was %.200s and is %.200s", p->line, what,
                     was == NULL ? "?" : was, is == NULL ? "?" : is);
    mem_free(was);
    mem_free(is);
}

/* Takes the reference of `now`. */
static void compare(struct player *p, const json_t *line, const char *what, json_t *now)
{
    const json_t *recorded = json_object_get(line, what);
    if (recorded == NULL || now == NULL || !json_equal(recorded, now))
        differs(p, what, recorded, now);
    json_decref(now);
}

static int play_header(struct player *p, const json_t *line, struct error *err)
{
    int64_t version = json_int_or(line, "v", 0);
    if (version != RECORDING_VERSION)
        return error_set(err, -EINVAL, "line 1: a recording of version %" PRId64 ", not %d",
                         version, RECORDING_VERSION);
    recovery_init(&p->recovery);
    const struct recovery *r = &p->recovery;
    if (recording_decode_recovery(json_object_get(line, "recovery"), &p->recovery) < 0 ||
        r->bgsave_tries > 4 || r->attempts > ATTEMPTS_MAX)
        return error_set(err, -EINVAL, "line 1: the state it began with cannot be read");
    return 0;
}

/* What the settings' reader would not have let in: a file from somewhere must not make delays of
 * centuries. */
static bool sane(const struct player *p)
{
    const struct recovery_policy *q = &p->policy;
    return q->max_attempts <= ATTEMPTS_MAX && q->retry_delay_ms >= 0 &&
           q->retry_delay_ms <= 86400000 && q->backoff_multiplier >= 0 &&
           q->backoff_multiplier <= 100 && q->external_stop_grace_ms >= 0 &&
           q->external_stop_grace_ms <= 86400000;
}

static int read_step(struct player *p, const json_t *line, struct recovery_input *in)
{
    const json_t *policy = json_object_get(line, "policy");
    in->wall = (wall_ms){json_int_or(line, "wall", 0)};
    in->action_id = (uint64_t)json_int_or(line, "id", 0);
    if (recording_event(json_text_or(line, "event", ""), &in->event) < 0 ||
        recording_end(json_text_or(line, "end", ""), &in->end) < 0 ||
        recording_decode_facts(json_object_get(line, "facts"), &in->facts) < 0 ||
        recording_decode_verdict(json_object_get(line, "verdict"), &in->facts.verdict) < 0)
        return -EINVAL;
    if (policy != NULL && recording_decode_policy(policy, &p->policy) < 0)
        return -EINVAL;
    return sane(p) ? 0 : -EINVAL;
}

static int play_step(struct player *p, const json_t *line, struct error *err)
{
    struct recovery_input in = {0};
    struct recovery_effects out;
    struct observations observations = {0};
    mono_ms now = {json_int_or(line, "mono", 0)};
    if (now.ms < 0 || now.ms > RECORDING_NUMBER_MAX || json_int_or(line, "wall", 0) < 0 ||
        json_int_or(line, "wall", 0) > RECORDING_NUMBER_MAX)
        return error_set(err, -EINVAL, "line %" PRIu64 " has no time", p->line);
    const json_t *seen = json_object_get(line, "sight");
    if (read_step(p, line, &in) < 0 ||
        (seen != NULL && recording_decode_observations(seen, &observations) < 0))
        return error_set(err, -EINVAL, "line %" PRIu64 " cannot be read", p->line);
    if (seen != NULL) {
        struct verdict verdict = cause_judge(&observations, now);
        compare(p, line, "verdict", recording_encode_verdict(&verdict));
        in.facts.verdict = verdict;
    }
    recovery_step(&p->recovery, &p->policy, &in, now, &out);
    compare(p, line, "effects", recording_encode_effects(&out));
    compare(p, line, "phase", json_string(recovery_phase_word(p->recovery.phase)));
    compare(p, line, "wake", json_integer(out.wake.ms));
    p->report->steps++;
    p->report->decisions += out.count;
    return 0;
}

int recording_replay(const char *text, size_t length, replay_told *told, void *context,
                     struct replay *ret, struct error *err)
{
    struct player p = {.report = ret};
    *ret = (struct replay){0};
    const char *at = text;
    const char *end = text + length;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        ret->cut = newline == NULL; /* the daemon was killed while it wrote */
        if (ret->cut)
            break;
        p.line++;
        json_error_t where;
        JSON_CLEANUP json_t *line = json_loadb(at, (size_t)(newline - at), JSON_READ_FLAGS, &where);
        at = newline + 1;
        if (!json_is_object(line))
            return error_set(err, -EINVAL, "line %" PRIu64 " is no JSON object", p.line);
        int r = p.line == 1 ? play_header(&p, line, err) : play_step(&p, line, err);
        if (r < 0)
            return r;
        if (told != NULL)
            told(context, line);
    }
    if (p.line == 0)
        return error_set(err, -EINVAL, ret->cut ? "it has no whole line" : "it is empty");
    return 0;
}
