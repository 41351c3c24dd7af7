#include "core/backup_rules.h"

#include <assert.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/str.h"

static bool below_half(int64_t now, int64_t last)
{
    return now < last - now;
}

static int64_t slack(int64_t keys)
{
    int64_t share = keys / 100 * BACKUP_LIVE_TOLERANCE_PERCENT +
                    keys % 100 * BACKUP_LIVE_TOLERANCE_PERCENT / 100;
    return share > BACKUP_LIVE_TOLERANCE_KEYS ? share : BACKUP_LIVE_TOLERANCE_KEYS;
}

/* With one of the two counts unknown the other one stands for both. */
static bool outside_live(const struct backup_figures *f)
{
    int64_t before = f->live_before == BACKUP_KEYS_UNKNOWN ? f->live_after : f->live_before;
    int64_t after = f->live_after == BACKUP_KEYS_UNKNOWN ? before : f->live_after;
    int64_t least = before < after ? before : after;
    int64_t most = before < after ? after : before;
    if (before == BACKUP_KEYS_UNKNOWN)
        return false;
    return f->keys < least - slack(least) || f->keys - slack(most) > most;
}

unsigned backup_suspicions(const struct backup_figures *now, const struct backup_figures *last)
{
    unsigned found = 0;
    if (last != NULL && now->keys == 0 && last->keys > 0)
        found |= 1u << BACKUP_NOW_EMPTY;
    else if (last != NULL && below_half(now->keys, last->keys))
        found |= 1u << BACKUP_FEWER_KEYS;
    if (last != NULL && below_half(now->bytes, last->bytes))
        found |= 1u << BACKUP_FEWER_BYTES;
    if (outside_live(now))
        found |= 1u << BACKUP_OUTSIDE_LIVE;
    return found;
}

bool backup_suspicion_acceptable(enum backup_suspicion suspicion)
{
    return suspicion != BACKUP_OUTSIDE_LIVE;
}

const char *backup_suspicion_word(enum backup_suspicion suspicion)
{
    static const char *const words[] = {
        [BACKUP_NOW_EMPTY] = "now_empty",
        [BACKUP_FEWER_KEYS] = "fewer_keys",
        [BACKUP_FEWER_BYTES] = "fewer_bytes",
        [BACKUP_OUTSIDE_LIVE] = "outside_live",
    };
    static_assert(ARRAY_LENGTH(words) == BACKUP_SUSPICION_COUNT, "a word for every suspicion");
    return words[suspicion];
}

void backup_suspicion_text(enum backup_suspicion suspicion, const struct backup_figures *now,
                           const struct backup_figures *last, char *to, size_t size)
{
    int64_t keys_before = last == NULL ? 0 : last->keys;
    int64_t bytes_before = last == NULL ? 0 : last->bytes;
    switch (suspicion) {
    case BACKUP_NOW_EMPTY:
        (void)str_format(to, size,
                         "Redis has no keys, the backup before has %lld: look for a FLUSHALL, or a "
                         "start without data, before the next backup",
                         (long long)keys_before);
        break;
    case BACKUP_FEWER_KEYS:
        (void)str_format(to, size,
                         "%lld keys, the backup before has %lld: look for what removed them",
                         (long long)now->keys, (long long)keys_before);
        break;
    case BACKUP_FEWER_BYTES:
        (void)str_format(to, size,
                         "%lld bytes, the backup before has %lld: look for what removed them",
                         (long long)now->bytes, (long long)bytes_before);
        break;
    default:
        (void)str_format(to, size,
                         "%lld keys, but Redis had %lld before and %lld after the copy: make "
                         "another backup when the load is even",
                         (long long)now->keys, (long long)now->live_before,
                         (long long)now->live_after);
        break;
    }
}
