#include "api/visible.h"

#include <stddef.h>

#include "base/json.h"
#include "base/str.h"
#include "core/cause.h"

static json_t *only(const json_t *whole, const char *const *keys, size_t count)
{
    json_t *part = json_object();
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(whole, keys[i]);
        if (value != NULL)
            (void)json_object_set(part, keys[i], value);
    }
    return part;
}

/* ── people: operators and admins see who did something, and why ── */

#define SOMEONE "another user"

static bool is_person(const char *key, const json_t *value)
{
    static const char *const keys[] = {"user",       "by",        "stopped_by", "acknowledged_by",
                                       "planned_by", "commander", "actor"};
    const char *who = json_string_value(value);
    return str_index(keys, ARRAY_LENGTH(keys), key) >= 0 && who != NULL && who[0] != '\0' &&
           !str_equal(who, "system");
}

/* The event that begins an operation has its reason as its message. */
static bool is_reason(const json_t *whole, const char *key)
{
    return str_equal(key, "reason") || str_equal(key, "stop_reason") ||
           (str_equal(key, "message") &&
            str_equal(json_text_or(whole, "type", ""), "service_event") &&
            str_equal(json_text_or(whole, "result", ""), "started"));
}

static json_t *without_people(const json_t *whole);

static json_t *list_without_people(const json_t *list)
{
    json_t *part = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        (void)json_array_append_new(part, without_people(item));
    }
    return part;
}

/* A new reference. Our own objects are a few levels deep, so this recursion ends. */
static json_t *without_people(const json_t *whole)
{
    if (json_is_array(whole))
        return list_without_people(whole);
    if (!json_is_object(whole))
        return json_incref((json_t *)whole);
    json_t *part = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)whole, key, value) /* the iterator is not const */
    {
        if (is_reason(whole, key))
            (void)(str_equal(key, "message") && json_put_text(part, key, ""));
        else if (is_person(key, value))
            (void)json_put_text(part, key, SOMEONE);
        else
            (void)json_put(part, key, without_people(value));
    }
    return part;
}

json_t *visible_people(const json_t *whole, enum access access)
{
    return access >= ACCESS_OPERATOR ? json_incref((json_t *)whole) : without_people(whole);
}

/* ── status, health, events ── */

/* The status page says who is well, not where they are. */
static json_t *dependents_for_all(const json_t *affected)
{
    static const char *const shown[] = {"name", "ok"};
    json_t *dependents = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(affected, i, one) {
        (void)json_array_append_new(dependents, only(one, shown, ARRAY_LENGTH(shown)));
    }
    return dependents;
}

/* Strangers see when a service was stopped on purpose, and not by whom or why: it is no alarm. The members of an
 * error are there when nothing is known of the service (503). */
json_t *visible_status(const json_t *whole, enum access access)
{
    static const char *const limited[] = {"status", "overall_status", "last_check", "stopped_at",
                                          "error",  "message",        "code",       "timestamp"};
    if (access != ACCESS_ANONYMOUS)
        return visible_people(whole, access);
    json_t *part = only(whole, limited, ARRAY_LENGTH(limited));
    const json_t *affected = json_object_get(whole, "affected_services");
    if (affected != NULL)
        (void)json_put(part, "affected_services", dependents_for_all(affected));
    return part;
}

json_t *visible_services(const json_t *whole, enum access access)
{
    if (access != ACCESS_ANONYMOUS)
        return visible_people(whole, access);
    static const char *const limited[] = {"id",         "name",      "status", "overall_status",
                                          "last_check", "stopped_at"};
    json_t *part = json_copy((json_t *)whole);
    json_t *items = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(whole, "items"), i, item) {
        if (json_bool_or(item, "public", false))
            (void)json_array_append_new(items, only(item, limited, ARRAY_LENGTH(limited)));
    }
    (void)json_put(part, "items", items);
    return part;
}

static json_t *check_words(const json_t *checks)
{
    json_t *words = json_object();
    const char *name;
    json_t *check;
    json_object_foreach((json_t *)checks, name, check) /* the iterator is not const */
    {
        json_t *word = json_object();
        (void)json_object_set(word, "status", json_object_get(check, "status"));
        (void)json_put(words, name, word);
    }
    return words;
}

static json_t *without_log(const json_t *evidence)
{
    json_t *kept = json_array();
    size_t i;
    json_t *line;
    json_array_foreach(evidence, i, line) {
        if (!str_starts(json_string_value(line), CAUSE_LOG_EVIDENCE))
            (void)json_array_append(kept, line);
    }
    return kept;
}

json_t *visible_cause(const json_t *whole, enum access access)
{
    json_t *cause = json_object_get(whole, "cause");
    if (access == ACCESS_ADMIN || cause == NULL)
        return json_incref((json_t *)whole);
    json_t *part = json_copy((json_t *)whole);
    json_t *cut = json_copy(cause);
    (void)json_put(cut, "evidence", without_log(json_object_get(cause, "evidence")));
    (void)json_put(part, "cause", cut);
    return part;
}

json_t *visible_health(const json_t *whole, enum access access)
{
    static const char *const limited[] = {"overall_status", "last_check"};
    if (access != ACCESS_ANONYMOUS)
        return visible_cause(whole, access);
    json_t *part = only(whole, limited, ARRAY_LENGTH(limited));
    (void)json_put(part, "health_checks", check_words(json_object_get(whole, "health_checks")));
    return part;
}

json_t *visible_event(const json_t *event, enum access access)
{
    return str_equal(json_text_or(event, "type", ""), "service_health")
               ? visible_health(event, access)
               : visible_people(event, access);
}
