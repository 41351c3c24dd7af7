/* Evidence of a recovery: what the action will destroy, kept for the history. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/evidence.h"
#include "engine/service.h"

#define EVIDENCE_DEADLINE_MS 1000 /* it never holds an action back for longer */
#define EVIDENCE_SECTION_MIN 64   /* bytes: with less room none is begun */

void recover_capture(struct service *s, const char *what, const char *text, size_t length)
{
    char section[RECOVER_EVIDENCE_MAX / 4];
    size_t room = RECOVER_EVIDENCE_MAX - s->recovering.evidence_bytes;
    if (room > sizeof section)
        room = sizeof section;
    if (text == NULL || length == 0 || room < EVIDENCE_SECTION_MIN)
        return;
    (void)str_format(section, room, "%s: ", what);
    size_t used = strlen(section);
    for (size_t i = 0; i < length && used + 1 < room; i++) {
        char c = text[i];
        section[used++] = c == '\n' || (unsigned char)c >= 0x20 ? c : ' ';
    }
    while (used > 0 && section[used - 1] == '\n')
        used--;
    section[used] = '\0';
    JSON_CLEANUP json_t *one = json_object(); /* its setter takes any bytes */
    (void)json_put_text(one, "text", section);
    if (json_array_append(s->recovering.evidence, json_object_get(one, "text")) == 0)
        s->recovering.evidence_bytes += used;
}

/* What its own host shows. */
static void capture_host(struct service *s, struct now now)
{
    JSON_CLEANUP json_t *texts = json_array();
    size_t i;
    const json_t *text;
    evidence_texts(s, now, texts);
    json_array_foreach(texts, i, text) {
        recover_capture(s, "host", json_string_value(text), json_string_length(text));
    }
}

void recover_gather(struct service *s, struct now now)
{
    const struct observations *observations = &s->observations;
    char line[FACT_TEXT_MAX + 64];
    json_decref(s->recovering.evidence);
    s->recovering.evidence = json_array();
    s->recovering.evidence_bytes = 0;
    recover_capture(s, "unit", observations->unit.text, strlen(observations->unit.text));
    const struct probe_facts *p = cause_probe(observations);
    (void)snprintf(line, sizeof line, "%s %s", reply_class_word(p->reply), p->text);
    recover_capture(s, "redis", line, strlen(line));
    capture_host(s, now);
    if (observations->log.line[0] != '\0')
        recover_capture(s, "log", observations->log.line, strlen(observations->log.line));
    recover_capture(s, "stop", s->recovering.stop_loss, strlen(s->recovering.stop_loss));
    if (observations->info.known) {
        (void)snprintf(line, sizeof line,
                       "last INFO %" PRId64 " s before: pid %" PRId64 " clients %" PRId64
                       " used_memory %" PRId64 " unsaved_changes %" PRId64 " uptime %" PRId64 " s",
                       mono_since(now.mono, observations->info.at) / 1000,
                       observations->info.process_id, observations->info.connected_clients,
                       observations->info.used_memory, observations->info.unsaved_changes,
                       observations->info.uptime_seconds);
        recover_capture(s, "info", line, strlen(line));
    }
    if (reply_answered(p->reply) && p->reply != REPLY_BUSY) {
        static const enum redis_request asks[] = {REDIS_INFO, REDIS_SLOWLOG, REDIS_CLIENT_LIST};
        for (size_t i = 0; i < ARRAY_LENGTH(asks); i++)
            request_redis(s, PART_RECOVER, RECOVER_EVIDENCE, asks[i], EVIDENCE_DEADLINE_MS, now);
    }
}
