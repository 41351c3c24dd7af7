#include "core/copies.h"

#include "core/retry.h"

enum copies_step copies_step(const struct copies_facts *f)
{
    if (f->there)
        return f->noted_copied ? COPIES_NOTHING : COPIES_NOTE;
    if (f->damaged || f->noted_removed)
        return COPIES_NOTHING;
    return f->noted_copied ? COPIES_SEND_AGAIN : COPIES_SEND;
}

bool copies_waits(const struct copies_facts *f)
{
    return !f->damaged && !f->noted_copied && !f->noted_removed;
}

mono_ms copies_due(const struct copies_times *t, mono_ms now, uint32_t random)
{
    if (t->ended.ms == MONO_NEVER.ms)
        return now;
    if (t->failures > 0)
        return mono_add(t->ended, retry_delay_ms(t->failures, 0, RETRY_AFTER_NONE, random));
    return t->waiting || t->more ? now : mono_add(t->ended, COPIES_LOOK_MS);
}
