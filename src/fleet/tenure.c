/* The lease of this engine and its member's key; the turns of the loop. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"
#include "io/log.h"

#define PART "fleet"
/* Never 0: libuv before 1.45 runs a timer that starts itself again with 0 without end, and nothing
 * else after it. */
#define TURN_MS 1

bool fleet_key(const struct fleet *f, char ret[ETCD_KEY_MAX], const char *kind, const char *name)
{
    return str_format(ret, ETCD_KEY_MAX, "%s/%s/%s", f->settings->fleet.prefix, kind, name);
}

void fleet_note(struct fleet *f, const struct etcd_answer *answer)
{
    if (answer->good) {
        if (f->problem[0] != '\0')
            log_info(PART, "etcd answers again");
        f->problem[0] = '\0';
        f->heard = fleet_now(f).boot;
        return;
    }
    if (f->problem[0] == '\0')
        log_warning(PART, "etcd: %s", answer->text);
    (void)str_copy(f->problem, sizeof f->problem, answer->text);
}

/* ── the member's key ── */

static char *member_text(const struct fleet *f)
{
    const struct fleet_settings *s = &f->settings->fleet;
    JSON_CLEANUP json_t *body = json_object();
    (void)json_put_text(body, "version", RESUS_VERSION);
    (void)json_put_int(body, "protocol", 1);
    (void)json_put_text(body, "url", s->url);
    (void)json_put_text(body, "site", s->site);
    (void)json_put_int(body, "ttl", s->ttl_seconds);
    (void)json_put_text(body, "config", f->config);
    return json_dumps(body, JSON_COMPACT);
}

/* A member of our name under another lease. */
static bool foreign_namesake(const struct fleet *f)
{
    const struct member *m = fleet_member(f, f->settings->fleet.name);
    return m != NULL && m->lease != f->lease;
}

static void on_member_written(void *context, const struct etcd_answer *answer)
{
    struct fleet *f = context;
    struct now now = fleet_now(f);
    bool joining = f->tenure.phase == TENURE_JOINING;
    f->member_writing = false;
    fleet_note(f, answer);
    if (answer->good && answer->succeeded) {
        const struct member *own = fleet_member(f, f->settings->fleet.name);
        bool echoed = own != NULL && own->modified >= answer->revision;
        f->echo_revision = echoed ? 0 : answer->revision;
        f->echo_due = mono_add(now.boot, ECHO_MS);
        f->name_taken = false;
    } else if (answer->good && joining && !f->name_taken && foreign_namesake(f)) {
        f->name_taken = true;
        log_warning(PART,
                    "the member %s is still there: this engine before its start, whose lease ends "
                    "soon, or another engine of the same name",
                    f->settings->fleet.name);
    } else if (answer->good && !joining) {
        fleet_tenure_event(f, TENURE_GONE, NULL); /* its key is gone: begin again */
    }
    if (joining)
        fleet_tenure_event(f, TENURE_FAILED, NULL); /* the view says whether it is there */
    fleet_wake(f);
}

static bool write_member(struct fleet *f)
{
    char key[ETCD_KEY_MAX];
    char *text = member_text(f);
    bool joining = f->tenure.phase == TENURE_JOINING;
    (void)fleet_key(f, key, "member", f->settings->fleet.name);
    const struct etcd_compare compare = {
        .key = key, .what = ETCD_CREATED, .is = joining ? 0 : f->member_created};
    const struct etcd_write write = {.key = key, .value = text, .lease = f->lease};
    const struct etcd_txn txn = {
        .compares = &compare, .compare_count = 1, .writes = &write, .write_count = 1};
    bool begun = text != NULL && !f->member_writing &&
                 etcd_commit(f->etcd, &txn, FLEET_REQUEST_MS, on_member_written, f);
    f->member_writing |= begun;
    mem_free(text);
    return begun;
}

static void on_engine_known(void *context, const struct etcd_answer *answer)
{
    fleet_note(context, answer);
}

/* This engine among the known ones, unless it is. */
static void make_known(struct fleet *f)
{
    char key[ETCD_KEY_MAX];
    (void)fleet_key(f, key, "engines", f->settings->fleet.name);
    const struct etcd_compare compare = {.key = key, .what = ETCD_CREATED, .is = 0};
    const struct etcd_write write = {.key = key, .value = "{\"drained\":false}"};
    const struct etcd_txn txn = {
        .compares = &compare, .compare_count = 1, .writes = &write, .write_count = 1};
    if (!etcd_commit(f->etcd, &txn, FLEET_REQUEST_MS, on_engine_known, f))
        log_debug(PART, "the engine is made known at the next try");
}

/* ── the lease ── */

static void on_granted(void *context, const struct etcd_answer *answer)
{
    struct fleet *f = context;
    fleet_note(f, answer);
    if (answer->good)
        f->lease = answer->lease;
    fleet_tenure_event(f, answer->good ? TENURE_GRANTED : TENURE_FAILED, answer);
}

void fleet_renewed(struct fleet *f, const struct etcd_answer *answer)
{
    const struct tenure_answer said = {.asked = answer->asked,
                                       .ttl_ms = answer->ttl_ms,
                                       .term = answer->term,
                                       .understood = answer->good && answer->lease == f->lease};
    struct now now = fleet_now(f);
    fleet_note(f, answer);
    if (answer->good)
        f->renewals[f->renewal_count++ % RENEWALS_KEPT] = mono_since(now.boot, answer->asked);
    fleet_tenure_event(f, tenure_judge(&f->tenure, &said), answer);
}

static void on_renewed(void *context, const struct etcd_answer *answer)
{
    fleet_renewed(context, answer);
}

void fleet_renew(struct fleet *f, etcd_done *done, void *context)
{
    struct etcd_answer failed = {.asked = fleet_now(f).boot};
    if (f->lease == 0 || !etcd_keep_alive(f->etcd, f->lease, FLEET_FENCE_MS, done, context))
        done(context, &failed);
}

static void on_revoked(void *context, const struct etcd_answer *answer);

static void carry_out(struct fleet *f, enum tenure_act act)
{
    switch (act) {
    case TENURE_ASK:
        if (!etcd_grant(f->etcd, f->settings->fleet.ttl_seconds, FLEET_REQUEST_MS, on_granted, f))
            fleet_tenure_event(f, TENURE_FAILED, NULL);
        break;
    case TENURE_JOIN:
        make_known(f);
        if (!write_member(f))
            fleet_tenure_event(f, TENURE_FAILED, NULL);
        break;
    case TENURE_RENEW:
        fleet_renew(f, on_renewed, f);
        break;
    case TENURE_FORGET:
        log_warning(PART, "the lease %" PRIx64 " is over: nothing is owned under it",
                    (uint64_t)f->lease);
        f->lost++;
        f->lease = f->member_created = f->echo_revision = 0;
        break;
    case TENURE_REVOKE:
        if (f->lease == 0 || !etcd_revoke(f->etcd, f->lease, ETCD_TRY_MS, on_revoked, f))
            f->lease = 0;
        break;
    default:
        break;
    }
}

void fleet_tenure_event(struct fleet *f, enum tenure_event event, const struct etcd_answer *answer)
{
    struct now now = fleet_now(f);
    struct tenure_answer said = {0};
    enum tenure_phase before = f->tenure.phase;
    if (answer != NULL)
        said = (struct tenure_answer){answer->asked, answer->ttl_ms, answer->term, answer->good};
    enum tenure_act act = tenure_take(&f->tenure, event, &said, now.boot);
    if (f->tenure.phase != before &&
        (f->tenure.phase == TENURE_HELD || f->tenure.phase == TENURE_UNSURE))
        log_info(PART, "lease %" PRIx64 ": %s", (uint64_t)f->lease,
                 tenure_phase_word(f->tenure.phase));
    carry_out(f, act);
    if (!f->closing)
        fleet_wake(f);
}

static void seen_as_member(struct fleet *f)
{
    const struct member *own = fleet_member(f, f->settings->fleet.name);
    if (f->tenure.phase != TENURE_JOINING || own == NULL || own->lease != f->lease)
        return;
    f->member_created = own->created;
    f->member_due = mono_add(fleet_now(f).boot, MEMBER_MS);
    fleet_tenure_event(f, TENURE_JOINED, NULL);
}

void fleet_tenure_turn(struct fleet *f, struct now now)
{
    seen_as_member(f);
    if (mono_reached(now.boot, tenure_due(&f->tenure))) {
        bool lapses = f->tenure.phase == TENURE_HELD || f->tenure.phase == TENURE_JOINING;
        bool over = lapses && mono_reached(now.boot, f->tenure.until);
        fleet_tenure_event(f, over ? TENURE_LAPSED : TENURE_DUE, NULL);
    }
    if (f->tenure.phase == TENURE_HELD && f->member_created != 0 &&
        mono_reached(now.boot, f->member_due)) {
        f->member_due = mono_add(now.boot, MEMBER_MS);
        (void)write_member(f);
    }
}

/* ── turns of the loop ── */

static void turn(uv_timer_t *timer)
{
    struct fleet *f = timer->data;
    struct now now = fleet_now(f);
    fleet_tenure_turn(f, now);
    fleet_view_turn(f, now);
    fleet_nodes_turn(f, now);
    fleet_services_turn(f, now);
    now = fleet_now(f);
    if (f->closing || uv_is_active((uv_handle_t *)timer))
        return; /* a turn was asked for meanwhile */
    mono_ms at = mono_min(tenure_due(&f->tenure), fleet_services_due(f, now));
    if (f->tenure.phase == TENURE_HELD)
        at = mono_min(at, f->member_due);
    if (!f->reading)
        at = mono_min(at, f->read_due);
    if (f->echo_revision != 0 && f->watching)
        at = mono_min(at, f->echo_due);
    int64_t wait = mono_since(at, now.boot);
    wait = wait < TURN_MS ? TURN_MS : wait > 1000 ? 1000 : wait;
    (void)uv_timer_start(timer, turn, (uint64_t)wait, 0);
}

void fleet_wake(struct fleet *f)
{
    if (f->started && !f->closing)
        (void)uv_timer_start(&f->timer, turn, TURN_MS, 0);
}

/* ── begin and end ── */

static int by_id(const struct fleet *f, int a, int b)
{
    return strcmp(f->settings->services[a].id, f->settings->services[b].id);
}

/* Few are added at a time and most files are sorted: insertion from the end. */
static void sort_order(struct fleet *f)
{
    for (int i = 0; i < f->count; i++) {
        int at = i;
        for (; at > 0 && by_id(f, f->order[at - 1], i) > 0; at--)
            f->order[at] = f->order[at - 1];
        f->order[at] = i;
    }
}

void fleet_reconfigure(struct fleet *f, const struct settings *settings)
{
    f->settings = settings;
    fleet_config_all(f);
    f->member_due = fleet_now(f).boot;
    fleet_wake(f);
}

static void free_all(struct fleet *f)
{
    for (int i = 0; f->entries != NULL && i < f->count; i++) {
        mem_free(f->entries[i].state);
        mem_free(f->entries[i].intent);
        mem_free(f->entries[i].wanted);
    }
    mem_free(f->entries);
    mem_free(f->order);
    mem_free(f);
}

int fleet_open(uv_loop_t *loop, const struct settings *settings, const struct fleet_ports *ports,
               struct fleet **ret, struct error *err)
{
    const struct fleet_settings *s = &settings->fleet;
    struct fleet *f = mem_calloc(1, sizeof *f);
    if (f == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    f->loop = loop;
    f->settings = settings;
    f->ports = *ports;
    f->count = (int)settings->service_count;
    f->entries = mem_calloc(settings->service_count, sizeof f->entries[0]);
    f->order = mem_calloc(settings->service_count, sizeof f->order[0]);
    if (f->entries == NULL || f->order == NULL) {
        free_all(f);
        return error_set(err, -ENOMEM, "out of memory");
    }
    struct etcd_place place = {.count = s->etcd.count,
                               .ca_file = s->ca_file,
                               .certificate = s->certificate,
                               .key = s->key};
    for (size_t i = 0; i < s->etcd.count; i++)
        place.endpoints[i] = s->etcd.urls[i];
    int r = etcd_new(loop, &place, &f->etcd, err);
    if (r < 0) {
        free_all(f);
        return r;
    }
    sort_order(f);
    for (int i = 0; i < f->count; i++)
        f->entries[i] = (struct entry){.fleet = f, .index = i, .asked = MONO_NEVER};
    (void)uv_timer_init(loop, &f->timer);
    f->timer.data = f;
    f->member_due = f->read_due = f->echo_due = MONO_NEVER;
    tenure_begin(&f->tenure);
    fleet_config_all(f);
    *ret = f;
    return 0;
}

void fleet_start(struct fleet *f)
{
    f->started = true;
    f->began = fleet_now(f).boot;
    f->tenure.due = f->began;
    fleet_view_begin(f);
    fleet_wake(f);
}

static void on_closed(uv_handle_t *handle)
{
    free_all(handle->data);
}

/* Not within the callback of a request that the client still holds. */
static void on_end(uv_timer_t *timer)
{
    struct fleet *f = timer->data;
    etcd_free(f->etcd);
    fleet_free_orders(f);
    uv_close((uv_handle_t *)timer, on_closed);
}

static void on_revoked(void *context, const struct etcd_answer *answer)
{
    struct fleet *f = context;
    if (!answer->good)
        log_warning(PART, "the lease ends by itself: %s", answer->text);
    (void)uv_timer_start(&f->timer, on_end, 0, 0);
}

void fleet_stop(struct fleet *f)
{
    if (f == NULL || f->stopping)
        return;
    f->stopping = true;
    fleet_stop_rights(f);
    fleet_stop_orders(f);
}

void fleet_close(struct fleet *f)
{
    if (f == NULL)
        return;
    fleet_stop(f);
    f->closing = true;
    (void)uv_timer_stop(&f->timer);
    etcd_watch_free(f->watch);
    f->watch = NULL;
    fleet_tenure_event(f, TENURE_LEAVE, NULL);
    if (f->lease == 0)
        (void)uv_timer_start(&f->timer, on_end, 0, 0);
}
