/* Recommendations: each with the figures that it rests on. */
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/current.h"
#include "engine/service.h"
#include "engine/snapshot.h"

#define LONG_COMMAND_SHOWN_MS 86400000

static void add(json_t *array, const char *format, ...) ATTR_PRINTF(2, 3);
static void add(json_t *array, const char *format, ...)
{
    char text[FACT_TEXT_MAX * 2];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)json_array_append_new(array, json_string(text));
}

static void memory(const struct service *s, json_t *array)
{
    const struct gauge_reading *g = &s->health.levels.gauges[GAUGE_MEMORY];
    const struct info_facts *i = &s->observations.info;
    if (g->level == LEVEL_OK || g->critical <= 0)
        return;
    if (s->health.levels.memory_evicts)
        add(array,
            "Consider increasing memory limit (usage at %.0f%%): %.0f of %.0f MB, and keys are "
            "evicted to make room",
            g->value / g->critical * 100, g->value, g->critical);
    else
        add(array, "Consider increasing memory limit (usage at %.0f%%): %.0f of %.0f MB%s",
            g->value / g->critical * 100, g->value, g->critical,
            i->maxmemory > 0 ? "" : "; Redis itself has no limit (maxmemory)");
}

static void connections(const struct service *s, json_t *array)
{
    const struct gauge_reading *g = &s->health.levels.gauges[GAUGE_CONNECTIONS];
    double limit =
        s->observations.info.maxclients > 0 ? (double)s->observations.info.maxclients : g->critical;
    if (g->level != LEVEL_OK && limit > 0)
        add(array, "Monitor connection usage (approaching limit): %.0f of %.0f, %.0f%%", g->value,
            limit, g->value / limit * 100);
}

static void latency(const struct service *s, json_t *array)
{
    const struct gauge_reading *g = &s->health.levels.gauges[GAUGE_LATENCY];
    if (g->level != LEVEL_OK)
        add(array,
            "Review slow queries (response time elevated): PING takes %.1f ms, warning from %.0f "
            "ms; resus inspect slowlog",
            g->value, g->warning);
    else if (s->health.levels.slow_queries)
        add(array,
            "Review slow queries: the slow log grew to %lld entries since the last look; resus "
            "inspect slowlog",
            (long long)s->observations.info.slowlog_length);
}

static void growth(const struct service *s, json_t *array)
{
    const struct trend *t = &s->health.levels.memory_trend;
    const struct gauge_reading *g = &s->health.levels.gauges[GAUGE_MEMORY];
    if (!s->health.levels.memory_growing)
        return;
    double hours = trend_hours_to(t, g->critical * MIB);
    char until[64] = "";
    if (hours >= 0)
        (void)str_format(until, sizeof until, "; at this pace it reaches %.0f MB in %.0f h",
                         g->critical, hours);
    add(array,
        "Check for memory leaks (gradual memory increase): the least use of each hour grew %.1f "
        "MB/h for %d h, from %.0f to %.0f MB%s",
        t->per_hour / MIB, t->hours, t->first / MIB, t->last / MIB, until);
}

static void certificate(const struct service *s, struct now now, json_t *array)
{
    char text[160];
    if (current_certificate_text(s, now, text, sizeof text))
        add(array, "Renew the certificate: %s", text);
}

static void canary(const struct service *s, struct now now, json_t *array)
{
    const struct canary_facts *c = canary_newest(s, now);
    if (c != NULL && c->reply != REPLY_PONG)
        add(array, "Applications cannot write: the %s of the canary key failed: %s", c->step,
            c->text);
}

static void long_command(const struct service *s, struct now now, json_t *array)
{
    const struct long_command *l = &s->long_command;
    if (l->ended.ms != WALL_NONE.ms && wall_since(now.wall, l->ended) < LONG_COMMAND_SHOWN_MS)
        add(array, "Avoid long commands: %s %s", l->text, l->advice);
}

#define UNWATCHED "memory, limits, saves and replication are not watched"

/* By an ACL; else the command has another name, or none. */
static bool info_forbidden(const struct service *s)
{
    return str_starts(s->watch.info_refused, "NOPERM");
}

const char *advice_info_refused(const struct service *s)
{
    return info_forbidden(s) ? "INFO is not allowed to our user: " UNWATCHED
                             : "Redis does not know INFO: " UNWATCHED;
}

static void info_refused(const struct service *s, json_t *array)
{
    if (s->watch.info_refused[0] == '\0')
        return;
    const char *user =
        s->settings->redis.username[0] != '\0' ? s->settings->redis.username : "default";
    if (info_forbidden(s))
        add(array, "%s. Allow it on the Redis: ACL SETUSER %s +info", advice_info_refused(s), user);
    else
        add(array, "%s. Take rename-command INFO out of redis.conf", advice_info_refused(s));
}

json_t *advice_json(const struct service *s, struct now now)
{
    json_t *array = json_array();
    if (!s->judged)
        return array;
    certificate(s, now, array);
    long_command(s, now, array);
    canary(s, now, array);
    info_refused(s, array);
    if (!current_figures(s, now))
        return array;
    memory(s, array);
    connections(s, array);
    latency(s, array);
    growth(s, array);
    return array;
}
