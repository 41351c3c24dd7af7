#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define HOUR (60 * MINUTE)
#define WALL_BASE INT64_C(1700000000000)

void world_note(struct world *w, const char *format, ...)
{
    if (!w->trace)
        return;
    va_list args;
    va_start(args, format);
    (void)printf("%10.1f ", (double)w->now / 1000);
    (void)vprintf(format, args);
    (void)printf("\n");
    va_end(args);
}

void world_fail(struct world *w, const char *format, ...)
{
    if (w->failure[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    int n = snprintf(w->failure, sizeof w->failure, "at %.1f s: ", (double)w->now / 1000);
    (void)vsnprintf(w->failure + n, sizeof w->failure - (size_t)n, format, args);
    va_end(args);
}

struct now world_clock(const struct world *w)
{
    return (struct now){{w->now - w->boot}, {w->now - w->boot}, {WALL_BASE + w->now + w->wall_off}};
}

int slot_subject(int slot)
{
    return slot / SLOTS_EACH; /* the host's slot is the first of its own */
}

struct alert_key world_key(int slot)
{
    static const struct alert_key kinds[SLOTS_EACH] = {{"", CLASS_AVAILABILITY, ""},
                                                       {"", CLASS_WRITES, ""},
                                                       {"", CLASS_PERFORMANCE, "memory_high"}};
    struct alert_key key =
        slot == HOST_SLOT ? (struct alert_key){.class = CLASS_HOST} : kinds[slot % SLOTS_EACH];
    (void)str_format(key.subject, sizeof key.subject, "s%d", slot_subject(slot));
    return key;
}

/* ── what is true ── */

static enum cause cause_of(const struct world *w, int service)
{
    static const enum cause causes[TRUTH_COUNT] = {
        [TRUTH_OK] = CAUSE_OK,
        [TRUTH_CRASHED] = CAUSE_CRASHED,
        [TRUTH_LOADING] = CAUSE_LOADING,
        [TRUTH_CONFIG] = CAUSE_CONFIG_ERROR,
        [TRUTH_SAVING] = CAUSE_PERSISTENCE_FAILING,
        [TRUTH_MEMORY] = CAUSE_MEMORY_HIGH,
        [TRUTH_DOUBT] = CAUSE_HUNG,
    };
    const struct service *s = &w->services[service];
    /* One that is down looks so to some, although it is the host. */
    if (w->host_down)
        return service == 2 ? CAUSE_DOWN_UNCONTROLLED : CAUSE_HOST_UNREACHABLE;
    return causes[s->truth];
}

static struct verdict verdict_of(const struct world *w, int service)
{
    return (struct verdict){cause_of(w, service),
                            w->host_down || w->services[service].truth != TRUTH_DOUBT};
}

bool world_helps(const struct world *w, int service)
{
    const struct service *s = &w->services[service];
    return (s->truth == TRUTH_CRASHED && w->now < s->help_ends) || s->truth == TRUTH_LOADING;
}

/* Recovery as the engine shows it: it works for a while, and then gives up. */
static bool may_heal(const struct world *w, int service)
{
    const struct recovery_policy policy = recovery_policy_default();
    struct recovery_facts facts = {
        .verdict = verdict_of(w, service), .call_due = true, .progress = FACT_UNKNOWN};
    struct recovery recovery;
    recovery_init(&recovery);
    if (!world_helps(w, service)) {
        recovery.phase = PHASE_EXHAUSTED;
        recovery.needs_human = true;
    }
    return alert_may_heal(&recovery, &policy, &facts);
}

void world_sight(const struct world *w, int slot, struct alert_input *ret)
{
    int subject = slot_subject(slot);
    struct alert_sight sight;
    *ret = (struct alert_input){.held = w->window, .routes = &w->routes};
    if (slot == HOST_SLOT) {
        struct verdict verdicts[SERVICES_MAX];
        /* The compiler at -O3 does not know that the count is never more. */
        for (int i = 0; i < w->service_count && i < SERVICES_MAX; i++)
            verdicts[i] = verdict_of(w, i);
        sight = alert_see_host(verdicts, (size_t)w->service_count);
        ret->members = w->service_count;
    } else {
        const struct service *s = &w->services[subject];
        struct health_levels levels = {0};
        if (s->truth == TRUTH_MEMORY)
            levels.gauges[GAUGE_MEMORY].level = LEVEL_WARNING;
        struct alert_facts facts = {.verdict = verdict_of(w, subject), .levels = &levels};
        struct alert_key key = world_key(slot);
        sight = alert_see(&facts, &key);
        if (s->removed)
            sight.event = ALERT_GONE;
        ret->may_heal = may_heal(w, subject);
        ret->acted = s->truth == TRUTH_CRASHED && w->now > s->began + 1000;
        ret->absorbed = alert_absorbs(&w->memory.alerts[HOST_SLOT]);
    }
    ret->event = sight.event;
    ret->severity = sight.severity;
    ret->cause = sight.cause;
}

static void change_service(struct world *w, struct service *s)
{
    bool calm = w->now >= w->calm_at;
    enum truth was = s->truth;
    s->removed = !calm && chance_percent(&w->chance, 1);
    s->began = w->now;
    do
        s->truth = (enum truth)chance_between(&w->chance, 0, TRUTH_COUNT - 1);
    while (!w->enabled[s->truth]);
    if (calm || (was != TRUTH_OK && chance_percent(&w->chance, 60)))
        s->truth = TRUTH_OK;
    s->changes_at =
        w->now + chance_wait(&w->chance, s->truth == TRUTH_OK ? w->dwell_ok : w->dwell_bad);
    if (s->truth == TRUTH_DOUBT && s->changes_at > w->now + 2 * MINUTE)
        s->changes_at = w->now + 2 * MINUTE;
    s->help_ends = w->now + chance_between(&w->chance, 2000, 200000);
    if (calm)
        s->changes_at = INT64_MAX;
}

static void change_clock(struct world *w)
{
    w->wall_off += chance_percent(&w->chance, 50) ? chance_between(&w->chance, -2 * HOUR, 2 * HOUR)
                                                  : chance_between(&w->chance, -72, 72) * HOUR;
    world_note(w, "clock: %+lld s", (long long)(w->wall_off / 1000));
}

static bool happens(struct world *w, int64_t mean, int64_t ms)
{
    return mean > 0 && w->now < w->calm_at && chance_between(&w->chance, 0, mean - 1) < ms;
}

static void change(struct world *w, int64_t passed)
{
    bool calm = w->now >= w->calm_at;
    for (int i = 0; i < w->service_count; i++)
        if (w->now >= w->services[i].changes_at ||
            (calm && w->services[i].changes_at != INT64_MAX)) {
            change_service(w, &w->services[i]);
            world_note(w, "s%d: %s%s", i, cause_row(cause_of(w, i))->code,
                       w->services[i].removed ? ", removed" : "");
        }
    if (calm ? w->host_down : w->now >= w->host_changes) {
        w->host_down = !w->host_down && !calm;
        w->host_changes =
            w->now + chance_wait(&w->chance, w->host_down ? w->host_mean / 8 : w->host_mean);
        world_note(w, "host: %s", w->host_down ? "gone" : "back");
    }
    if (calm ? w->window : w->now >= w->window_changes) {
        w->window = !w->window && !calm;
        w->windows += w->window;
        w->window_changes = w->now + (w->window ? chance_between(&w->chance, MINUTE, 90 * MINUTE)
                                                : chance_wait(&w->chance, w->window_mean));
        world_note(w, "window: %s", w->window ? "open" : "over");
    }
    if (calm ? w->disk_full : w->full_mean > 0 && w->now >= w->disk_changes) {
        w->disk_full = !w->disk_full && !calm;
        w->disk_changes =
            w->now + chance_wait(&w->chance, w->disk_full ? 10 * MINUTE : w->full_mean);
        world_note(w, "disk: %s", w->disk_full ? "full" : "has room");
    }
    if (happens(w, w->clock_mean, passed))
        change_clock(w);
}

static void draw_world(struct world *w)
{
    struct chance *c = &w->chance;
    w->service_count = (int)chance_between(c, 1, SERVICES_MAX);
    w->calm_at = chance_between(c, 1, 12) * HOUR;
    w->enabled[TRUTH_OK] = true;
    for (int i = 1; i < TRUTH_COUNT; i++)
        w->enabled[i] = chance_percent(c, 45);
    w->dwell_bad = chance_percent(c, 50) ? chance_between(c, 5000, 5 * MINUTE)
                                         : chance_between(c, 5 * MINUTE, 5 * HOUR);
    w->dwell_ok = chance_percent(c, 50) ? chance_between(c, 10000, 5 * MINUTE)
                                        : chance_between(c, 5 * MINUTE, 5 * HOUR);
    w->host_mean = chance_percent(c, 30) ? chance_between(c, 10, 120) * MINUTE : 1000 * HOUR;
    w->host_changes = chance_wait(c, w->host_mean);
    w->window_mean = chance_percent(c, 40) ? chance_between(c, 10, 240) * MINUTE : 1000 * HOUR;
    w->window_changes = chance_wait(c, w->window_mean);
    w->kill_mean = chance_percent(c, 60) ? chance_between(c, 2, 240) * MINUTE : 0;
    w->person_mean = chance_percent(c, 60) ? chance_between(c, 2, 120) * MINUTE : 0;
    w->clock_mean = chance_percent(c, 20) ? chance_between(c, 20, 600) * MINUTE : 0;
    w->full_mean = chance_percent(c, 20) ? chance_between(c, 20, 600) * MINUTE : 0;
    w->disk_changes = chance_wait(c, w->full_mean > 0 ? w->full_mean : 1);
    bool paged = chance_percent(c, 30); /* P2 goes to the pager as well */
    post_draw(w);
    const channel_set pager = CHANNEL_BIT(PAGER), chat = CHANNEL_BIT(CHAT),
                      mail = CHANNEL_BIT(MAIL);
    const channel_set used = CHANNEL_BIT(w->channel_count) - 1;
    w->routes = (struct route_set){
        .by_severity = {[SEVERITY_P1] = post_channels(pager | chat | mail) & used,
                        [SEVERITY_P2] = post_channels(chat | mail | (paged ? pager : 0)) & used,
                        [SEVERITY_P3] = post_channels(mail) & used,
                        [SEVERITY_P4] = post_channels(mail) & used},
        .pagers = post_channels(pager) & used,
    };
    w->policy = (struct alert_policy){60000, chance_percent(c, 80) ? 120000 : 30000};
    w->levels = escalation_policy_default();
    for (int n = 0; n < ESCALATION_LEVELS; n++)
        w->levels.levels[n].channels = chance_percent(c, 85) ? CHANNEL_BIT(n % TYPES) : 0;
    for (int i = 0; i < w->service_count; i++)
        w->services[i].changes_at = chance_wait(c, w->dwell_ok);
    w->end = w->receivers_calm_at + 30 * HOUR;
}

/* The next moment at which something happens, a turn away at most. */
static int64_t next_moment(struct world *w)
{
    int64_t next = w->now + chance_between(&w->chance, 1000, TURN_MS);
    if (w->now > w->calm_at + 2 * HOUR) /* nothing but waits that run out */
        next = w->now + HOUR / 2;
    if (w->alive && w->wake > w->now && w->wake < next)
        next = w->wake;
    if (w->alive && w->post_wake > w->now && w->post_wake < next)
        next = w->post_wake;
    for (int i = 0; i < w->service_count; i++)
        if (w->services[i].changes_at > w->now && w->services[i].changes_at < next)
            next = w->services[i].changes_at;
    return next;
}

static void people(struct world *w, int64_t passed)
{
    if (w->alive && happens(w, w->person_mean, passed))
        daemon_person(w, (int)chance_between(&w->chance, 0, SUBJECTS - 1));
}

bool world_run(uint64_t seed, bool trace, struct world *w)
{
    memset(w, 0, sizeof *w);
    w->chance.state = seed;
    w->trace = trace;
    w->boot = -chance_between(&w->chance, 1000, 90 * HOUR);
    draw_world(w);
    daemon_start(w);
    while (w->now < w->end && w->failure[0] == '\0') {
        int64_t next = next_moment(w);
        int64_t passed = next - w->now;
        books_pass(w, passed);
        post_pass(w, passed);
        w->now = next;
        change(w, passed);
        post_change(w);
        if (!w->alive && w->now >= w->starts_at)
            daemon_start(w);
        if (w->alive)
            daemon_turn(w);
        if (w->alive)
            people(w, passed);
        if (w->alive)
            post_deliver(w);
        post_check(w);
        if (w->alive && happens(w, w->kill_mean, passed))
            daemon_kill(w);
    }
    if (w->failure[0] == '\0')
        books_end(w);
    if (w->failure[0] == '\0')
        post_end(w);
    return w->failure[0] == '\0';
}
