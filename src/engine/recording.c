/* Writes an incident down while it lasts: what recovery was given and what it decided. */
#include "engine/recording.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/service.h"

void recording_judged(struct service *s)
{
    struct recording *r = &s->recording;
    if (s->engine->ports.incident == NULL)
        return;
    r->judged = true;
    r->observations = s->observations;
}

/* Something is wrong, or something is being done. */
static bool worth_it(const struct recovery *r, const struct verdict *v)
{
    return r->phase != PHASE_IDLE || (v->confirmed && cause_row(v->cause)->remedy != REMEDY_NONE);
}

static bool is_over(const struct recovery *r, const struct verdict *v)
{
    return r->phase == PHASE_IDLE && v->confirmed && cause_row(v->cause)->remedy == REMEDY_NONE &&
           r->attempts == 0 && r->alerted == CAUSE_NONE;
}

static void give(struct service *s, json_t *line, bool last)
{
    struct recording *r = &s->recording;
    const struct engine_ports *ports = &s->engine->ports;
    char *text = line == NULL ? NULL : json_dumps(line, JSON_WRITE_FLAGS);
    json_decref(line);
    size_t length = text == NULL ? 0 : strlen(text);
    /* One lost line makes the rest useless: the file ends where it is still whole. */
    if (text == NULL || length >= RECORDING_LINE_MAX || r->bytes + length + 1 > RECORDING_BYTES_MAX)
        r->full = true;
    if (!r->full || last)
        ports->incident(ports->context, s->index, r->number, r->full ? NULL : text, last);
    r->bytes += length + 1;
    mem_free(text);
}

static void begin(struct service *s, const struct recovery *before, struct now now)
{
    struct recording *r = &s->recording;
    json_t *line = json_object();
    r->number = (uint64_t)now.wall.ms;
    r->bytes = 0;
    r->full = false;
    r->policy = (struct recovery_policy){0};
    (void)json_put_int(line, "v", RECORDING_VERSION);
    (void)json_put_text(line, "service", s->settings->id);
    (void)json_put_int(line, "number", (int64_t)r->number);
    (void)json_put_text(line, "resus", RESUS_VERSION);
    (void)json_put_wall(line, "wall", now.wall);
    (void)json_put(line, "recovery", recording_encode_recovery(before));
    give(s, line, false);
}

static json_t *line_of(struct service *s, const struct recovery_input *in,
                       const struct recovery_effects *out, struct now now)
{
    struct recording *r = &s->recording;
    json_t *line = json_object();
    bool ok = json_put_int(line, "mono", now.mono.ms) && json_put_int(line, "wall", now.wall.ms) &&
              json_put_text(line, "event", recording_event_word(in->event)) &&
              json_put_int(line, "id", (int64_t)in->action_id) &&
              json_put_text(line, "end", recording_end_word(in->end));
    if (!recording_same_policy(&r->policy, &s->recovery_policy))
        ok = ok && json_put(line, "policy", recording_encode_policy(&s->recovery_policy));
    if (r->judged)
        ok = ok && json_put(line, "sight", recording_encode_observations(&r->observations));
    ok = ok && json_put(line, "verdict", recording_encode_verdict(&in->facts.verdict)) &&
         json_put(line, "facts", recording_encode_facts(&in->facts)) &&
         json_put(line, "effects", recording_encode_effects(out)) &&
         json_put_int(line, "wake", out->wake.ms) &&
         json_put_text(line, "phase", recovery_phase_word(s->recovery.phase));
    if (ok)
        return line;
    json_decref(line);
    return NULL;
}

void recording_step(struct service *s, const struct recovery *before,
                    const struct recovery_input *in, const struct recovery_effects *out,
                    struct now now)
{
    struct recording *r = &s->recording;
    const struct verdict *v = &in->facts.verdict;
    if (s->engine->ports.incident == NULL)
        return;
    bool same_verdict = v->cause == r->verdict.cause && v->confirmed == r->verdict.confirmed;
    bool nothing = out->count == 0 && same_verdict && recording_same_recovery(before, &s->recovery);
    if (r->number == 0 && (worth_it(before, v) || worth_it(&s->recovery, v)))
        begin(s, before, now);
    if (r->number != 0 && !nothing && !r->full) {
        json_t *line = line_of(s, in, out, now);
        r->policy = s->recovery_policy;
        bool last = is_over(&s->recovery, v);
        give(s, line, last);
        if (last)
            r->number = 0;
    } else if (r->number != 0 && r->full && is_over(&s->recovery, v)) {
        give(s, NULL, true);
        r->number = 0;
    }
    r->verdict = *v;
    r->judged = false;
}
