#include "doctor/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/str.h"
#include "core/cause.h"

struct walk {
    const json_t *status, *health, *explain;
    json_t *steps; /* of the tree under way */
    int64_t findings;
};

enum seen { SEEN_WELL, SEEN_FINDING, SEEN_UNKNOWN };

/* `cause` and `action` are told with a finding only. */
static void step(struct walk *w, const char *check, enum seen seen, const char *cause,
                 const char *action, const char *format, ...) ATTR_PRINTF(6, 7);
static void step(struct walk *w, const char *check, enum seen seen, const char *cause,
                 const char *action, const char *format, ...)
{
    static const char *const words[] = {
        [SEEN_WELL] = "pass", [SEEN_FINDING] = "finding", [SEEN_UNKNOWN] = "unknown"};
    char text[FACT_TEXT_MAX * 2];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *item = json_object();
    (void)json_put_text(item, "check", check);
    (void)json_put_text(item, "status", words[seen]);
    (void)json_put_text(item, "seen", text);
    (void)json_put_text(item, "cause", seen == SEEN_FINDING ? cause : NULL);
    (void)json_put_text(item, "action", seen == SEEN_FINDING ? action : NULL);
    (void)json_array_append_new(w->steps, item);
    w->findings += seen == SEEN_FINDING;
}

static const char *cause_code(const struct walk *w)
{
    return json_text_or(json_object_get(w->health, "cause"), "code", "");
}

static const char *fact(const struct walk *w, const char *name)
{
    return json_text_or(json_object_get(w->explain, "facts"), name, "");
}

/* The line of evidence that begins with `prefix` ("log: ", "unit: "), "" = none. */
static const char *evidence(const struct walk *w, const char *prefix)
{
    size_t i;
    json_t *text;
    json_array_foreach(json_object_get(json_object_get(w->health, "cause"), "evidence"), i, text)
        if (str_starts(json_string_value(text), prefix))
            return json_string_value(text);
    return "";
}

/* ── tree 1: it does not start ── */

/* In the runbook's order: what systemd or Redis' log says, by the cause that it was given. */
static const struct {
    const char *code, *log, *check, *cause, *action;
} starts[] = {
    {"port_in_use", "port_in_use", "\"Address already in use\"", "Port conflict",
     "Identify and stop the process that holds the port (ss -ltnp), or change Redis' port."},
    {"permission_denied", "permission_denied", "\"Permission denied\", \"Can't write to log file\"",
     "Permission issue",
     "Check owner and mode of the data folder, the log folder and the configuration "
     "(redis:redis)."},
    {"config_error", "config_error", "\"Configuration error\", \"Can't open config file\"",
     "Configuration problem",
     "Validate and fix redis.conf at the line that the log names, or restore it from a backup."},
    {"oom_killed", "out_of_memory", "\"Out of memory\"", "Resource issue",
     "Free memory on the host, or raise the unit's and Redis' limits."},
    {"disk_full", "disk_full", "\"Disk full\"", "Disk space issue",
     "Free disk space where Redis keeps its data and its log."},
    {"data_corrupt", "data_corrupt", "damaged RDB or AOF", "Damaged data file",
     "Check it with redis-check-rdb or redis-check-aof; restore the last good backup."},
    {"module_missing", "module_missing", "modules", "A module cannot be loaded",
     "Install the module, or take its loadmodule line out."},
    {"start_limit_hit", "start_limit", "systemd's start limit", "Started too often in a short time",
     "Fix what made it fail, then systemctl reset-failed, or wait until the window is over."},
    {"start_timeout", "start_timeout", "the unit's start timeout",
     "It takes longer to become ready than systemd waits",
     "Raise TimeoutStartSec (systemctl edit), then start it."},
};

static bool runs(const struct walk *w)
{
    return json_bool_or(w->health, "service_running", false) ||
           str_equal(json_text_or(w->status, "status", ""), "running");
}

/* The cause has the last word: a line of the log that led to another cause is no finding. */
static bool walk_start_row(struct walk *w, size_t row)
{
    const json_t *cause = json_object_get(w->health, "cause");
    const char *code = cause_code(w);
    const char *log = evidence(w, "log: ");
    const char *advice = json_text_or(cause, "advice", "");
    bool named = str_equal(starts[row].code, code);
    bool general = str_equal(code, "unit_failed") || str_equal(code, "crashed");
    bool here = named || (general && str_equal(starts[row].log, fact(w, "log")));
    /* More exact words than the table's fit the evidence better than the runbook's. */
    bool exact = named && !str_equal(advice, cause_row(cause_by_code(code))->advice);
    step(w, starts[row].check, here ? SEEN_FINDING : SEEN_WELL,
         exact ? json_text_or(cause, "summary", "") : starts[row].cause,
         exact ? advice : starts[row].action, "%s",
         !here            ? log[0] != '\0' ? "not the cause" : "not seen"
         : log[0] != '\0' ? log
                          : starts[row].cause);
    return here;
}

/* What Resus itself holds to be the cause, with its evidence. */
static void walk_cause(struct walk *w, const char *check)
{
    const json_t *cause = json_object_get(w->health, "cause");
    const char *summary = json_text_or(cause, "summary", "");
    char seen[FACT_TEXT_MAX * 2] = "";
    size_t i;
    json_t *text;
    if (str_equal(cause_code(w), "ok") || str_equal(cause_code(w), "unknown"))
        return;
    json_array_foreach(json_object_get(cause, "evidence"), i, text) {
        (void)str_append(seen, sizeof seen, "%s%s", i == 0 ? "" : "; ", json_string_value(text));
    }
    step(w, check, SEEN_FINDING, summary, json_text_or(cause, "advice", ""), "%s",
         seen[0] != '\0' ? seen : summary);
}

static void walk_start(struct walk *w)
{
    const char *unit = fact(w, "unit");
    const char *code = cause_code(w);
    bool stopped = str_equal(code, "stopped_on_purpose");
    bool found = false;
    const char *line = evidence(w, "unit: ");
    step(w, "systemctl status", SEEN_WELL, NULL, NULL, "%s%s%s", unit, line[0] != '\0' ? ", " : "",
         line);
    if (stopped) {
        step(w, "stopped through Resus", SEEN_FINDING, "Stopped on purpose",
             "Start it when it is wanted again: resus start.", "stopped by %s at %s",
             json_text_or(w->status, "stopped_by", "?"),
             json_text_or(w->status, "stopped_at", "?"));
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(starts); i++)
        found |= walk_start_row(w, i);
    if (!found && !runs(w) && !str_equal(json_text_or(w->status, "status", ""), "unknown"))
        walk_cause(w, "anything else");
}

/* ── tree 2: it is slow ── */

struct reading {
    double value, max;
    const char *status;
};

static struct reading gauge(const struct walk *w, const char *name)
{
    const json_t *checks = json_object_get(w->health, "health_checks");
    const json_t *performance = json_object_get(checks, "performance");
    const json_t *g = json_object_get(json_object_get(performance, "metrics"), name);
    return (struct reading){json_real_or(g, "value", -1), json_real_or(g, "max", 0),
                            json_text_or(g, "status", "unknown")};
}

/* The runbook's limits, as shares of the whole, and whatever limit is configured. `digits` behind
 * the point and the unit are the figure's. */
static void walk_share(struct walk *w, const char *check, const char *name, double high, int digits,
                       const char *unit, const char *cause, const char *action)
{
    struct reading r = gauge(w, name);
    if (r.value < 0 || r.max <= 0) {
        step(w, check, SEEN_UNKNOWN, NULL, NULL, "not known");
        return;
    }
    double share = r.value / r.max * 100;
    bool bad = share >= high || str_equal(r.status, "warning") || str_equal(r.status, "fail");
    step(w, check, bad ? SEEN_FINDING : SEEN_WELL, cause, action,
         "%.*f%s of %.0f%s, %.1f %% (high from %.0f %%)", digits, r.value, unit, r.max, unit, share,
         high);
}

static void walk_slow(struct walk *w)
{
    const char *code = cause_code(w);
    if (str_equal(code, "busy_script"))
        step(w, "scripts", SEEN_FINDING, "A script blocks Redis",
             "Resus ends it where that is possible; find who runs it: resus inspect slowlog.",
             "Redis answers BUSY");
    if (str_equal(code, "busy_command"))
        step(w, "long commands", SEEN_FINDING, "A long command keeps Redis busy",
             "Wait until it is over: Resus then names it; see also resus inspect slowlog.", "%s",
             evidence(w, "process: "));
    walk_share(
        w, "memory usage", "memory_mb", 75, 1, " MB", "Memory pressure",
        "Identify large keys (resus inspect bigkeys), let keys expire, consider more memory.");
    walk_share(w, "connection count", "connections", 80, 0, "", "Connection pressure",
               "Identify who connects (resus inspect clients), use connection pools, raise "
               "maxclients.");
    walk_share(w, "CPU usage", "cpu_percent", 70, 1, " %", "CPU bottleneck",
               "Identify expensive commands (resus inspect commandstats), optimise queries, "
               "consider a faster processor.");
    double ms = json_real_or(w->health, "response_time_ms", -1);
    if (ms < 0)
        step(w, "network latency", SEEN_UNKNOWN, NULL, NULL, "no answer yet");
    else
        step(
            w, "network latency", ms >= 10 ? SEEN_FINDING : SEEN_WELL, "Slow answers",
            "Check the network between Resus and Redis: connectivity, packet loss, firewall rules; "
            "then the commands that run (resus inspect slowlog).",
            "PING takes %.2f ms (high from 10 ms)", ms);
    bool slow = str_equal(code, "slow_queries");
    step(w, "application queries", slow ? SEEN_FINDING : SEEN_WELL, "Slow queries",
         "Review the slow log: resus inspect slowlog.", "%s",
         slow ? "the slow log grew since the last look" : "no new entries in the slow log");
    size_t i;
    json_t *advice;
    json_array_foreach(json_object_get(w->health, "recommendations"), i, advice)
        if (str_starts(json_string_value(advice), "Check for memory leaks"))
            step(w, "memory trend", SEEN_FINDING, "Memory grows steadily",
                 "Find what is never deleted: resus inspect bigkeys, keys without expiry.", "%s",
                 json_string_value(advice));
    if (w->findings == 0)
        walk_cause(w, "anything else");
}

/* ── tree 3: recovery fails ── */

static void walk_attempts(struct walk *w, const json_t *recovery)
{
    int64_t used = json_int_or(recovery, "attempts", 0);
    int64_t most = json_int_or(recovery, "max_attempts", 0);
    const json_t *breaker = json_object_get(recovery, "circuit_breaker");
    bool open = str_equal(json_text_or(breaker, "state", ""), "open");
    step(w, "recovery attempts", open || (most > 0 && used >= most) ? SEEN_FINDING : SEEN_WELL,
         open ? "Circuit breaker open" : "Attempts used up",
         "Investigate the root cause, fix it by hand, then: resus recovery reset.",
         "%lld of %lld used, circuit breaker %s, state %s", (long long)used, (long long)most,
         open ? "open" : "closed", json_text_or(recovery, "state", "?"));
    const json_t *withheld = json_object_get(recovery, "withheld");
    const char *reason = json_text_or(withheld, "reason_code", "");
    bool used_up = str_equal(reason, "attempts_exhausted") || str_equal(reason, "breaker_open");
    if (!json_bool_or(recovery, "enabled", true) && !used_up)
        step(w, "is it on", SEEN_FINDING, "Automatic recovery is disabled",
             "Switch it on: resus recovery enable.", "disabled");
    if (json_is_object(withheld))
        step(w, "withheld", SEEN_FINDING, json_text_or(withheld, "text", ""),
             used_up ? "Find the root cause, then run: resus recovery reset."
             : str_equal(reason, "cannot_act")
                 ? "Start Redis by hand on its host if it is down; resus doctor names what is "
                   "missing."
                 : json_text_or(json_object_get(w->health, "cause"), "advice", ""),
             "%s", json_text_or(withheld, "reason_code", ""));
}

static void walk_recovery(struct walk *w)
{
    const json_t *recovery = json_object_get(w->health, "auto_recovery");
    const char *unit = fact(w, "unit");
    walk_attempts(w, recovery);
    if (str_equal(unit, "failed"))
        step(w, "systemd status", SEEN_FINDING, "The service crashed or failed",
             "Check its log for the reason (resus logs), fix the root cause, start it by hand.",
             "failed (%s)", fact(w, "unit_result"));
    else if (str_equal(unit, "activating"))
        step(w, "systemd status", SEEN_FINDING, "The service starts slowly",
             "Wait, and check what it does at startup: resus logs -f.", "activating");
    else if (str_equal(unit, "inactive"))
        step(w, "systemd status", SEEN_FINDING, "The service was stopped cleanly",
             "Investigate who stopped it and why: resus events, resus audit list.", "inactive");
    else
        step(w, "systemd status", SEEN_WELL, NULL, NULL, "%s", unit);
    const json_t *reached =
        json_object_get(json_object_get(w->status, "vm_info"), "ssh_accessible");
    if (json_is_false(reached))
        step(w, "SSH connectivity", SEEN_FINDING, "Commands cannot be run on the host",
             "Fix network or SSH to the host: resus doctor names the fault.", "%s",
             evidence(w, "host: "));
    else if (json_is_true(reached))
        step(w, "SSH connectivity", SEEN_WELL, NULL, NULL,
             "works; whether the commands are allowed (sudo) is told by resus doctor");
    else
        step(w, "SSH connectivity", SEEN_WELL, NULL, NULL, "not needed, or not tried yet");
}

/* ── all ── */

static bool recovery_fails(const struct walk *w)
{
    const json_t *r = json_object_get(w->health, "auto_recovery");
    const char *breaker = json_text_or(json_object_get(r, "circuit_breaker"), "state", "");
    return json_bool_or(r, "requires_manual_intervention", false) || str_equal(breaker, "open") ||
           (!runs(w) && json_is_object(json_object_get(r, "withheld")));
}

static bool is_slow(const struct walk *w)
{
    return runs(w);
}

static bool does_not_start(const struct walk *w)
{
    return !runs(w);
}

json_t *diagnosis_json(const json_t *status, const json_t *health, const json_t *explain)
{
    static const struct {
        const char *tree, *title;
        bool (*applies)(const struct walk *w);
        void (*walk)(struct walk *w);
    } trees[] = {
        {"service_wont_start", "The service does not start", does_not_start, walk_start},
        {"performance_degradation", "It answers slowly", is_slow, walk_slow},
        {"auto_recovery_failing", "Automatic recovery fails", recovery_fails, walk_recovery},
    };
    struct walk w = {.status = status, .health = health, .explain = explain};
    json_t *items = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(trees); i++) {
        json_t *tree = json_object();
        bool applies = trees[i].applies(&w);
        w.steps = json_array();
        if (applies)
            trees[i].walk(&w);
        (void)json_put_text(tree, "tree", trees[i].tree);
        (void)json_put_text(tree, "title", trees[i].title);
        (void)json_put_bool(tree, "applies", applies);
        (void)json_put(tree, "steps", w.steps);
        (void)json_array_append_new(items, tree);
    }
    json_t *body = json_object();
    (void)json_put_text(body, "service", json_text_or(status, "service", NULL));
    (void)json_put_text(body, "status", json_text_or(status, "status", NULL));
    (void)json_put(body, "cause", json_incref(json_object_get(health, "cause")));
    (void)json_put_int(body, "findings", w.findings);
    (void)json_put(body, "trees", items);
    return body;
}
