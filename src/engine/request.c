/* The requests of a service that have not been answered yet. */
#include "engine/request.h"

#include "engine/service.h"

/* The free entry, or the one that is the least loss: the oldest look. The end of an action or an
 * operation is news however old. */
static struct pending *room(struct service *s)
{
    struct pending *found = &s->requests.pending[0];
    for (int i = 0; i < REQUESTS_MAX; i++) {
        struct pending *p = &s->requests.pending[i];
        if (p->id == 0)
            return p;
        bool look = p->action_id == 0;
        bool found_look = found->action_id == 0;
        if (look != found_look ? look : p->asked.ms < found->asked.ms)
            found = p;
    }
    return found;
}

uint64_t request_begin_action(struct service *s, enum part_id part, int purpose, mono_ms asked,
                              uint64_t action_id)
{
    struct pending *p = room(s);
    int end = (int)(p - s->requests.pending) + 1;
    s->requests.used = s->requests.used > end ? s->requests.used : end;
    *p = (struct pending){.id = ++s->requests.last_id,
                          .part = part,
                          .purpose = purpose,
                          .asked = asked,
                          .action_id = action_id};
    return s->requests.last_id;
}

uint64_t request_begin(struct service *s, enum part_id part, int purpose, mono_ms asked)
{
    return request_begin_action(s, part, purpose, asked, 0);
}

struct pending request_end(struct service *s, uint64_t id)
{
    for (int i = 0; i < s->requests.used; i++) {
        struct pending p = s->requests.pending[i];
        if (p.id != id || id == 0)
            continue;
        s->requests.pending[i] = (struct pending){0};
        while (s->requests.used > 0 && s->requests.pending[s->requests.used - 1].id == 0)
            s->requests.used--;
        return p;
    }
    return (struct pending){0};
}

bool request_is(const struct pending *p, enum part_id part, int purpose)
{
    return p->part == part && p->purpose == purpose;
}

mono_ms request_asked(const struct service *s, enum part_id part, int purpose)
{
    mono_ms newest = MONO_NEVER;
    for (int i = 0; i < s->requests.used; i++) {
        const struct pending *p = &s->requests.pending[i];
        if (request_is(p, part, purpose) && (newest.ms == MONO_NEVER.ms || p->asked.ms > newest.ms))
            newest = p->asked;
    }
    return newest;
}

bool request_pending(const struct service *s, enum part_id part, int purpose)
{
    return request_asked(s, part, purpose).ms != MONO_NEVER.ms;
}

void request_redis(struct service *s, enum part_id part, int purpose, enum redis_request request,
                   int64_t limit_ms, struct now now)
{
    s->engine->ports.redis(s->engine->ports.context, s->index,
                           request_begin(s, part, purpose, now.mono), request, false,
                           mono_add(now.mono, limit_ms));
}

void request_host(struct service *s, enum part_id part, int purpose, enum host_command command,
                  int number, bool with_sudo, struct now now)
{
    request_host_of(s, part, purpose, command, number, with_sudo, 0, now);
}

void request_host_of(struct service *s, enum part_id part, int purpose, enum host_command command,
                     int number, bool with_sudo, uint64_t action_id, struct now now)
{
    struct host_request request = {
        .id = request_begin_action(s, part, purpose, now.mono, action_id),
        .command = command,
        .number = number,
        .with_sudo = with_sudo,
        .deadline = mono_add(now.mono, CAUSE_LOOK_LIMIT_MS),
    };
    s->engine->ports.host(s->engine->ports.context, s->index, &request);
}
