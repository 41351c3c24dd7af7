/* What is known of the services that depend on this one, as JSON. */
#include "base/json.h"
#include "engine/service.h"

bool follow_up_to_look_at(const struct service *s, size_t dependent)
{
    return s->settings->affected[dependent].url[0] != '\0' &&
           !s->follow_up.dependents[dependent].well;
}

json_t *follow_up_json(const struct service *s)
{
    const struct follow_up *a = &s->follow_up;
    json_t *all = json_array();
    for (size_t i = 0; i < a->count; i++) {
        const struct dependent *d = &a->dependents[i];
        const struct affected_service *set = &s->settings->affected[i];
        json_t *one = json_object();
        (void)json_put_text(one, "name", set->name);
        if (set->url[0] != '\0')
            (void)json_put_text(one, "url", set->url);
        if (d->looked)
            (void)json_put_bool(one, "ok", d->error[0] == '\0');
        else
            (void)json_put_null(one, "ok");
        if (d->http_status > 0)
            (void)json_put_int(one, "status", d->http_status);
        else
            (void)json_put_null(one, "status");
        (void)json_put_text(one, "error", d->error[0] != '\0' ? d->error : NULL);
        (void)json_put_wall(one, "checked_at", d->checked_at);
        (void)json_put_bool(one, "checking", a->what[0] != '\0' && follow_up_to_look_at(s, i));
        (void)json_array_append_new(all, one);
    }
    return all;
}
