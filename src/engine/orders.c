/* Orders that change what Resus will do: whoever gave one hears whether it is on the disk. */
#include "engine/orders.h"

#include "base/json.h"
#include "base/str.h"

#define ORDER_LIMIT_MS 5000 /* a store that does not answer is as good as one that cannot write */

static void answer(struct order *order, int status, const char *why, struct now now)
{
    struct order ended = *order;
    *order = (struct order){0};
    json_t *body = NULL;
    if (status != 200) {
        body = json_object();
        (void)json_put_text(body, "error", "Not stored");
        (void)json_put_text(body, "message", why);
        (void)json_put_text(body, "code", "not_stored");
        (void)json_put_wall(body, "timestamp", now.wall);
    }
    ended.answer(ended.context, status, body);
}

/* Saves the state, once. False: too many wait for the disk already, so `order` cannot. */
static bool save(struct service *s, const struct engine_order *order, struct now now)
{
    struct order *room = NULL;
    for (int i = 0; i < SERVICE_ORDERS_MAX; i++)
        if (s->orders[i].answer == NULL)
            room = &s->orders[i];
    bool waits = order != NULL && room != NULL;
    if (waits)
        *room = (struct order){.id = ++s->last_id,
                               .answer = order->answer,
                               .context = order->context,
                               .deadline = mono_add(now.mono, ORDER_LIMIT_MS)};
    record_state(s, waits ? room->id : 0, STORE_FULL);
    return waits || order == NULL;
}

/* The end of an order. Its answer may free what the caller still needs, so it comes last. */
static void end(struct service *s, const struct engine_order *order, bool waits, struct now now)
{
    service_schedule(s);
    if (waits)
        return;
    struct order refused = {.answer = order->answer, .context = order->context};
    answer(&refused, 503,
           "It holds until Resus ends. Whether it is stored is not known: too many orders wait "
           "for the disk of the state folder.",
           now);
}

int engine_recovery_set(struct engine *e, int service, const struct engine_setting *settings,
                        size_t count, const struct engine_user *user,
                        const struct engine_order *order, struct now now, struct error *err)
{
    struct service *s = &e->services[service];
    struct recovery_policy recovery = s->recovery_policy;
    struct watch_policy watch = s->watch_policy;
    engine_look_at_clocks(e, now);
    for (size_t i = 0; i < count; i++) {
        int r = settings_set_recovery(settings[i].key, settings[i].value, &recovery, &watch, err);
        if (r < 0)
            return r;
    }
    s->recovery_policy = recovery;
    s->watch_policy = watch;
    s->saved.recovery_set = s->saved.recovery_set || count > 0;
    bool waits = save(s, order, now);
    for (size_t i = 0; i < count; i++) {
        char reason[160];
        (void)str_format(reason, sizeof reason, "%s=%s", settings[i].key, settings[i].value);
        record_setting(s, "auto-recovery-set", user, reason, now);
    }
    judge(s, now);
    record_health(s, now);
    end(s, order, waits, now);
    return 0;
}

void engine_recovery_reset(struct engine *e, int service, const struct engine_user *user,
                           const char *reason, const struct engine_order *order, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    record_setting(s, "auto-recovery-reset", user, reason, now);
    role_accept(s);
    recover_event(s, EVENT_RESET, 0, ACTION_DONE, now); /* saves too, but nobody waits for that */
    bool waits = order == NULL || save(s, order, now);
    record_health(s, now);
    end(s, order, waits, now);
}

void engine_pause(struct engine *e, int service, int64_t for_ms, const struct engine_user *user,
                  const char *reason, const struct engine_order *order, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    char text[FACT_TEXT_MAX];
    char until[WALL_TEXT_SIZE];
    s->saved.paused_until = wall_add(now.wall, for_ms);
    (void)str_copy(s->saved.paused_by, sizeof s->saved.paused_by, user->email);
    (void)str_copy(s->saved.pause_reason, sizeof s->saved.pause_reason, reason);
    bool waits = save(s, order, now);
    record_setting(s, "pause", user, reason, now);
    (void)str_format(text, sizeof text, "Automatic recovery is paused until %s.",
                     wall_text(s->saved.paused_until, until));
    json_t *notice = json_object();
    (void)json_put_text(notice, "message", text);
    (void)json_put_text(notice, "user", user->email);
    (void)json_put_text(notice, "reason", reason);
    record_event(s, "notice", notice, now);
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    record_health(s, now);
    end(s, order, waits, now);
}

void engine_resume(struct engine *e, int service, const struct engine_user *user,
                   const char *reason, const struct engine_order *order, struct now now)
{
    struct service *s = &e->services[service];
    engine_look_at_clocks(e, now);
    bool paused = s->saved.paused_until.ms != 0;
    if (!paused && order == NULL)
        return;
    s->saved.paused_until = WALL_NONE;
    bool waits = save(s, order, now); /* when nothing is paused too: is that stored? */
    if (paused) {
        record_setting(s, "resume", user, reason, now);
        record_notice(s, "Automatic recovery is resumed.", now);
        recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
        record_health(s, now);
    }
    end(s, order, waits, now);
}

bool orders_saved(struct service *s, uint64_t id, enum store_outcome outcome, struct now now)
{
    for (int i = 0; i < SERVICE_ORDERS_MAX; i++) {
        if (s->orders[i].answer == NULL || s->orders[i].id != id)
            continue;
        answer(&s->orders[i], outcome == STORE_DURABLE ? 200 : 503,
               outcome == STORE_FULL_DISK
                   ? "It holds until Resus ends, but is not stored: the disk of the state folder "
                     "is full. Storing it is tried again until that works. Free the disk."
                   : "It holds until Resus ends, but is not stored: the state folder cannot be "
                     "written. Storing it is tried again until that works. See resus doctor.",
               now);
        return true;
    }
    return false;
}

void orders_turn(struct service *s, struct now now)
{
    for (int i = 0; i < SERVICE_ORDERS_MAX; i++)
        if (s->orders[i].answer != NULL && mono_reached(now.mono, s->orders[i].deadline))
            answer(&s->orders[i], 503,
                   "It holds until Resus ends, but is not stored yet: the disk of the state folder "
                   "does not answer. See resus doctor.",
                   now);
}

mono_ms orders_next(const struct service *s)
{
    mono_ms next = MONO_NEVER;
    for (int i = 0; i < SERVICE_ORDERS_MAX; i++)
        if (s->orders[i].answer != NULL)
            next = mono_min(next, s->orders[i].deadline);
    return next;
}

void orders_forsake(struct service *s)
{
    for (int i = 0; i < SERVICE_ORDERS_MAX; i++) {
        struct order ended = s->orders[i];
        s->orders[i] = (struct order){0};
        if (ended.answer != NULL)
            ended.answer(ended.context, 503, NULL);
    }
}
