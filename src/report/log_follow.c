#include "report/log_follow.h"

#include "base/json.h"

static wall_ms moment_of(const json_t *lines, size_t i)
{
    return (wall_ms){json_int_or(json_array_get(lines, i), "at_ms", 0)};
}

/* "Now" is where the log stands: its clock is the host's, which may be behind ours. With `lines`
 * so many of the newest come first. Returns how many are to be looked at. */
static size_t find_now(struct log_follow *f, const json_t *lines, size_t wanted)
{
    size_t count = json_array_size(lines);
    wall_ms newest = count == 0 ? WALL_NONE : moment_of(lines, 0);
    f->from_now = false;
    if (wanted > 0) {
        f->seen = WALL_NONE;
        return wanted < count ? wanted : count;
    }
    if (newest.ms > f->seen.ms)
        return count;
    f->seen = newest;
    while (f->shown < count && moment_of(lines, f->shown).ms == newest.ms)
        f->shown++;
    return count;
}

void log_follow_push(struct log_follow *f, const json_t *lines, size_t wanted, struct call *call)
{
    size_t count = f->from_now ? find_now(f, lines, wanted) : json_array_size(lines);
    wall_ms start = f->seen;
    size_t known = f->shown;
    for (size_t i = count; i > 0 && !call->gone; i--) {
        wall_ms at = moment_of(lines, i - 1);
        if (at.ms < start.ms)
            continue;
        if (at.ms == start.ms && known > 0) {
            known--;
            continue;
        }
        f->shown = at.ms == f->seen.ms ? f->shown + 1 : 1;
        f->seen = at;
        json_t *out = json_deep_copy(json_array_get(lines, i - 1));
        (void)json_object_del(out, "at_ms");
        call->push(call, out);
    }
}
