#include "engine/maintained.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/service.h"

json_t *maintained_json(const struct service *s)
{
    const struct engine_window *w = &s->maintained.window;
    if (!s->maintained.held)
        return NULL;
    json_t *body = json_object();
    (void)json_put_int(body, "id", w->number);
    (void)json_put_text(body, "title", w->title);
    (void)json_put_text(body, "state", w->verifying ? "verifying" : "open");
    (void)json_put_text(body, "impact", w->impact);
    (void)json_put_wall(body, "ends_at", w->ends);
    return body;
}

void maintained_words(const struct service *s, char *text, size_t size)
{
    const struct engine_window *w = &s->maintained.window;
    char at[WALL_TEXT_SIZE];
    if (w->verifying)
        (void)str_format(text, size, "The maintenance \"%s\" is over and being verified.",
                         w->title);
    else
        (void)str_format(text, size, "The maintenance window \"%s\" is open until %s.", w->title,
                         wall_text(w->ends, at));
}
