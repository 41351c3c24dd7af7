#include "alerts/outbox_look.h"

#include "alerts/outbox_inside.h"
#include "base/json.h"

static wall_ms time_of(const json_t *object, const char *key)
{
    return (wall_ms){json_int_or(object, key, 0)};
}

json_t *delivery_shown(uint64_t delivery, const json_t *record)
{
    const json_t *tries = json_object_get(record, "tries");
    size_t count = json_array_size(tries);
    const json_t *last = count == 0 ? NULL : json_array_get(tries, count - 1);
    int64_t code = json_int_or(last, "code", 0);
    json_t *shown = json_object();
    if (json_put_int(shown, "id", (int64_t)delivery) &&
        json_put_int(shown, "message", json_int_or(record, "message", 0)) &&
        json_put_text(shown, "channel", json_text_or(record, "channel", "")) &&
        json_put_text(shown, "kind", json_text_or(record, "kind", "")) &&
        json_put_text(shown, "state", json_text_or(record, "state", "queued")) &&
        json_put_int(shown, "attempts", json_int_or(record, "attempts", 0)) &&
        json_put(shown, "code", code == 0 ? json_null() : json_integer(code)) &&
        json_put_text(shown, "receipt", json_text_or(last, "receipt", NULL)) &&
        json_put_text(shown, "error", json_text_or(last, "error", NULL)) &&
        json_put_wall(shown, "at", last == NULL ? time_of(record, "at") : time_of(last, "at")) &&
        json_put_wall(shown, "next_attempt_at", time_of(record, "next_at")))
        return shown;
    json_decref(shown);
    return NULL;
}

json_t *outbox_deliveries(const struct outbox *o, uint64_t message)
{
    json_t *list = json_array();
    for (size_t i = 0; i < o->lanes.count; i++) {
        const struct delivery_item *item = &o->lanes.items[i];
        const struct outbox_parcel *parcel = item->note;
        if (item->message == message && parcel != NULL)
            (void)json_array_append_new(list, delivery_shown(item->id, parcel->body));
    }
    return list;
}
