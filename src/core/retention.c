#include "core/retention.h"

#include <assert.h>

#include "base/attr.h"
#include "base/date.h"

#define HOUR_SECONDS INT64_C(3600)

const char *retention_rule_word(enum retention_rule rule)
{
    static const char *const words[] = {
        [RETENTION_LAST] = "last",           [RETENTION_HOURLY] = "hourly",
        [RETENTION_DAILY] = "daily",         [RETENTION_WEEKLY] = "weekly",
        [RETENTION_MONTHLY] = "monthly",     [RETENTION_WITHIN] = "within",
        [RETENTION_MINIMUM] = "minimum",     [RETENTION_PINNED] = "pinned",
        [RETENTION_UNDECIDED] = "undecided", [RETENTION_NO_RULES] = "no_rules",
    };
    static_assert(ARRAY_LENGTH(words) == RETENTION_RULE_COUNT, "a word for every rule");
    return words[rule];
}

static int64_t local_seconds(const struct retention_backup *b)
{
    int64_t seconds = b->at.ms / 1000 - (b->at.ms % 1000 < 0);
    return seconds + b->utc_offset_seconds;
}

static int64_t hour_of(const struct retention_backup *b)
{
    int64_t seconds = local_seconds(b);
    return seconds / HOUR_SECONDS - (seconds % HOUR_SECONDS < 0);
}

static int64_t day_of(const struct retention_backup *b)
{
    return date_days_of_seconds(local_seconds(b));
}

/* The day number of its Monday. */
static int64_t week_of(const struct retention_backup *b)
{
    return day_of(b) - date_weekday(day_of(b));
}

static int64_t month_of(const struct retention_backup *b)
{
    struct date date = date_of_days(day_of(b));
    return (int64_t)date.year * 12 + date.month;
}

static void keep(struct retention_backup *b, enum retention_rule rule)
{
    b->kept_by |= 1u << rule;
}

/* The newest of each of so many buckets that have one. */
static void keep_buckets(struct retention_backup *backups, size_t count, enum retention_rule rule,
                         int wanted, int64_t (*bucket_of)(const struct retention_backup *b))
{
    int64_t before = INT64_MIN;
    for (size_t i = 0; i < count && wanted > 0; i++) {
        if (!backups[i].fills || bucket_of(&backups[i]) == before)
            continue;
        before = bucket_of(&backups[i]);
        keep(&backups[i], rule);
        wanted--;
    }
}

static void keep_newest(struct retention_backup *backups, size_t count,
                        const struct retention_policy *policy)
{
    int last = policy->last;
    int minimum = policy->minimum;
    for (size_t i = 0; i < count; i++) {
        if (backups[i].fills && last > 0) {
            keep(&backups[i], RETENTION_LAST);
            last--;
        }
        if (backups[i].loaded && minimum > 0) {
            keep(&backups[i], RETENTION_MINIMUM);
            minimum--;
        }
    }
}

static void keep_by_time(struct retention_backup *backups, size_t count,
                         const struct retention_policy *policy, wall_ms newest, wall_ms now)
{
    for (size_t i = 0; i < count; i++) {
        struct retention_backup *b = &backups[i];
        int64_t age = wall_since(newest, b->at);
        if (b->fills && policy->within_ms > 0 && age <= policy->within_ms)
            keep(b, RETENTION_WITHIN);
        if (!b->fills && age <= RETENTION_UNDECIDED_MS)
            keep(b, RETENTION_UNDECIDED);
        if (b->pinned_until.ms > now.ms)
            keep(b, RETENTION_PINNED);
    }
}

static bool has_rules(const struct retention_policy *p)
{
    return p->last > 0 || p->hourly > 0 || p->daily > 0 || p->weekly > 0 || p->monthly > 0 ||
           p->within_ms > 0;
}

/* The newest that fills rules; `count` = none does. */
static size_t first_filling(const struct retention_backup *backups, size_t count)
{
    size_t i = 0;
    while (i < count && !backups[i].fills)
        i++;
    return i;
}

struct retention_plan retention_plan(const struct retention_policy *policy,
                                     struct retention_backup *backups, size_t count, wall_ms now)
{
    struct retention_plan plan = {0};
    size_t newest = first_filling(backups, count);
    bool rules = has_rules(policy) && newest < count;
    for (size_t i = 0; i < count; i++)
        backups[i].kept_by = rules ? 0 : 1u << RETENTION_NO_RULES;
    keep_newest(backups, count, policy);
    keep_buckets(backups, count, RETENTION_HOURLY, policy->hourly, hour_of);
    keep_buckets(backups, count, RETENTION_DAILY, policy->daily, day_of);
    keep_buckets(backups, count, RETENTION_WEEKLY, policy->weekly, week_of);
    keep_buckets(backups, count, RETENTION_MONTHLY, policy->monthly, month_of);
    if (rules)
        keep_by_time(backups, count, policy, backups[newest].at, now);
    for (size_t i = 0; i < count; i++)
        plan.kept += backups[i].kept_by != 0;
    plan.removed = count - plan.kept;
    plan.refused = plan.removed > plan.kept;
    return plan;
}
