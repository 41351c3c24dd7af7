#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/view_recovery.h"
#include "cli/view_service.h"

enum tone view_tone(const char *overall)
{
    static const struct {
        const char *word;
        enum tone tone;
    } rows[] = {
        {"healthy", TONE_GOOD}, {"degraded", TONE_WARNING}, {"critical", TONE_BAD},
        {"pass", TONE_GOOD},    {"warning", TONE_WARNING},  {"fail", TONE_BAD},
        {"success", TONE_GOOD}, {"failed", TONE_BAD},       {"error", TONE_BAD},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (str_equal(rows[i].word, overall))
            return rows[i].tone;
    return TONE_DIM;
}

const char *view_title(const char *word, char buffer[64])
{
    (void)str_copy(buffer, 64, word);
    buffer[0] = (char)toupper((unsigned char)buffer[0]);
    for (char *c = buffer; *c != '\0'; c++)
        if (*c == '_')
            *c = ' ';
    return buffer;
}

static const char *overall_of(const struct view_subject *s)
{
    return json_text_or(s->health, "overall_status",
                        json_text_or(s->status, "overall_status", "unknown"));
}

/* "● Running   Redis Service (redis) on Redis VM 172.16.168.23   healthy" */
static void first_line(struct page *p, const struct view_subject *s)
{
    const char *overall = overall_of(s);
    const char *state = json_text_or(s->status, "status", "unknown");
    const json_t *vm = json_object_get(s->status, "vm_info");
    const char *vm_name = json_text_or(vm, "name", ""), *host = json_text_or(vm, "host", "");
    bool moving = str_equal(state, "starting") || str_equal(state, "stopping");
    char title[64];
    page_tone(p, moving ? TONE_BUSY : view_tone(overall), "%s %s",
              str_equal(state, "unknown") ? "○" : "●", view_title(state, title));
    page_put(p, "   ");
    page_tone(p, TONE_BOLD, "%s", s->name != NULL ? s->name : s->id != NULL ? s->id : "Redis");
    if (s->name != NULL && s->id != NULL)
        page_put(p, " (%s)", s->id);
    if (vm_name[0] != '\0' || host[0] != '\0')
        page_put(p, " on %s%s%s", vm_name, vm_name[0] != '\0' && host[0] != '\0' ? " " : "", host);
    page_put(p, "   ");
    page_tone(p, view_tone(overall), "%s", overall);
    page_put(p, "\n");
    const json_t *open = json_object_get(s->status, "not_guarded");
    if (json_is_object(open)) {
        page_label(p, "Not guarded");
        page_tone(p, TONE_WARNING, "%s\n", json_text_or(open, "text", ""));
    }
}

/* "128.5 MB of 4096 MB (3.1 %)" */
static void figure(struct page *p, const json_t *health, const char *name, const char *unit,
                   double otherwise)
{
    struct metric m = {otherwise, NAN, NAN, NAN};
    (void)metric_read(health, name, &m);
    char text[32];
    if (isnan(m.value)) {
        page_put(p, "not known");
        return;
    }
    enum tone tone = !isnan(m.critical) && m.value >= m.critical ? TONE_BAD
                     : !isnan(m.warning) && m.value >= m.warning ? TONE_WARNING
                                                                 : TONE_PLAIN;
    page_tone(p, tone, "%s%s", metric_text(m.value, text), unit);
    if (m.max > 0) { /* false for NaN too */
        page_put(p, " of %s%s", metric_text(m.max, text), unit);
        page_put(p, " (%.1f %%)", 100 * m.value / m.max);
    }
}

static void running_operation(struct page *p, const json_t *operation)
{
    if (!json_is_object(operation))
        return;
    char ago[64];
    page_label(p, "Operation");
    page_tone(p, TONE_BUSY, "%s by %s", json_text_or(operation, "operation", "?"),
              json_text_or(operation, "user", "?"));
    page_put(p, ", begun %s, %s", page_ago(p, json_text_or(operation, "since", NULL), ago),
             json_text_or(operation, "phase", "running"));
    double percent = json_real_or(operation, "percent", -1);
    double eta = json_real_or(operation, "eta_seconds", -1);
    if (percent >= 0)
        page_put(p, " %.0f %%", percent);
    if (eta >= 0)
        page_put(p, ", about %.0f s left", eta);
    page_put(p, "\n");
}

/* Who depends on the service, as seen after the last operation or recovery. */
static void dependents(struct page *p, const json_t *affected)
{
    size_t i;
    json_t *one;
    bool labelled = false;
    json_array_foreach(affected, i, one) {
        const json_t *ok = json_object_get(one, "ok");
        bool checking = json_bool_or(one, "checking", false);
        char ago[64];
        if (!json_is_boolean(ok) && !checking)
            continue;
        page_label(p, labelled ? "" : "Dependents");
        labelled = true;
        page_put(p, "%s: ", json_text_or(one, "name", "?"));
        if (!json_is_boolean(ok))
            page_tone(p, TONE_BUSY, "being looked at");
        else if (json_is_true(ok))
            page_tone(p, TONE_GOOD, "ok");
        else
            page_tone(p, TONE_BAD, "%s", json_text_or(one, "error", "not well"));
        const char *at = json_text_or(one, "checked_at", NULL);
        if (at != NULL)
            page_put(p, ", %s", page_ago(p, at, ago));
        page_put(p, "\n");
    }
}

static void key_figures(struct page *p, const struct view_subject *s)
{
    char text[64];
    int64_t uptime = json_int_or(s->status, "uptime_seconds", -1);
    int64_t pid = json_int_or(s->status, "pid", -1);
    int64_t commands = json_int_or(s->status, "commands_processed", -1);
    double ping = json_real_or(s->health, "response_time_ms", NAN);
    if (uptime >= 0) {
        page_label(p, "Uptime");
        page_put(p, "%s", page_uptime(uptime, text));
        if (pid > 0)
            page_put(p, " (pid %lld)", (long long)pid);
        page_put(p, "\n");
    }
    const char *primary = json_text_or(s->status, "primary", "");
    const char *role = json_text_or(s->status, "role", "");
    if (role[0] != '\0')
        page_field(p, "Role", "%s%s%s", role, primary[0] == '\0' ? "" : " of ", primary);
    if (!isnan(ping))
        page_field(p, "Response time", "%s ms", metric_text(ping, text));
    if (json_is_number(json_object_get(s->status, "memory_mb"))) {
        page_label(p, "Memory");
        figure(p, s->health, "memory_mb", " MB", json_real_or(s->status, "memory_mb", NAN));
        page_put(p, "\n");
    }
    if (json_is_number(json_object_get(s->status, "connections"))) {
        page_label(p, "Connections");
        figure(p, s->health, "connections", "", json_real_or(s->status, "connections", NAN));
        page_put(p, "\n");
    }
    if (commands >= 0)
        page_field(p, "Commands", "%s", page_count(commands, text));
}

static void last_check(struct page *p, const struct view_subject *s)
{
    char ago[64];
    const char *at =
        json_text_or(s->status, "last_check", json_text_or(s->health, "last_check", NULL));
    if (at != NULL)
        page_field(p, "Last check", "%s", page_ago(p, at, ago));
    const json_t *vm = json_object_get(s->status, "vm_info");
    if (json_is_false(json_object_get(vm, "ssh_accessible"))) {
        page_label(p, "SSH");
        page_tone(p, TONE_WARNING, "no control");
        page_put(p, ": Resus can look but not act\n");
    }
    const char *notice = json_text_or(vm, "ssh_key_notice", NULL);
    if (notice != NULL)
        page_field(p, "SSH key", "%s", notice);
}

static void bullets(struct page *p, const char *label, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text) {
        if (json_is_string(text))
            page_field(p, i == 0 ? label : "", "%s", json_string_value(text));
    }
}

void view_cause(struct page *p, const json_t *cause)
{
    static const char *const verdicts[][2] = {
        {"helps", "a restart helps"},
        {"useless", "a restart is useless"},
        {"harmful", "a restart would do harm"},
        {"unneeded", "a restart is not needed"},
    };
    const char *code = json_text_or(cause, "code", "ok");
    if (!json_is_object(cause) || str_equal(code, "ok"))
        return;
    char ago[64];
    page_label(p, "Cause");
    page_tone(p, TONE_BOLD, "%s", json_text_or(cause, "summary", code));
    page_put(p, " (%s", code);
    const char *since = json_text_or(cause, "since", NULL);
    if (since != NULL)
        page_put(p, ", began %s", page_ago(p, since, ago));
    page_put(p, ")\n");
    bullets(p, "Evidence", json_object_get(cause, "evidence"));
    const char *restart = json_text_or(cause, "restart", "");
    for (size_t i = 0; i < ARRAY_LENGTH(verdicts); i++)
        if (str_equal(restart, verdicts[i][0]))
            page_field(p, "Verdict", "%s", verdicts[i][1]);
    const char *advice = json_text_or(cause, "advice", "");
    if (advice[0] != '\0')
        page_field(p, "What to do", "%s", advice);
}

/* Who stopped it on purpose, when and why. */
static void stopped_line(struct page *p, const json_t *status)
{
    char ago[64];
    const char *by = json_text_or(status, "stopped_by", "");
    const char *reason = json_text_or(status, "stop_reason", "");
    if (by[0] == '\0')
        return;
    page_field(p, "Stopped", "by %s, %s%s%s", by,
               page_ago(p, json_text_or(status, "stopped_at", NULL), ago),
               reason[0] != '\0' ? ": " : "", reason);
}

/* What the checks say beside a cause that says nothing: a silence that is not certain yet, a
 * certificate that ends, a write that failed. */
static void remarks(struct page *p, const json_t *health)
{
    static const char *const checks[] = {"connectivity", "performance", "canary"};
    const char *code = json_text_or(json_object_get(health, "cause"), "code", "ok");
    bool labelled = false;
    for (size_t i = 0; i < ARRAY_LENGTH(checks) && str_equal(code, "ok"); i++) {
        const json_t *check = json_object_get(json_object_get(health, "health_checks"), checks[i]);
        const char *status = json_text_or(check, "status", "pass");
        bool shown = !str_equal(status, "pass") && json_object_get(check, "metrics") == NULL;
        if (!shown || (i > 0 && str_equal(status, "unknown")))
            continue;
        page_label(p, labelled ? "" : "Note");
        page_tone(p, view_tone(status), "%s\n", json_text_or(check, "message", checks[i]));
        labelled = true;
    }
}

void view_status(struct page *p, const struct view_subject *s)
{
    p->narrow = true;
    first_line(p, s);
    stopped_line(p, s->status);
    running_operation(p, json_object_get(s->status, "operation"));
    key_figures(p, s);
    dependents(p, json_object_get(s->status, "affected_services"));
    last_check(p, s);
    remarks(p, s->health);
    view_cause(p, json_object_get(s->health, "cause"));
    view_recovery_line(p, json_object_get(s->health, "auto_recovery"));
}

/* ---- health --------------------------------------------------------------------------------- */

static void one_check(struct page *p, const char *title, const json_t *check)
{
    static const char *const marks[][2] = {{"pass", "✓"}, {"warning", "!"}, {"fail", "✗"}};
    const char *status = json_text_or(check, "status", "unknown");
    const char *mark = "?";
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++)
        if (str_equal(status, marks[i][0]))
            mark = marks[i][1];
    char number[32], took[48] = "";
    double duration = json_real_or(check, "duration_ms", NAN);
    if (!isnan(duration))
        (void)str_format(took, sizeof(took), "%s ms", metric_text(duration, number));
    page_put(p, "  ");
    page_tone(p, view_tone(status), "%s %s", mark, title);
    page_pad(p, page_width(title), 14);
    page_put(p, "%-9s%-10s%s\n", status, took, json_text_or(check, "message", ""));
    const char *error = json_text_or(check, "error", "");
    /* One word is the class of a reply, which the message has put into words. */
    if (strchr(error, ' ') != NULL && !str_equal(error, json_text_or(check, "message", "")))
        page_put(p, "%*s%s\n", 37, "", error);
}

static void metric_lines(struct page *p, const json_t *health)
{
    static const struct {
        const char *name, *title, *unit;
    } rows[] = {
        {"memory_mb", "Memory", " MB"},
        {"cpu_percent", "CPU", " %"},
        {"connections", "Connections", ""},
        {"response_time_ms", "Response time", " ms"},
        {"commands_per_second", "Commands", "/s"},
        {"errors_per_hour", "Errors", "/h"},
    };
    struct metric m;
    char text[32];
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (!metric_read(health, rows[i].name, &m))
            continue;
        page_put(p, "      ");
        page_tone(p, TONE_DIM, "%s", rows[i].title);
        page_pad(p, page_width(rows[i].title), PAGE_LABEL_WIDTH);
        figure(p, health, rows[i].name, rows[i].unit, NAN);
        if (!isnan(m.warning)) {
            page_put(p, "   ");
            page_tone(p, TONE_DIM, "warning %s", metric_text(m.warning, text));
            if (!isnan(m.critical))
                page_tone(p, TONE_DIM, ", critical %s", metric_text(m.critical, text));
        }
        page_put(p, "\n");
    }
}

void view_health(struct page *p, const struct view_subject *s)
{
    p->narrow = true;
    static const char *const checks[][2] = {
        {"connectivity", "Connectivity"}, {"systemd", "Systemd"}, {"performance", "Performance"}};
    const char *overall = overall_of(s);
    char upper[32];
    (void)str_copy(upper, sizeof(upper), overall);
    for (char *c = upper; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    page_put(p, "Health Status: ");
    page_tone(p, view_tone(overall), "%s", upper);
    page_put(p, "   ");
    page_tone(p, TONE_BOLD, "%s", s->name != NULL ? s->name : s->id != NULL ? s->id : "Redis");
    page_put(p, "\n");
    const json_t *rows = json_object_get(s->health, "health_checks");
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++)
        one_check(p, checks[i][1], json_object_get(rows, checks[i][0]));
    if (json_object_get(rows, "canary") != NULL)
        one_check(p, "Canary", json_object_get(rows, "canary"));
    metric_lines(p, s->health);
    char ago[64];
    const char *last = json_text_or(s->health, "last_successful_command", NULL);
    if (last != NULL)
        page_field(p, "Last success", "%s", page_ago(p, last, ago));
    int64_t errors = json_int_or(s->health, "error_count_last_hour", -1);
    if (errors >= 0)
        page_field(p, "Errors", "%lld in the last hour", (long long)errors);
    view_cause(p, json_object_get(s->health, "cause"));
    size_t i;
    json_t *text;
    json_array_foreach(json_object_get(s->health, "recommendations"), i, text) {
        page_field(p, i == 0 ? "Recommended" : "", "• %s",
                   json_is_string(text) ? json_string_value(text)
                                        : json_text_or(text, "message", ""));
    }
    view_recovery_line(p, json_object_get(s->health, "auto_recovery"));
}
