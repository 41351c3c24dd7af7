#include "daemon/world.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "daemon/intents.h"
#include "daemon/outcome.h"
#include "daemon/recall.h"
#include "daemon/self.h"
#include "daemon/world_inside.h"
#include "host/systemctl.h"
#include "io/clock.h"
#include "io/log.h"
#include "redis/reply.h"

#define EVENTS_KEPT_MS (90LL * 86400 * 1000)
#define THIN_INTERVAL_MS (6LL * 3600 * 1000)

static struct now now_here(void)
{
    return clock_now();
}

/* ── timers ── */

static void on_place_timer(uv_timer_t *timer)
{
    struct place *p = timer->data;
    engine_wake(p->world->engine, p->index, now_here());
}

static void on_self_timer(uv_timer_t *timer)
{
    struct world *w = timer->data;
    engine_wake(w->engine, ENGINE_SELF, now_here());
    world_watch_self(w);
}

static void on_later_timer(uv_timer_t *timer)
{
    struct world *w = timer->data;
    handlers_later(w->handlers);
}

static void on_thin_timer(uv_timer_t *timer)
{
    struct world *w = timer->data;
    wall_ms before = wall_add(clock_wall(), -EVENTS_KEPT_MS);
    store_thin(w->store, before, before);
}

static void set_timer(uv_timer_t *timer, uv_timer_cb callback, mono_ms at)
{
    if (at.ms == MONO_NEVER.ms) {
        (void)uv_timer_stop(timer);
        return;
    }
    uv_update_time(timer->loop);
    int64_t wait = mono_since(at, clock_mono());
    (void)uv_timer_start(timer, callback, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void port_wake_at(void *context, int service, mono_ms at)
{
    struct world *w = context;
    if (service == ENGINE_SELF)
        set_timer(&w->self, on_self_timer, at);
    else
        set_timer(&w->places[service].timer, on_place_timer, at);
}

static void port_later(void *context, mono_ms at)
{
    struct world *w = context;
    set_timer(&w->later, on_later_timer, at);
}

static void on_refuse_timer(uv_timer_t *timer);

void world_refuse_soon(struct world *w)
{
    (void)uv_timer_start(&w->refuse, on_refuse_timer, 0, 0);
}

/* ── Redis ── */

static void ask_redis(struct place *p, uint64_t id, enum redis_request request,
                      const char *const *args, bool fresh, mono_ms deadline)
{
    ledger_redis(&p->asked, id, request, clock_mono());
    if (p->redis == NULL)
        world_refuse_soon(p->world);
    else if (!world_fleet_redis(p, id, request, fresh, deadline))
        redis_client_request(p->redis, id, request, args, fresh, deadline);
}

#define CANARY_PREFIX "resus:canary:"

static void port_redis(void *context, int service, uint64_t id, enum redis_request request,
                       bool fresh, mono_ms deadline)
{
    struct world *w = context;
    char key[SETTINGS_ID_MAX + sizeof CANARY_PREFIX];
    (void)str_format(key, sizeof key, CANARY_PREFIX "%s", w->settings->services[service].id);
    const char *const canary[] = {key, NULL};
    ask_redis(&w->places[service], id, request, request == REDIS_CANARY ? canary : NULL, fresh,
              deadline);
}

void world_redis(void *context, int service, uint64_t id, enum redis_request request,
                 const char *const *args, bool fresh, mono_ms deadline)
{
    struct world *w = context;
    ask_redis(&w->places[service], id, request, args, fresh, deadline);
}

static void take_answer(struct place *p, const struct redis_answer *answer)
{
    bool smoke = ticket_is_of(answer->id, TICKET_MAINTENANCE);
    if (!smoke && !ticket_is_of(answer->id, TICKET_HANDLERS)) {
        engine_redis_ended(p->world->engine, p->index, answer, now_here());
        return;
    }
    engine_own_errors(p->world->engine, p->index, answer->own_errors);
    if (smoke) {
        maintenance_redis_ended(p->world->maintenance, answer);
        return;
    }
    handlers_redis_ended(p->world->handlers, p->index, answer);
}

static void on_answer(void *context, const struct redis_answer *answer)
{
    struct place *p = context;
    struct ledger_entry asked;
    if (!ledger_settle(&p->asked, answer->id, &asked))
        return;
    world_fleet_ended(p, &asked);
    take_answer(p, answer);
}

static void on_lost(void *context, const char *why)
{
    struct place *p = context;
    engine_redis_lost(p->world->engine, p->index, why, now_here());
}

static void open_tunnel(void *context, const char *host, int port, mono_ms deadline,
                        void (*done)(void *done_context, int fd, const struct error *error),
                        void *done_context)
{
    struct place *p = context;
    ssh_tunnel_open(p->world->ssh, &p->world->settings->services[p->index].ssh, host, port,
                    deadline, done, done_context);
}

/* ── hosts ── */

void world_command(void *context, int service, const struct host_request *request)
{
    struct world *w = context;
    struct place *p = &w->places[service];
    ledger_host(&p->asked, request->id, request->command, request->number, clock_mono());
    if (p->controller == NULL)
        world_refuse_soon(w);
    else if (!world_fleet_command(p, request))
        p->controller->ops->run(p->controller, request);
}

static void take_result(struct place *p, const struct ledger_entry *asked,
                        const struct host_result *r)
{
    if (ticket_is_of(asked->id, TICKET_TITLE)) {
        witness_title_ended(p, asked->id, r);
        return;
    }
    if (ticket_is_of(asked->id, TICKET_HANDLERS)) {
        handlers_host_ended(p->world->handlers, p->index, asked->id, r);
        return;
    }
    struct host_outcome o;
    outcome_read(asked->id, asked->command, asked->number, r, &o);
    log_debug("host", "%s ended after %" PRId64 " ms", host_command_name(o.command), o.duration_ms);
    engine_host_ended(p->world->engine, p->index, &o, now_here());
}

static void on_host_done(void *context, uint64_t id, const struct host_result *r)
{
    struct place *p = context;
    struct ledger_entry asked;
    if (!ledger_settle(&p->asked, id, &asked))
        return;
    world_fleet_ended(p, &asked);
    take_result(p, &asked, r);
}

void place_end_lost(struct place *p, struct ledger *lost, const char *why)
{
    struct ledger_entry e;
    while (ledger_next(lost, &e)) {
        struct redis_answer answer;
        struct host_result result;
        world_fleet_ended(p, &e);
        if (!e.of_host && e.request == REDIS_REQUEST_COUNT) {
            witness_lost(p, e.id, why);
        } else if (e.of_host) {
            ledger_lost_host(&e, why, &result);
            take_result(p, &e, &result);
        } else {
            ledger_lost_redis(&e, why, &answer);
            take_answer(p, &answer);
        }
    }
}

/* A service whose settings cannot be used has nothing that could be asked. */
static void on_refuse_timer(uv_timer_t *timer)
{
    struct world *w = timer->data;
    for (int i = 0; i < w->count; i++) {
        struct place *p = &w->places[i];
        if (p->redis != NULL)
            continue;
        struct ledger redis = ledger_take(&p->asked, false);
        struct ledger commands = ledger_take(&p->asked, true);
        ledger_give_up(&commands, NULL);
        ledger_join(&redis, &commands);
        place_end_lost(p, &redis, p->problem.text);
    }
}

static void on_exited(void *context)
{
    struct place *p = context;
    engine_process_ended(p->world->engine, p->index, now_here());
}

/* ── dependent services ── */

static void port_probe(void *context, int service, uint64_t id, const char *url)
{
    struct world *w = context;
    prober_ask(w->prober, service, id, url);
}

static void on_probed(void *context, int service, const struct probe_outcome *outcome)
{
    struct world *w = context;
    engine_probe_ended(w->engine, service, outcome, now_here());
}

/* ── what else the world is asked for ── */

static void port_log(void *context, int service, bool warning, const char *text)
{
    struct world *w = context;
    log_write(warning ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, w->settings->services[service].id, "%s",
              text);
}

uint64_t world_random(void *context)
{
    (void)context;
    uint64_t value;
    if (uv_random(NULL, NULL, &value, sizeof value, 0, NULL) != 0)
        value = (uint64_t)clock_mono_us() * 0x9E3779B97F4A7C15ULL;
    return value;
}

static struct now port_now(void *context)
{
    (void)context;
    return now_here();
}

static void port_self(void *context, struct doctor_self *ret)
{
    struct world *w = context;
    self_look(w->settings, w->audit, ret);
    ret->reload_refused = w->refused.code == 0 ? NULL : w->refused.text;
}

static void port_audit_look(void *context, struct audit_state *ret)
{
    struct world *w = context;
    audit_look(w->audit, ret);
}

static void port_audit_rekey(void *context, uint64_t id, const uint8_t *key,
                             const struct audit_line *line)
{
    struct world *w = context;
    audit_rekey(w->audit, id, key, line);
}

/* ── opening ── */

int place_open_redis(struct world *w, int index, const struct service_settings *s, struct ends *ret,
                     struct error *err)
{
    struct place *p = &w->places[index];
    struct redis_client_events events = {.context = p, .answer = on_answer, .lost = on_lost};
    const struct redis_tunnel *tunnel = s->redis.via == VIA_SSH ? &p->tunnel : NULL;
    int r = redis_client_new(w->loop, tunnel, s, &events, &ret->redis, err);
    return r < 0 ? error_prefix(err, "service %s", s->id) : 0;
}

int place_open_controller(struct world *w, int index, const struct service_settings *s,
                          struct ends *ret, struct error *err)
{
    int r =
        controller_open(w->loop, w->ssh, s, on_host_done, &w->places[index], &ret->controller, err);
    if (r == 0)
        ret->controller->exited = on_exited;
    return r;
}

static void init_place(struct world *w, int index)
{
    struct place *p = &w->places[index];
    p->world = w;
    p->index = index;
    p->timer.data = p;
    (void)uv_timer_init(w->loop, &p->timer);
    p->tunnel = (struct redis_tunnel){.context = p, .open = open_tunnel};
}

/* One service that cannot be watched does not keep the others from it. */
static int open_places(struct world *w, struct error *err)
{
    int good = 0;
    for (int i = 0; i < w->count; i++) {
        struct ends made;
        init_place(w, i);
        if (w->fleet != NULL) { /* opened when it is ours */
            good++;
            continue;
        }
        place_open(w, i, w->settings, &made);
        place_take(&w->places[i], &made);
        good += made.problem.code == 0;
    }
    if (good > 0)
        return 0;
    *err = w->places[0].problem;
    return err->code;
}

bool world_needs_ssh(const struct settings *settings)
{
    for (size_t i = 0; i < settings->service_count; i++)
        if (settings->services[i].control == CONTROL_SSH ||
            settings->services[i].redis.via == VIA_SSH)
            return true;
    return false;
}

static int open_engine(struct world *w, struct error *err)
{
    struct service_state *saved = mem_calloc(w->settings->service_count, sizeof *saved);
    if (saved == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = 0;
    for (int i = 0; i < w->count && r >= 0; i++) {
        (void)str_copy(saved[i].id, sizeof saved[i].id, w->settings->services[i].id);
        r = store_load_service(w->store, w->settings->services[i].id, &saved[i], err);
    }
    struct engine_ports ports = {
        .context = w,
        .wake_at = port_wake_at,
        .redis = port_redis,
        .host = world_command,
        .witness = world_witness,
        .probe = port_probe,
        .log = port_log,
        .root = geteuid() == 0,
        .random = world_random,
    };
    world_fill_record_ports(&ports);
    world_fill_alert_ports(&ports);
    struct handlers_ports handlers = {
        .context = w,
        .now = port_now,
        .host = world_command,
        .redis = world_redis,
        .witness = world_witness,
        .later = port_later,
        .self = port_self,
        .audit_look = port_audit_look,
        .audit_rekey = port_audit_rekey,
        .store = w->store,
        .series = w->history.series,
        .loop = w->loop,
        .accounts = w->accounts,
        .keys = w->keys,
        .maintenance = w->maintenance,
        .backups = w->backups,
        .restores = w->restores,
        .procedures = w->procedures,
        .fleet = w->fleet,
    };
    if (r >= 0)
        r = engine_new(w->settings, &ports, saved, now_here(), &w->engine, err);
    if (r >= 0)
        r = recall_recoveries(w->store, w->engine, err);
    if (r >= 0)
        r = world_open_alerts(w, err);
    handlers.alerts = w->alerts;
    if (r >= 0)
        r = handlers_new(w->engine, &handlers, &w->handlers, err);
    mem_free(saved);
    return r;
}

static void init_timers(struct world *w)
{
    (void)uv_timer_init(w->loop, &w->self);
    (void)uv_timer_init(w->loop, &w->later);
    (void)uv_timer_init(w->loop, &w->thin);
    (void)uv_timer_init(w->loop, &w->refuse);
    w->refuse.data = w;
    w->self.data = w;
    w->later.data = w;
    w->thin.data = w;
    w->timers = true;
}

int world_open(uv_loop_t *loop, const struct settings *settings, struct world **ret,
               struct error *err)
{
    struct world *w = mem_calloc(1, sizeof *w);
    if (w == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    w->loop = loop;
    w->settings = settings;
    init_timers(w);
    w->places = mem_calloc(settings->service_count, sizeof w->places[0]);
    int r = w->places == NULL ? error_set(err, -ENOMEM, "out of memory") : 0;
    if (r >= 0)
        r = world_open_records(w, err);
    if (r >= 0)
        r = prober_new(loop, on_probed, w, &w->prober, err);
    if (r >= 0 && world_needs_ssh(settings))
        r = ssh_pool_new(loop, &w->ssh, err);
    if (r >= 0)
        r = world_open_keys(w, err);
    if (r >= 0)
        r = world_open_maintenance(w, err);
    if (r >= 0)
        r = world_open_backups(w, err);
    if (r >= 0)
        r = world_open_restores(w, err);
    if (r >= 0)
        r = world_open_procedures(w, err);
    if (r >= 0) {
        w->count = (int)settings->service_count;
        r = world_open_fleet(w, err);
    }
    if (r >= 0)
        r = open_engine(w, err);
    if (r >= 0)
        r = open_places(w, err);
    if (r < 0) {
        world_close(w);
        (void)uv_run(loop, UV_RUN_DEFAULT);
        world_free(w);
        return r;
    }
    *ret = w;
    return 0;
}

void world_start(struct world *w)
{
    intents_close(w->settings->audit.file, w->audit);
    engine_start(w->engine, now_here());
    maintenance_start(w->maintenance);
    audit_news_begin(w);
    for (int i = 0; i < w->count; i++)
        if (w->places[i].problem.code != 0)
            engine_misconfigured(w->engine, i, w->places[i].problem.text, now_here());
    world_start_fleet(w);
    alerts_start(w->alerts);
    backups_start(w->backups);
    restores_start(w->restores);
    procedures_start(w->procedures);
    history_begin(&w->history, w->engine, w->handlers);
    (void)uv_timer_start(&w->thin, on_thin_timer, THIN_INTERVAL_MS, THIN_INTERVAL_MS);
}

void world_listen(struct world *w, void (*heard)(void *context, int service, const json_t *event),
                  void *context)
{
    w->heard = heard;
    w->listener = context;
}

struct handlers *world_handlers(struct world *w)
{
    return w->handlers;
}

struct accounts *world_accounts(struct world *w)
{
    return w->accounts;
}

struct engine *world_engine(struct world *w)
{
    return w->engine;
}

void world_reopen_audit(struct world *w)
{
    audit_reopen(w->audit);
}

/* ── closing ── */

void world_close(struct world *w)
{
    procedures_close(w->procedures);
    restores_close(w->restores);
    fleet_stop(w->fleet);
    if (w->engine != NULL)
        engine_end(w->engine);
    handlers_free(w->handlers);
    w->handlers = NULL;
    backups_close(w->backups);
    w->backups = NULL;
    alerts_close(w->alerts);
    w->alerts = NULL;
    maintenance_close(w->maintenance);
    w->maintenance = NULL;
    accounts_close(w->accounts);
    w->accounts = NULL;
    for (int i = 0; w->places != NULL && i < w->count; i++) {
        struct place *p = &w->places[i];
        redis_client_free(p->redis);
        witness_free(p->witness);
        if (p->controller != NULL)
            p->controller->ops->close(p->controller);
        if (p->timer.data != NULL)
            uv_close((uv_handle_t *)&p->timer, NULL);
        p->redis = NULL;
        p->controller = NULL;
        p->witness = NULL;
        ledger_clear(&p->asked);
    }
    uv_close((uv_handle_t *)&w->self, NULL);
    uv_close((uv_handle_t *)&w->later, NULL);
    uv_close((uv_handle_t *)&w->thin, NULL);
    uv_close((uv_handle_t *)&w->refuse, NULL);
    sshkeys_close(w->keys); /* before the SSH thread, which its logins are on */
    w->keys = NULL;
    fleet_close(w->fleet);
    w->fleet = NULL;
    prober_free(w->prober);
    w->prober = NULL;
    ssh_pool_free(w->ssh);
    w->ssh = NULL;
    world_close_records(w);
}

void world_free(struct world *w)
{
    if (w == NULL)
        return;
    procedures_free(w->procedures);
    restores_free(w->restores);
    engine_free(w->engine);
    mem_free(w->places);
    mem_free(w);
}
