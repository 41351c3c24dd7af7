/* The check after maintenance: how each service is, and the smoke test where a key may be written. */
#include <string.h>

#include "alerts/maintenance_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "io/log.h"
#include "redis/smoke_reply.h"

bool occurrence_covers(const struct occurrence *o, const char *service)
{
    const struct service_patterns *p = &o->record.services;
    for (size_t i = 0; i < p->count; i++)
        if (str_equal(p->patterns[i], "*") || str_equal(p->patterns[i], service))
            return true;
    return p->count == 0;
}

static const char *id_of(const struct maintenance *m, int service)
{
    return m->ports.settings(m->ports.context)->services[service].id;
}

void maintenance_look_before(struct maintenance *m, struct occurrence *o)
{
    const struct settings *s = m->ports.settings(m->ports.context);
    json_decref(o->before);
    o->before = json_object();
    for (size_t i = 0; i < s->service_count; i++)
        if (occurrence_covers(o, s->services[i].id))
            (void)json_put(o->before, s->services[i].id, m->ports.look(m->ports.context, (int)i));
}

/* ── the list ── */

static void end(struct maintenance *m, struct verification *v)
{
    for (struct verification **p = &m->verifications; *p != NULL; p = &(*p)->next)
        if (*p == v) {
            *p = v->next;
            mem_free(v);
            return;
        }
}

void maintenance_verify_stop(struct maintenance *m, int64_t number)
{
    for (struct verification *v = m->verifications, *next; v != NULL; v = next) {
        next = v->next;
        if (number == 0 || v->number == number)
            end(m, v);
    }
}

void maintenance_verify(struct maintenance *m, struct occurrence *o)
{
    const struct settings *s = m->ports.settings(m->ports.context);
    maintenance_verify_stop(m, o->number);
    json_decref(o->after);
    o->after = json_object();
    for (size_t i = 0; i < s->service_count; i++) {
        if (!occurrence_covers(o, s->services[i].id))
            continue;
        struct verification *v = mem_calloc(1, sizeof *v);
        if (v == NULL) {
            log_error("maintenance", "no memory to verify %s", s->services[i].id);
            continue;
        }
        *v =
            (struct verification){.next = m->verifications, .number = o->number, .service = (int)i};
        m->verifications = v;
    }
}

static struct verification *asked(const struct maintenance *m, uint64_t id)
{
    for (struct verification *v = m->verifications; v != NULL; v = v->next)
        if (v->id != 0 && v->id == id)
            return v;
    return NULL;
}

static uint64_t next_id(struct maintenance *m, const struct verification *v)
{
    return ticket_pack(
        (struct ticket){.owner = TICKET_MAINTENANCE, .part = v->service, .number = ++m->last_id});
}

void maintenance_verify_turn(struct maintenance *m)
{
    for (;;) {
        struct verification *waiting = NULL;
        size_t under_way = 0;
        for (struct verification *v = m->verifications; v != NULL; v = v->next) {
            under_way += v->id != 0;
            if (v->id == 0)
                waiting = v;
        }
        if (waiting == NULL || under_way >= MAINTENANCE_CHECKS_AT_ONCE)
            return;
        waiting->id = next_id(m, waiting);
        m->ports.check(m->ports.context, waiting->service, waiting->id);
    }
}

/* ── a service ── */

static json_t *result_of(const struct maintenance *m, const struct verification *v)
{
    const struct occurrence *o = maintenance_find(m, v->number);
    return o == NULL ? NULL : json_object_get(o->after, id_of(m, v->service));
}

/* Well: healthy, or no worse than before the work; and a key could be written where it was tried. */
static bool is_well(const struct occurrence *o, const char *service, const json_t *now)
{
    const json_t *before = json_object_get(o->before, service);
    const char *overall = json_text_or(now, "overall_status", "unknown");
    if (str_equal(json_text_or(now, "smoke", ""), smoke_result_word(SMOKE_FAILED)))
        return false;
    return str_equal(overall, "healthy") ||
           (str_equal(overall, "degraded") &&
            str_equal(json_text_or(before, "cause", ""), json_text_or(now, "cause", "?")));
}

static void conclude(struct maintenance *m, struct verification *v)
{
    const struct occurrence *o = maintenance_find(m, v->number);
    json_t *now = result_of(m, v);
    if (o != NULL && now != NULL)
        (void)json_put_bool(now, "well", is_well(o, id_of(m, v->service), now));
    end(m, v);
    maintenance_schedule(m); /* the last one ends the window */
}

static void smoke_next(struct maintenance *m, struct verification *v)
{
    const char *words[SMOKE_WORDS_MAX + 1] = {0};
    size_t count = smoke_command(&v->smoke, words);
    words[count] = NULL;
    v->id = next_id(m, v);
    m->ports.redis(m->ports.context, v->service, v->id, REDIS_SMOKE, words, false,
                   mono_add(maintenance_now(m).mono, MAINTENANCE_SMOKE_MS));
}

void maintenance_checked(struct maintenance *m, uint64_t id)
{
    struct verification *v = asked(m, id);
    struct occurrence *o = v == NULL ? NULL : maintenance_find(m, v->number);
    if (o == NULL)
        return;
    json_t *look = m->ports.look(m->ports.context, v->service);
    bool primary = str_equal(json_text_or(look, "role", ""), "primary");
    bool writes = json_bool_or(look, "canary", false);
    bool answers = !str_equal(json_text_or(look, "overall_status", ""), "critical");
    (void)json_put_text(look, "smoke", writes ? smoke_result_word(SMOKE_SKIPPED) : "off");
    (void)json_put(o->after, id_of(m, v->service), look);
    if (!writes || !primary || !answers) {
        conclude(m, v);
        return;
    }
    v->smoking = true;
    smoke_init(&v->smoke, m->ports.random(m->ports.context), m->ports.random(m->ports.context));
    smoke_next(m, v);
}

void maintenance_redis_ended(struct maintenance *m, const struct redis_answer *answer)
{
    struct verification *v = asked(m, answer->id);
    if (v == NULL || !v->smoking)
        return;
    smoke_take(&v->smoke, smoke_reply(&v->smoke, answer->reply));
    if (v->smoke.step != SMOKE_OVER) {
        smoke_next(m, v);
        return;
    }
    json_t *now = result_of(m, v);
    (void)json_put_text(now, "smoke", smoke_result_word(v->smoke.result));
    if (v->smoke.result == SMOKE_FAILED)
        (void)json_put_text(now, "smoke_failed_at", smoke_step_word(v->smoke.failed_at));
    conclude(m, v);
}
