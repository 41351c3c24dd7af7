/* Digests: of too many messages for one channel, counts and the first few. */
#include <string.h>

#include "alerts/outbox_inside.h"
#include "base/json.h"
#include "base/str.h"

#define LINE_SIZE 160

static const struct {
    enum lane_kind kind;
    const char *key, *words;
} counted[] = {
    {LANE_TRIGGER, "began", "began"},
    {LANE_UPDATE, "changed", "changed"},
    {LANE_REMINDER, "reminders", "reminders"},
    {LANE_RESOLVE, "ended", "ended"},
};

static void count(json_t *digest, const char *key)
{
    (void)json_put_int(digest, key, json_int_or(digest, key, 0) + 1);
}

static const char *service_of(const struct outbox_post *post)
{
    return json_text_or(post->facts, "service_name",
                        post->service == NULL ? "Resus" : post->service);
}

static void add_line(json_t *digest, const struct outbox_post *post)
{
    json_t *lines = json_object_get(digest, "lines");
    char line[LINE_SIZE];
    if (json_array_size(lines) >= OUTBOX_DIGEST_LINES)
        return;
    (void)str_format(line, sizeof line, "%s%s: %s", post->kind == LANE_RESOLVE ? "ended: " : "",
                     service_of(post), json_text_or(post->facts, "summary", "no summary"));
    (void)json_array_append_new(lines, json_string(line));
}

/* What people read, made again with each message. */
static void put_words(struct outbox *o, json_t *body)
{
    const json_t *digest = json_object_get(body, "digest");
    const json_t *lines = json_object_get(digest, "lines");
    json_t *facts = json_object_get(body, "facts");
    char summary[256];
    char text[OUTBOX_DIGEST_LINES * LINE_SIZE] = "";
    int64_t all = json_int_or(digest, "count", 0);
    (void)str_format(summary, sizeof summary, "%lld messages in one:", (long long)all);
    for (size_t i = 0; i < ARRAY_LENGTH(counted); i++) {
        long long some = (long long)json_int_or(digest, counted[i].key, 0);
        if (some > 0)
            (void)str_append(summary, sizeof summary, " %lld %s;", some, counted[i].words);
    }
    summary[strlen(summary) - 1] = '\0';
    int64_t dropped = (int64_t)o->dropped - json_int_or(digest, "dropped_before", 0);
    if (dropped > 0) /* an earlier run's digest may have counted more */
        (void)str_append(summary, sizeof summary, "; %lld others had no room and were dropped",
                         (long long)dropped);
    o->dropped_told = o->dropped;
    for (size_t i = 0; i < json_array_size(lines); i++)
        (void)str_append(text, sizeof text, "%s\n", json_string_value(json_array_get(lines, i)));
    if (all > (int64_t)json_array_size(lines))
        (void)str_append(text, sizeof text, "and %lld more\n",
                         (long long)all - (long long)json_array_size(lines));
    (void)(json_put_text(facts, "summary", summary) && json_put_text(facts, "text", text));
}

/* The digest of a lane that takes more, or a new one. */
static struct delivery_item *digest_of(struct outbox *o, int channel, struct now now)
{
    struct delivery_item *item = lanes_find(&o->lanes, o->lanes.lanes[channel].digest);
    if (item != NULL)
        return item;
    JSON_CLEANUP json_t *facts = json_object();
    if (!json_put_text(facts, "kind", lane_kind_word(LANE_DIGEST)))
        return NULL;
    json_t *body =
        outbox_message_body(&(struct outbox_post){.kind = LANE_DIGEST, .facts = facts}, now.wall);
    if (!json_put(
            body, "digest",
            json_pack("{s:[], s:I}", "lines", "dropped_before", (json_int_t)o->dropped_told))) {
        json_decref(body);
        return NULL;
    }
    struct outbox_message *message =
        outbox_message_add(o, (uint64_t)record_next(o->ports.store, RECORD_MESSAGE), body);
    if (message == NULL || !outbox_deliver(o, message, channel, LANE_DIGEST, 0, 0, now))
        return NULL;
    return lanes_find(&o->lanes, o->lanes.lanes[channel].digest);
}

bool outbox_digest_add(struct outbox *o, int channel, const struct outbox_post *post,
                       struct now now)
{
    struct delivery_item *item = digest_of(o, channel, now);
    if (item == NULL)
        return false;
    struct outbox_parcel *parcel = item->note;
    json_t *body = parcel->message->body;
    json_t *digest = json_object_get(body, "digest");
    if (item->severity == 0 || (post->severity > 0 && post->severity < item->severity)) {
        char severity[8];
        item->severity = post->severity;
        item->changed = true;
        (void)str_format(severity, sizeof severity, "P%d", post->severity);
        if (post->severity > 0)
            (void)json_put_text(json_object_get(body, "facts"), "severity", severity);
        (void)json_put_int(body, "severity", post->severity);
    }
    count(digest, "count");
    for (size_t i = 0; i < ARRAY_LENGTH(counted); i++)
        if (counted[i].kind == post->kind)
            count(digest, counted[i].key);
    add_line(digest, post);
    put_words(o, body);
    parcel->message->changed = true;
    return true;
}
