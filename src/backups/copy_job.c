#include "backups/copy_job.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

#define KEEP_MAX 4096 /* of a rule */

const char *copy_outcome_word(enum copy_outcome_state state)
{
    static const char *const words[] = {
        [COPY_MADE] = "made",
        [COPY_FOUND] = "found",
        [COPY_REMOVED] = "removed",
        [COPY_MISSING] = "missing",
    };
    static_assert(ARRAY_LENGTH(words) == COPY_OUTCOME_STATE_COUNT, "a word for every state");
    return words[state];
}

const char *copy_task_word(enum copy_task task)
{
    static const char *const words[] = {
        [COPY_OUT] = "out", [COPY_LIST] = "list", [COPY_FETCH] = "fetch"};
    static_assert(ARRAY_LENGTH(words) == COPY_TASK_COUNT, "a word for every task");
    return words[task];
}

/* ── the job ── */

/* The texts of a target, under the names of the settings. */
#define TEXT(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct copy_settings, name), sizeof(((struct copy_settings *)NULL)->name)  \
    }
static const struct {
    const char *key;
    size_t at, size;
} texts[] = {
    TEXT(name),
    TEXT(path),
    TEXT(host),
    TEXT(user),
    TEXT(key),
    TEXT(known_hosts),
    TEXT(endpoint),
    TEXT(bucket),
    TEXT(region),
    TEXT(access_key_file),
    TEXT(secret_key_file),
    TEXT(ca_file),
};
#undef TEXT

#define COUNT(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct retention_policy, name)                                             \
    }
static const struct {
    const char *key;
    size_t at;
} counts[] = {COUNT(last),   COUNT(hourly),  COUNT(daily),
              COUNT(weekly), COUNT(monthly), COUNT(minimum)};
#undef COUNT

static json_t *target_json(const struct copy_settings *c)
{
    json_t *o = json_object();
    bool ok = json_put_int(o, "type", c->type) && json_put_int(o, "port", c->port);
    for (size_t i = 0; ok && i < ARRAY_LENGTH(texts); i++)
        ok = json_put_text(o, texts[i].key, (const char *)c + texts[i].at);
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *keep_json(const struct retention_policy *keep)
{
    json_t *o = json_object();
    bool ok = json_put_int(o, "within_ms", keep->within_ms);
    for (size_t i = 0; ok && i < ARRAY_LENGTH(counts); i++) {
        int value = 0;
        memcpy(&value, (const char *)keep + counts[i].at, sizeof value);
        ok = json_put_int(o, counts[i].key, value);
    }
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

json_t *copy_job_json(const struct copy_job *job)
{
    json_t *o = json_object();
    bool ok = json_put_text(o, "task", copy_task_word(job->task)) &&
              json_put_text(o, "id", job->id) && json_put_text(o, "service", job->service) &&
              json_put_text(o, "directory", job->directory) &&
              json_put_text(o, "timezone", job->timezone) &&
              json_put_bool(o, "known", job->known) && json_put(o, "keep", keep_json(&job->keep)) &&
              json_put(o, "target", target_json(&job->target));
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

static int wrong(struct error *err, const char *member)
{
    return error_set(err, -EBADMSG, "the member \"%s\" is missing or wrong", member);
}

static bool get_text(const json_t *o, const char *key, char *to, size_t size)
{
    const char *text = json_text_or(o, key, NULL);
    return text != NULL && str_copy(to, size, text);
}

static bool get_target(const json_t *o, struct copy_settings *c)
{
    int64_t type = json_int_or(o, "type", -1);
    int64_t port = json_int_or(o, "port", -1);
    if (type < 0 || type >= COPY_TYPE_COUNT || port < 0 || port > 65535)
        return false;
    c->type = (enum copy_type)type;
    c->port = (int)port;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (!get_text(o, texts[i].key, (char *)c + texts[i].at, texts[i].size))
            return false;
    return true;
}

static bool get_keep(const json_t *o, struct retention_policy *keep)
{
    keep->within_ms = json_int_or(o, "within_ms", -1);
    if (keep->within_ms < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        int64_t value = json_int_or(o, counts[i].key, -1);
        int small = (int)value;
        if (value < 0 || value > KEEP_MAX)
            return false;
        memcpy((char *)keep + counts[i].at, &small, sizeof small);
    }
    return true;
}

int copy_job_read(const char *text, size_t length, struct copy_job *ret, struct error *err)
{
    json_error_t why;
    JSON_CLEANUP json_t *o = json_loadb(text, length, JSON_READ_FLAGS, &why);
    *ret = (struct copy_job){0};
    if (o == NULL)
        return error_set(err, -EBADMSG, "no JSON: %s", why.text);
    int task = 0;
    while (task < COPY_TASK_COUNT &&
           !str_equal(copy_task_word((enum copy_task)task), json_text_or(o, "task", "")))
        task++;
    ret->task = (enum copy_task)task;
    if (task == COPY_TASK_COUNT || !get_text(o, "id", ret->id, sizeof ret->id) ||
        (ret->task == COPY_FETCH && !manifest_id_valid(ret->id)))
        return wrong(err, "task or id");
    if (!get_text(o, "service", ret->service, sizeof ret->service))
        return wrong(err, "service");
    if (!get_text(o, "directory", ret->directory, sizeof ret->directory))
        return wrong(err, "directory");
    if (!get_text(o, "timezone", ret->timezone, sizeof ret->timezone))
        return wrong(err, "timezone");
    if (!get_keep(json_object_get(o, "keep"), &ret->keep))
        return wrong(err, "keep");
    if (!get_target(json_object_get(o, "target"), &ret->target))
        return wrong(err, "target");
    ret->known = json_bool_or(o, "known", false);
    return 0;
}

/* ── the report ── */

void copy_report_clear(struct copy_report *r)
{
    json_decref(r->items);
    r->items = NULL;
}

bool copy_report_add(struct copy_report *r, enum copy_outcome_state state, enum backup_kind kind,
                     const char *id)
{
    if (r->count == COPY_OUTCOMES_MAX) {
        r->more = true;
        return false;
    }
    struct copy_outcome *o = &r->outcomes[r->count++];
    *o = (struct copy_outcome){.state = state, .kind = kind};
    (void)str_copy(o->id, sizeof o->id, id);
    return true;
}

static json_t *outcome_json(const struct copy_outcome *c)
{
    json_t *o = json_object();
    bool ok = json_put_text(o, "state", copy_outcome_word(c->state)) &&
              json_put_text(o, "kind", backup_kind_word(c->kind)) &&
              json_put_text(o, "id", c->id) &&
              json_put_text(o, "manifest_sha256", c->manifest_sha256);
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

json_t *copy_report_json(const struct copy_report *report)
{
    json_t *o = json_object();
    json_t *list = json_array();
    bool ok =
        json_put_bool(o, "more", report->more) && json_put_int(o, "code", report->error.code) &&
        json_put_text(o, "error", report->error.text) && json_put_text(o, "note", report->note);
    for (size_t i = 0; ok && i < report->count; i++)
        ok = json_array_append_new(list, outcome_json(&report->outcomes[i])) == 0;
    if (ok && report->items != NULL)
        ok = json_object_set(o, "items", report->items) == 0;
    if (json_put(o, "outcomes", list) && ok)
        return o;
    json_decref(o);
    return NULL;
}

static bool get_outcome(const json_t *o, struct copy_outcome *c)
{
    const char *state = json_text_or(o, "state", "");
    const char *kind = json_text_or(o, "kind", "");
    int found = -1;
    for (int i = 0; i < COPY_OUTCOME_STATE_COUNT; i++)
        if (str_equal(copy_outcome_word((enum copy_outcome_state)i), state))
            found = i;
    c->kind = str_equal(kind, backup_kind_word(BACKUP_DAILY)) ? BACKUP_DAILY : BACKUP_MANUAL;
    if (found < 0 || !str_equal(kind, backup_kind_word(c->kind)))
        return false;
    c->state = (enum copy_outcome_state)found;
    return get_text(o, "id", c->id, sizeof c->id) && manifest_id_valid(c->id) &&
           get_text(o, "manifest_sha256", c->manifest_sha256, sizeof c->manifest_sha256);
}

int copy_report_read(const char *text, size_t length, struct copy_report *ret, struct error *err)
{
    json_error_t why;
    size_t i = 0;
    const json_t *item = NULL;
    JSON_CLEANUP json_t *o = json_loadb(text, length, JSON_READ_FLAGS, &why);
    const json_t *list = json_object_get(o, "outcomes");
    *ret = (struct copy_report){0};
    if (o == NULL)
        return error_set(err, -EBADMSG, "the copier's answer is no JSON: %s", why.text);
    if (!json_is_array(list) || json_array_size(list) > COPY_OUTCOMES_MAX)
        return wrong(err, "outcomes");
    json_array_foreach(list, i, item) {
        if (!get_outcome(item, &ret->outcomes[i]))
            return wrong(err, "outcomes");
    }
    ret->count = json_array_size(list);
    ret->items = json_incref(json_object_get(o, "items"));
    ret->more = json_bool_or(o, "more", false);
    int64_t code = json_int_or(o, "code", 0);
    ret->error.code = code < 0 && code > -4096 ? (int)code : 0;
    (void)str_copy(ret->error.text, sizeof ret->error.text, json_text_or(o, "error", ""));
    (void)str_copy(ret->note, sizeof ret->note, json_text_or(o, "note", ""));
    return 0;
}
