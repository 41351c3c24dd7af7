/* Writes the calendar of the events given as JSON on standard input, for calendar.py. */
#include <stdio.h>
#include <string.h>

#include "api/calendar.h"
#include "base/json.h"
#include "base/str.h"

#define SERVICES_MAX 64

static int take_event(const json_t *o, struct calendar_event *e, const char **services)
{
    size_t i;
    json_t *service;
    *e = (struct calendar_event){.window = json_text_or(o, "window", ""),
                                 .date = json_text_or(o, "date", ""),
                                 .title = json_text_or(o, "title", ""),
                                 .details = json_text_or(o, "details", NULL),
                                 .phase = (enum window_phase)json_int_or(o, "phase", 0),
                                 .impact = (enum window_impact)json_int_or(o, "impact", 0),
                                 .sequence = (int)json_int_or(o, "sequence", 0),
                                 .changed = {json_int_or(o, "changed", 0) * 1000},
                                 .starts = {json_int_or(o, "starts", 0) * 1000},
                                 .ends = {json_int_or(o, "ends", 0) * 1000},
                                 .services = services};
    json_array_foreach(json_object_get(o, "services"), i, service) {
        if (i == SERVICES_MAX)
            return -1;
        services[e->service_count++] = json_string_value(service);
    }
    return 0;
}

int main(void)
{
    struct calendar_event events[64];
    const char *services[64][SERVICES_MAX];
    struct buf out ATTR_CLEANUP(buf_free) = BUF_LIMIT(CALENDAR_MAX);
    json_t *o JSON_CLEANUP = json_loadf(stdin, JSON_READ_FLAGS, NULL);
    const struct calendar calendar = {.instance = json_text_or(o, "instance", ""),
                                      .organizer = json_text_or(o, "organizer", NULL),
                                      .link = json_text_or(o, "link", NULL)};
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(o, "events"), i, event) {
        if (i == ARRAY_LENGTH(events) || take_event(event, &events[i], services[i]) < 0)
            return 2;
    }
    if (calendar_write(&calendar, events, json_array_size(json_object_get(o, "events")), &out) < 0)
        return 1;
    return fwrite(out.data, 1, out.length, stdout) == out.length ? 0 : 1;
}
