/* A background save is begun by a reply and over only later: its end is awaited by asking now and
 * then, for a person's operation and for a recovery alike. */
#include "engine/saving.h"

#include <string.h>

#include "base/str.h"
#include "engine/service.h"

#define ASK_AGAIN_MS 100
#define ASK_LIMIT_MS 5000

int saving_init(struct service *s, struct now now)
{
    (void)now;
    s->saving.due = MONO_NEVER;
    return 0;
}

bool saving_begun(const struct redis_answer *a)
{
    /* Another save under way is as good: its end is awaited. */
    return a->probe.reply == REPLY_OTHER ||
           str_find(a->probe.text, strlen(a->probe.text), "in progress") != NULL ||
           str_find(a->probe.text, strlen(a->probe.text), "already") != NULL;
}

enum save_end saving_of(const struct redis_answer *a)
{
    if (a->info.save_running != TRI_NO || a->info.last_save_ok == TRI_UNKNOWN)
        return SAVING_RUNS;
    return a->info.last_save_ok == TRI_YES ? SAVING_DONE : SAVING_FAILED;
}

static void ask(struct service *s, struct now now)
{
    s->saving.due = MONO_NEVER;
    s->engine->ports.redis(
        s->engine->ports.context, s->index,
        request_begin_action(s, s->saving.part, s->saving.purpose, now.mono, s->saving.belongs_to),
        REDIS_LASTSAVE_INFO, false, mono_add(now.mono, ASK_LIMIT_MS));
}

void saving_follow(struct service *s, enum part_id part, int purpose, uint64_t belongs_to,
                   struct now now)
{
    s->saving.part = part;
    s->saving.purpose = purpose;
    s->saving.belongs_to = belongs_to;
    ask(s, now);
}

void saving_follow_on(struct service *s, struct now now)
{
    s->saving.due = mono_add(now.mono, ASK_AGAIN_MS);
}

bool saving_turn(struct service *s, struct now now)
{
    if (mono_reached(now.mono, s->saving.due))
        ask(s, now);
    return false;
}

mono_ms saving_next(const struct service *s)
{
    return s->saving.due;
}
