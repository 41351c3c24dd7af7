#include "alerts/maintenance.h"

#include <errno.h>
#include <string.h>

#include "alerts/maintenance_inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "io/log.h"

/* The wall clock may be set while the timer sleeps. */
#define SLEEP_MAX_MS 60000
#define DOUBT_MS 2000

struct now maintenance_now(const struct maintenance *m)
{
    return m->ports.now(m->ports.context);
}

static const struct settings *settings_of(const struct maintenance *m)
{
    return m->ports.settings(m->ports.context);
}

struct occurrence *maintenance_find(const struct maintenance *m, int64_t number)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->items[i]->number == number)
            return m->items[i];
    return NULL;
}

/* ── holding services ── */

/* The one that is shown: an open one before one that is verified, then the one that ends last. */
static bool shown_before(const struct window *one, const struct window *other)
{
    if (one->phase != other->phase)
        return one->phase == WINDOW_OPEN;
    return one->ends.ms > other->ends.ms;
}

/* False: none holds it. */
static bool find_holder(const struct maintenance *m, const char *service, struct engine_window *ret)
{
    const struct window *shown = NULL;
    for (size_t i = 0; i < m->count; i++) {
        const struct occurrence *o = m->items[i];
        const struct window *w = &o->record.state;
        if (!window_holds(w) || !occurrence_covers(o, service) ||
            (shown != NULL && !shown_before(w, shown)))
            continue;
        shown = w;
        *ret = (struct engine_window){.number = o->number,
                                      .impact = window_impact_words[o->record.impact],
                                      .ends = w->ends,
                                      .verifying = w->phase == WINDOW_VERIFYING};
        (void)str_copy(ret->title, sizeof ret->title, o->record.title);
    }
    return shown != NULL;
}

static void hold_services(struct maintenance *m)
{
    const struct settings *s = settings_of(m);
    for (size_t i = 0; i < s->service_count; i++) {
        struct engine_window window = {0};
        bool held = find_holder(m, s->services[i].id, &window);
        m->ports.hold(m->ports.context, (int)i, held ? &window : NULL);
    }
}

/* ── effects ── */

static bool has_effect(const struct window_effects *effects, enum window_effect_kind kind)
{
    for (size_t i = 0; i < effects->count; i++)
        if (effects->items[i].kind == kind)
            return true;
    return false;
}

static void begin(struct maintenance *m, struct occurrence *o)
{
    char until[WALL_TEXT_SIZE];
    char text[200];
    (void)str_format(text, sizeof text, "Maintenance \"%s\" is open until %s.", o->record.title,
                     wall_text(o->record.state.ends, until));
    maintenance_audit(m, o, "maintenance-opened", true, text);
    maintenance_tell(m, o, MAINTENANCE_BEGINS, NULL);
}

static void carry_out(struct maintenance *m, struct occurrence *o, const struct window_effect *e)
{
    switch (e->kind) {
    case WINDOW_ANNOUNCE:
        maintenance_tell(m, o, MAINTENANCE_ANNOUNCED, e);
        break;
    case WINDOW_ASK:
        maintenance_tell(m, o, MAINTENANCE_ASKS, e);
        break;
    case WINDOW_VERIFY:
        maintenance_verify(m, o);
        break;
    case WINDOW_SUMMARY:
        maintenance_audit(m, o, "maintenance-ended", e->verified != WINDOW_NOT_WELL, o->summary);
        maintenance_tell(m, o, MAINTENANCE_SUMMARY, e);
        break;
    case WINDOW_MISSED:
        maintenance_audit(m, o, "maintenance-missed", false,
                          "Resus did not run while the window was to be open.");
        maintenance_tell(m, o, MAINTENANCE_MISSED, e);
        break;
    default: /* saved and held by maintenance_effects() */
        break;
    }
}

void maintenance_effects(struct maintenance *m, struct occurrence *o,
                         const struct window_effects *effects, uint64_t id)
{
    bool save = has_effect(effects, WINDOW_SAVE);
    bool begins = has_effect(effects, WINDOW_BANNER_ON) && save;
    if (begins)
        maintenance_look_before(m, o);
    if (begins)
        maintenance_ticks(m, o, MAINTENANCE_AT_START);
    if (has_effect(effects, WINDOW_ANNOUNCE) && o->record.state.phase == WINDOW_ANNOUNCED)
        maintenance_ticks(m, o, MAINTENANCE_AT_NOTICE);
    if (has_effect(effects, WINDOW_SUMMARY)) {
        maintenance_verify_stop(m, o->number);
        maintenance_ticks(m, o, MAINTENANCE_AT_END);
        maintenance_summarise(o);
    }
    if (save || id != 0)
        maintenance_save(m, o, id != 0 || o->record.state.phase != WINDOW_PLANNED, id);
    if (m->started && (window_holds(&o->record.state) || has_effect(effects, WINDOW_BANNER_OFF)))
        hold_services(m);
    for (size_t i = 0; i < effects->count; i++)
        carry_out(m, o, &effects->items[i]);
    if (begins)
        begin(m, o);
}

int maintenance_step(struct maintenance *m, struct occurrence *o, const struct window_input *input,
                     uint64_t id, struct error *err)
{
    struct window_effects effects;
    struct now now = maintenance_now(m);
    window_event(&o->record.state, &settings_of(m)->maintenance.policy, input, &now, &effects);
    if (has_effect(&effects, WINDOW_REFUSE)) {
        enum window_refusal why = effects.items[0].refusal;
        bool bad = why == WINDOW_REFUSED_TIMES || why == WINDOW_REFUSED_TOO_LONG;
        return error_set(err, bad ? -EINVAL : -EBUSY, "%s", window_refusal_text(why));
    }
    maintenance_effects(m, o, &effects, id);
    maintenance_schedule(m);
    return 0;
}

/* ── time ── */

static bool is_verified(const struct maintenance *m, int64_t number)
{
    for (const struct verification *v = m->verifications; v != NULL; v = v->next)
        if (v->number == number)
            return true;
    return false;
}

static enum window_verified verdict_of(const struct occurrence *o)
{
    const char *service;
    json_t *now;
    enum window_verified verdict = WINDOW_UNVERIFIED;
    json_object_foreach(o->after, service, now) {
        if (!json_bool_or(now, "well", false))
            return WINDOW_NOT_WELL;
        verdict = WINDOW_WELL;
    }
    return verdict;
}

static void on_timer(uv_timer_t *timer);

static void sleep_for(struct maintenance *m, int64_t ms)
{
    (void)uv_timer_start(m->timer, on_timer, ms < 0 ? 0 : (uint64_t)ms, 0);
}

/* The next turn of the loop. */
void maintenance_schedule(struct maintenance *m)
{
    if (m->started)
        sleep_for(m, 0);
}

static int64_t turn(struct maintenance *m)
{
    const struct window_policy *policy = &settings_of(m)->maintenance.policy;
    struct now now = maintenance_now(m);
    int64_t wait = SLEEP_MAX_MS;
    if (mono_reached(now.mono, m->plan_at))
        maintenance_plan_all(m);
    for (size_t i = 0; i < m->count; i++) {
        struct occurrence *o = m->items[i];
        struct window_effects effects;
        if (o->record.state.phase == WINDOW_VERIFYING && !is_verified(m, o->number)) {
            const struct window_input over = {.event = WINDOW_VERIFIED, .verified = verdict_of(o)};
            window_event(&o->record.state, policy, &over, &now, &effects);
        } else {
            window_tick(&o->record.state, policy, &now, &effects);
        }
        if (effects.count > 0)
            maintenance_effects(m, o, &effects, 0);
        if (effects.wake_ms != WINDOW_NO_WAKE && effects.wake_ms < wait)
            wait = effects.wake_ms;
    }
    return wait;
}

static void on_timer(uv_timer_t *timer)
{
    struct maintenance *m = timer->data;
    if (m->ports.doubts(m->ports.context)) {
        sleep_for(m, DOUBT_MS);
        return;
    }
    sleep_for(m, SLEEP_MAX_MS); /* what follows may want it sooner */
    int64_t wait = turn(m);
    if (wait < (int64_t)uv_timer_get_due_in(m->timer))
        sleep_for(m, wait);
    maintenance_verify_turn(m);
}

/* ── orders ── */

static bool fill(struct occurrence *o, const struct maintenance_wish *wish)
{
    struct window_record *r = &o->record;
    struct checklist *list = wish->checklist == NULL ? NULL : mem_calloc(1, sizeof *list);
    if (wish->checklist != NULL && list == NULL)
        return false;
    if (list != NULL) {
        *list = *wish->checklist;
        window_record_clear(r);
        r->checklist = list;
    }
    if (wish->title != NULL)
        (void)str_copy_clean(r->title, sizeof r->title, wish->title, strlen(wish->title));
    if (wish->services != NULL)
        r->services = *wish->services;
    if (wish->impact >= 0)
        r->impact = (enum window_impact)wish->impact;
    return true;
}

static int check_wish(const struct maintenance *m, const struct maintenance_wish *wish,
                      wall_ms starts, wall_ms ends, struct error *err)
{
    wall_ms now = maintenance_now(m).wall;
    if (!window_times_valid(starts, ends) || ends.ms <= now.ms)
        return error_set(err, -EINVAL, "%s", window_refusal_text(WINDOW_REFUSED_TIMES));
    if (wall_since(starts, now) > MAINTENANCE_AHEAD_MS)
        return error_set(err, -EINVAL, "A window begins at most 400 days from now.");
    if (wish->title != NULL && strlen(wish->title) >= WINDOW_TITLE_SIZE)
        return error_set(err, -EINVAL, "A title has at most %d bytes.", WINDOW_TITLE_SIZE - 1);
    return 0;
}

static size_t by_hand(const struct maintenance *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++)
        count +=
            m->items[i]->record.window[0] == '\0' && m->items[i]->record.state.phase < WINDOW_ENDED;
    return count;
}

int64_t maintenance_plan(struct maintenance *m, const struct maintenance_wish *wish,
                         const struct engine_user *user, uint64_t id, struct error *err)
{
    wall_ms now = maintenance_now(m).wall;
    int r = check_wish(m, wish, wish->starts, wish->ends, err);
    if (r < 0)
        return r;
    if (by_hand(m) >= MAINTENANCE_HAND_MAX)
        return error_set(err, -ENOBUFS,
                         "There are %d planned windows: cancel those that are not needed.",
                         MAINTENANCE_HAND_MAX);
    struct occurrence *o = maintenance_add(m, err);
    if (o == NULL)
        return err->code;
    struct window_record *record = &o->record;
    if (!fill(o, wish)) {
        maintenance_drop(m, o);
        return error_set(err, -ENOMEM, "Out of memory.");
    }
    record->by_hand = true;
    record->date = date_of_days(date_days_of_seconds(wish->starts.ms / 1000));
    record->planned = now;
    (void)str_copy(record->planned_by, sizeof record->planned_by, user->email);
    window_init(&record->state, wish->starts, wish->ends);
    maintenance_save(m, o, true, id);
    maintenance_schedule(m);
    return o->number;
}

static struct occurrence *wanted(const struct maintenance *m, int64_t number, struct error *err)
{
    struct occurrence *o = maintenance_find(m, number);
    if (o == NULL)
        (void)error_set(err, -ENOENT,
                        "There is no such window: resus maintenance list shows them.");
    return o;
}

int maintenance_change(struct maintenance *m, int64_t number, const struct maintenance_wish *wish,
                       uint64_t id, struct error *err)
{
    struct occurrence *o = wanted(m, number, err);
    if (o == NULL)
        return -ENOENT;
    const struct window *state = &o->record.state;
    struct window_input input = {.event = WINDOW_CHANGE,
                                 .starts =
                                     wish->starts.ms == WALL_NONE.ms ? state->starts : wish->starts,
                                 .ends = wish->ends.ms == WALL_NONE.ms ? state->ends : wish->ends};
    bool waits = state->phase == WINDOW_PLANNED || state->phase == WINDOW_ANNOUNCED;
    int r = waits ? check_wish(m, wish, input.starts, input.ends, err) : 0;
    if (r == 0 && waits && !fill(o, wish))
        r = error_set(err, -ENOMEM, "Out of memory.");
    if (r < 0)
        return r;
    if (waits)
        o->record.by_hand = true; /* the settings do not take it back */
    return maintenance_step(m, o, &input, id, err);
}

int maintenance_order(struct maintenance *m, int64_t number, enum window_event event,
                      int64_t extend_ms, uint64_t id, struct error *err)
{
    struct occurrence *o = wanted(m, number, err);
    const struct window_input input = {.event = event, .extend_ms = extend_ms};
    return o == NULL ? -ENOENT : maintenance_step(m, o, &input, id, err);
}

int maintenance_mark(struct maintenance *m, int64_t number, size_t item, bool done,
                     const struct engine_user *user, const char *note, uint64_t id,
                     struct error *err)
{
    struct occurrence *o = wanted(m, number, err);
    if (o == NULL)
        return -ENOENT;
    struct checklist *list = occurrence_checklist(o);
    if (list == NULL)
        return error_set(err, -ENOMEM, "Out of memory.");
    int r = checklist_mark(list, item, done, user->email, note, maintenance_now(m).wall, err);
    if (r < 0)
        return r;
    maintenance_save(m, o, true, id);
    return 0;
}

/* ── opening and closing ── */

static void free_timer(uv_handle_t *handle)
{
    mem_free(handle);
}

int maintenance_open(const struct maintenance_ports *ports, struct maintenance **ret,
                     struct error *err)
{
    struct maintenance *m = mem_calloc(1, sizeof *m);
    uv_timer_t *timer = mem_calloc(1, sizeof *timer);
    if (m == NULL || timer == NULL) {
        mem_free(m);
        mem_free(timer);
        return error_set(err, -ENOMEM, "maintenance: out of memory");
    }
    m->ports = *ports;
    m->timer = timer;
    timer->data = m;
    (void)uv_timer_init(ports->loop, timer);
    int r = maintenance_load(m, err);
    if (r < 0) {
        maintenance_close(m);
        return r;
    }
    *ret = m;
    return 0;
}

void maintenance_start(struct maintenance *m)
{
    struct now now = maintenance_now(m);
    m->started = true;
    for (size_t i = 0; i < m->count; i++) {
        struct window_effects effects;
        window_resume(&m->items[i]->record.state, &now, &effects);
        if (effects.count > 0)
            maintenance_effects(m, m->items[i], &effects, 0);
    }
    m->plan_at = now.mono;
    maintenance_schedule(m);
}

void maintenance_reload(struct maintenance *m)
{
    m->plan_at = maintenance_now(m).mono;
    maintenance_schedule(m);
}

void maintenance_close(struct maintenance *m)
{
    if (m == NULL)
        return;
    maintenance_verify_stop(m, 0);
    for (size_t i = 0; i < m->count; i++)
        occurrence_free(m->items[i]);
    uv_close((uv_handle_t *)m->timer, free_timer);
    mem_free(m->items);
    mem_free(m);
}
