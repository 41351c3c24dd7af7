/* Connections, controllers and witnesses as a set: opened at the start, exchanged at a reload. */
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "daemon/check.h"
#include "daemon/world_inside.h"
#include "io/clock.h"

void place_close_ends(struct ends *e)
{
    redis_client_free(e->redis);
    witness_free(e->witness);
    if (e->controller != NULL)
        e->controller->ops->close(e->controller);
    *e = (struct ends){0};
}

void place_open(struct world *w, int index, const struct settings *settings, struct ends *ret)
{
    const struct service_settings *s = &settings->services[index];
    struct error err = {0};
    struct error found = {0};
    *ret = (struct ends){0};
    int r = check_trust(settings, s, &err);
    if (r >= 0)
        r = place_open_redis(w, index, s, ret, &err);
    if (r >= 0)
        r = place_open_controller(w, index, s, ret, &err);
    if (r >= 0)
        r = place_open_witness(w, index, s, ret, &err);
    if (r >= 0 && s->redis.via == VIA_SSH)
        r = check_key(settings, s, geteuid(), &err);
    if (r >= 0)
        return;
    place_close_ends(ret);
    ret->problem = check_service(settings, s, &found) < 0 ? found : err; /* with its place */
}

void place_take(struct place *p, const struct ends *made)
{
    p->redis = made->redis;
    p->controller = made->controller;
    p->witness = made->witness;
    p->problem = made->problem;
}

static void exchange_ends(struct world *w, int index, struct ends *fresh)
{
    struct place *p = &w->places[index];
    struct ends old = {0};
    p->problem = fresh->problem;
    if (fresh->redis != NULL) {
        old.redis = p->redis;
        p->redis = fresh->redis;
        fresh->lost = ledger_take(&p->asked, false);
    }
    if (fresh->controller != NULL) {
        struct ledger commands = ledger_take(&p->asked, true);
        old.controller = p->controller;
        p->controller = fresh->controller;
        ledger_give_up(&commands, old.controller);
        ledger_join(&fresh->lost, &commands);
    }
    if (fresh->witness != NULL) {
        old.witness = p->witness;
        p->witness = fresh->witness;
    }
    *fresh = (struct ends){fresh->redis, fresh->controller, old.witness, fresh->lost, {0}};
    old.witness = NULL;
    place_close_ends(&old);
}

/* Nothing is known of what they did. What follows from that is asked of the new ends, under the new
 * settings. */
static void end_all_lost(struct world *w, struct ends *fresh)
{
    static const char why[] = "the settings were read again before the answer came";
    for (int i = 0; i < w->count; i++) {
        if (fresh[i].redis == NULL && fresh[i].controller == NULL)
            continue;
        handlers_reopened(w->handlers, i);
        place_end_lost(&w->places[i], &fresh[i].lost, why);
        if (fresh[i].witness != NULL) /* the old one */
            witness_give_up(fresh[i].witness, why);
        witness_free(fresh[i].witness);
        /* Read again: the ends gave the engine a time that may be later than one from before. */
        engine_reopened(w->engine, i, clock_now());
    }
}

static void tell_misconfigured(struct world *w)
{
    for (int i = 0; i < w->count; i++) {
        if (w->places[i].dormant)
            continue;
        const struct error *problem = &w->places[i].problem;
        engine_misconfigured(w->engine, i, problem->code == 0 ? NULL : problem->text, clock_now());
    }
}

/* Everything that can fail is tried beside what is there, and only then takes its place: a reload
 * that is refused has changed nothing. */
static int prepare(struct world *w, const struct settings *settings, struct ends *fresh,
                   struct error *err)
{
    const struct settings *old = w->settings;
    int r = 0;
    for (int i = 0; r >= 0 && i < w->count; i++) {
        const struct service_settings *before = &old->services[i];
        const struct service_settings *s = &settings->services[i];
        if (w->places[i].dormant)
            continue;
        if (w->places[i].problem.code != 0) {
            place_open(w, i, settings, &fresh[i]); /* it stays misconfigured, or is watched */
            continue;
        }
        if (!settings_same_redis(before, s))
            r = place_open_redis(w, i, s, &fresh[i], err);
        if (r >= 0 && !settings_same_control(before, s))
            r = place_open_controller(w, i, s, &fresh[i], err);
        if (r >= 0 && (fresh[i].redis != NULL || fresh[i].controller != NULL))
            r = place_open_witness(w, i, s, &fresh[i], err);
    }
    w->settings = settings;
    if (r >= 0)
        r = accounts_reconfigure(w->accounts, err);
    if (r >= 0)
        r = alerts_reconfigure(w->alerts, settings, err);
    if (r >= 0) {
        sshkeys_reloaded(w->keys);
        return 0;
    }
    w->settings = old;
    for (int i = 0; i < w->count; i++)
        place_close_ends(&fresh[i]);
    return r;
}

static int check_unmoved(const struct world *w, const struct settings *settings, struct error *err)
{
    char key[SETTINGS_ID_MAX + 64];
    if (!settings_moved(w->settings, settings, key, sizeof key))
        return 0;
    return error_set(err, -EINVAL,
                     "`%s` has changed, and a reload does not change how or where a service is "
                     "controlled. If that is meant, run: systemctl restart resus",
                     key);
}

/* A file may be half-written, or the wrong one. */
static int check_whole(const struct world *w, const struct settings *settings, struct error *err)
{
    if (settings->empty)
        return error_set(err, -EINVAL,
                         "%s is empty: it may be half-written. Write it and reload again",
                         settings->path);
    if (w->settings->services_named && !settings->services_named)
        return error_set(err, -EINVAL,
                         "%s names no service: it may be half-written. Write "
                         "`services` and reload again; if the default service is meant, run: "
                         "systemctl restart resus",
                         settings->path);
    return 0;
}

/* A file that is still being written has lost the services at its end. */
static int check_gone(const struct world *w, const struct settings *settings, struct error *err)
{
    for (int i = 0; i < w->count; i++) {
        const char *id = w->settings->services[i].id;
        if (settings_service(settings, id) == NULL && settings->cut)
            return error_set(err, -EINVAL,
                             "services.%s is gone, and the last line of %s has no end: it may be "
                             "half-written. End the line and reload again",
                             id, settings->path);
    }
    return 0;
}

int world_check_regrouped(const struct world *w, const struct settings *settings, struct error *err)
{
    char keys[256];
    if (check_whole(w, settings, err) < 0 || check_gone(w, settings, err) < 0)
        return err->code;
    if (settings_restart_needed(w->settings, settings, keys, sizeof keys) > 0)
        return error_set(err, -EINVAL,
                         "services were added or removed, and what takes effect only after a "
                         "restart has changed, too: %s. If that is meant, run: systemctl restart "
                         "resus",
                         keys);
    const char *id = engine_at_work(w->engine, clock_now());
    if (id != NULL)
        return error_set(err, -EBUSY,
                         "services were added or removed, and an operation or a recovery of %s is "
                         "under way. Reload again when it has ended",
                         id);
    int restored = w->restores == NULL ? -1 : restores_at_work(w->restores);
    if (restored >= 0)
        return error_set(err, -EBUSY,
                         "services were added or removed, and a restore of %s is under way. Reload "
                         "again when it has ended",
                         w->settings->services[restored].id);
    return check_unmoved(w, settings, err);
}

/* The demonstration has one service, which is not exchanged. */
static int check_same_services(const struct world *w, const struct settings *settings,
                               struct error *err)
{
    if (check_whole(w, settings, err) < 0)
        return err->code;
    if (settings_regrouped(w->settings, settings))
        return error_set(err, -EINVAL, "the demonstration keeps its services");
    return check_unmoved(w, settings, err);
}

int world_reconfigure(struct world *w, const struct settings *settings, struct error *err)
{
    if (check_same_services(w, settings, err) < 0)
        return err->code;
    struct ends *fresh = mem_calloc(settings->service_count, sizeof *fresh);
    if (fresh == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = prepare(w, settings, fresh, err);
    for (int i = 0; r >= 0 && i < w->count; i++)
        exchange_ends(w, i, &fresh[i]);
    if (r >= 0) {
        engine_reconfigure(w->engine, settings, clock_now());
        tell_misconfigured(w);
        if (w->fleet != NULL)
            fleet_reconfigure(w->fleet, settings);
        maintenance_reload(w->maintenance);
        backups_reload(w->backups);
        end_all_lost(w, fresh);
    }
    mem_free(fresh);
    return r < 0 ? r : 0;
}

void world_note_reload(struct world *w, const struct error *refused)
{
    w->refused = refused == NULL ? (struct error){0} : *refused;
}
