#include "report/exposition_text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/exposition_inside.h"

#define PIECE_BYTES (48 * 1024)
#define TEXT_MAX (256 * 1024) /* a piece with the longest family of one service behind it */
#define SAMPLE_LINE_MAX 1600

static void put(struct exposition_text *x, const char *format, ...) ATTR_PRINTF(2, 3);
static void put(struct exposition_text *x, const char *format, ...)
{
    char text[SAMPLE_LINE_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    x->failed |= length < 0 || (size_t)length >= sizeof text ||
                 buf_append(&x->out, text, (size_t)length) < 0;
}

static void put_number(struct exposition_text *x, double value)
{
    if (fabs(value) < 9e15 && value == floor(value))
        put(x, " %.0f\n", value);
    else
        put(x, " %.15g\n", value);
}

void exposition_line(struct exposition_text *x, const char *suffix, const char *labels,
                     double value)
{
    bool service = x->id != NULL && x->from.only < 0;
    if (isnan(value))
        return;
    put(x, "%s%s", x->name, suffix);
    if (service || labels != NULL)
        put(x, "{%s%s%s%s%s}", service ? "service=\"" : "", service ? x->id : "",
            service ? "\"" : "", service && labels != NULL ? "," : "",
            labels == NULL ? "" : labels);
    put_number(x, value);
}

static void put_value(struct exposition_text *x, double value)
{
    exposition_line(x, "", NULL, value);
}

void exposition_labelled(struct exposition_text *x, const char *label, const char *word,
                         double value)
{
    char labels[LABEL_MAX];
    (void)str_format(labels, sizeof labels, "%s=\"%s\"", label, word);
    exposition_line(x, "", labels, value);
}

/* ── Resus itself ── */

static void build_info(struct exposition_text *x)
{
    exposition_labelled(x, "version", RESUS_VERSION, 1);
}

static void start_time(struct exposition_text *x)
{
    put_value(x, (double)x->from.started.ms / 1000.0);
}

static void services(struct exposition_text *x)
{
    put_value(x, engine_service_count(x->from.engine));
}

static void web_restarts(struct exposition_text *x)
{
    put_value(x, (double)x->from.web_restarts);
}

static void lateness(struct exposition_text *x)
{
    struct engine_lateness late;
    char label[48];
    engine_lateness(x->from.engine, &late);
    for (int i = 0; i < ENGINE_LATE_BUCKETS; i++) {
        (void)str_format(label, sizeof label, "le=\"%g\"",
                         (double)engine_late_bounds_ms[i] / 1000.0);
        exposition_line(x, "_bucket", label, (double)late.below[i]);
    }
    exposition_line(x, "_bucket", "le=\"+Inf\"", (double)late.count);
    exposition_line(x, "_sum", NULL, (double)late.sum_ms / 1000.0);
    exposition_line(x, "_count", NULL, (double)late.count);
}

static struct audit_state audit_now(const struct exposition_text *x)
{
    struct audit_state a = {0};
    x->from.audit_look(x->from.audit_context, &a);
    return a;
}

static void audit_ok(struct exposition_text *x)
{
    put_value(x, audit_now(x).problem.code == 0);
}

static void audit_intact(struct exposition_text *x)
{
    put_value(x, !audit_now(x).missing);
}

static void audit_room(struct exposition_text *x)
{
    put_value(x, audit_now(x).crowded.code == 0);
}

static void audit_lines(struct exposition_text *x)
{
    put_value(x, (double)audit_now(x).seq);
}

static void audit_owed(struct exposition_text *x)
{
    put_value(x, (double)audit_now(x).owed);
}

static void audit_lost(struct exposition_text *x)
{
    put_value(x, (double)audit_now(x).lost);
}

static void store_ok(struct exposition_text *x)
{
    struct store_state state;
    store_look(x->from.store, &state);
    put_value(x, state.problem.code == 0);
}

static void store_unsaved(struct exposition_text *x)
{
    struct store_state state;
    store_look(x->from.store, &state);
    put_value(x, (double)state.unsaved);
}

static void store_unsaved_recoveries(struct exposition_text *x)
{
    struct store_state state;
    store_look(x->from.store, &state);
    put_value(x, (double)state.recoveries);
}

static struct series_figures series_now(struct exposition_text *x)
{
    struct series_figures f = {.bytes = -1};
    if (x->from.series != NULL)
        series_store_look(x->from.series, &f);
    return f;
}

static void series_ok(struct exposition_text *x)
{
    put_value(x, x->from.series != NULL && series_now(x).problem.code == 0);
}

static void series_written(struct exposition_text *x)
{
    put_value(x, (double)series_now(x).written);
}

static void series_dropped(struct exposition_text *x)
{
    put_value(x, (double)series_now(x).dropped);
}

static void series_bytes(struct exposition_text *x)
{
    int64_t bytes = series_now(x).bytes;
    if (bytes >= 0)
        put_value(x, (double)bytes);
}

/* ── each service ── */

static void health(struct exposition_text *x)
{
    for (int i = 0; i < OVERALL_COUNT; i++)
        exposition_labelled(x, "status", overall_word((enum overall)i),
                            x->figures->overall == (enum overall)i);
}

static void cause_info(struct exposition_text *x)
{
    exposition_labelled(x, "cause", x->figures->cause, 1);
}

static void checks(struct exposition_text *x)
{
    put_value(x, (double)x->figures->counters.checks);
}

static void failed_checks(struct exposition_text *x)
{
    put_value(x, (double)x->figures->counters.failed_checks);
}

static void last_check(struct exposition_text *x)
{
    if (x->figures->last_check.ms != 0)
        put_value(x, (double)x->figures->last_check.ms / 1000.0);
}

static void ping(struct exposition_text *x)
{
    if (x->reported.up && x->figures->ping_ms >= 0)
        put_value(x, x->figures->ping_ms / 1000.0);
}

static void certificate(struct exposition_text *x)
{
    if (x->figures->certificate_ends.ms != 0)
        put_value(x, (double)x->figures->certificate_ends.ms / 1000.0);
}

static void canary_up(struct exposition_text *x)
{
    if (x->figures->canary != NULL)
        put_value(x, x->figures->canary->reply == REPLY_PONG);
}

static void canary_seconds(struct exposition_text *x)
{
    if (x->figures->canary != NULL && x->figures->canary->reply == REPLY_PONG)
        put_value(x, (double)x->figures->canary->latency_us / 1e6);
}

static void recovery_enabled(struct exposition_text *x)
{
    put_value(x, x->figures->recovery_enabled);
}

static void attempts(struct exposition_text *x)
{
    put_value(x, x->figures->attempts);
}

static void breaker(struct exposition_text *x)
{
    put_value(x, x->figures->breaker_open);
}

static void needs_human(struct exposition_text *x)
{
    put_value(x, x->figures->needs_human);
}

static void paused(struct exposition_text *x)
{
    put_value(x, x->figures->paused);
}

static void stopped(struct exposition_text *x)
{
    put_value(x, x->figures->stopped_on_purpose);
}

static void guarded(struct exposition_text *x)
{
    put_value(x, x->figures->guarded);
}

static void withheld(struct exposition_text *x)
{
    for (int i = WITHHELD_NOT + 1; i < WITHHELD_COUNT; i++)
        exposition_labelled(x, "reason", withheld_code((enum withheld)i),
                            x->figures->withheld == (enum withheld)i);
}

static void recoveries(struct exposition_text *x)
{
    char labels[LABEL_MAX];
    for (int level = 0; level < RECOVERY_LEVEL_COUNT; level++)
        for (int end = 0; end < RECOVERY_END_COUNT; end++) {
            (void)str_format(labels, sizeof labels, "level=\"%s\",result=\"%s\"",
                             recovery_level_word((enum recovery_level)level),
                             recovery_end_word((enum recovery_end)end));
            exposition_line(x, "", labels, (double)x->figures->counters.recoveries[level][end]);
        }
}

static void person_operations(struct exposition_text *x)
{
    char labels[LABEL_MAX];
    for (int i = 0; i < ENGINE_OPERATION_COUNT; i++)
        for (int failed = 0; failed < 2; failed++) {
            const struct engine_counters *c = &x->figures->counters;
            (void)str_format(labels, sizeof labels, "operation=\"%s\",result=\"%s\"",
                             engine_operation_word((enum engine_operation)i),
                             failed != 0 ? "failure" : "success");
            exposition_line(x, "", labels, (double)(failed != 0 ? c->failed[i] : c->succeeded[i]));
        }
}

static void events(struct exposition_text *x)
{
    put_value(x, (double)x->figures->counters.events);
}

/* ── families ── */

static const struct family {
    const char *name, *type, *help;
    void (*emit)(struct exposition_text *x);
} own[] =
    {
        {"resus_build_info", "gauge", "The version that runs.", build_info},
        {"resus_start_time_seconds", "gauge", "When the daemon started.", start_time},
        {"resus_services", "gauge", "Services that are watched.", services},
        {"resus_web_restarts_total", "counter",
         "How often the web process had to be started again.", web_restarts},
        {"resus_check_lateness_seconds", "histogram", "How late checks began.", lateness},
        {"resus_audit_ok", "gauge", "Can the audit file be written?", audit_ok},
        {"resus_audit_intact", "gauge", "Did the audit file contain every written line at start?",
         audit_intact},
        {"resus_audit_room", "gauge",
         "Can the audit log rotate without removing lines younger than audit.keep_days?",
         audit_room},
        {"resus_audit_lines_total", "counter", "Lines in the audit file's chain.", audit_lines},
        {"resus_audit_owed_lines", "gauge", "Audit lines that wait for the disk.", audit_owed},
        {"resus_audit_lost_lines", "gauge",
         "Audit lines that could not be kept and are not reported yet.", audit_lost},
        {"resus_store_ok", "gauge", "Did the last write of state succeed?", store_ok},
        {"resus_store_unsaved_services", "gauge", "Services whose state waits for the disk.",
         store_unsaved},
        {"resus_store_unsaved_recoveries", "gauge",
         "Recoveries that wait for the disk before they are in the history.",
         store_unsaved_recoveries},
        {"resus_alerts_firing", "gauge", "Alerts that were sent to people and go on.",
         exposition_alerts},
        {"resus_incidents_open", "gauge", "Incidents that are not resolved.", exposition_incidents},
        {"resus_fleet_engines", "gauge", "Engines of the fleet that live.",
         exposition_fleet_engines},
        {"resus_fleet_services", "gauge", "Services by where their owner is.",
         exposition_fleet_services},
        {"resus_fleet_sure", "gauge", "Does this engine know for certain what it owns?",
         exposition_fleet_sure},
        {"resus_fleet_leases_lost_total", "counter", "Leases that ended under this engine.",
         exposition_fleet_lost},
        {"resus_fleet_renewal_max_seconds", "gauge", "The slowest of the last 100 renewals.",
         exposition_fleet_renewal},
        {"resus_fleet_heard_seconds", "gauge", "Since anything was heard of etcd.",
         exposition_fleet_heard},
        {"resus_etcd_up", "gauge", "Did the node of etcd answer last?", exposition_etcd_up},
        {"resus_etcd_database_bytes", "gauge", "Size of the node's database.",
         exposition_etcd_bytes},
        {"resus_deliveries_total", "counter", "Messages that a channel took, or never will.",
         exposition_deliveries},
        {"resus_channel_up", "gauge", "0: the last five attempts to send there have failed.",
         exposition_channels},
        {"resus_series_ok", "gauge", "Is the history of figures being written?", series_ok},
        {"resus_series_samples_written_total", "counter", "Samples written.", series_written},
        {"resus_series_samples_dropped_total", "counter", "Samples that no disk took.",
         series_dropped},
        {"resus_series_file_bytes", "gauge", "Size of the history of figures.", series_bytes},
},
  each[] =
      {
          {"resus_service_health", "gauge", "1 for the overall status that holds.", health},
          {"resus_service_cause_info", "gauge", "1 for the cause that holds.", cause_info},
          {"resus_checks_total", "counter", "PINGs that ended.", checks},
          {"resus_checks_failed_total", "counter", "PINGs that were not answered with PONG.",
           failed_checks},
          {"resus_last_check_timestamp_seconds", "gauge", "When it was last looked at.",
           last_check},
          {"resus_ping_seconds", "gauge", "How long the newest answer took.", ping},
          {"resus_redis_certificate_end_timestamp_seconds", "gauge",
           "When the certificate that Redis shows ends.", certificate},
          {"resus_canary_up", "gauge", "Could the canary key be written, read and deleted?",
           canary_up},
          {"resus_canary_seconds", "gauge", "How long SET, GET and DEL of the canary key took.",
           canary_seconds},
          {"resus_recovery_enabled", "gauge", "Is automatic recovery on?", recovery_enabled},
          {"resus_recovery_attempts", "gauge", "Attempts used up.", attempts},
          {"resus_circuit_breaker_open", "gauge", "Is the circuit breaker open?", breaker},
          {"resus_manual_intervention_required", "gauge", "Is a human needed?", needs_human},
          {"resus_recovery_paused", "gauge", "Is automatic recovery paused?", paused},
          {"resus_stopped_on_purpose", "gauge", "Was it stopped through Resus?", stopped},
          {"resus_guarded", "gauge", "1 while Resus would treat a failure.", guarded},
          {"resus_recovery_withheld", "gauge", "1 for the reason why nothing is done.", withheld},
          {"resus_recoveries_total", "counter", "Recoveries by level and how they ended.",
           recoveries},
          {"resus_operations_total", "counter", "Operations of people.", person_operations},
          {"resus_events_total", "counter", "Events published.", events},
          {"resus_backup_last_success_timestamp_seconds", "gauge", "When the newest backup began.",
           exposition_backup_success},
          {"resus_backup_last_proved_timestamp_seconds", "gauge",
           "When the newest backup began that was proved by loading.", exposition_backup_proved},
          {"resus_backup_bytes", "gauge", "Size of the newest backup.", exposition_backup_bytes},
          {"resus_backup_keys", "gauge", "Keys in the newest backup.", exposition_backup_keys},
          {"resus_backup_duration_seconds", "gauge", "What the newest backup took, proof included.",
           exposition_backup_duration},
          {"resus_backup_overdue", "gauge", "Is the newest proved backup too old?",
           exposition_backup_overdue},
          {"resus_backup_runs_total", "counter", "Backups that were tried.",
           exposition_backup_runs},
          {"resus_rpo_seconds", "gauge",
           "Age of the newest proved backup: the changes that a loss would cost.", exposition_rpo},
          {"resus_rto_seconds", "gauge",
           "What it took to load a backup in the newest drill that passed.", exposition_rto},
          {"resus_backup_last_drill_timestamp_seconds", "gauge",
           "When the newest drill began that passed.", exposition_drill_passed},
          {"resus_backup_drill_failed", "gauge", "Did the newest drill fail?",
           exposition_drill_failed},
          {"resus_backup_drill_overdue", "gauge", "Is the newest drill that passed too old?",
           exposition_drill_overdue},
          {"resus_backup_copies_waiting", "gauge", "Backups without a copy at the place.",
           exposition_copies_waiting},
          {"resus_backup_copies_last_success_timestamp_seconds", "gauge",
           "When the place was last visited without an error.", exposition_copies_success},
          {"resus_backup_copies_failed_total", "counter", "Visits of the place that failed.",
           exposition_copies_failed},
},
  of_redis[] = {
      {"redis_up", "gauge", "Does Redis answer?", exposition_redis_up},
      {"redis_instance_info", "gauge", "What Redis reports about itself.",
       exposition_redis_instance},
      {"redis_start_time_seconds", "gauge", "When Redis started.", exposition_redis_start},
      {"redis_db_keys", "gauge", "Keys of a database.", exposition_redis_keys},
      {"redis_db_keys_expiring", "gauge", "Keys of a database that will expire.",
       exposition_redis_keys_expiring},
      {"redis_db_avg_ttl_seconds", "gauge", "Mean time to live of keys that will expire.",
       exposition_redis_ttl},
      {"redis_commands_total", "counter", "Calls of each command.", exposition_redis_commands},
      {"redis_commands_duration_seconds_total", "counter", "Time spent in each command.",
       exposition_redis_command_seconds},
      {"redis_commands_failed_calls_total", "counter",
       "Calls of each command that ended with an error.", exposition_redis_command_failures},
      {"redis_commands_rejected_calls_total", "counter",
       "Calls of each command that were refused before it ran.", exposition_redis_command_refusals},
      {"redis_errors_total", "counter", "Error replies by their first word.",
       exposition_redis_errors},
      {"redis_slave_info", "gauge", "What a replica reports about its primary.",
       exposition_redis_slave},
      {"redis_connected_slave_lag_seconds", "gauge",
       "Seconds since a replica last acknowledged, as its primary sees it.", exposition_redis_lag},
      {"redis_connected_slave_offset_bytes", "gauge",
       "Replication offset that a replica has acknowledged.", exposition_redis_offset},
};

static void put_head(struct exposition_text *x, const char *name, const char *type,
                     const char *help)
{
    x->name = name;
    put(x, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Resus' own families, each service's, and then those of one number that Redis reports. */
static void begin_family(struct exposition_text *x)
{
    size_t i = x->family;
    x->id = NULL;
    if (i < ARRAY_LENGTH(own)) {
        put_head(x, own[i].name, own[i].type, own[i].help);
    } else if ((i -= ARRAY_LENGTH(own)) < ARRAY_LENGTH(each)) {
        put_head(x, each[i].name, each[i].type, each[i].help);
    } else if ((i -= ARRAY_LENGTH(each)) < ARRAY_LENGTH(of_redis)) {
        put_head(x, of_redis[i].name, of_redis[i].type, of_redis[i].help);
    } else {
        struct exposition_head head = exposition_redis_head(i - ARRAY_LENGTH(of_redis));
        put_head(x, head.name, head.type, head.help);
    }
}

/* What Resus judges of a service costs more to find out than what Redis reported. */
static void emit_service(struct exposition_text *x)
{
    size_t i = x->family - ARRAY_LENGTH(own);
    x->id = engine_settings(x->from.engine, x->service)->id;
    if ((x->from.only >= 0 && x->service != x->from.only) || !call_sees(x->from.call, x->id))
        return;
    engine_reported(x->from.engine, x->service, x->now, &x->reported);
    if (i < ARRAY_LENGTH(each)) {
        struct engine_figures figures;
        engine_figures(x->from.engine, x->service, x->now, &figures);
        x->figures = &figures;
        each[i].emit(x);
        x->figures = NULL;
    } else if ((i -= ARRAY_LENGTH(each)) < ARRAY_LENGTH(of_redis)) {
        of_redis[i].emit(x);
    } else {
        exposition_redis_number(x, i - ARRAY_LENGTH(of_redis));
    }
}

/* Until a piece is full. False when that was all. */
static bool write_piece(struct exposition_text *x)
{
    size_t families =
        ARRAY_LENGTH(own) + ARRAY_LENGTH(each) + ARRAY_LENGTH(of_redis) + exposition_redis_count();
    int count = engine_service_count(x->from.engine);
    while (x->family < families && x->out.length < PIECE_BYTES) {
        if (x->begun == x->family) { /* its head alone may have filled the piece before */
            begin_family(x);
            x->begun++;
        }
        if (x->family < ARRAY_LENGTH(own)) {
            own[x->family].emit(x);
            x->service = count;
        }
        while (x->service < count && x->out.length < PIECE_BYTES) {
            emit_service(x);
            x->service++;
        }
        if (x->service < count)
            break;
        x->service = 0;
        x->family++;
    }
    return x->family < families;
}

int exposition_text_new(const struct exposition_sources *from, struct exposition_text **ret)
{
    struct exposition_text *x = mem_calloc(1, sizeof *x);
    if (x == NULL)
        return -ENOMEM;
    x->from = *from;
    x->out = BUF_LIMIT(TEXT_MAX);
    *ret = x;
    return 0;
}

void exposition_text_free(struct exposition_text *x)
{
    if (x == NULL)
        return;
    buf_free(&x->out);
    mem_free(x);
}

int exposition_text_piece(struct exposition_text *x, struct now now, const char **ret,
                          size_t *ret_length)
{
    x->now = now;
    buf_clear(&x->out);
    bool more = write_piece(x);
    *ret = buf_text(&x->out);
    *ret_length = x->out.length;
    return x->failed ? -ENOMEM : more;
}
