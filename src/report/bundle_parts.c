#include "report/bundle_parts.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "base/version.h"
#include "host/systemctl.h"
#include "settings/settings.h"

json_t *bundle_settings_json(const struct service_settings *s)
{
    static const char *const controls[] = {
        [CONTROL_SSH] = "ssh", [CONTROL_SYSTEMD] = "systemd", [CONTROL_PROCESS] = "process"};
    json_t *o = json_object();
    (void)json_put_text(o, "id", s->id);
    (void)json_put_text(o, "name", s->name);
    (void)json_put_text(o, "unit", s->unit);
    (void)json_put_text(o, "vm_name", s->vm_name);
    (void)json_put_text(o, "control", controls[s->control]);
    (void)json_put_text(o, "commands", s->commands_extended ? "extended" : "default");
    (void)json_put_text(o, "log_file", s->log_file);
    (void)json_put_text(o, "redis_host", s->redis.host);
    (void)json_put_int(o, "redis_port", s->redis.port);
    (void)json_put_text(o, "redis_socket", s->redis.socket);
    (void)json_put_text(o, "redis_via", s->redis.via == VIA_SSH ? "ssh" : "direct");
    if (s->control == CONTROL_SSH) {
        (void)json_put_text(o, "ssh_host", s->ssh.host);
        (void)json_put_int(o, "ssh_port", s->ssh.port);
        (void)json_put_text(o, "ssh_user", s->ssh.user);
    }
    (void)json_put_int(o, "interval_ms", s->watch.interval_ms);
    (void)json_put_int(o, "timeout_ms", s->watch.timeout_ms);
    (void)json_put_int(o, "failure_threshold", s->watch.failure_threshold);
    (void)json_put_int(o, "pulse_interval_ms", s->watch.pulse_interval_ms);
    (void)json_put_int(o, "confirm_interval_ms", s->watch.confirm_interval_ms);
    (void)json_put_int(o, "systemd_interval_ms", s->watch.systemd_interval_ms);
    (void)json_put_int(o, "performance_interval_ms", s->watch.performance_interval_ms);
    (void)json_put_int(o, "busy_alert_ms", s->watch.busy_alert_ms);
    (void)json_put_int(o, "busy_limit_ms", s->watch.busy_limit_ms);
    (void)json_put_int(o, "blind_hang_ms", s->watch.blind_hang_ms);
    (void)json_put_bool(o, "recovery_enabled", s->recovery.enabled);
    (void)json_put_int(o, "max_attempts", s->recovery.max_attempts);
    (void)json_put_int(o, "retry_delay_ms", s->recovery.retry_delay_ms);
    return o;
}

void bundle_add_log_line(void *context, const struct journal_line *line)
{
    json_t *entry = json_object();
    (void)json_put_wall(entry, "timestamp", line->at);
    (void)json_put_int(entry, "priority", line->priority);
    (void)json_put_text(entry, "message", line->message);
    (void)json_array_append_new(context, entry);
}

void bundle_copy_lines(char *to, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    for (const char *end = text + length; text < end && used + 1 < size;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline == NULL ? end : newline;
        (void)str_copy_clean(to + used, size - used, text, (size_t)(line_end - text));
        used += strlen(to + used);
        if (newline != NULL && used + 1 < size)
            to[used++] = '\n';
        text = line_end + 1;
    }
    to[used] = '\0';
}

static size_t bytes_of(const json_t *value)
{
    return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY | JSON_WRITE_FLAGS);
}

/* No caller can ask for less of it, so the longest parts go until the rest can be sent. */
void bundle_make_it_fit(json_t *body, const char *const *names, size_t count, size_t most)
{
    for (size_t dropped = 0; dropped < count && bytes_of(body) > most; dropped++) {
        const char *longest = names[0];
        size_t bytes_longest = 0;
        for (size_t i = 0; i < count; i++) {
            const json_t *part = json_object_get(body, names[i]);
            size_t bytes = part == NULL ? 0 : bytes_of(part);
            if (bytes > bytes_longest) {
                bytes_longest = bytes;
                longest = names[i];
            }
        }
        json_t *o = json_object();
        (void)json_put_text(o, "missing", "too long for this document: ask for it by itself");
        (void)json_put(body, longest, o);
    }
}

json_t *bundle_self_json(struct engine *engine, struct store *store,
                         const struct audit_state *audit, wall_ms started)
{
    struct store_state stored;
    struct engine_timing timing;
    json_t *o = json_object();
    store_look(store, &stored);
    engine_timing(engine, &timing);
    (void)json_put_text(o, "version", RESUS_VERSION);
    (void)json_put_text(o, "commit", version_commit());
    (void)json_put_wall(o, "started_at", started);
    (void)json_put_int(o, "services", engine_service_count(engine));
    (void)json_put_int(o, "late_p50_ms", timing.p50_ms);
    (void)json_put_int(o, "late_p99_ms", timing.p99_ms);
    (void)json_put_int(o, "late_worst_ms", timing.worst_ms);
    (void)json_put_int(o, "audit_seq", (int64_t)audit->seq);
    (void)json_put_text(o, "audit_problem", audit->problem.code != 0 ? audit->problem.text : NULL);
    (void)json_put_text(o, "store_problem", stored.problem.code != 0 ? stored.problem.text : NULL);
    return o;
}

json_t *timing_json(struct engine *engine)
{
    struct engine_timing timing;
    engine_timing(engine, &timing);
    json_t *late = json_object();
    (void)json_put_int(late, "p50", timing.p50_ms);
    (void)json_put_int(late, "p99", timing.p99_ms);
    (void)json_put_int(late, "worst", timing.worst_ms);
    json_t *body = json_object();
    (void)json_put_int(body, "services", engine_service_count(engine));
    (void)json_put_int(body, "wakeups", timing.wakeups);
    (void)json_put(body, "late_ms", late);
    return body;
}
