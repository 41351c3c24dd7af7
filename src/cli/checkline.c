#include "cli/checkline.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/metric.h"
#include "cli/overview.h"
#include "cli/page.h"

static const char *const status_words[] = {
    [CHECK_OK] = "OK",
    [CHECK_WARNING] = "WARNING",
    [CHECK_CRITICAL] = "CRITICAL",
    [CHECK_UNKNOWN] = "UNKNOWN",
};
static_assert(ARRAY_LENGTH(status_words) == CHECK_UNKNOWN + 1, "every status has its word");

/* By checkline_status. */
static const char *const overall_words[] = {"healthy", "degraded", "critical", "unknown"};

/* One metric as performance data. Sizes go out in bytes: plugins know no MiB. */
struct perfdata {
    const char *metric, *label, *unit;
    double scale;
};
static const struct perfdata perfdata[] = {
    {"response_time_ms", "ping", "ms", 1},      {"memory_mb", "memory", "B", 1048576},
    {"connections", "connections", "", 1},      {"cpu_percent", "cpu", "%", 1},
    {"commands_per_second", "commands", "", 1}, {"errors_per_hour", "errors", "", 1},
};

/* An empty field where nothing is known: the guidelines' way. */
static bool field(struct buf *out, const char *before, double value, double scale)
{
    if (isnan(value))
        return buf_printf(out, "%s", before) == 0;
    double scaled = value * scale;
    char text[32];
    if (fabs(scaled) < 1e15 && (scale > 1 || scaled == floor(scaled)))
        (void)str_format(text, sizeof(text), "%.0f", scaled);
    else
        (void)metric_text(scaled, text);
    return buf_printf(out, "%s%s", before, text) == 0;
}

static const json_t *check_of(const json_t *health, const char *name)
{
    return json_object_get(json_object_get(health, "health_checks"), name);
}

static void put_perfdata(const json_t *health, struct buf *out)
{
    bool first = true;
    double canary = json_real_or(check_of(health, "canary"), "duration_ms", NAN);
    for (size_t i = 0; i < ARRAY_LENGTH(perfdata); i++) {
        const struct perfdata *row = &perfdata[i];
        struct metric m;
        if (!metric_read(health, row->metric, &m)) {
            m = (struct metric){NAN, NAN, NAN, NAN};
            m.value =
                str_equal(row->label, "ping") ? json_real_or(health, "response_time_ms", NAN) : NAN;
        }
        if (isnan(m.value))
            continue;
        bool percent = str_equal(row->unit, "%");
        bool ok = buf_printf(out, "%s%s", first ? " | " : " ", row->label) == 0 &&
                  field(out, "=", m.value, row->scale) && buf_printf(out, "%s", row->unit) == 0 &&
                  field(out, ";", m.warning, row->scale) &&
                  field(out, ";", m.critical, row->scale) &&
                  field(out, ";", percent ? NAN : 0, 1) && field(out, ";", m.max, row->scale);
        if (!ok)
            return;
        first = false;
        /* Fields that say nothing are left away at the end. */
        while (out->length > 0 && out->data[out->length - 1] == ';')
            out->data[--out->length] = '\0';
    }
    if (!isnan(canary))
        (void)(buf_printf(out, "%s", first ? " | canary" : " canary") == 0 &&
               field(out, "=", canary, 1) && buf_printf(out, "ms") == 0);
}

/* "REDIS CRITICAL - text" */
static void put_head(enum checkline_status status, const char *text, struct buf *out)
{
    char *clean = page_clean_text(text);
    char cut[CHECKLINE_TEXT_MAX];
    (void)str_copy(cut, sizeof(cut), clean == NULL ? "" : clean);
    mem_free(clean);
    /* The bar parts text from figures: in a text it would make figures of words. */
    for (char *c = cut; *c != '\0'; c++)
        if (*c == '|')
            *c = '/';
    char head[CHECKLINE_TEXT_MAX + 32];
    (void)str_format(head, sizeof(head), "REDIS %s - %s", status_words[status], cut);
    (void)buf_append_cut(out, head, strlen(head));
}

static enum checkline_status line(enum checkline_status status, const char *text,
                                  const json_t *health, struct buf *out)
{
    put_head(status, text, out);
    put_perfdata(health, out);
    (void)buf_append_cut(out, "\n", 1);
    return status;
}

enum checkline_status checkline_unknown(const char *text, struct buf *out)
{
    return line(CHECK_UNKNOWN, text, NULL, out);
}

/* What a Redis that is healthy is to be warned of: it is silent and nothing is certain yet, its
 * certificate ends soon, the canary met an error. False: of nothing. */
static bool warning_text(const json_t *health, char *text, size_t size)
{
    const json_t *ping = check_of(health, "connectivity");
    const json_t *canary = check_of(health, "canary");
    bool pings = str_equal(json_text_or(ping, "status", "pass"), "pass");
    bool fails = str_equal(json_text_or(canary, "status", ""), "fail");
    if (!pings)
        (void)str_copy(text, size, json_text_or(ping, "message", "PING fails"));
    else if (fails)
        (void)str_format(text, size, "answering, but applications cannot write: canary %s",
                         json_text_or(canary, "message", "failed"));
    return !pings || fails;
}

static void fine_text(const json_t *health, const json_t *status, char *text, size_t size)
{
    char number[64];
    double ping = json_real_or(health, "response_time_ms", NAN);
    int64_t uptime = json_int_or(status, "uptime_seconds", -1);
    (void)str_copy(text, size, "answering");
    if (!isnan(ping))
        (void)str_append(text, size, " in %s ms", metric_text(ping, number));
    if (uptime >= 0)
        (void)str_append(text, size, ", up %s", page_uptime(uptime, number));
    const json_t *performance = check_of(health, "performance");
    if (performance != NULL && json_object_get(performance, "metrics") == NULL)
        (void)str_append(text, size, "; %s", json_text_or(performance, "message", "no figures"));
}

/* A sentence that more may follow: without its full stop. */
static void summary_text(const char *summary, char *text, size_t size)
{
    (void)str_copy(text, size, summary);
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        text[length - 1] = '\0';
}

static void stopped_text(const json_t *status, char *text, size_t size)
{
    const char *by = json_text_or(status, "stopped_by", "");
    const char *at = json_text_or(status, "stopped_at", "");
    const char *why = json_text_or(status, "stop_reason", "");
    (void)str_format(text, size, "stopped on purpose%s%s%s%s%s%s", by[0] != '\0' ? " by " : "", by,
                     at[0] != '\0' ? " since " : "", at, why[0] != '\0' ? ": " : "", why);
}

/* Work is being done on it: that it is down calls nobody, and recovery waits. */
static void window_text(const json_t *window, char *text, size_t size)
{
    bool verifying = str_equal(json_text_or(window, "state", ""), "verifying");
    (void)str_append(text, size, "; maintenance \"%s\" %s%s: no automatic recovery",
                     json_text_or(window, "title", ""), verifying ? "is being verified" : "until ",
                     verifying ? "" : json_text_or(window, "ends_at", "its end"));
}

enum checkline_status checkline_health(const json_t *health, const json_t *status, struct buf *out)
{
    char text[1024];
    const char *overall = json_text_or(health, "overall_status", "unknown");
    int at = str_index(overall_words, ARRAY_LENGTH(overall_words), overall);
    enum checkline_status seen = at < 0 ? CHECK_UNKNOWN : (enum checkline_status)at;
    const json_t *cause = json_object_get(health, "cause");
    const char *summary = json_text_or(cause, "summary", "");
    const char *code = json_text_or(cause, "code", "");
    const json_t *recovery = json_object_get(health, "auto_recovery");
    const json_t *held = json_object_get(recovery, "withheld");
    const char *withheld = json_text_or(held, "text", "");
    const char *held_code = json_text_or(held, "reason_code", "");
    bool cannot_act = str_equal(held_code, "cannot_act");
    /* Redis is well, but the next failure would not be treated: the engine says so. */
    const char *unguarded = json_text_or(json_object_get(status, "not_guarded"), "text", "");
    bool open = seen == CHECK_OK && unguarded[0] != '\0';
    if (str_equal(code, "stopped_on_purpose") && seen == CHECK_CRITICAL) {
        stopped_text(status, text, sizeof(text));
        return line(CHECK_WARNING, text, health, out);
    }
    if (seen == CHECK_OK && warning_text(health, text, sizeof(text)))
        seen = CHECK_WARNING;
    else if (seen == CHECK_OK)
        fine_text(health, status, text, sizeof(text));
    else if (summary[0] != '\0')
        summary_text(summary, text, sizeof(text));
    else
        (void)str_format(text, sizeof(text), "%s%s%s", overall, code[0] == '\0' ? "" : ": ", code);
    const char *backup = json_text_or(status, "backup_problem", "");
    if (backup[0] != '\0') {
        size_t length = strlen(text);
        if (str_append(text, sizeof text, "; "))
            summary_text(backup, text + length + 2, sizeof text - length - 2);
    }
    const json_t *window = json_object_get(status, "maintenance");
    if (json_is_object(window)) {
        window_text(window, text, sizeof text);
        return line(seen == CHECK_CRITICAL ? CHECK_WARNING : seen, text, health, out);
    }
    if (open) {
        (void)str_append(text, sizeof(text), "; not guarded: ");
        size_t length = strlen(text);
        summary_text(unguarded, text + length, sizeof(text) - length);
        return line(CHECK_WARNING, text, health, out);
    }
    bool wipes = str_equal(held_code, "empty_primary"); /* whoever is called is warned of a start */
    if (seen != CHECK_OK && cannot_act)
        (void)str_append(text, sizeof(text), "; Resus cannot act: %s", withheld);
    else if (seen != CHECK_OK && json_bool_or(recovery, "requires_manual_intervention", false))
        (void)str_append(text, sizeof(text), "; manual intervention required%s%s",
                         wipes ? ": " : "", wipes ? withheld : "");
    else if (seen != CHECK_OK && withheld[0] != '\0')
        (void)str_append(text, sizeof(text), "; no automatic recovery: %s", withheld);
    else if (seen != CHECK_OK && str_equal(json_text_or(recovery, "state", ""), "recovering"))
        (void)str_append(text, sizeof(text), "; recovering");
    return line(seen, text, health, out);
}

/* ---- several services ------------------------------------------------------------------------ */

#define NAMES_MAX 5 /* of one kind; the others are a number */

/* Well by the list, but to be warned of. */
static bool is_warned(const json_t *item)
{
    return json_object_get(item, "warning") != NULL ||
           json_is_object(json_object_get(item, "maintenance"));
}

static enum checkline_status status_of(const json_t *item)
{
    static const enum checkline_status by_rank[] = {
        [RANK_CRITICAL] = CHECK_CRITICAL, [RANK_UNKNOWN] = CHECK_UNKNOWN,
        [RANK_DEGRADED] = CHECK_WARNING,  [RANK_NOT_GUARDED] = CHECK_WARNING,
        [RANK_PLANNED] = CHECK_WARNING,   [RANK_HEALTHY] = CHECK_OK,
    };
    static_assert(ARRAY_LENGTH(by_rank) == RANK_COUNT, "every rank has its status");
    enum checkline_status status = by_rank[overview_rank(item)];
    return status == CHECK_OK && is_warned(item) ? CHECK_WARNING : status;
}

/* What is not planned comes before what is. */
static int weight_of(const json_t *item)
{
    enum overview_rank rank = overview_rank(item);
    return rank == RANK_HEALTHY ? (is_warned(item) ? 1 : 0) : 2 + (int)(RANK_HEALTHY - rank);
}

const json_t *checkline_worst(const json_t *items)
{
    const json_t *worst = NULL;
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        if (worst == NULL || weight_of(item) > weight_of(worst))
            worst = item;
    }
    return worst;
}

/* "2 degraded (a, b)" of the others in this rank. */
static void put_others(const json_t *items, const json_t *worst, int rank, const char *word,
                       char *text, size_t size)
{
    char names[200] = "";
    size_t i, count = 0;
    json_t *item;
    json_array_foreach(items, i, item) {
        bool warned = overview_rank(item) == RANK_HEALTHY && is_warned(item);
        if (item == worst || (rank == RANK_COUNT ? !warned : (int)overview_rank(item) != rank))
            continue;
        if (++count <= NAMES_MAX)
            (void)str_append(names, sizeof names, "%s%s", count == 1 ? "" : ", ",
                             json_text_or(item, "id", "?"));
    }
    if (count > NAMES_MAX)
        (void)str_append(names, sizeof names, ", ...");
    if (count > 0)
        (void)str_append(text, size, "; %zu more %s (%s)", count, word, names);
}

static void put_counts(const json_t *items, struct buf *out)
{
    static const char *const labels[] = {
        [RANK_CRITICAL] = "critical", [RANK_UNKNOWN] = "unknown",
        [RANK_DEGRADED] = "degraded", [RANK_NOT_GUARDED] = "not_guarded",
        [RANK_PLANNED] = "planned",   [RANK_HEALTHY] = "healthy"};
    static_assert(ARRAY_LENGTH(labels) == RANK_COUNT, "every rank has its label");
    size_t counts[RANK_COUNT];
    overview_count(items, counts);
    char text[256];
    (void)str_format(text, sizeof text, " | services=%zu;;;0", json_array_size(items));
    for (size_t i = 0; i < RANK_COUNT; i++)
        (void)str_append(text, sizeof text, " %s=%zu;;;0", labels[i], counts[i]);
    (void)buf_append_cut(out, text, strlen(text));
}

/* Why the worst is so: what its own line says, or what the list knows. */
static void put_worst(const json_t *worst, const json_t *health, const json_t *status, char *text,
                      size_t size)
{
    struct buf own = BUF_LIMIT(16384);
    const char *cause = json_text_or(worst, "cause", json_text_or(worst, "overall_status", "?"));
    (void)str_append(text, size, "%s: ", json_text_or(worst, "id", "?"));
    if (health == NULL) {
        (void)str_append(text, size, "%s", json_text_or(worst, "warning", cause));
        return;
    }
    (void)checkline_health(health, status, &own);
    const char *dash = strstr(buf_text(&own), " - ");
    const char *said = dash == NULL ? cause : dash + 3;
    const char *bar = strstr(said, " | ");
    size_t length = bar == NULL ? strcspn(said, "\n") : (size_t)(bar - said);
    (void)str_append(text, size, "%.*s", (int)length, said);
    buf_free(&own);
}

enum checkline_status checkline_several(const json_t *items, const json_t *health,
                                        const json_t *status, struct buf *out)
{
    static const struct {
        int rank;
        const char *word;
    } rows[] = {{RANK_CRITICAL, "critical"},       {RANK_UNKNOWN, "unknown"},
                {RANK_DEGRADED, "degraded"},       {RANK_NOT_GUARDED, "not guarded"},
                {RANK_PLANNED, "down as planned"}, {RANK_COUNT, "with a warning"}};
    char text[2048] = "";
    const json_t *worst = checkline_worst(items);
    size_t all = json_array_size(items);
    if (worst == NULL)
        return checkline_unknown("no service matches", out);
    enum checkline_status seen = status_of(worst);
    if (seen == CHECK_OK) {
        (void)str_format(text, sizeof text,
                         all > 1 ? "all %zu services are healthy" : "%zu service is healthy", all);
    } else {
        put_worst(worst, health, status, text, sizeof text);
        for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
            put_others(items, worst, rows[i].rank, rows[i].word, text, sizeof text);
    }
    put_head(seen, text, out);
    put_counts(items, out);
    (void)buf_append_cut(out, "\n", 1);
    return seen;
}
