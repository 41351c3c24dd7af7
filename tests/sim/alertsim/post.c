/* The outbox of the simulated daemon, as alerts/outbox.c has it: `sending` is on the disk before the
 * receiver hears of it, the end after it. What comes of a message is judged by what receivers saw. */
#include <string.h>

#include "core/persisted.h"
#include "world.h"

#define DAY (24 * 60 * MINUTE)
#define AT_ONCE_LIMIT (2 * LANES_OPEN_MAX)
#define LONGEST_WAIT (RETRY_AFTER_MAX_MS + RETRY_AFTER_MAX_MS / 5)

static struct parcel *parcel_of(struct world *w, uint64_t id)
{
    return &w->parcels[id % PARCELS_MAX];
}

static bool is_pager(int channel)
{
    return channel % TYPES == PAGER;
}

channel_set post_channels(channel_set types)
{
    channel_set set = 0;
    for (int c = 0; c < CHANNELS; c++)
        if ((types & CHANNEL_BIT(c % TYPES)) != 0)
            set |= CHANNEL_BIT(c);
    return set;
}

/* ── receivers ── */

static struct key_seen *key_of(struct world *w, int channel, const struct parcel *p)
{
    struct key_seen *key = &w->receivers[channel].keys[p->of][p->episode % KEYS_KEPT];
    if (key->episode < p->episode)
        *key = (struct key_seen){.episode = p->episode};
    return key;
}

static void excuse(struct world *w, const struct delivery_item *item)
{
    const struct parcel *p = parcel_of(w, item->id);
    if (!p->call)
        key_of(w, item->channel, p)->excused = true;
}

static bool on_disk(const struct world *w, uint64_t id)
{
    for (size_t i = 0; i < w->stored_count; i++)
        if (w->stored[i].id == id)
            return true;
    return false;
}

/* The receiver has it. */
static void take(struct world *w, const struct delivery_item *item)
{
    const struct parcel *p = parcel_of(w, item->id);
    int c = item->channel;
    world_note(w, "  channel %d takes %llu: %s of %s %d, episode %llu%s", c,
               (unsigned long long)item->id, lane_kind_word(item->kind),
               p->call ? "subject" : "slot", p->of, (unsigned long long)p->episode,
               item->combined ? ", combined" : "");
    if (p->confirmed)
        world_fail(w, "delivery %llu is sent again although it was delivered",
                   (unsigned long long)item->id);
    if (p->call) {
        books_call_sent(w, p->of);
        return;
    }
    struct key_seen *key = key_of(w, c, p);
    if (key->episode > p->episode)
        return; /* too long ago */
    /* Nor is it on the disk what was sent of it: a kill makes that undone. */
    if (!on_disk(w, item->id) || w->disk_full)
        key->excused = true;
    if (key->excused)
        return;
    if (item->kind == LANE_TRIGGER && key->resolve != 0)
        world_fail(w, "slot %d: channel %d gets the trigger after its resolve", p->of, c);
    if (item->kind == LANE_TRIGGER && key->trigger != 0 && key->trigger != item->id)
        world_fail(w, "slot %d: channel %d gets a second trigger of one key", p->of, c);
    if (item->kind == LANE_TRIGGER)
        key->trigger = item->id;
    if (item->kind == LANE_RESOLVE && key->trigger == 0 &&
        (is_pager(c) ? !key->doubt : !item->combined))
        world_fail(w, "slot %d: channel %d gets a resolve without its trigger", p->of, c);
    if (item->kind == LANE_RESOLVE && key->resolve != 0 && key->resolve != item->id)
        world_fail(w, "slot %d: channel %d gets a second resolve of one key", p->of, c);
    if (item->kind == LANE_RESOLVE)
        key->resolve = item->id;
}

static void change_mood(struct world *w, struct receiver *r, bool calm)
{
    bool was_up = r->mood == MOOD_UP;
    r->mood = MOOD_UP;
    if (!calm && r->only != MOOD_UP)
        r->mood = r->only;
    else if (!calm && was_up)
        r->mood = (enum mood)chance_between(&w->chance, MOOD_AWAY, MOOD_COUNT - 1);
    r->changes_at =
        calm ? INT64_MAX
             : w->now + chance_wait(&w->chance, r->mood == MOOD_UP ? r->mean : r->mean / 3);
}

void post_change(struct world *w)
{
    for (int c = 0; c < w->channel_count; c++) {
        struct receiver *r = &w->receivers[c];
        bool calm = w->now >= w->calm_at;
        if (r->mean > 0 && r->changes_at != INT64_MAX && (calm || w->now >= r->changes_at)) {
            change_mood(w, r, calm);
            world_note(w, "channel %d: mood %d", c, (int)r->mood);
        }
        if (w->now >= r->away_from && w->now < r->away_until)
            r->mood = MOOD_AWAY;
        else if (r->away_until > 0 && w->now >= r->away_until && calm) {
            r->mood = MOOD_UP;
            r->away_until = 0;
        }
    }
}

void post_draw(struct world *w)
{
    struct chance *c = &w->chance;
    bool moody = chance_percent(c, 50);
    w->channel_count = chance_percent(c, 85) ? TYPES : CHANNELS;
    bool hanging = w->channel_count == CHANNELS && chance_percent(c, 40);
    w->receivers_calm_at = w->calm_at;
    for (int i = 0; i < w->channel_count; i++) {
        struct receiver *r = &w->receivers[i];
        r->mean = moody && chance_percent(c, 60) ? chance_between(c, 5, 240) * MINUTE : 0;
        if (hanging && i < CHANNELS - TYPES) { /* more than there are places */
            r->only = MOOD_HANGS;
            r->mean = MINUTE;
        }
        r->changes_at = chance_wait(c, r->mean > 0 ? r->mean : 1);
        if (moody && chance_percent(c, 15)) {
            r->away_from = chance_between(c, 0, w->calm_at);
            r->away_until = w->calm_at + chance_between(c, 0, 3 * DAY - 2 * 60 * MINUTE);
        }
        if (r->away_until > w->receivers_calm_at)
            w->receivers_calm_at = r->away_until;
    }
}

/* ── the daemon's side ── */

static const enum channel_type types[TYPES] = {CHANNEL_PAGERDUTY, CHANNEL_SLACK, CHANNEL_SMTP};

static void configure(struct world *w)
{
    struct lane_channel channels[CHANNELS];
    for (int c = 0; c < w->channel_count; c++)
        channels[c] = (struct lane_channel){is_pager(c), retry_life_ms(types[c % TYPES])};
    lanes_configure(&w->lanes, channels, (size_t)w->channel_count, NULL);
}

static void expired(struct world *w, const struct delivery_item *item)
{
    int64_t age = w->now - parcel_of(w, item->id)->posted;
    int64_t life = lanes_life_ms(&w->lanes.lanes[item->channel].channel, item->kind);
    if (age < life)
        world_fail(w, "channel %d: a %s is given up after %.0f min", item->channel,
                   lane_kind_word(item->kind), (double)age / 60000);
    if (item->kind == LANE_TRIGGER)
        excuse(w, item);
}

/* All that has not ended, with its times by the wall clock. */
void post_save(struct world *w)
{
    struct now now = world_clock(w);
    size_t count = 0;
    for (size_t i = 0; i < w->lanes.count; i++) {
        struct delivery_item *item = &w->lanes.items[i];
        item->changed = false;
        if (item->state == DELIVERY_DELIVERED || item->state == DELIVERY_ACCEPTED)
            parcel_of(w, item->id)->confirmed = true;
        if (item->state == DELIVERY_EXPIRED)
            expired(w, item);
        if (delivery_ended(item->state))
            continue;
        struct delivery_item *stored = &w->stored[count++];
        *stored = *item;
        stored->due.ms = persisted_time(item->due, now).ms;
        stored->expires.ms = persisted_time(item->expires, now).ms;
    }
    w->stored_count = count;
    w->stored_at = now.wall;
}

void post_start(struct world *w)
{
    struct now now = world_clock(w);
    memset(&w->lanes, 0, sizeof w->lanes);
    memset(w->answers, 0, sizeof w->answers);
    configure(w);
    for (int c = 0; c < w->channel_count; c++)
        w->receivers[c].free_at = w->now;
    for (size_t i = 0; i < w->stored_count; i++) {
        struct delivery_item item = w->stored[i];
        if (item.kind == LANE_TRIGGER && item.state == DELIVERY_SENDING)
            key_of(w, item.channel, parcel_of(w, item.id))->doubt = true;
        item.due = persisted_due((wall_ms){item.due.ms}, now, RETRY_AFTER_MAX_MS);
        item.expires =
            persisted_rest((wall_ms){item.expires.ms}, w->stored_at, now,
                           lanes_life_ms(&w->lanes.lanes[item.channel].channel, item.kind));
        (void)lanes_restore(&w->lanes, &item);
    }
}

/* Room for one more, as the outbox makes it: what is missed least is dropped. */
static void make_room(struct world *w)
{
    if (w->lanes.count < LANES_OPEN_MAX)
        return;
    struct delivery_item *least = lanes_least(&w->lanes);
    if (least == NULL) {
        world_fail(w, "more than %d deliveries are being sent", LANES_OPEN_MAX);
        return;
    }
    lanes_end(&w->lanes, least, DELIVERY_DROP);
    excuse(w, least);
    least->changed = false;
    lanes_sweep(&w->lanes);
}

static void add(struct world *w, int channel, enum lane_kind kind, enum severity severity,
                uint64_t thread, const struct parcel *parcel)
{
    mono_ms now = world_clock(w).mono;
    uint64_t id = ++w->last_delivery;
    make_room(w);
    if (w->lanes.count == LANES_OPEN_MAX)
        return;
    if (lanes_find(&w->lanes, parcel_of(w, id)->id) != NULL)
        world_fail(w, "a delivery waits while %d others are made", PARCELS_MAX);
    *parcel_of(w, id) = *parcel;
    parcel_of(w, id)->id = id;
    parcel_of(w, id)->posted = w->now;
    const struct delivery_item item = {
        .id = id,
        .message = id,
        .thread = thread,
        .channel = channel,
        .kind = kind,
        .severity = (int)SEVERITY_P1 - (int)severity + 1,
        .expires = mono_add(now, lanes_life_ms(&w->lanes.lanes[channel].channel, kind)),
    };
    (void)lanes_add(&w->lanes, &item, now);
}

void post_message(struct world *w, const struct message *m)
{
    static const enum lane_kind kinds[ALERT_EFFECT_COUNT] = {[ALERT_TRIGGER] = LANE_TRIGGER,
                                                             [ALERT_UPDATE] = LANE_UPDATE,
                                                             [ALERT_RESOLVE] = LANE_RESOLVE};
    bool call = m->kind == MESSAGE_CALL;
    bool goes = call ? m->call.kind == ESCALATION_CALL
                     : m->kind == MESSAGE_ALERT &&
                           (m->alert.kind == ALERT_TRIGGER || m->alert.kind == ALERT_UPDATE ||
                            m->alert.kind == ALERT_RESOLVE);
    if (!goes)
        return;
    const struct parcel parcel = {.call = call,
                                  .of = m->of,
                                  .episode = call ? 0 : m->alert.episode,
                                  .generation = call ? m->call.generation : 0};
    channel_set channels =
        call ? post_channels(w->levels.levels[m->call.level].channels) : m->alert.channels;
    uint64_t thread = call ? (uint64_t)m->of + 1
                           : parcel.episode * SLOTS_LIMIT * 2 + SLOTS_LIMIT + (uint64_t)m->of;
    for (int c = 0; c < w->channel_count; c++)
        if ((channels & CHANNEL_BIT(c)) != 0)
            add(w, c, call ? LANE_REMINDER : kinds[m->alert.kind],
                call ? SEVERITY_P1 : m->alert.severity, thread, &parcel);
}

static void store_if_it_can(struct world *w)
{
    if (!w->disk_full)
        post_save(w);
}

static bool dies(struct world *w)
{
    bool dead = w->kill_mean > 0 && w->now < w->calm_at && chance_between(&w->chance, 0, 199) == 0;
    if (dead)
        daemon_kill(w);
    return dead;
}

static void answered(struct world *w, struct delivery_item *item, enum retry_class class, int code,
                     int64_t retry_after)
{
    w->receivers[item->channel].free_at = w->now;
    if (class == RETRY_FINAL)
        excuse(w, item);
    (void)lanes_answered(&w->lanes, item, class, code, retry_after,
                         (uint32_t)chance_draw(&w->chance), world_clock(w).mono);
    if (!dies(w))
        store_if_it_can(w);
}

/* The message was taken, and what comes back is a gateway's error, or nothing. */
static enum retry_class lie(int channel)
{
    enum channel_type type = types[channel % TYPES];
    return type == CHANNEL_SMTP ? retry_classify(type, RETRY_NO_ANSWER, 0)
                                : retry_classify(type, RETRY_ANSWERED, 502);
}

/* False: the daemon died. */
static bool attempt(struct world *w, struct delivery_item *item)
{
    struct receiver *r = &w->receivers[item->channel];
    mono_ms now = world_clock(w).mono;
    w->attempts++;
    lanes_begin(&w->lanes, item, now);
    store_if_it_can(w);
    if (item->kind == LANE_TRIGGER && r->mood == MOOD_HANGS)
        key_of(w, item->channel, parcel_of(w, item->id))->doubt = true;
    if (dies(w))
        return false;
    bool taken = r->mood == MOOD_UP || r->mood == MOOD_LIES ||
                 (r->mood == MOOD_HANGS && chance_percent(&w->chance, 50));
    if (taken)
        take(w, item);
    if (dies(w))
        return false;
    switch (r->mood) {
    case MOOD_UP:
        answered(w, item, RETRY_DELIVERED, 202, RETRY_AFTER_NONE);
        break;
    case MOOD_HANGS:
        if (chance_percent(&w->chance, 30)) /* it speaks, in the end */
            w->answers[item->channel] = (struct answer_due){
                item->id, w->now + chance_between(&w->chance, 100, LANES_ANSWER_MS),
                taken ? RETRY_DELIVERED : RETRY_LATER};
        break;
    case MOOD_LIES:
        answered(w, item, lie(item->channel), 0, RETRY_AFTER_NONE);
        break;
    case MOOD_BUSY:
        answered(w, item, RETRY_LATER, 429, chance_between(&w->chance, 1, 7200) * 1000);
        break;
    case MOOD_REFUSES:
        answered(w, item, chance_percent(&w->chance, 10) ? RETRY_FINAL : RETRY_LATER, 400,
                 RETRY_AFTER_NONE);
        break;
    default:
        answered(w, item, RETRY_LATER, 0, RETRY_AFTER_NONE);
    }
    return w->alive;
}

/* Nothing kept it from being sent earlier, but receivers that hang, for a while. */
static void check_late(struct world *w, const struct delivery_item *item)
{
    const struct lane *lane = &w->lanes.lanes[item->channel];
    mono_ms since = mono_max(item->due, lane->not_before);
    int64_t at = since.ms + w->boot;
    for (size_t i = 0; i < w->lanes.count; i++) /* what it was behind may have ended just now */
        if (w->lanes.items[i].state >= DELIVERY_EXPIRED)
            return;
    if (at < w->receivers[item->channel].free_at)
        at = w->receivers[item->channel].free_at;
    if (w->now - at > LANES_SLOW_MS + 1000)
        world_fail(w, "channel %d: delivery %llu is sent %.0f s late", item->channel,
                   (unsigned long long)item->id, (double)(w->now - at) / 1000);
}

/* Of what is ready in this lane, nothing more severe is passed over. */
static void check_order(struct world *w, const struct delivery_item *next)
{
    mono_ms now = world_clock(w).mono;
    for (size_t i = 0; i < w->lanes.count; i++) {
        const struct delivery_item *item = &w->lanes.items[i];
        bool ready = (item->state == DELIVERY_QUEUED || item->state == DELIVERY_WAITING) &&
                     !item->behind && mono_reached(now, item->due);
        if (ready && item->channel == next->channel && item->severity < next->severity)
            world_fail(w, "channel %d: P%d is sent before P%d", next->channel, next->severity,
                       item->severity);
        if (!delivery_ended(item->state) && item->channel == next->channel &&
            item->thread == next->thread && item->id < next->id)
            world_fail(w, "channel %d: a message overtakes its thread", next->channel);
    }
}

void post_deliver(struct world *w)
{
    struct delivery_item *item;
    int attempts = 0;
    for (int c = 0; c < w->channel_count && w->alive; c++) {
        struct answer_due a = w->answers[c];
        if (a.delivery == 0 || a.at > w->now)
            continue;
        w->answers[c].delivery = 0;
        item = lanes_find(&w->lanes, a.delivery);
        if (item != NULL && item->state == DELIVERY_SENDING)
            answered(w, item, a.class, 0, RETRY_AFTER_NONE);
    }
    while (w->alive && (item = lanes_overdue(&w->lanes, world_clock(w).mono)) != NULL) {
        w->answers[item->channel].delivery = 0;
        answered(w, item, RETRY_UNKNOWN, 0, RETRY_AFTER_NONE);
    }
    while (w->alive && attempts++ < AT_ONCE_LIMIT &&
           (item = lanes_next(&w->lanes, world_clock(w).mono)) != NULL) {
        const struct parcel *p = parcel_of(w, item->id);
        check_order(w, item);
        check_late(w, item);
        if (p->call && !escalation_current(&w->memory.escalations[p->of], p->generation))
            lanes_end(&w->lanes, item, DELIVERY_OLD);
        else if (!attempt(w, item))
            return;
    }
    if (attempts > AT_ONCE_LIMIT)
        world_fail(w, "messages are sent without end");
    if (!w->alive)
        return;
    store_if_it_can(w);
    lanes_sweep(&w->lanes);
    mono_ms wake = lanes_wake(&w->lanes, world_clock(w).mono);
    int64_t at = wake.ms == MONO_NEVER.ms ? INT64_MAX : wake.ms + w->boot;
    for (int c = 0; c < w->channel_count; c++)
        if (w->answers[c].delivery != 0 && w->answers[c].at < at)
            at = w->answers[c].at;
    w->post_wake = at;
}

/* ── what has to be so ── */

void post_pass(struct world *w, int64_t ms)
{
    mono_ms now = world_clock(w).mono;
    bool ready[CHANNELS] = {false};
    for (size_t i = 0; w->alive && i < w->lanes.count; i++) {
        const struct delivery_item *item = &w->lanes.items[i];
        const struct lane *lane = &w->lanes.lanes[item->channel];
        bool waits = item->state == DELIVERY_QUEUED || item->state == DELIVERY_WAITING;
        ready[item->channel] |= waits && !item->behind && lane->sending == 0 &&
                                mono_reached(now, item->due) && mono_reached(now, lane->not_before);
    }
    for (int c = 0; c < w->channel_count; c++) {
        struct receiver *r = &w->receivers[c];
        r->up_ms = w->alive && r->mood == MOOD_UP ? r->up_ms + ms : 0;
        r->ready_ms = ready[c] ? r->ready_ms + ms : 0;
        if (r->ready_ms > LANES_SLOW_MS + 1000)
            world_fail(w, "channel %d: other channels hold it up", c);
    }
}

void post_check(struct world *w)
{
    for (size_t i = 0; w->alive && i < w->lanes.count; i++) {
        const struct delivery_item *item = &w->lanes.items[i];
        if (!delivery_ended(item->state) &&
            w->receivers[item->channel].up_ms > LONGEST_WAIT + 5 * MINUTE &&
            w->now - parcel_of(w, item->id)->posted > LONGEST_WAIT + 5 * MINUTE)
            world_fail(w, "channel %d: delivery %llu waits although its receiver is there",
                       item->channel, (unsigned long long)item->id);
    }
}

void post_end(struct world *w)
{
    for (int c = 0; c < w->channel_count; c++)
        for (int slot = 0; slot < SLOTS; slot++)
            for (int i = 0; i < KEYS_KEPT; i++) {
                const struct key_seen *key = &w->receivers[c].keys[slot][i];
                if (key->trigger != 0 && key->resolve == 0 && !key->excused)
                    world_fail(w, "slot %d: channel %d keeps episode %llu open at the end", slot, c,
                               (unsigned long long)key->episode);
            }
}
