/* Redis' own configuration, as far as checks read it anyway: Resus never changes it, so a change
 * was not ours. */
#include "engine/config_watch.h"

#include <inttypes.h>

#include "base/str.h"
#include "engine/record.h"
#include "engine/service.h"

/* Appends "name old -> new" when both are known and differ; keeps the new one. */
static void compare_number(const char *name, int64_t *seen, int64_t present, char *text,
                           size_t size)
{
    if (present < 0)
        return;
    if (*seen >= 0 && *seen != present)
        (void)str_append(text, size, "%s%s %" PRId64 " -> %" PRId64, text[0] == '\0' ? "" : ", ",
                         name, *seen, present);
    *seen = present;
}

static void compare_tri(const char *name, enum tri *seen, enum tri present, char *text, size_t size)
{
    if (present == TRI_UNKNOWN)
        return;
    if (*seen != TRI_UNKNOWN && *seen != present)
        (void)str_append(text, size, "%s%s %s", text[0] == '\0' ? "" : ", ", name,
                         present == TRI_YES ? "on" : "off");
    *seen = present;
}

void config_watch(struct service *s, struct now now)
{
    const struct info_facts *i = &s->observations.info;
    struct config_seen *seen = &s->config_seen;
    char text[256] = "";
    if (!i->known || i->loading == TRI_YES)
        return;
    if (!seen->any)
        *seen = (struct config_seen){.any = true, .maxmemory = -1, .maxclients = -1};
    compare_number("maxmemory", &seen->maxmemory, i->maxmemory, text, sizeof text);
    compare_number("maxclients", &seen->maxclients, i->maxclients, text, sizeof text);
    compare_tri("appendonly", &seen->aof, i->aof_enabled, text, sizeof text);
    compare_tri("save points", &seen->save_points, i->save_points, text, sizeof text);
    if (i->maxmemory_policy[0] != '\0') {
        if (seen->policy[0] != '\0' && !str_equal(seen->policy, i->maxmemory_policy))
            (void)str_append(text, sizeof text, "%smaxmemory-policy %s -> %s",
                             text[0] == '\0' ? "" : ", ", seen->policy, i->maxmemory_policy);
        (void)str_copy(seen->policy, sizeof seen->policy, i->maxmemory_policy);
    }
    if (text[0] != '\0')
        record_setting(s, "redis-config-changed", NULL, text, now);
}
