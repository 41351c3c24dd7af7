/* The book of maintenance windows in the daemon: what it asks of engine, Redis, audit log and
 * people. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/world_inside.h"
#include "engine/queries.h"
#include "io/clock.h"
#include "io/log.h"

static struct now port_now(void *context)
{
    (void)context;
    return clock_now();
}

static const struct settings *port_settings(void *context)
{
    const struct world *w = context;
    return w->settings;
}

static bool port_doubts(void *context)
{
    const struct world *w = context;
    return engine_doubt(w->engine, clock_now()) != NULL;
}

static void port_hold(void *context, int service, const struct engine_window *window)
{
    struct world *w = context;
    engine_maintain(w->engine, service, window, clock_now());
}

static json_t *port_look(void *context, int service)
{
    const struct world *w = context;
    struct now now = clock_now();
    JSON_CLEANUP json_t *status = engine_status_json(w->engine, service, now);
    JSON_CLEANUP json_t *health = engine_health_json(w->engine, service, now);
    json_t *look = json_object();
    (void)json_put_text(look, "overall_status", json_text_or(status, "overall_status", "unknown"));
    (void)json_put_text(look, "cause",
                        json_text_or(json_object_get(health, "cause"), "code", NULL));
    (void)json_put_text(look, "role", json_text_or(status, "role", NULL));
    (void)json_put_bool(look, "canary", engine_settings(w->engine, service)->watch.canary);
    return look;
}

static wall_ms port_proved(void *context, int service)
{
    const struct world *w = context;
    struct backups_figures figures;
    bool known = w->backups != NULL && backups_figures(w->backups, service, &figures);
    return known ? figures.proved : WALL_NONE;
}

/* ── a full check ── */

struct check {
    struct world *world;
    uint64_t id;
};

static void on_checked(void *context, int status, json_t *body)
{
    struct check *check = context;
    struct world *w = check->world;
    (void)status; /* whatever the result: port_look() says how the service is */
    json_decref(body);
    if (w->maintenance != NULL)
        maintenance_checked(w->maintenance, check->id);
    mem_free(check);
}

static void port_check(void *context, int service, uint64_t id)
{
    struct world *w = context;
    struct check *check = mem_calloc(1, sizeof *check);
    if (check == NULL) {
        maintenance_checked(w->maintenance, id);
        return;
    }
    *check = (struct check){.world = w, .id = id};
    engine_refresh(w->engine, service, on_checked, check, clock_now());
}

/* ── people ── */

static bool covers(const struct window_record *window, const char *service)
{
    for (size_t i = 0; i < window->services.count; i++)
        if (str_equal(window->services.patterns[i], "*") ||
            str_equal(window->services.patterns[i], service))
            return true;
    return window->services.count == 0;
}

static void port_announce(void *context, const struct maintenance_news *news)
{
    struct world *w = context;
    log_info("maintenance", "%s", news->text);
    if (w->alerts != NULL)
        alerts_announce(w->alerts, news);
    if (news->kind == MAINTENANCE_BEGINS) /* the engine has announced it */
        return;
    for (int i = 0; i < w->count; i++)
        if (covers(news->window, w->settings->services[i].id))
            engine_notice(w->engine, i, "maintenance", access_name(ACCESS_VIEWER), news->text,
                          clock_now());
}

static void port_audit(void *context, const struct audit_line *line)
{
    struct world *w = context;
    audit_append(w->audit, 0, line, false);
}

static void port_saved(void *context, uint64_t id, enum store_outcome outcome,
                       const struct error *error)
{
    struct world *w = context;
    handlers_saved(w->handlers, id, outcome, error);
}

int world_open_maintenance(struct world *w, struct error *err)
{
    const struct maintenance_ports ports = {
        .context = w,
        .loop = w->loop,
        .store = w->store,
        .now = port_now,
        .settings = port_settings,
        .doubts = port_doubts,
        .random = world_random,
        .hold = port_hold,
        .look = port_look,
        .proved = port_proved,
        .check = port_check,
        .redis = world_redis,
        .announce = port_announce,
        .audit = port_audit,
        .saved = port_saved,
    };
    return maintenance_open(&ports, &w->maintenance, err);
}
