/* A procedure as the state database keeps it, and as people see it. A member that is missing in an
 * older record has a default here. */
#include <stddef.h>
#include <string.h>

#include "api/checklist_json.h"
#include "base/json.h"
#include "base/str.h"
#include "procedures/inside.h"

#define TEXT(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct procedure, member), sizeof((struct procedure *)NULL)->member      \
    }
static const struct {
    const char *key;
    size_t offset, size;
} texts[] = {TEXT(by),     TEXT(reason), TEXT(name), TEXT(value),   TEXT(before),     TEXT(after),
             TEXT(server), TEXT(from),   TEXT(to),   TEXT(modules), TEXT(role),       TEXT(unit),
             TEXT(backup), TEXT(safety), TEXT(text), TEXT(notes),   TEXT(config_file)};

static bool put_texts(json_t *o, const struct procedure *x)
{
    bool good = true;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        good = good && json_put_text(o, texts[i].key, (const char *)x + texts[i].offset);
    return good;
}

json_t *procedure_body(const struct procedure *x)
{
    json_t *o = json_object();
    bool good = json_put_text(o, "service", x->id) &&
                json_put_text(o, "kind", procedure_kind_word(x->kind)) &&
                json_put_text(o, "phase", procedure_phase_word(x->phase)) &&
                json_put_int(o, "at", x->began.ms) && json_put_int(o, "ended", x->ended.ms) &&
                json_put_int(o, "watched_from", x->watched_from.ms) &&
                json_put_int(o, "keys", x->keys) && json_put_bool(o, "held", x->held) &&
                json_put_bool(o, "written", x->written) && put_texts(o, x) &&
                json_put_text(o, "user_id", x->user.id) &&
                json_put_text(o, "user_email", x->user.email) &&
                json_put_text(o, "user_role", x->user.role) &&
                json_put_text(o, "user_source", x->user.source_ip) &&
                json_put(o, "checklist", checklist_json_make(&x->checklist));
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

void procedure_read(struct procedure *x, const json_t *body)
{
    for (int i = 0; i < PROCEDURE_KIND_COUNT; i++)
        if (str_equal(json_text_or(body, "kind", ""), procedure_kind_word((enum procedure_kind)i)))
            x->kind = (enum procedure_kind)i;
    x->phase =
        PROCEDURE_CANCELLED; /* of a version after this one: it is shown and not gone on with */
    for (int i = 0; i < PROCEDURE_PHASE_COUNT; i++)
        if (str_equal(json_text_or(body, "phase", ""),
                      procedure_phase_word((enum procedure_phase)i)))
            x->phase = (enum procedure_phase)i;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        (void)str_copy((char *)x + texts[i].offset, texts[i].size,
                       json_text_or(body, texts[i].key, ""));
    (void)str_copy(x->id, sizeof x->id, json_text_or(body, "service", ""));
    (void)str_copy(x->user.id, sizeof x->user.id, json_text_or(body, "user_id", ""));
    (void)str_copy(x->user.email, sizeof x->user.email, json_text_or(body, "user_email", ""));
    (void)str_copy(x->user.role, sizeof x->user.role, json_text_or(body, "user_role", ""));
    (void)str_copy(x->user.source_ip, sizeof x->user.source_ip,
                   json_text_or(body, "user_source", ""));
    x->began.ms = json_int_or(body, "at", 0);
    x->ended.ms = json_int_or(body, "ended", 0);
    x->watched_from.ms = json_int_or(body, "watched_from", 0);
    x->keys = json_int_or(body, "keys", -1);
    x->held = json_bool_or(body, "held", false);
    x->written = json_bool_or(body, "written", false);
    if (checklist_json_read(json_object_get(body, "checklist"), &x->checklist) < 0)
        procedure_checklist(x->kind, &x->checklist);
}

static void put_known(json_t *o, const char *key, const char *text)
{
    (void)json_put_text(o, key, text[0] == '\0' ? NULL : text);
}

static void put_wall_of(json_t *o, const char *key, wall_ms at)
{
    (void)json_put_wall(o, key, at.ms == 0 ? WALL_NONE : at);
}

/* The orders that fit now. */
static json_t *orders_of(const struct procedure *x)
{
    json_t *list = json_array();
    bool alone = procedure_other(x->p, x->service, x) == NULL;
    for (int i = PROCEDURE_GO; alone && i < PROCEDURE_EVENT_COUNT; i++)
        if (!procedure_event(x->kind, x->phase, (enum procedure_event)i).refused &&
            (i != PROCEDURE_UNDO || x->kind == PROCEDURE_UPDATE || x->held))
            (void)json_array_append_new(list,
                                        json_string(procedure_event_word((enum procedure_event)i)));
    return list;
}

json_t *procedure_json(const struct procedure *x)
{
    json_t *o = json_object();
    bool watching = x->phase == PROCEDURE_WATCHING;
    (void)json_put_int(o, "number", x->number);
    (void)json_put_text(o, "service", x->id);
    (void)json_put_text(o, "kind", procedure_kind_word(x->kind));
    (void)json_put_text(o, "phase", procedure_phase_word(x->phase));
    put_known(o, "text", x->text);
    put_known(o, "notes", x->notes);
    put_known(o, "name", x->name);
    (void)json_put_text(o, "value", x->kind == PROCEDURE_CONFIG ? x->value : NULL);
    (void)json_put_text(o, "before", x->held ? x->before : NULL);
    put_known(o, "after", x->after);
    (void)json_put_bool(o, "written", x->written);
    put_known(o, "server", x->server);
    put_known(o, "from", x->from);
    put_known(o, "to", x->to);
    put_known(o, "safety", x->safety);
    (void)json_put_bool(o, "rehearsed", x->backup[0] != '\0');
    put_known(o, "user", x->by);
    put_known(o, "reason", x->reason);
    put_wall_of(o, "started_at", x->began);
    put_wall_of(o, "ended_at", x->ended);
    (void)json_put_wall(o, "watched_until",
                        watching ? wall_add(x->watched_from, PROCEDURE_WATCH_MS) : WALL_NONE);
    (void)json_put(o, "orders", orders_of(x));
    (void)json_put(o, "checklist", checklist_json_show(&x->checklist));
    (void)json_put(o, "steps", procedure_steps(x, false));
    (void)json_put(o, "way_back", procedure_steps(x, true));
    return o;
}
