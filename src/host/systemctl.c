#include "host/systemctl.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/parse.h"
#include "base/str.h"
#include "host/timespan.h"

/* systemd does not translate what is read here: the labels, the words of states and results. The
 * rest of a line may be in any language. A line without its newline was cut and says nothing. */

const char systemctl_show_properties[] =
    "Id,LoadState,ActiveState,SubState,Result,NRestarts,MainPID,StatusText,ExecMainStatus,"
    "ExecMainCode,StateChangeTimestamp,CanReload,TimeoutStartUSec,TimeoutStopUSec,Restart,"
    "UnitFileState,CPUUsageNSec,FreezerState";

struct span {
    const char *p;
    size_t n;
};

static struct span trimmed(struct span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct span){s.p + 1, s.n - 1};
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

static bool next_line(struct span *rest, struct span *line)
{
    const char *end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
    if (end == NULL)
        return false;
    *line = (struct span){rest->p, (size_t)(end - rest->p)};
    rest->n -= line->n + 1;
    rest->p = end + 1;
    return true;
}

/* Takes `prefix` off the front. */
static bool skip(struct span *s, const char *prefix)
{
    size_t n = strlen(prefix);
    if (s->n < n || memcmp(s->p, prefix, n) != 0)
        return false;
    *s = (struct span){s->p + n, s->n - n};
    return true;
}

static bool equals(struct span s, const char *word)
{
    return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

/* Takes the characters up to one of `stops` off the front. */
static struct span take_until(struct span *s, const char *stops)
{
    size_t n = 0;
    while (n < s->n && strchr(stops, s->p[n]) == NULL)
        n++;
    struct span taken = {s->p, n};
    *s = (struct span){s->p + n, s->n - n};
    return taken;
}

static bool number(struct span s, int64_t max, int64_t *ret)
{
    char text[24];
    if (s.n == 0 || s.n >= sizeof text)
        return false;
    (void)str_copy_n(text, sizeof text, s.p, s.n);
    return parse_int(text, 0, max, ret, NULL) == 0;
}

static const char *const active_words[] = {
    [UNIT_UNKNOWN] = "",
    [UNIT_ACTIVE] = "active",
    [UNIT_RELOADING] = "reloading",
    [UNIT_INACTIVE] = "inactive",
    [UNIT_FAILED] = "failed",
    [UNIT_ACTIVATING] = "activating",
    [UNIT_DEACTIVATING] = "deactivating",
    [UNIT_NOT_FOUND] = "not-found",
};
_Static_assert(ARRAY_LENGTH(active_words) == UNIT_ACTIVE_COUNT, "a word for every state");

static enum unit_active active_of(struct span word)
{
    for (size_t i = 1; i < UNIT_NOT_FOUND; i++) /* not-found is no ActiveState */
        if (equals(word, active_words[i]))
            return (enum unit_active)i;
    return UNIT_UNKNOWN;
}

static enum unit_result result_of(struct span word)
{
    static const char *const words[] = {
        [RESULT_UNKNOWN] = "unknown",     [RESULT_SUCCESS] = "success",
        [RESULT_EXIT_CODE] = "exit-code", [RESULT_SIGNAL] = "signal",
        [RESULT_CORE_DUMP] = "core-dump", [RESULT_TIMEOUT] = "timeout",
        [RESULT_OOM_KILL] = "oom-kill",   [RESULT_START_LIMIT] = "start-limit-hit",
        [RESULT_PROTOCOL] = "protocol",   [RESULT_RESOURCES] = "resources",
        [RESULT_WATCHDOG] = "watchdog",
    };
    _Static_assert(ARRAY_LENGTH(words) == RESULT_OTHER, "a word for every known result");
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (equals(word, words[i]))
            return (enum unit_result)i;
    return word.n == 0 ? RESULT_UNKNOWN : RESULT_OTHER;
}

static enum unit_notice notice_of(struct span text)
{
    static const struct {
        const char *begins;
        enum unit_notice notice;
    } known[] = {
        {"Redis is loading", NOTICE_LOADING},
        {"Valkey is loading", NOTICE_LOADING},
        {"Ready to accept connections", NOTICE_READY},
        {"Saving the final RDB snapshot", NOTICE_SAVING},
        {"Error trying to save the DB, can't exit", NOTICE_CANNOT_EXIT},
        {"Writing initial AOF, can't exit", NOTICE_CANNOT_EXIT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
        if (text.n >= strlen(known[i].begins) &&
            memcmp(text.p, known[i].begins, strlen(known[i].begins)) == 0)
            return known[i].notice;
    if (str_find(text.p, text.n, "Ready to accept connections") != NULL)
        return NOTICE_READY; /* "MASTER <-> REPLICA sync: ... Ready to accept connections ..." */
    return text.n == 0 ? NOTICE_NONE : NOTICE_OTHER;
}

/* "KILL" -> 9. */
static int64_t signal_of(struct span word)
{
    char name[16];
    if (word.n == 0 || word.n >= sizeof name)
        return FACT_UNKNOWN;
    (void)str_copy_n(name, sizeof name, word.p, word.n);
    for (int i = 1; i < 32; i++) {
        const char *abbreviation = sigabbrev_np(i);
        if (abbreviation != NULL && strcmp(abbreviation, name) == 0)
            return i;
    }
    return FACT_UNKNOWN;
}

/* "UTC", "GMT", "+02", "+0200", "+02:00" -> the form of RFC 3339. Abbreviations such as CET mean
 * different things in different places: unknown. */
static bool zone_of(struct span zone, char ret[8])
{
    if (equals(zone, "UTC") || equals(zone, "GMT"))
        return str_copy(ret, 8, "Z");
    if (zone.n < 3 || (zone.p[0] != '+' && zone.p[0] != '-'))
        return false;
    char digits[8] = "";
    size_t n = 0;
    for (size_t i = 1; i < zone.n; i++) {
        if (zone.p[i] == ':' && i == 3)
            continue;
        if (zone.p[i] < '0' || zone.p[i] > '9' || n == 4)
            return false;
        digits[n++] = zone.p[i];
    }
    if (n == 2)
        (void)str_copy(digits + 2, sizeof digits - 2, "00");
    else if (n != 4)
        return false;
    return str_format(ret, 8, "%c%.2s:%.2s", zone.p[0], digits, digits + 2);
}

/* "Sun 2026-11-22 15:52:06 UTC". */
static wall_ms time_of(struct span s)
{
    struct span weekday = take_until(&s, " ");
    if (weekday.n == 0 || !skip(&s, " "))
        return WALL_NONE;
    struct span date = take_until(&s, " ");
    if (date.n != 10 || !skip(&s, " "))
        return WALL_NONE;
    struct span clock = take_until(&s, " ");
    if (clock.n < 8 || clock.n > 15 || !skip(&s, " "))
        return WALL_NONE;
    struct span zone = take_until(&s, " ;");
    char zone_text[8];
    char text[48];
    wall_ms t;
    if (!zone_of(zone, zone_text) ||
        !str_format(text, sizeof text, "%.*sT%.*s%s", (int)date.n, date.p, (int)clock.n, clock.p,
                    zone_text) ||
        wall_parse(text, &t) < 0)
        return WALL_NONE;
    return t;
}

/* Of a unit, or of a slice above it ("frozen-by-parent"); else "running", or "" before 246. */
static bool frozen(struct span word)
{
    return skip(&word, "frozen") || skip(&word, "freezing") || skip(&word, "thawing");
}

/* "activating (auto-restart) (Result: signal) since Sun 2026-11-22 15:52:06 UTC; 24min ago" */
static void read_active(struct span s, struct unit_facts *unit)
{
    struct span lasting = s; /* "24min ago" is so at the look alone, and the text is shown later */
    lasting = take_until(&lasting, ";");
    (void)str_copy_clean(unit->text, sizeof unit->text, lasting.p, lasting.n);
    unit->active = active_of(take_until(&s, " "));
    if (unit->active == UNIT_UNKNOWN)
        return;
    unit->result = RESULT_SUCCESS; /* systemctl names the others only */
    while (skip(&s, " (")) {
        struct span inner = take_until(&s, ")");
        if (!skip(&s, ")"))
            break;
        if (skip(&inner, "Result: "))
            unit->result = result_of(inner);
        else if (frozen(inner))
            unit->frozen = true;
        else
            (void)str_copy_clean(unit->sub, sizeof unit->sub, inner.p, inner.n);
    }
    if (unit->sub[0] == '\0') /* "failed": sub is the same word, not repeated */
        (void)str_copy(unit->sub, sizeof unit->sub, active_words[unit->active]);
    unit->undated = s.n == 0;
    if (skip(&s, " since "))
        unit->since = time_of(s);
}

/* "1234 (redis-server)", "1234 (code=killed, signal=KILL)", "1234 (code=exited, status=1/FAILURE)"
 */
static void read_main_pid(struct span s, struct unit_facts *unit)
{
    int64_t pid;
    if (!number(take_until(&s, " "), INT32_MAX, &pid))
        return;
    if (!skip(&s, " (code=")) {
        unit->main_pid = pid;
        return;
    }
    unit->main_pid = 0; /* that one has ended */
    struct span code = take_until(&s, ",");
    if (skip(&s, ", status=") && equals(code, "exited")) {
        int64_t status;
        if (number(take_until(&s, "/)"), 255, &status))
            unit->exit_status = status;
    } else if (skip(&s, ", signal=")) {
        unit->exit_signal = signal_of(take_until(&s, ")"));
    }
}

/* systemd says "start-limit-hit" as the Result from some versions on, and leaves the old Result in
 * others: the sentence in the journal's lines below says it always. */
static bool told_too_quickly(const char *out, size_t length)
{
    return str_find(out, length, "Start request repeated too quickly") != NULL;
}

/* "1min 2.345s" -> milliseconds. */
static int64_t cpu_of_timespan(struct span value)
{
    int64_t us = timespan_us(value.p, value.n);
    return us == FACT_UNKNOWN || us == INT64_MAX ? FACT_UNKNOWN : us / 1000;
}

struct status_head {
    bool active, loaded_not_found;
};

/* "● redis-server.service - Advanced key-value store" */
static void read_name(struct span line, struct unit_facts *unit)
{
    struct span s = trimmed(line);
    (void)take_until(&s, " ");
    if (!skip(&s, " "))
        return;
    struct span name = take_until(&s, " ");
    if (name.n > 8 && memcmp(name.p + name.n - 8, ".service", 8) == 0)
        (void)str_copy_clean(unit->id, sizeof unit->id, name.p, name.n);
}

static void read_status_line(struct span line, struct status_head *head, struct unit_facts *unit)
{
    struct span s = trimmed(line);
    if (skip(&s, "Loaded: ")) {
        head->loaded_not_found = head->loaded_not_found || skip(&s, "not-found");
        unit->masked = unit->masked || skip(&s, "masked");
    } else if (skip(&s, "Active: ")) {
        if (!head->active)
            read_active(s, unit);
        head->active = true;
    } else if (skip(&s, "Main PID: ")) {
        read_main_pid(s, unit);
    } else if (skip(&s, "Status: \"")) {
        unit->notice = notice_of(take_until(&s, "\""));
    } else if (skip(&s, "CPU: ")) {
        unit->cpu_ms = cpu_of_timespan(s);
    }
}

static void set_not_found(struct unit_facts *unit, struct span line)
{
    unit->active = UNIT_NOT_FOUND;
    unit->result = RESULT_UNKNOWN;
    unit->main_pid = 0;
    (void)str_copy_clean(unit->text, sizeof unit->text, line.p, line.n);
}

static void set_unreadable(struct unit_facts *unit, const char *what, const char *out,
                           size_t length)
{
    struct span first = {out, length};
    first = trimmed(take_until(&first, "\n"));
    char quote[121];
    (void)str_copy_clean(quote, sizeof quote, first.p, first.n);
    (void)str_format(unit->text, sizeof unit->text, "%s is not readable: \"%s\"", what, quote);
}

void systemctl_parse_status(const char *out, size_t length, struct unit_facts *unit)
{
    facts_unit_reset(unit);
    struct span rest = {out, length};
    struct span line;
    struct status_head head = {0};
    bool first = true;
    /* The head ends at the empty line; below it are journal lines, which may say anything. */
    while (next_line(&rest, &line) && trimmed(line).n > 0) {
        if (!head.active && trimmed(line).n > 5 && memcmp(trimmed(line).p, "Unit ", 5) == 0 &&
            str_find(line.p, line.n, " could not be found.") != NULL) {
            set_not_found(unit, trimmed(line));
            return;
        }
        if (first)
            read_name(line, unit);
        first = false;
        read_status_line(line, &head, unit);
    }
    unit->repeated_too_quickly = told_too_quickly(out, length);
    systemctl_parse_group(out, length, unit);
    if (head.loaded_not_found &&
        (unit->active == UNIT_INACTIVE || unit->active == UNIT_FAILED || !head.active)) {
        static const char text[] = "systemd does not know the unit (Loaded: not-found)";
        set_not_found(unit, (struct span){text, sizeof text - 1});
    }
    unit->removed = head.loaded_not_found && unit_runs(unit->active);
    if (unit->active == UNIT_UNKNOWN)
        set_unreadable(unit, "the answer to `systemctl status`", out, length);
}

void systemctl_parse_is_active(const char *out, size_t length, struct unit_facts *unit)
{
    facts_unit_reset(unit);
    struct span rest = {out, length};
    struct span line;
    if (next_line(&rest, &line))
        unit->active = active_of(trimmed(line));
    if (unit->active == UNIT_UNKNOWN)
        set_unreadable(unit, "the answer to `systemctl is-active`", out, length);
    else
        (void)str_copy(unit->text, sizeof unit->text, active_words[unit->active]);
}

/* Nanoseconds, "[not set]", or UINT64_MAX where accounting is off -> milliseconds. */
static int64_t cpu_of_ns(struct span value)
{
    int64_t ns;
    return number(value, INT64_MAX, &ns) ? ns / 1000000 : FACT_UNKNOWN;
}

struct show_state {
    bool not_found;
    int64_t code, status;
};

enum show_key {
    SHOW_ID,
    SHOW_LOAD,
    SHOW_FILE,
    SHOW_ACTIVE,
    SHOW_SUB,
    SHOW_RESULT,
    SHOW_RESTARTS,
    SHOW_PID,
    SHOW_TEXT,
    SHOW_STATUS,
    SHOW_CODE,
    SHOW_SINCE,
    SHOW_RELOAD,
    SHOW_START,
    SHOW_STOP,
    SHOW_CPU,
    SHOW_FREEZER,
    SHOW_KEY_COUNT
};
static const char *const show_keys[] = {
    [SHOW_ID] = "Id",
    [SHOW_FILE] = "UnitFileState",
    [SHOW_LOAD] = "LoadState",
    [SHOW_ACTIVE] = "ActiveState",
    [SHOW_SUB] = "SubState",
    [SHOW_RESULT] = "Result",
    [SHOW_RESTARTS] = "NRestarts",
    [SHOW_PID] = "MainPID",
    [SHOW_TEXT] = "StatusText",
    [SHOW_STATUS] = "ExecMainStatus",
    [SHOW_CODE] = "ExecMainCode",
    [SHOW_SINCE] = "StateChangeTimestamp",
    [SHOW_RELOAD] = "CanReload",
    [SHOW_START] = "TimeoutStartUSec",
    [SHOW_STOP] = "TimeoutStopUSec",
    [SHOW_CPU] = "CPUUsageNSec",
    [SHOW_FREEZER] = "FreezerState",
};
_Static_assert(ARRAY_LENGTH(show_keys) == SHOW_KEY_COUNT, "a name for every property");

static void read_property(enum show_key key, struct span value, struct show_state *state,
                          struct unit_facts *unit)
{
    switch (key) {
    case SHOW_LOAD:
        state->not_found = equals(value, "not-found");
        unit->masked = unit->masked || equals(value, "masked");
        break;
    case SHOW_ID:
        (void)str_copy_clean(unit->id, sizeof unit->id, value.p, value.n);
        break;
    case SHOW_FILE:
        unit->masked = unit->masked || equals(value, "masked") || equals(value, "masked-runtime");
        break;
    case SHOW_ACTIVE:
        unit->active = active_of(value);
        break;
    case SHOW_SUB:
        (void)str_copy_clean(unit->sub, sizeof unit->sub, value.p, value.n);
        break;
    case SHOW_RESULT:
        unit->result = result_of(value);
        break;
    case SHOW_RESTARTS:
        (void)number(value, INT64_MAX, &unit->restarts);
        break;
    case SHOW_PID:
        (void)number(value, INT32_MAX, &unit->main_pid);
        break;
    case SHOW_TEXT:
        unit->notice = notice_of(value);
        break;
    case SHOW_STATUS:
        (void)number(value, 255, &state->status);
        break;
    case SHOW_CODE:
        (void)number(value, 6, &state->code);
        break;
    case SHOW_SINCE:
        unit->since = time_of(value);
        unit->undated = value.n == 0 || equals(value, "n/a");
        break;
    case SHOW_RELOAD:
        unit->can_reload = equals(value, "yes")  ? TRI_YES
                           : equals(value, "no") ? TRI_NO
                                                 : TRI_UNKNOWN;
        break;
    case SHOW_START:
        unit->timeout_start_us = timespan_us(value.p, value.n);
        break;
    case SHOW_STOP:
        unit->timeout_stop_us = timespan_us(value.p, value.n);
        break;
    case SHOW_CPU:
        unit->cpu_ms = cpu_of_ns(value);
        break;
    case SHOW_FREEZER:
        unit->frozen = frozen(value);
        break;
    case SHOW_KEY_COUNT:
        break;
    }
}

static void read_show_lines(struct span rest, struct show_state *state, struct unit_facts *unit)
{
    bool seen[SHOW_KEY_COUNT] = {false};
    struct span line;
    while (next_line(&rest, &line)) {
        struct span key = take_until(&line, "=");
        if (!skip(&line, "="))
            continue;
        for (size_t i = 0; i < SHOW_KEY_COUNT; i++) {
            if (!equals(key, show_keys[i]) || seen[i])
                continue;
            seen[i] = true;
            read_property((enum show_key)i, trimmed(line), state, unit);
        }
    }
}

void systemctl_parse_show(const char *out, size_t length, struct unit_facts *unit)
{
    facts_unit_reset(unit);
    struct show_state state = {.code = FACT_UNKNOWN, .status = FACT_UNKNOWN};
    read_show_lines((struct span){out, length}, &state, unit);
    /* CLD_EXITED, CLD_KILLED, CLD_DUMPED of waitid(2); 0 = has not ended. */
    if (state.code == 1)
        unit->exit_status = state.status;
    else if ((state.code == 2 || state.code == 3) && state.status > 0)
        unit->exit_signal = state.status;
    unit->repeated_too_quickly = unit->result == RESULT_START_LIMIT;
    unit->removed = state.not_found && unit_runs(unit->active);
    if (state.not_found && unit->active != UNIT_ACTIVE) {
        static const char text[] = "systemd does not know the unit (LoadState=not-found)";
        set_not_found(unit, (struct span){text, sizeof text - 1});
        return;
    }
    if (unit->active == UNIT_UNKNOWN) {
        set_unreadable(unit, "the answer to `systemctl show`", out, length);
        return;
    }
    (void)str_format(unit->text, sizeof unit->text, "%s (%s) (Result: %s)",
                     active_words[unit->active], unit->sub, unit_result_word(unit->result));
}

/* Several lines of a message, as one. */
static void copy_lines(char *to, size_t size, const char *text, size_t length)
{
    struct span rest = {text, length};
    to[0] = '\0';
    while (rest.n > 0) {
        struct span line = trimmed(take_until(&rest, "\n"));
        char clean[FACT_TEXT_MAX];
        (void)str_copy_clean(clean, sizeof clean, line.p, line.n);
        if (clean[0] != '\0')
            (void)str_append(to, size, "%s%s", to[0] == '\0' ? "" : " ", clean);
        (void)skip(&rest, "\n");
    }
}

static void parse_by_command(enum host_command command, const struct host_result *result,
                             struct unit_facts *unit)
{
    if (command == HOST_SHOW)
        systemctl_parse_show(result->out, result->out_length, unit);
    else if (command == HOST_IS_ACTIVE)
        systemctl_parse_is_active(result->out, result->out_length, unit);
    else
        systemctl_parse_status(result->out, result->out_length, unit);
    if (unit->active != UNIT_UNKNOWN || result->err_length == 0)
        return;
    /* "Unit X.service could not be found." comes on stderr. */
    struct unit_facts told;
    systemctl_parse_status(result->err, result->err_length, &told);
    if (told.active == UNIT_NOT_FOUND)
        *unit = told;
    else if (result->out_length == 0)
        copy_lines(unit->text, sizeof unit->text, result->err, result->err_length);
}

void systemctl_parse_result(enum host_command command, const struct host_result *result,
                            struct unit_facts *unit)
{
    facts_unit_reset(unit);
    switch (result->end) {
    case HOST_EXITED:
        parse_by_command(command, result, unit);
        /* Logged in, and yet not heard: an expired password, a systemd that does not answer. */
        unit->control_reached = unit->active == UNIT_UNKNOWN ? TRI_NO : TRI_YES;
        unit->control_denied = unit->active == UNIT_UNKNOWN;
        return;
    case HOST_NOT_REACHED:
        unit->control_reached = TRI_NO;
        (void)str_copy(unit->text, sizeof unit->text, result->error.text);
        return;
    case HOST_CUT_OFF:
    case HOST_TIMED_OUT:
        unit->control_reached = TRI_NO;
        (void)str_copy(unit->text, sizeof unit->text,
                       result->error.text[0] != '\0' ? result->error.text
                                                     : "no answer within the deadline");
        return;
    case HOST_SIGNALLED:
        unit->control_reached = TRI_NO;
        (void)str_format(unit->text, sizeof unit->text, "systemctl was ended by signal %d",
                         result->signal);
        return;
    case HOST_CANCELLED:
        return;
    }
}
