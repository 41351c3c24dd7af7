/* Which alerts there can be, and what is seen of each: services by the engine's facts, hosts by
 * those of their services, everything else as it was reported. */
#include <errno.h>
#include <string.h>

#include "alerts/inside.h"
#include "base/mem.h"
#include "base/str.h"

/* ── hosts ── */

static int host_named(struct alerts *a, const char *name)
{
    char cut[SERVICE_ID_SIZE]; /* an alert's subject is no longer than that */
    (void)str_copy(cut, sizeof cut, name);
    for (size_t i = 0; i < a->host_count; i++)
        if (str_equal(a->hosts[i].name, cut))
            return (int)i;
    (void)str_copy(a->hosts[a->host_count].name, sizeof a->hosts[0].name, cut);
    return (int)a->host_count++;
}

int conditions_open(struct alerts *a, struct error *err)
{
    size_t count = a->settings->service_count;
    a->routes = mem_calloc(count + 1, sizeof a->routes[0]);
    a->hosts = mem_calloc(count + 1, sizeof a->hosts[0]);
    a->host_of = mem_calloc(count + 1, sizeof a->host_of[0]);
    a->dirty = mem_calloc(count + 1, sizeof a->dirty[0]);
    a->wakes = mem_calloc(count + 1, sizeof a->wakes[0]);
    if (a->routes == NULL || a->hosts == NULL || a->host_of == NULL || a->dirty == NULL ||
        a->wakes == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    a->own_wake = a->look_at = MONO_NEVER;
    for (size_t i = 0; i < count; i++) {
        const struct service_settings *s = &a->settings->services[i];
        a->wakes[i] = MONO_NEVER;
        a->host_of[i] = s->control == CONTROL_SSH ? host_named(a, s->ssh.host) : -1;
        if (a->host_of[i] >= 0)
            a->hosts[a->host_of[i]].count++;
    }
    for (size_t i = 0; i < a->host_count; i++) {
        a->hosts[i].members = mem_calloc(a->hosts[i].count, sizeof a->hosts[i].members[0]);
        if (a->hosts[i].members == NULL)
            return error_set(err, -ENOMEM, "out of memory");
        a->hosts[i].count = 0;
    }
    for (size_t i = 0; i < count; i++)
        if (a->host_of[i] >= 0) {
            struct alert_host *host = &a->hosts[a->host_of[i]];
            host->members[host->count++] = (int)i;
        }
    conditions_configure(a);
    return 0;
}

void conditions_close(struct alerts *a)
{
    for (size_t i = 0; i < a->host_count; i++)
        mem_free(a->hosts[i].members);
    mem_free(a->routes);
    mem_free(a->hosts);
    mem_free(a->host_of);
    mem_free(a->dirty);
    mem_free(a->wakes);
}

void conditions_configure(struct alerts *a)
{
    for (size_t i = 0; i < a->settings->service_count; i++)
        a->routes[i] = route_set_of(&a->plan->routes, a->settings->services[i].id);
    a->own = route_set_of(&a->plan->routes, "");
}

static struct book_entry *host_entry(const struct alerts *a, int host)
{
    struct alert_key key = {.class = CLASS_HOST};
    if (host < 0 || book_first(&a->book, -1) == NULL)
        return NULL;
    if (a->hosts[host].entry == NULL) {
        (void)str_copy(key.subject, sizeof key.subject, a->hosts[host].name);
        a->hosts[host].entry = book_find(&a->book, -1, &key);
    }
    return a->hosts[host].entry;
}

static bool absorbed(const struct alerts *a, int service)
{
    const struct book_entry *e = host_entry(a, a->host_of[service]);
    return e != NULL && alert_absorbs(&e->alert);
}

/* The worst route of its services: whoever cares for one of them cares for its host. */
static struct route_set host_routes(const struct alerts *a, const struct alert_host *host)
{
    struct route_set all = {0};
    for (size_t i = 0; i < host->count; i++) {
        const struct route_set *one = &a->routes[host->members[i]];
        for (int s = 0; s < SEVERITY_COUNT; s++)
            all.by_severity[s] |= one->by_severity[s];
        all.pagers |= one->pagers;
    }
    return all;
}

static bool all_held(const struct alerts *a, const struct alert_host *host)
{
    for (size_t i = 0; i < host->count; i++)
        if (a->ports.held == NULL || !a->ports.held(a->ports.context, host->members[i]))
            return false;
    return true;
}

static void look_at_host(struct alerts *a, int index, struct now now)
{
    const struct alert_host *host = &a->hosts[index];
    struct verdict *verdicts = mem_calloc(host->count, sizeof *verdicts);
    int unreachable = 0;
    if (verdicts == NULL)
        return; /* seen again with the next verdict */
    for (size_t i = 0; i < host->count; i++) {
        verdicts[i] = engine_verdict(a->ports.engine, host->members[i]);
        unreachable += verdicts[i].confirmed && verdicts[i].cause == CAUSE_HOST_UNREACHABLE;
    }
    struct alert_sight sight = alert_see_host(verdicts, host->count);
    mem_free(verdicts);
    struct book_entry *e = host_entry(a, index);
    if (sight.event != ALERT_BAD && (e == NULL || !alert_open(&e->alert)))
        return;
    struct alert_key key = {.class = CLASS_HOST};
    (void)str_copy(key.subject, sizeof key.subject, host->name);
    if (e == NULL && (e = book_add(&a->book, -1, &key)) == NULL)
        return;
    struct route_set routes = host_routes(a, host);
    const struct alert_input input = {.event = sight.event,
                                      .severity = sight.severity,
                                      .cause = sight.cause,
                                      .held = all_held(a, host),
                                      .members = unreachable,
                                      .routes = &routes};
    bool spoke = alert_absorbs(&e->alert);
    alerts_step(a, e, &input, now);
    incidents_look(a, -1, host->name, now);
    if (spoke == alert_absorbs(&e->alert))
        return;
    for (size_t i = 0; i < host->count; i++) /* it speaks for them, or does not any longer */
        a->dirty[host->members[i]] = true;
}

/* ── services ── */

struct service_look {
    int service;
    struct alert_look look;
    bool held, absorbed;
};

static void look_at(struct alerts *a, const struct service_look *l, enum alert_class class,
                    const char *detail, struct now now)
{
    struct alert_key key = {.class = class};
    (void)str_copy(key.subject, sizeof key.subject, a->settings->services[l->service].id);
    (void)str_copy(key.detail, sizeof key.detail, detail);
    struct alert_sight sight = alert_see(&l->look.facts, &key);
    struct book_entry *e = book_find(&a->book, l->service, &key);
    if (sight.event != ALERT_BAD && (e == NULL || !alert_open(&e->alert)))
        return;
    if (e == NULL && (e = book_add(&a->book, l->service, &key)) == NULL)
        return;
    bool treated = cause_row(l->look.facts.verdict.cause)->alert_class == class;
    const struct alert_input input = {
        .event = sight.event,
        .severity = sight.severity,
        .cause = sight.cause,
        .may_heal = treated && l->look.may_heal,
        .acted = class == CLASS_AVAILABILITY && l->look.acted,
        .held = l->held,
        .absorbed = l->absorbed,
        .routes = &a->routes[l->service],
    };
    alerts_step(a, e, &input, now);
}

static void look_at_service(struct alerts *a, int service, struct now now)
{
    static const enum alert_class classes[] = {CLASS_AVAILABILITY, CLASS_WRITES, CLASS_ACCESS,
                                               CLASS_SELF};
    struct service_look l = {
        .service = service,
        .held = a->ports.held != NULL && a->ports.held(a->ports.context, service),
        .absorbed = absorbed(a, service),
    };
    engine_alert_look(a->ports.engine, service, now, &l.look);
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        look_at(a, &l, classes[i], "", now);
    for (int cause = 0; cause < CAUSE_COUNT; cause++)
        if (cause_row((enum cause)cause)->alert_class == CLASS_PERFORMANCE)
            look_at(a, &l, CLASS_PERFORMANCE, cause_row((enum cause)cause)->code, now);
    incidents_look(a, service, a->settings->services[service].id, now);
    a->wakes[service] = MONO_NEVER;
    for (struct book_entry *e = book_first(&a->book, service); e != NULL; e = e->next) {
        bool seen = e->key.class != CLASS_SECURITY && e->key.class != CLASS_BACKUP;
        if (!seen && mono_reached(now.mono, e->wake))
            alerts_step_reported(a, e, now);
        a->wakes[service] = mono_min(a->wakes[service], e->wake);
    }
}

/* ── all else ── */

/* A host or a service that has left the settings while Resus did not run. */
static bool is_gone(const struct alerts *a, const struct book_entry *e)
{
    if (e->key.class != CLASS_HOST)
        return e->key.subject[0] != '\0';
    for (size_t i = 0; i < a->host_count; i++)
        if (str_equal(a->hosts[i].name, e->key.subject))
            return false;
    return true;
}

static void look_at_the_rest(struct alerts *a, struct now now)
{
    a->own_wake = MONO_NEVER;
    for (struct book_entry *e = book_first(&a->book, -1); e != NULL; e = e->next) {
        if (alert_open(&e->alert) && is_gone(a, e)) {
            e->reported = ALERT_GONE;
            alerts_step_reported(a, e, now);
        } else if (e->key.class != CLASS_HOST && mono_reached(now.mono, e->wake)) {
            alerts_step_reported(a, e, now);
        }
        if (e->key.class != CLASS_HOST)
            a->own_wake = mono_min(a->own_wake, e->wake);
    }
}

static mono_ms host_wake(const struct alerts *a, size_t host)
{
    const struct book_entry *e = host_entry(a, (int)host);
    return e == NULL ? MONO_NEVER : e->wake;
}

static bool host_due(const struct alerts *a, size_t host, struct now now)
{
    if (mono_reached(now.mono, host_wake(a, host)))
        return true;
    for (size_t i = 0; i < a->hosts[host].count; i++)
        if (a->dirty[a->hosts[host].members[i]])
            return true;
    return false;
}

bool conditions_quiet(const struct alerts *a, int service)
{
    struct verdict verdict = engine_verdict(a->ports.engine, service);
    if (!verdict.confirmed || verdict.cause != CAUSE_OK)
        return false;
    for (const struct book_entry *e = book_first(&a->book, service); e != NULL; e = e->next)
        if (alert_open(&e->alert))
            return false;
    return true;
}

void conditions_turn(struct alerts *a, struct now now)
{
    a->look_at = MONO_NEVER;
    for (size_t i = 0; i < a->host_count; i++)
        if (host_due(a, i, now))
            look_at_host(a, (int)i, now);
    for (size_t i = 0; i < a->settings->service_count; i++) {
        if (!a->dirty[i] && !mono_reached(now.mono, a->wakes[i]))
            continue;
        a->dirty[i] = false;
        look_at_service(a, (int)i, now);
    }
    if (mono_reached(now.mono, a->own_wake))
        look_at_the_rest(a, now);
}

mono_ms conditions_wake(const struct alerts *a)
{
    mono_ms wake = mono_min(a->own_wake, a->look_at);
    for (size_t i = 0; i < a->host_count; i++)
        wake = mono_min(wake, host_wake(a, i));
    for (size_t i = 0; i < a->settings->service_count; i++)
        wake = mono_min(wake, a->wakes[i]);
    return wake;
}
