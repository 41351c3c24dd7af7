/* The list of services, with what an overview needs of each. */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/current.h"
#include "engine/latency.h"
#include "engine/maintained.h"
#include "engine/queries.h"
#include "engine/service.h"
#include "engine/snapshot.h"
#include "engine/withheld.h"

/* Where Redis listens, as the settings write it. */
static void put_address(json_t *item, const struct redis_settings *redis)
{
    char address[SETTINGS_PATH_MAX + 8];
    bool v6 = strchr(redis->host, ':') != NULL;
    if (redis->socket[0] != '\0')
        (void)str_format(address, sizeof address, "unix:%s", redis->socket);
    else
        (void)str_format(address, sizeof address, v6 ? "[%s]:%d" : "%s:%d", redis->host,
                         redis->port);
    (void)json_put_text(item, "address", address);
}

/* Only figures of now: what an earlier check found is left out. */
static void put_figures(json_t *item, const struct service *s, struct now now)
{
    const struct info_facts *i = &s->observations.info;
    bool up = current_figures(s, now);
    bool answers =
        reply_answered(cause_probe(&s->observations)->reply) && current_silence_ms(s, now) < 0;
    double latency = answers ? latency_last_ms(s) : -1;
    double load = up ? s->health.levels.gauges[GAUGE_LOAD].value : -1;
    (void)json_put(item, "response_time_ms", latency < 0 ? json_null() : json_rounded(latency, 2));
    snapshot_put_mb(item, "memory_mb", up ? i->used_memory : FACT_UNKNOWN);
    snapshot_put_int(item, "connections", up ? i->connected_clients : FACT_UNKNOWN);
    (void)json_put(item, "commands_per_second", load >= 0 ? json_rounded(load, 1) : json_null());
}

/* `open`: strangers see it. */
static json_t *item_json(const struct service *s, bool open, struct now now)
{
    char warning[SNAPSHOT_WARNING_MAX];
    enum overall overall = snapshot_overall(s, now);
    json_t *item = json_object();
    (void)json_put_text(item, "id", s->settings->id);
    (void)json_put_text(item, "name", s->settings->name);
    put_address(item, &s->settings->redis);
    if (s->settings->vm_name[0] != '\0')
        (void)json_put_text(item, "vm_name", s->settings->vm_name);
    snapshot_put_labels(item, s->settings);
    (void)json_put_bool(item, "public", open);
    (void)json_put_text(item, "status", snapshot_status(s));
    (void)json_put_text(item, "overall_status", overall_word(overall));
    (void)json_put_wall(item, "last_check", s->watch.last_check);
    (void)json_put_text(item, "cause", cause_row(s->cause)->code);
    (void)json_put_wall(item, "cause_since", s->cause_since);
    put_figures(item, s, now);
    (void)json_put(item, "not_guarded", withheld_always_json(s, now));
    if (overall == OVERALL_HEALTHY && snapshot_warning(s, now, warning, sizeof warning))
        (void)json_put_text(item, "warning", warning);
    snapshot_put_stop(item, s);
    if (s->maintained.held)
        (void)json_put(item, "maintenance", maintained_json(s));
    return item;
}

json_t *engine_services_json(const struct engine *e, struct now now)
{
    json_t *items = json_array();
    for (int i = 0; i < e->count; i++)
        (void)json_array_append_new(
            items, item_json(&e->services[i],
                             settings_status_public(e->settings, e->services[i].settings), now));
    json_t *body = json_object();
    (void)json_put(body, "items", items);
    (void)json_put_null(body, "next_cursor");
    return body;
}
