/* Plans and restores as people see them. */
#include "api/error_body.h"
#include "base/json.h"
#include "base/str.h"
#include "restore/restores_inside.h"

static void put_number(json_t *o, const char *key, int64_t value)
{
    if (value < 0)
        (void)json_put_null(o, key);
    else
        (void)json_put_int(o, key, value);
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static void put_point(json_t *list, const char *code, const char *text)
{
    json_t *o = json_object();
    (void)json_put_text(o, "code", code);
    (void)json_put_text(o, "text", text);
    (void)json_array_append_new(list, o);
}

static json_t *blockers(const struct planning *p)
{
    char text[512];
    json_t *list = json_array();
    for (int i = 0; i < RESTORE_BLOCKER_COUNT; i++) {
        enum restore_blocker blocker = (enum restore_blocker)i;
        if ((p->plan.blockers & 1u << i) == 0)
            continue;
        const struct entry *holder = restores_holder(p->r, p->target);
        restore_blocker_text(blocker, &p->facts, text, sizeof text);
        if (blocker == RESTORE_BLOCKED_BUSY && holder != NULL)
            entry_hold_text(holder, text, sizeof text);
        if (blocker == RESTORE_BLOCKED_NO_HELPER && (p->local || p->remote))
            (void)str_append(text, sizeof text, " The reason: %s.", p->place_error.text);
        put_point(list, restore_blocker_word(blocker), text);
    }
    return list;
}

static json_t *warnings(const struct planning *p)
{
    char text[512];
    json_t *list = json_array();
    for (int i = 0; i < RESTORE_WARNING_COUNT; i++) {
        enum restore_warning warning = (enum restore_warning)i;
        if ((p->plan.warnings & 1u << i) == 0)
            continue;
        restore_warning_text(warning, &p->facts, text, sizeof text);
        put_point(list, restore_warning_word(warning), text);
    }
    if (p->unguarded && p->facts.answers)
        put_point(list, "no_safety_backup", "No safety backup is made first, as you asked.");
    return list;
}

json_t *plan_json(const struct planning *p)
{
    json_t *o = json_object();
    bool by_keys = p->method == (int)RESTORE_BY_KEYS;
    (void)json_put_text(o, "service", restores_settings(p->r, p->target)->id);
    (void)json_put_text(o, "source", p->source_id);
    (void)json_put_text(o, "backup", p->backup);
    (void)json_put_text(o, "method", restore_method_word((enum restore_method)p->method));
    (void)json_put_text(o, "method_reason", p->why);
    (void)json_put_text(o, "mode", restore_mode_word(by_keys ? p->mode : RESTORE_EXACT));
    put_number(o, "db", p->db);
    (void)json_put_text(o, "match", or_null(p->match));
    (void)json_put_bool(o, "allowed", p->plan.blockers == 0);
    (void)json_put(o, "blockers", blockers(p));
    (void)json_put(o, "warnings", warnings(p));
    put_number(o, "keys", p->facts.keys);
    put_number(o, "keys_now", p->facts.target_keys);
    put_number(o, "bytes", p->facts.bytes);
    put_number(o, "memory_bytes", p->facts.used_memory_bytes);
    if (p->plan.downtime_ms < 0)
        (void)json_put_null(o, "downtime_seconds");
    else
        (void)json_put_real(o, "downtime_seconds", (double)p->plan.downtime_ms / 1000);
    (void)json_put_bool(o, "safety_backup", p->facts.answers && !p->unguarded);
    return o;
}

static bool can_undo(const struct entry *e)
{
    return e->method != RESTORE_BY_KEYS && e->state != RESTORES_RUNNING &&
           !restore_refused(restore_step(e->job.state, RESTORE_UNDO).act);
}

json_t *entry_json(const struct entry *e)
{
    const struct pour_result *so_far =
        e->run == NULL || e->run->pour == NULL ? NULL : pour_so_far(e->run->pour);
    json_t *o = json_object();
    (void)json_put_int(o, "number", e->number);
    (void)json_put_text(o, "service", e->service);
    (void)json_put_text(o, "source", e->source);
    (void)json_put_text(o, "backup", e->backup);
    (void)json_put_text(o, "method", restore_method_word(e->method));
    (void)json_put_text(o, "mode", restore_mode_word(e->mode));
    put_number(o, "db", e->db);
    (void)json_put_text(o, "match", or_null(e->match));
    (void)json_put_text(o, "state", restores_state_word(e->state));
    (void)json_put_text(o, "stage", e->state == RESTORES_RUNNING ? e->stage : NULL);
    (void)json_put_text(o, "message", or_null(e->text));
    (void)json_put_bool(o, "can_resume", e->state == RESTORES_HELD);
    (void)json_put_bool(o, "can_undo", can_undo(e));
    put_number(o, "keys", e->keys);
    put_number(o, "keys_before", e->keys_before);
    (void)json_put_int(o, "restored", so_far == NULL ? e->restored : so_far->restored);
    (void)json_put_int(o, "kept", so_far == NULL ? e->kept : so_far->kept);
    (void)json_put_int(o, "expired", so_far == NULL ? e->expired : so_far->expired);
    (void)json_put_int(o, "removed", so_far == NULL ? e->removed : so_far->removed);
    (void)json_put_text(o, "safety_backup", or_null(e->safety));
    (void)json_put_text(o, "reason", or_null(e->reason));
    (void)json_put_text(o, "user", e->user.email);
    (void)json_put_wall(o, "began_at", e->began);
    (void)json_put_wall(o, "ended_at", e->ended);
    return o;
}

json_t *restores_list(const struct restores *r, int service)
{
    json_t *items = json_array();
    json_t *body = json_object();
    for (size_t i = r->count; i > 0; i--)
        if (r->entries[i - 1]->target == service)
            (void)json_array_append_new(items, entry_json(r->entries[i - 1]));
    (void)json_put(body, "items", items);
    (void)json_put_null(body, "next_cursor");
    return body;
}

json_t *restores_one(const struct restores *r, int service, int64_t number)
{
    const struct entry *e = restores_find(r, number);
    return e == NULL || e->target != service ? NULL : entry_json(e);
}

bool restores_runs(const struct restores *r, int service, int64_t number)
{
    const struct entry *e = restores_find(r, number);
    return e != NULL && e->target == service && e->state == RESTORES_RUNNING;
}

json_t *restores_blocked_json(json_t *plan, wall_ms now)
{
    size_t i;
    const json_t *one;
    json_t *texts = json_array();
    json_t *details = json_object();
    json_array_foreach(json_object_get(plan, "blockers"), i, one) {
        (void)json_array_append_new(texts, json_string(json_text_or(one, "text", "")));
    }
    const char *text = json_array_size(texts) == 1 ? json_string_value(json_array_get(texts, 0))
                                                   : "Several things stand in the way.";
    json_t *body = error_body("Restore blocked", text, "blocked", now);
    (void)json_put(details, "blockers", texts);
    (void)json_put(details, "plan", plan);
    (void)json_put(body, "details", details);
    return body;
}
