#include "alerts/reports.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "alerts/inside.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/report_times.h"
#include "io/log.h"
#include "store/audit_report.h"

enum { DAILY, WEEKLY, REPORTS };
static const char *const words[REPORTS] = {"daily summary", "weekly report"};

/* The audit file is read on a worker. */
struct report_job {
    uv_work_t work;        /* first */
    struct reports *owner; /* NULL: closed meanwhile */
    int which;
    atomic_bool stop;
    /* its own copies: a reload frees the settings */
    char file[SETTINGS_PATH_MAX];
    struct security_settings security;
    struct audit_filter filter;
    int result;
    json_t *body;
    struct error error;
};

struct reports {
    struct alerts *a;
    uv_timer_t *timer;
    struct zone *zone; /* NULL = UTC */
    struct report_job *job;
    wall_ms sent[REPORTS]; /* the due time of the newest one, WALL_NONE = none was due yet */
};

static bool wanted(const struct reports *r, int which, struct report_times *ret)
{
    const struct alert_settings *s = &r->a->settings->alerts;
    *ret = which == DAILY ? (struct report_times){.daily = s->daily_summary}
                          : (struct report_times){.weekly = s->weekly_report};
    return ret->daily > 0 || ret->weekly > 0;
}

static void zone_around(const struct reports *r, wall_ms now, struct zone_table *ret)
{
    static const int64_t span_ms = INT64_C(20) * 24 * 3600 * 1000;
    *ret = (struct zone_table){0};
    if (r->zone != NULL &&
        zone_changes(r->zone, wall_add(now, -span_ms), wall_add(now, span_ms), ret) < 0)
        ret->first_offset_s = zone_offset_s(r->zone, now);
}

/* ── one report ── */

static json_t *row_of(wall_ms due)
{
    json_t *body = json_object();
    (void)json_put_int(body, "due", due.ms);
    return body;
}

static void send_report(struct reports *r, const struct report_job *j)
{
    struct message *m = mem_calloc(1, sizeof *m);
    JSON_CLEANUP json_t *row = row_of(j->filter.until);
    const struct record_change with = {.kind = RECORD_REPORT, .number = j->which + 1, .body = row};
    if (m == NULL)
        return;
    message_init(m, MESSAGE_ANNOUNCE);
    if (j->result >= 0) {
        const struct report_zone zone = {r->zone, j->security.timezone};
        report_text(j->body, j->which == WEEKLY, &zone, m);
    } else {
        log_error("alerts", "the %s has no figures: %s", words[j->which], j->error.text);
        (void)str_format(m->title, sizeof m->title, "The %s has no figures", words[j->which]);
        (void)str_format(m->text, sizeof m->text, "Cannot read the audit log: %s", j->error.text);
        (void)str_copy(m->command, sizeof m->command, "resus audit verify");
    }
    alert_link(r->a, "/audit", m->link, sizeof m->link);
    channel_set mails = r->a->plan->routes.mails, own = r->a->own.by_severity[SEVERITY_P4];
    alerts_post_news(r->a, m, (mails & own) != 0 ? mails & own : mails, &with);
    mem_free(m);
}

static void on_worker(uv_work_t *work)
{
    struct report_job *j = (struct report_job *)work;
    j->result = (j->which == WEEKLY ? audit_report : audit_summary)(
        j->file, &j->filter, &j->security, &j->body, &j->error);
}

static void turn(struct reports *r);

static void on_worked(uv_work_t *work, int status)
{
    struct report_job *j = (struct report_job *)work;
    struct reports *r = j->owner;
    (void)status;
    if (r != NULL) {
        r->job = NULL;
        send_report(r, j);
        turn(r);
    }
    json_decref(j->body);
    mem_free(j);
}

static void begin(struct reports *r, int which, wall_ms since, wall_ms due)
{
    const struct settings *s = r->a->settings;
    struct report_job *j = mem_calloc(1, sizeof *j);
    if (j == NULL)
        return; /* tried again at the next turn */
    j->owner = r;
    j->which = which;
    (void)str_copy(j->file, sizeof j->file, s->audit.file);
    j->security = s->security;
    j->filter = (struct audit_filter){.since = since, .until = due, .result = -1, .stop = &j->stop};
    if (uv_queue_work(r->a->ports.loop, &j->work, on_worker, on_worked) != 0) {
        mem_free(j);
        return;
    }
    r->sent[which] = due;
    r->job = j;
}

/* ── time ── */

static void look(struct reports *r, int which, const struct zone_table *zone, wall_ms now)
{
    struct report_times times;
    if (r->job != NULL || !wanted(r, which, &times))
        return;
    wall_ms due = report_due(&times, zone, now);
    if (r->sent[which].ms == WALL_NONE.ms) { /* wanted for the first time: the next one is due */
        JSON_CLEANUP json_t *row = row_of(due);
        const struct record_change change = {
            .kind = RECORD_REPORT, .number = which + 1, .body = row};
        record_write(r->a->ports.store, &(struct record_write){.changes = &change, .count = 1});
        r->sent[which] = due;
    } else if (due.ms > r->sent[which].ms) {
        begin(r, which, report_due(&times, zone, wall_add(due, -1)), due);
    }
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

static void turn(struct reports *r)
{
    struct now now = alerts_now(r->a);
    struct zone_table zone;
    struct report_times times;
    int64_t wait = INT64_MAX;
    zone_around(r, now.wall, &zone);
    bool doubt = engine_doubt(r->a->ports.engine, now) != NULL;
    for (int which = 0; which < REPORTS; which++) {
        if (!doubt)
            look(r, which, &zone, now.wall);
        if (!wanted(r, which, &times))
            continue;
        int64_t until = wall_since(report_next(&times, &zone, now.wall), now.wall);
        wait = doubt ? REPORT_DOUBT_MS : until < wait ? until : wait;
    }
    if (wait == INT64_MAX) {
        (void)uv_timer_stop(r->timer);
        return;
    }
    /* The clock may be set meanwhile. */
    uv_update_time(r->a->ports.loop);
    (void)uv_timer_start(r->timer, on_timer, (uint64_t)(wait < 60000 ? wait + 1 : 60000), 0);
}

/* ── opening, reload, end ── */

static void load_one(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct reports *r = context;
    (void)kind;
    if (number >= 1 && number <= REPORTS)
        r->sent[number - 1].ms = json_int_or(body, "due", 0);
}

static void load_zone(struct reports *r)
{
    struct error err = {0};
    struct zone *zone = NULL;
    if (zone_load(r->a->settings->security.timezone, &zone, &err) < 0)
        log_error("alerts", "%s: reports are due in UTC", err.text);
    zone_free(r->zone);
    r->zone = zone;
}

int reports_open(struct alerts *a, struct reports **ret, struct error *err)
{
    struct reports *r = mem_calloc(1, sizeof *r);
    if (r == NULL || (r->timer = mem_calloc(1, sizeof *r->timer)) == NULL) {
        mem_free(r);
        return error_set(err, -ENOMEM, "out of memory");
    }
    r->a = a;
    (void)uv_timer_init(a->ports.loop, r->timer);
    r->timer->data = r;
    *ret = r;
    return record_load(a->ports.store, RECORD_REPORT, NULL, load_one, r, err);
}

void reports_start(struct reports *r)
{
    load_zone(r);
    turn(r);
}

void reports_reload(struct reports *r)
{
    reports_start(r);
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

void reports_close(struct reports *r)
{
    if (r == NULL)
        return;
    if (r->job != NULL) {
        r->job->owner = NULL;
        atomic_store(&r->job->stop, true);
    }
    uv_close((uv_handle_t *)r->timer, on_closed);
    zone_free(r->zone);
    mem_free(r);
}
