/* What people see of the fleet, and what they order. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"

static const char *shown_word(const struct entry *e)
{
    return e->here ? (e->unsure ? "unsure" : "here") : e->owner[0] != '\0' ? "elsewhere" : "none";
}

static size_t owned_by(const struct fleet *f, const char *name)
{
    size_t count = 0;
    for (int i = 0; i < f->count; i++)
        count += f->entries[i].created != 0 && str_equal(f->entries[i].owner, name);
    return count;
}

void fleet_look(const struct fleet *f, struct fleet_facts *ret)
{
    struct now now = fleet_now(f);
    *ret = (struct fleet_facts){
        .engine = f->settings->fleet.name,
        .phase = tenure_phase_word(f->tenure.phase),
        .sure = fleet_view_current(f, now) && tenure_holds(&f->tenure, now.boot),
        .drained = fleet_drained(f, f->settings->fleet.name),
        .members = f->member_count,
        .renewal_ms = -1,
        .lost = f->lost,
        .watch_age_ms = f->heard.ms == 0 ? -1 : mono_since(now.boot, f->heard),
    };
    (void)str_copy(ret->problem, sizeof ret->problem, f->problem);
    ret->alarm = f->alarm;
    ret->voters = f->voters;
    for (int i = 0; i < f->count; i++) {
        const struct entry *e = &f->entries[i];
        ret->owned += e->here && !e->unsure;
        ret->elsewhere += !e->here && e->owner[0] != '\0';
        ret->unowned += e->created == 0;
    }
    for (size_t i = 0; i < f->renewal_count && i < RENEWALS_KEPT; i++)
        if (f->renewals[i] > ret->renewal_ms)
            ret->renewal_ms = f->renewals[i];
    for (size_t i = 0; i < f->member_count; i++)
        if (!str_equal(f->members[i].config, f->config))
            ret->other_settings = f->members[i].name;
}

static json_t *engine_json(const struct fleet *f, const char *name, const struct member *m)
{
    json_t *body = json_object();
    (void)json_put_text(body, "engine", name);
    (void)json_put_bool(body, "alive", m != NULL);
    (void)json_put_bool(body, "drained", fleet_drained(f, name));
    (void)json_put_int(body, "services", (int64_t)owned_by(f, name));
    (void)json_put_text(body, "site", m == NULL || m->site[0] == '\0' ? NULL : m->site);
    (void)json_put_text(body, "url", m == NULL || m->url[0] == '\0' ? NULL : m->url);
    (void)json_put_text(body, "version", m == NULL ? NULL : m->version);
    (void)json_put_bool(body, "same_settings", m == NULL || str_equal(m->config, f->config));
    return body;
}

static json_t *services_json(const struct fleet *f)
{
    json_t *list = json_array();
    for (int i = 0; i < f->count; i++) {
        const struct entry *e = &f->entries[i];
        json_t *body = json_object();
        (void)json_put_text(body, "service", f->settings->services[i].id);
        (void)json_put_text(body, "owner", e->owner[0] == '\0' ? NULL : e->owner);
        (void)json_put_int(body, "fence", e->created);
        (void)json_put_text(body, "state", shown_word(e));
        (void)json_array_append_new(list, body);
    }
    return list;
}

json_t *fleet_status_json(const struct fleet *f, bool services)
{
    struct fleet_facts facts;
    fleet_look(f, &facts);
    json_t *body = json_object(), *engines = json_array(), *etcd = json_object();
    (void)json_put_text(body, "engine", facts.engine);
    (void)json_put_text(body, "lease", facts.phase);
    (void)json_put_bool(body, "sure", facts.sure);
    (void)json_put_bool(body, "drained", facts.drained);
    (void)json_put_int(body, "owned", (int64_t)facts.owned);
    (void)json_put_int(body, "elsewhere", (int64_t)facts.elsewhere);
    (void)json_put_int(body, "unowned", (int64_t)facts.unowned);
    (void)json_put_text(etcd, "problem", facts.problem[0] == '\0' ? NULL : facts.problem);
    (void)json_put(etcd, "renewal_ms",
                   facts.renewal_ms < 0 ? json_null() : json_integer(facts.renewal_ms));
    (void)json_put(etcd, "heard_ms_ago",
                   facts.watch_age_ms < 0 ? json_null() : json_integer(facts.watch_age_ms));
    (void)json_put_int(etcd, "leases_lost", facts.lost);
    (void)json_put(body, "etcd", etcd);
    for (size_t i = 0; i < f->member_count; i++)
        (void)json_array_append_new(engines, engine_json(f, f->members[i].name, &f->members[i]));
    for (size_t i = 0; i < f->known_count; i++)
        if (fleet_member(f, f->known[i].name) == NULL)
            (void)json_array_append_new(engines, engine_json(f, f->known[i].name, NULL));
    (void)json_put(body, "engines", engines);
    if (services)
        (void)json_put(body, "services", services_json(f));
    return body;
}

const char *fleet_owner_url(const struct fleet *f, int service)
{
    const struct entry *e = &f->entries[service];
    const struct member *m = e->here ? NULL : fleet_member(f, e->owner);
    return m == NULL || m->url[0] == '\0' ? NULL : m->url;
}

json_t *fleet_diff_json(const struct fleet *f)
{
    json_t *body = json_object(), *engines = json_array(), *services = json_array();
    for (size_t i = 0; i < f->member_count; i++)
        if (!str_equal(f->members[i].config, f->config))
            (void)json_array_append_new(engines, json_string(f->members[i].name));
    for (int i = 0; i < f->count; i++) {
        const struct entry *e = &f->entries[i];
        if (e->owner[0] == '\0' || e->here || str_equal(e->config, e->own_config))
            continue;
        json_t *one = json_object();
        (void)json_put_text(one, "service", f->settings->services[i].id);
        (void)json_put_text(one, "owner", e->owner);
        (void)json_array_append_new(services, one);
    }
    (void)json_put_text(body, "engine", f->settings->fleet.name);
    (void)json_put(body, "engines", engines);
    (void)json_put(body, "services", services);
    (void)json_put_int(body, "unknown_services", (int64_t)f->unknown_services);
    return body;
}

/* ── orders ── */

/* Its end, once; NULL: the fleet stops, and it has been answered. */
static void end_order(struct order *o, int result, const char *why)
{
    struct order **at = &o->fleet->orders;
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    if (o->done != NULL)
        o->done(o->context, result, why);
    mem_free(o);
}

static void on_ordered(void *context, const struct etcd_answer *answer)
{
    struct order *o = context;
    struct fleet *f = o->fleet; /* the order ends before its fleet is woken */
    fleet_note(f, answer);
    if (!answer->good)
        end_order(o, -EIO, answer->text);
    else if (!answer->succeeded)
        end_order(o, o->order == FLEET_REMOVE ? -EBUSY : -ENOENT,
                  o->order == FLEET_REMOVE ? "the engine lives: end it first"
                                           : "no such engine is known");
    else
        end_order(o, 0, "");
    fleet_wake(f);
}

/* 0 it is on its way, else as fleet_ordered() has it. */
static int send_order(struct order *o)
{
    struct fleet *f = o->fleet;
    char engine[ETCD_KEY_MAX], member[ETCD_KEY_MAX];
    const struct known *k = NULL;
    for (size_t i = 0; i < f->known_count; i++)
        if (str_equal(f->known[i].name, o->engine))
            k = &f->known[i];
    if (k == NULL)
        return -ENOENT;
    (void)fleet_key(f, engine, "engines", o->engine);
    (void)fleet_key(f, member, "member", o->engine);
    bool removes = o->order == FLEET_REMOVE;
    const struct etcd_compare compare = {.key = removes ? member : engine,
                                         .what = removes ? ETCD_CREATED : ETCD_MODIFIED,
                                         .is = removes ? 0 : k->modified};
    const struct etcd_write write = {.key = engine,
                                     .value = removes                   ? NULL
                                              : o->order == FLEET_DRAIN ? "{\"drained\":true}"
                                                                        : "{\"drained\":false}"};
    const struct etcd_txn txn = {
        .compares = &compare, .compare_count = 1, .writes = &write, .write_count = 1};
    return !f->stopping && etcd_commit(f->etcd, &txn, FLEET_REQUEST_MS, on_ordered, o) ? 0 : -EIO;
}

struct failing {
    uv_timer_t timer;
    struct order *order;
    int result;
};

static void on_failing_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void on_failing(uv_timer_t *timer)
{
    struct failing *g = timer->data;
    end_order(g->order, g->result,
              g->result == -ENOENT ? "no such engine is known" : "etcd cannot be asked");
    uv_close((uv_handle_t *)timer, on_failing_closed);
}

void fleet_order(struct fleet *f, enum fleet_order order, const char *engine, fleet_ordered *done,
                 void *context)
{
    struct order *o = mem_must(mem_calloc(1, sizeof *o));
    *o = (struct order){
        .next = f->orders, .order = order, .done = done, .context = context, .fleet = f};
    (void)str_copy(o->engine, sizeof o->engine, engine);
    f->orders = o;
    int r = send_order(o);
    if (r == 0)
        return;
    struct failing *g = mem_must(mem_calloc(1, sizeof *g));
    *g = (struct failing){.order = o, .result = r};
    (void)uv_timer_init(f->loop, &g->timer);
    g->timer.data = g;
    (void)uv_timer_start(&g->timer, on_failing, 0, 0);
}

void fleet_stop_orders(struct fleet *f)
{
    for (struct order *o = f->orders; o != NULL; o = o->next) {
        if (o->done != NULL)
            o->done(o->context, -EIO, "Resus is stopping");
        o->done = NULL;
    }
}

/* Those that etcd has not answered. */
void fleet_free_orders(struct fleet *f)
{
    while (f->orders != NULL)
        end_order(f->orders, -EIO, "");
}
