#include "alerts/window_json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "api/checklist_json.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/service_id.h"
#include "base/str.h"

static const char *const verified_words[] = {
    [WINDOW_UNVERIFIED] = "unverified", [WINDOW_WELL] = "well", [WINDOW_NOT_WELL] = "not_well"};

/* ── writing ── */

static json_t *services_json(const struct service_patterns *services)
{
    json_t *list = json_array();
    for (size_t i = 0; i < services->count; i++)
        if (json_array_append_new(list, json_string(services->patterns[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool put_state(json_t *o, const struct window *w)
{
    return json_put_text(o, "state", window_phase_word(w->phase)) &&
           json_put_int(o, "starts_ms", w->starts.ms) && json_put_int(o, "ends_ms", w->ends.ms) &&
           json_put_int(o, "length_ms", w->length_ms) &&
           json_put_int(o, "noticed_hours", w->noticed_hours) &&
           json_put_int(o, "sequence", w->sequence) && json_put_int(o, "ask_ms", w->ask_at.ms) &&
           json_put_int(o, "opened_ms", w->opened.ms) &&
           json_put_int(o, "closed_ms", w->closed.ms) &&
           json_put_text(o, "verified", verified_words[w->verified]);
}

json_t *window_json_make(const struct window_record *r)
{
    char date[DATE_TEXT_SIZE];
    json_t *o = json_object();
    bool good =
        json_put_text(o, "window", r->window) &&
        json_put_text(o, "date", date_text(r->date, date)) && json_put_text(o, "title", r->title) &&
        json_put(o, "services", services_json(&r->services)) &&
        json_put_text(o, "impact", window_impact_words[r->impact]) &&
        json_put_bool(o, "by_hand", r->by_hand) && json_put_text(o, "planned_by", r->planned_by) &&
        json_put_int(o, "planned_ms", r->planned.ms) && put_state(o, &r->state) &&
        (r->checklist == NULL || json_put(o, "checklist", checklist_json_make(r->checklist)));
    if (good)
        return o;
    json_decref(o);
    return NULL;
}

/* ── reading ── */

static int wrong(struct error *err, const char *member)
{
    return error_set(err, -EINVAL, "a maintenance window in the database: `%s` is not sound",
                     member);
}

static bool take_text(const json_t *o, const char *member, char *to, size_t size)
{
    const json_t *text = json_object_get(o, member);
    return json_is_string(text) && json_string_length(text) == strlen(json_string_value(text)) &&
           str_copy(to, size, json_string_value(text));
}

static bool take_int(const json_t *o, const char *member, int64_t min, int64_t max, int64_t *ret)
{
    const json_t *number = json_object_get(o, member);
    if (!json_is_integer(number) || json_integer_value(number) < min ||
        json_integer_value(number) > max)
        return false;
    *ret = json_integer_value(number);
    return true;
}

#define TIME_MAX_MS INT64_C(253402300799000) /* the year 9999 */

static bool take_time(const json_t *o, const char *member, wall_ms *ret)
{
    return take_int(o, member, 0, TIME_MAX_MS, &ret->ms);
}

static int index_of(const json_t *o, const char *member, const char *const *words, size_t count)
{
    return str_index(words, count, json_text_or(o, member, ""));
}

static bool take_date(const json_t *o, struct date *ret)
{
    const char *text = json_text_or(o, "date", "");
    return date_read(&text, ret) && *text == '\0';
}

static bool take_services(const json_t *o, struct service_patterns *ret)
{
    const json_t *list = json_object_get(o, "services");
    size_t i;
    json_t *service;
    if (!json_is_array(list) || json_array_size(list) > SETTINGS_ROUTE_SERVICES_MAX)
        return false;
    json_array_foreach(list, i, service) {
        const char *id = json_string_value(service);
        if (id == NULL || (!str_equal(id, "*") && !service_id_good(id)))
            return false;
        (void)str_copy(ret->patterns[ret->count++], SETTINGS_ID_MAX, id);
    }
    return true;
}

static int read_checklist(const json_t *list, struct checklist **ret, struct error *err)
{
    if (list == NULL)
        return 0;
    struct checklist *c = mem_calloc(1, sizeof *c);
    if (c == NULL)
        return error_set(err, -ENOMEM, "no memory for a checklist");
    if (checklist_json_read(list, c) < 0) {
        mem_free(c);
        return wrong(err, "checklist");
    }
    *ret = c;
    return 0;
}

static bool take_phase(const json_t *o, enum window_phase *ret)
{
    for (int i = 0; i < WINDOW_PHASE_COUNT; i++)
        if (str_equal(json_text_or(o, "state", ""), window_phase_word((enum window_phase)i))) {
            *ret = (enum window_phase)i;
            return true;
        }
    return false;
}

static int read_state(const json_t *o, struct window *w, struct error *err)
{
    int64_t hours = 0;
    int64_t sequence = 0;
    wall_ms starts = {0};
    wall_ms ends = {0};
    int verified = index_of(o, "verified", verified_words, ARRAY_LENGTH(verified_words));
    if (!take_time(o, "starts_ms", &starts) || !take_time(o, "ends_ms", &ends) ||
        ends.ms <= starts.ms)
        return wrong(err, "starts_ms or ends_ms");
    window_init(w, starts, ends);
    if (!take_int(o, "length_ms", 1, WINDOW_LENGTH_MAX_MS, &w->length_ms) ||
        ends.ms - starts.ms > WINDOW_EXTENDED_TIMES * w->length_ms)
        return wrong(err, "length_ms");
    if (!take_phase(o, &w->phase))
        return wrong(err, "state");
    if (!take_int(o, "noticed_hours", 0, WINDOW_UNNOTICED, &hours))
        return wrong(err, "noticed_hours");
    if (!take_int(o, "sequence", 0, INT32_MAX / 2, &sequence))
        return wrong(err, "sequence");
    if (!take_time(o, "ask_ms", &w->ask_at) || !take_time(o, "opened_ms", &w->opened) ||
        !take_time(o, "closed_ms", &w->closed))
        return wrong(err, "ask_ms, opened_ms or closed_ms");
    if (verified < 0)
        return wrong(err, "verified");
    w->noticed_hours = (int)hours;
    w->sequence = (int)sequence;
    w->verified = (enum window_verified)verified;
    return 0;
}

int window_json_read(const json_t *o, struct window_record *ret, struct error *err)
{
    struct window_record r = {0};
    int impact = index_of(o, "impact", window_impact_words, WINDOW_IMPACT_COUNT);
    if (!take_text(o, "window", r.window, sizeof r.window) ||
        (r.window[0] != '\0' && !service_id_good(r.window)))
        return wrong(err, "window");
    if (!take_date(o, &r.date))
        return wrong(err, "date");
    if (!take_text(o, "title", r.title, sizeof r.title))
        return wrong(err, "title");
    if (!take_services(o, &r.services))
        return wrong(err, "services");
    if (impact < 0)
        return wrong(err, "impact");
    r.impact = (enum window_impact)impact;
    r.by_hand = json_bool_or(o, "by_hand", false);
    if (!take_text(o, "planned_by", r.planned_by, sizeof r.planned_by))
        return wrong(err, "planned_by");
    if (!take_time(o, "planned_ms", &r.planned))
        return wrong(err, "planned_ms");
    int result = read_state(o, &r.state, err);
    if (result == 0)
        result = read_checklist(json_object_get(o, "checklist"), &r.checklist, err);
    if (result < 0)
        return result;
    *ret = r;
    return 0;
}

void window_record_clear(struct window_record *record)
{
    mem_free(record->checklist);
    record->checklist = NULL;
}
