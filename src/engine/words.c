/* The sentences about a cause, with the names of the service and what was seen of it. */
#include "engine/words.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"

static struct cause_place place_of(const struct service *s, char *address, size_t size)
{
    const struct redis_settings *r = &s->settings->redis;
    if (r->socket[0] != '\0')
        (void)str_copy(address, size, r->socket);
    else
        (void)str_format(address, size, "%s:%d", r->host, r->port);
    return (struct cause_place){.unit = s->settings->unit,
                                .address = address,
                                .here = s->settings->control != CONTROL_SSH,
                                .own = s->settings->control == CONTROL_PROCESS};
}

/* A unit that has failed again lost the log lines of the failure before, which named the cause. */
static void observations_with_exit_log(const struct service *s, struct observations *ret)
{
    *ret = s->observations;
    if (!ret->log_read && ret->log.class == LOG_NONE)
        ret->log = s->watch.exit_log;
}

const char *words_summary(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX])
{
    struct observations observations;
    char address[SETTINGS_HOST_MAX + 16];
    observations_with_exit_log(s, &observations);
    return cause_summary(cause, &observations, place_of(s, address, sizeof address), ret);
}

const char *words_advice(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX])
{
    struct observations observations;
    char address[SETTINGS_HOST_MAX + 16];
    observations_with_exit_log(s, &observations);
    return cause_advice(cause, &observations, place_of(s, address, sizeof address), ret);
}

static bool is_alias(const struct service *s)
{
    const char *id = s->observations.unit.id;
    char name[128 + 16];
    (void)str_format(name, sizeof name, "%s.service", s->settings->unit);
    return id[0] != '\0' && !str_equal(id, name) && !str_equal(id, s->settings->unit);
}

static void add(json_t *array, const char *text)
{
    (void)json_array_append_new(array, json_string(text));
}

void words_refusals(const struct service *s, json_t *array)
{
    char text[FACT_TEXT_MAX + 96];
    if (s->guard.script[0] != '\0')
        add(array, s->guard.script);
    if (s->guard.refused[0] != '\0')
        add(array, s->guard.refused);
    else if (s->guard.listed[0] != '\0')
        add(array, s->guard.listed);
    if (is_alias(s)) {
        (void)str_format(text, sizeof text, "unit: %s is an alias of %s", s->settings->unit,
                         s->observations.unit.id);
        add(array, text);
    }
    if (s->watch.log_asked && s->watch.log_refused[0] != '\0')
        add(array, s->watch.log_refused);
}
