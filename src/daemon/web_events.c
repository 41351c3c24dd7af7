#include "daemon/web_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

struct web_events {
    char *texts[WEB_EVENTS_MAX]; /* a parsed event takes five times as much */
    size_t first, count, bytes;
};

struct web_events *web_events_new(void)
{
    return mem_calloc(1, sizeof(struct web_events));
}

static void forget_oldest(struct web_events *e)
{
    e->bytes -= strlen(e->texts[e->first]);
    free(e->texts[e->first]);
    e->texts[e->first] = NULL;
    e->first = (e->first + 1) % WEB_EVENTS_MAX;
    e->count--;
}

static void forget_all(struct web_events *e)
{
    while (e->count > 0)
        forget_oldest(e);
}

void web_events_free(struct web_events *events)
{
    if (events == NULL)
        return;
    forget_all(events);
    mem_free(events);
}

void web_events_keep(struct web_events *events, const json_t *event)
{
    char *text = json_dumps(event, JSON_WRITE_FLAGS);
    size_t length = text == NULL ? 0 : strlen(text);
    if (text == NULL || length > WEB_EVENTS_BYTES_MAX) {
        forget_all(events);
        free(text);
        return;
    }
    while (events->count == WEB_EVENTS_MAX ||
           (events->count > 0 && events->bytes + length > WEB_EVENTS_BYTES_MAX))
        forget_oldest(events);
    events->texts[(events->first + events->count++) % WEB_EVENTS_MAX] = text;
    events->bytes += length;
}

void web_events_each(const struct web_events *events, void (*each)(void *context, json_t *event),
                     void *context)
{
    for (size_t i = 0; i < events->count; i++) {
        const char *text = events->texts[(events->first + i) % WEB_EVENTS_MAX];
        json_t *event = json_loads(text, JSON_READ_FLAGS, NULL);
        if (event != NULL)
            each(context, event);
    }
}
