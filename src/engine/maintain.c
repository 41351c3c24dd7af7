/* The order that a maintenance window holds a service, or lets it go. */
#include "base/json.h"
#include "base/str.h"
#include "engine/commands.h"
#include "engine/event.h"
#include "engine/maintained.h"
#include "engine/service.h"

/* What a reader of the service would see otherwise than before. */
static bool same(const struct maintained *m, const struct engine_window *window)
{
    if (window == NULL || !m->held)
        return window == NULL && !m->held;
    return m->window.number == window->number && m->window.ends.ms == window->ends.ms &&
           m->window.verifying == window->verifying && str_equal(m->window.title, window->title);
}

static void tell(struct service *s, bool was_held, struct now now)
{
    char text[FACT_TEXT_MAX];
    json_t *body = json_object();
    if (s->maintained.held)
        maintained_words(s, text, sizeof text);
    else
        (void)str_copy(text, sizeof text, "The maintenance has ended.");
    (void)str_append(text, sizeof text, " Automatic recovery %s.",
                     !s->maintained.held ? "is resumed"
                     : was_held          ? "stays withheld"
                                         : "is withheld");
    (void)json_put_text(body, "kind", "maintenance");
    (void)json_put_text(body, "message", text);
    (void)json_put(body, "maintenance", s->maintained.held ? maintained_json(s) : json_null());
    if (s->maintained.held)
        (void)json_put_wall(body, "expires_at", s->maintained.window.ends);
    event_publish(s, "notice", body, now);
}

void engine_maintain(struct engine *e, int service, const struct engine_window *window,
                     struct now now)
{
    struct service *s = &e->services[service];
    bool was_held = s->maintained.held;
    if (same(&s->maintained, window))
        return;
    engine_look_at_clocks(e, now);
    s->maintained.held = window != NULL;
    if (window != NULL)
        s->maintained.window = *window;
    tell(s, was_held, now);
    recover_event(s, EVENT_FACTS, 0, ACTION_DONE, now);
    publish_status(s, now);
    publish_health(s, now);
    service_schedule(s);
}
