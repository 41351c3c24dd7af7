#include "core/lanes.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"

/* ── words ── */

const char *lane_kind_word(enum lane_kind kind)
{
    static const char *const words[] = {
        [LANE_TRIGGER] = "trigger",     [LANE_UPDATE] = "update",     [LANE_REMINDER] = "reminder",
        [LANE_RESOLVE] = "resolve",     [LANE_ANNOUNCE] = "announce", [LANE_TEST] = "test",
        [LANE_EMERGENCY] = "emergency", [LANE_DIGEST] = "digest",
    };
    static_assert(ARRAY_LENGTH(words) == LANE_KIND_COUNT, "a word for every kind");
    return words[kind];
}

const char *delivery_state_word(enum delivery_state state)
{
    static const char *const words[] = {
        [DELIVERY_QUEUED] = "queued",     [DELIVERY_SENDING] = "sending",
        [DELIVERY_WAITING] = "waiting",   [DELIVERY_DELIVERED] = "delivered",
        [DELIVERY_ACCEPTED] = "accepted", [DELIVERY_DEAD] = "dead",
        [DELIVERY_EXPIRED] = "expired",   [DELIVERY_SUPERSEDED] = "superseded",
        [DELIVERY_STALE] = "stale",       [DELIVERY_DROPPED] = "dropped",
    };
    static_assert(ARRAY_LENGTH(words) == DELIVERY_STATE_COUNT, "a word for every state");
    return words[state];
}

/* ── a delivery ── */

#define ENDED(state)                                                                               \
    [state] = {                                                                                    \
        [DELIVERY_IS_DELIVERED] = (state), [DELIVERY_IS_ACCEPTED] = (state),                       \
        [DELIVERY_LATER] = (state),        [DELIVERY_FINAL] = (state),                             \
        [DELIVERY_UNKNOWN] = (state),      [DELIVERY_SEND] = (state),                              \
        [DELIVERY_EXPIRE] = (state),       [DELIVERY_SUPERSEDE] = (state),                         \
        [DELIVERY_OLD] = (state),          [DELIVERY_DROP] = (state),                              \
        [DELIVERY_FOUND] = (state),                                                                \
    }
/* Not being sent: an answer belongs to an attempt that was given up. */
#define AT_REST(state)                                                                             \
    [state] = {                                                                                    \
        [DELIVERY_IS_DELIVERED] = (state),    [DELIVERY_IS_ACCEPTED] = (state),                    \
        [DELIVERY_LATER] = (state),           [DELIVERY_FINAL] = (state),                          \
        [DELIVERY_UNKNOWN] = (state),         [DELIVERY_SEND] = DELIVERY_SENDING,                  \
        [DELIVERY_EXPIRE] = DELIVERY_EXPIRED, [DELIVERY_SUPERSEDE] = DELIVERY_SUPERSEDED,          \
        [DELIVERY_OLD] = DELIVERY_STALE,      [DELIVERY_DROP] = DELIVERY_DROPPED,                  \
        [DELIVERY_FOUND] = (state),                                                                \
    }

enum delivery_state delivery_step(enum delivery_state state, enum delivery_event event)
{
    static const enum delivery_state table[][DELIVERY_EVENT_COUNT] = {
        AT_REST(DELIVERY_QUEUED),
        [DELIVERY_SENDING] =
            {
                [DELIVERY_IS_DELIVERED] = DELIVERY_DELIVERED,
                [DELIVERY_IS_ACCEPTED] = DELIVERY_ACCEPTED,
                [DELIVERY_LATER] = DELIVERY_WAITING,
                [DELIVERY_FINAL] = DELIVERY_DEAD,
                [DELIVERY_UNKNOWN] = DELIVERY_WAITING,
                /* The receiver may have it in this moment: its answer decides. */
                [DELIVERY_SEND] = DELIVERY_SENDING,
                [DELIVERY_EXPIRE] = DELIVERY_SENDING,
                [DELIVERY_SUPERSEDE] = DELIVERY_SENDING,
                [DELIVERY_OLD] = DELIVERY_SENDING,
                [DELIVERY_DROP] = DELIVERY_SENDING,
                [DELIVERY_FOUND] = DELIVERY_WAITING,
            },
        AT_REST(DELIVERY_WAITING),
        ENDED(DELIVERY_DELIVERED),
        ENDED(DELIVERY_ACCEPTED),
        ENDED(DELIVERY_DEAD),
        ENDED(DELIVERY_EXPIRED),
        ENDED(DELIVERY_SUPERSEDED),
        ENDED(DELIVERY_STALE),
        ENDED(DELIVERY_DROPPED),
    };
    static_assert(ARRAY_LENGTH(table) == DELIVERY_STATE_COUNT, "a row for every state");
    static_assert((int)DELIVERY_IS_DELIVERED == (int)RETRY_DELIVERED &&
                      (int)DELIVERY_IS_ACCEPTED == (int)RETRY_ACCEPTED &&
                      (int)DELIVERY_LATER == (int)RETRY_LATER &&
                      (int)DELIVERY_FINAL == (int)RETRY_FINAL &&
                      (int)DELIVERY_UNKNOWN == (int)RETRY_UNKNOWN,
                  "the class of an answer is an event");
    return table[state][event];
}

bool delivery_ended(enum delivery_state state)
{
    return state > DELIVERY_WAITING;
}

/* The only place that changes a state. */
static void step(struct lanes *l, struct delivery_item *item, enum delivery_event event)
{
    enum delivery_state next = delivery_step(item->state, event);
    if (next == item->state)
        return;
    struct lane *lane = &l->lanes[item->channel];
    if (item->state == DELIVERY_SENDING && lane->sending == item->id)
        lane->sending = 0;
    if (delivery_ended(next) && lane->digest == item->id)
        lane->digest = 0;
    item->state = next;
    item->changed = true;
    l->sorted_out = false;
}

/* ── lanes ── */

int64_t lanes_life_ms(const struct lane_channel *channel, enum lane_kind kind)
{
    bool ends = kind == LANE_RESOLVE && channel->life_ms < RETRY_LIFE_MAX_MS;
    return ends ? RETRY_LIFE_MAX_MS : channel->life_ms;
}

static void clear_lane(struct lane *lane)
{
    *lane = (struct lane){0};
}

void lanes_configure(struct lanes *l, const struct lane_channel *channels, size_t count,
                     const int8_t to[LANES_MAX])
{
    struct lane old[LANES_MAX];
    memcpy(old, l->lanes, sizeof old);
    for (size_t i = 0; to != NULL && i < l->count; i++) {
        struct delivery_item *item = &l->items[i];
        int8_t next = to[item->channel];
        if (next >= 0) {
            item->channel = (uint8_t)next;
        } else if (!delivery_ended(item->state)) {
            item->state = DELIVERY_DEAD;
            item->changed = true;
        }
    }
    for (size_t i = 0; i < LANES_MAX; i++)
        clear_lane(&l->lanes[i]);
    for (size_t i = 0; to != NULL && i < LANES_MAX; i++)
        if (to[i] >= 0)
            l->lanes[to[i]] = old[i];
    for (size_t i = 0; i < count && i < LANES_MAX; i++) {
        l->lanes[i].used = true;
        l->lanes[i].channel = channels[i];
    }
    l->sorted_out = false;
}

static bool is_busy(const struct lane *lane, mono_ms now)
{
    mono_ms oldest = lane->added[lane->added_next];
    return lane->added_count == LANES_DIGEST_OVER && mono_since(now, oldest) < LANES_DIGEST_MS;
}

static void note_added(struct lane *lane, mono_ms now)
{
    lane->added[lane->added_next] = now;
    lane->added_next = (lane->added_next + 1) % LANES_DIGEST_OVER;
    if (lane->added_count < LANES_DIGEST_OVER)
        lane->added_count++;
}

static bool is_open(const struct delivery_item *item)
{
    return !delivery_ended(item->state);
}

static bool is_beside(const struct delivery_item *a, int channel, uint64_t thread)
{
    return a->channel == channel && a->thread == thread && thread != 0 && is_open(a);
}

enum lane_place lanes_place(const struct lanes *l, int channel, enum lane_kind kind, int severity,
                            uint64_t thread, mono_ms now)
{
    const struct lane *lane = &l->lanes[channel];
    if (!lane->used)
        return LANE_NOWHERE;
    if (lane->channel.pager || kind > LANE_RESOLVE || severity == 1 ||
        (lane->digest == 0 && !lane->failing && !is_busy(lane, now)))
        return LANE_OWN;
    for (size_t i = 0; i < l->count; i++)
        if (is_beside(&l->items[i], channel, thread))
            return LANE_OWN; /* a digest could overtake it */
    return LANE_IN_DIGEST;
}

struct delivery_item *lanes_find(struct lanes *l, uint64_t id)
{
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->items[low].id == id ? &l->items[low] : NULL;
}

/* What `resolve` makes needless: all of its thread that waits to be sent before it. `trigger` is
 * one that has just ended, or NULL. */
static void supersede_before(struct lanes *l, struct delivery_item *resolve,
                             const struct delivery_item *trigger)
{
    bool seen = trigger != NULL;
    bool arrived = trigger != NULL && trigger->may_have_arrived;
    for (size_t i = 0; i < l->count && l->items[i].id < resolve->id; i++) {
        struct delivery_item *item = &l->items[i];
        if (!is_beside(item, resolve->channel, resolve->thread))
            continue;
        if (item->state == DELIVERY_SENDING)
            return; /* its answer decides */
        seen |= item->kind == LANE_TRIGGER;
        arrived |= item->may_have_arrived;
        step(l, item, DELIVERY_SUPERSEDE);
    }
    if (!seen)
        return; /* the receiver has had the trigger for long */
    resolve->combined = resolve->changed = true;
    if (!arrived && l->lanes[resolve->channel].channel.pager)
        step(l, resolve, DELIVERY_SUPERSEDE);
}

/* Of several updates the newest is enough. */
static void supersede_same(struct lanes *l, const struct delivery_item *added)
{
    for (size_t i = 0; i < l->count; i++) {
        struct delivery_item *item = &l->items[i];
        if (item->id < added->id && item->kind == added->kind && !item->may_have_arrived &&
            is_beside(item, added->channel, added->thread))
            step(l, item, DELIVERY_SUPERSEDE);
    }
}

struct delivery_item *lanes_add(struct lanes *l, const struct delivery_item *item, mono_ms now)
{
    struct lane *lane = &l->lanes[item->channel];
    struct delivery_item *mine = &l->items[l->count++];
    *mine = *item;
    mine->state = DELIVERY_QUEUED;
    mine->may_have_arrived = mine->combined = false;
    mine->changed = true;
    mine->attempts = 0;
    mine->due = now;
    if (mine->kind == LANE_DIGEST) {
        lane->digest = mine->id;
        if (is_busy(lane, now))
            mine->due = mono_add(lane->added[lane->added_next], LANES_DIGEST_MS);
    } else {
        note_added(lane, now);
    }
    if (mine->kind == LANE_RESOLVE)
        supersede_before(l, mine, NULL);
    else if (mine->kind == LANE_UPDATE || mine->kind == LANE_REMINDER)
        supersede_same(l, mine);
    l->sorted_out = false;
    return mine;
}

struct delivery_item *lanes_restore(struct lanes *l, const struct delivery_item *item)
{
    struct delivery_item *mine = &l->items[l->count++];
    *mine = *item;
    mine->may_have_arrived |= mine->state == DELIVERY_SENDING;
    step(l, mine, DELIVERY_FOUND);
    if (mine->kind == LANE_DIGEST && !mine->may_have_arrived)
        l->lanes[mine->channel].digest = mine->id;
    l->sorted_out = false;
    return mine;
}

/* ── order ── */

/* Less is sent sooner. */
static int rank(enum lane_kind kind, int severity)
{
    if (kind == LANE_EMERGENCY || kind == LANE_TEST)
        return 0;
    return severity == 0 ? 5 : severity;
}

/* Marks what has to wait for an earlier one of its thread. */
static void sort_out(struct lanes *l)
{
    size_t size = ARRAY_LENGTH(l->seen);
    if (l->sorted_out)
        return;
    memset(l->seen, 0, sizeof l->seen);
    for (size_t i = 0; i < l->count; i++) {
        struct delivery_item *item = &l->items[i];
        item->behind = false;
        if (item->thread == 0 || !is_open(item))
            continue;
        size_t at = (size_t)((item->thread * LANES_MAX + (uint64_t)item->channel) *
                                 UINT64_C(0x9e3779b97f4a7c15) >>
                             32) %
                    size;
        while (l->seen[at].thread != 0 &&
               (l->seen[at].thread != item->thread || l->seen[at].channel != item->channel))
            at = (at + 1) % size;
        item->behind = l->seen[at].thread != 0;
        l->seen[at].thread = item->thread;
        l->seen[at].channel = item->channel;
    }
    l->sorted_out = true;
}

static bool waits(const struct delivery_item *item)
{
    return item->state == DELIVERY_QUEUED || item->state == DELIVERY_WAITING;
}

static void expire(struct lanes *l, mono_ms now)
{
    for (size_t i = 0; i < l->count; i++)
        if (waits(&l->items[i]) && mono_reached(now, l->items[i].expires))
            step(l, &l->items[i], DELIVERY_EXPIRE);
}

static int places_taken(struct lanes *l, mono_ms now)
{
    int taken = 0;
    for (size_t i = 0; i < LANES_MAX; i++) {
        const struct delivery_item *item =
            l->lanes[i].sending == 0 ? NULL : lanes_find(l, l->lanes[i].sending);
        taken += item != NULL && mono_since(now, item->begun) < LANES_SLOW_MS;
    }
    return taken;
}

static bool is_ready(const struct lanes *l, const struct delivery_item *item, mono_ms now)
{
    const struct lane *lane = &l->lanes[item->channel];
    return waits(item) && !item->behind && lane->used && lane->sending == 0 &&
           mono_reached(now, item->due) && mono_reached(now, lane->not_before);
}

struct delivery_item *lanes_next(struct lanes *l, mono_ms now)
{
    struct delivery_item *best = NULL;
    expire(l, now);
    sort_out(l);
    if (places_taken(l, now) >= LANES_AT_ONCE_MAX)
        return NULL;
    for (size_t i = 0; i < l->count; i++) {
        struct delivery_item *item = &l->items[i];
        if ((best == NULL || rank(item->kind, item->severity) < rank(best->kind, best->severity)) &&
            is_ready(l, item, now))
            best = item;
    }
    return best;
}

void lanes_begin(struct lanes *l, struct delivery_item *item, mono_ms now)
{
    struct lane *lane = &l->lanes[item->channel];
    step(l, item, DELIVERY_SEND);
    item->attempts++;
    item->begun = now;
    lane->sending = item->id;
    if (lane->digest == item->id)
        lane->digest = 0;
}

struct delivery_item *lanes_overdue(struct lanes *l, mono_ms now)
{
    for (size_t i = 0; i < LANES_MAX; i++) {
        struct delivery_item *item =
            l->lanes[i].sending == 0 ? NULL : lanes_find(l, l->lanes[i].sending);
        if (item != NULL && mono_since(now, item->begun) >= LANES_ANSWER_MS)
            return item;
    }
    return NULL;
}

void lanes_end(struct lanes *l, struct delivery_item *item, enum delivery_event event)
{
    step(l, item, event);
}

/* ── answers ── */

static enum lane_news note_success(struct lanes *l, int channel, mono_ms now)
{
    struct lane *lane = &l->lanes[channel];
    bool failing = lane->failing;
    lane->failing = false;
    lane->failures = 0;
    lane->not_before = now;
    for (size_t i = 0; failing && i < l->count; i++)
        if (l->items[i].channel == channel && l->items[i].state == DELIVERY_WAITING)
            l->items[i].due = now; /* its delay was for a receiver that was away */
    return failing ? LANE_WORKS : LANE_NO_NEWS;
}

static enum lane_news note_failure(struct lane *lane, int64_t delay_ms, bool asked, mono_ms now)
{
    bool failing = lane->failing;
    lane->failures++;
    lane->failing = lane->failures >= RETRY_FAILING;
    if (lane->failing || asked)
        lane->not_before = mono_add(now, delay_ms);
    return lane->failing && !failing ? LANE_FAILS : LANE_NO_NEWS;
}

enum lane_news lanes_answered(struct lanes *l, struct delivery_item *item, enum retry_class class,
                              int code, int64_t retry_after_ms, uint32_t random, mono_ms now)
{
    struct lane *lane = &l->lanes[item->channel];
    if (item->state != DELIVERY_SENDING)
        return LANE_NO_NEWS;
    bool again = retry_again(class);
    step(l, item, (enum delivery_event) class);
    item->may_have_arrived |= class != RETRY_LATER && class != RETRY_FINAL;
    if (!again && class != RETRY_FINAL)
        return note_success(l, item->channel, now);
    bool asked = again && retry_after_ms >= 0;
    int attempts = lane->failures + 1 > item->attempts ? lane->failures + 1 : item->attempts;
    item->due = mono_add(now, retry_delay_ms(item->attempts, code,
                                             again ? retry_after_ms : RETRY_AFTER_NONE, random));
    if (item->kind == LANE_DIGEST && again && !item->may_have_arrived && lane->digest == 0)
        lane->digest = item->id; /* the receiver has not seen it: it takes more */
    int64_t pause =
        retry_delay_ms(attempts, code, asked ? retry_after_ms : RETRY_AFTER_NONE, random);
    enum lane_news news = note_failure(lane, pause, asked, now);
    for (size_t i = 0; item->kind == LANE_TRIGGER && i < l->count; i++)
        if (l->items[i].kind == LANE_RESOLVE && waits(&l->items[i]) &&
            is_beside(&l->items[i], item->channel, item->thread))
            supersede_before(l, &l->items[i], item);
    return news;
}

/* ── time and room ── */

mono_ms lanes_wake(struct lanes *l, mono_ms now)
{
    mono_ms wake = MONO_NEVER;
    sort_out(l);
    bool full = places_taken(l, now) >= LANES_AT_ONCE_MAX;
    for (size_t i = 0; i < l->count; i++) {
        const struct delivery_item *item = &l->items[i];
        const struct lane *lane = &l->lanes[item->channel];
        if (item->state == DELIVERY_SENDING) {
            mono_ms slow = mono_add(item->begun, LANES_SLOW_MS);
            wake = mono_min(wake, mono_add(item->begun, LANES_ANSWER_MS));
            if (full && !mono_reached(now, slow))
                wake = mono_min(wake, slow);
        } else if (waits(item)) {
            wake = mono_min(wake, item->expires);
            if (!item->behind && !full && lane->used && lane->sending == 0)
                wake = mono_min(wake, mono_max(item->due, lane->not_before));
        }
    }
    return wake;
}

static bool is_missed_less(const struct delivery_item *a, const struct delivery_item *b)
{
    bool last_a = a->kind == LANE_RESOLVE || a->kind == LANE_DIGEST;
    bool last_b = b->kind == LANE_RESOLVE || b->kind == LANE_DIGEST;
    if (last_a != last_b)
        return last_b;
    int rank_a = rank(a->kind, a->severity), rank_b = rank(b->kind, b->severity);
    return rank_a != rank_b ? rank_a > rank_b : a->id < b->id;
}

struct delivery_item *lanes_least(struct lanes *l)
{
    struct delivery_item *least = NULL;
    for (size_t i = 0; i < l->count; i++)
        if (waits(&l->items[i]) && (least == NULL || is_missed_less(&l->items[i], least)))
            least = &l->items[i];
    return least;
}

bool lanes_is_less(enum lane_kind kind, int severity, const struct delivery_item *than)
{
    struct delivery_item mine = {.id = UINT64_MAX, .kind = kind, .severity = severity};
    return is_missed_less(&mine, than);
}

void lanes_sweep(struct lanes *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++)
        if (is_open(&l->items[i]) || l->items[i].changed)
            l->items[kept++] = l->items[i];
    l->sorted_out &= kept == l->count;
    l->count = kept;
}
