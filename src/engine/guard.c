/* Can Resus act at all? The rights that sudo lists are looked at before they are needed; what the
 * host refuses when it comes to it is remembered in its own words. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/service.h"
#include "host/sudo_list.h"

#define RIGHTS_INTERVAL_MS 3600000
#define RIGHTS_MISSING_MS 300000 /* while some are missing */
#define AT_WORK_MS 1000          /* while a command of ours is under way */
#define RIGHTS_REFUSED_MS 60000  /* while the host refuses and Redis is down */

/* What recovery does by these commands. */
static const struct {
    enum host_command command;
    enum recovery_action action;
    const char *verb;
    bool needed; /* without it a failure may go untreated */
} means[] = {
    {HOST_START, ACTION_START, "start", true},
    {HOST_RESTART, ACTION_RESTART, "restart", true},
    {HOST_RELOAD, ACTION_RELOAD, "reload", false},
    {HOST_RESET_FAILED, ACTION_RESET_FAILED_START, "reset-failed", false},
};

static bool needs_sudo(const struct service *s)
{
    switch (s->settings->control) {
    case CONTROL_SSH:
        return !str_equal(s->settings->ssh.user, "root");
    case CONTROL_SYSTEMD:
        return !s->engine->ports.root;
    default:
        return false;
    }
}

void guard_init(struct service *s)
{
    s->guard.due = MONO_NEVER;
}

/* Looked at as soon as the host can be asked, and again when it is back. */
void guard_control(struct service *s, enum tri reached, struct now now)
{
    bool first = s->guard.due.ms == MONO_NEVER.ms;
    if (reached == TRI_NO)
        s->guard.due = MONO_NEVER;
    else if (reached == TRI_YES && first && needs_sudo(s))
        s->guard.due = now.mono;
}

mono_ms guard_next(const struct service *s)
{
    return request_pending(s, FOR_RIGHTS) ? MONO_NEVER : s->guard.due;
}

static mono_ms next_look(const struct service *s, struct now now)
{
    const struct guard *g = &s->guard;
    bool refused = g->refused[0] != '\0' && watch_in_doubt(s);
    return mono_add(now.mono, refused               ? RIGHTS_REFUSED_MS
                              : g->rights == TRI_NO ? RIGHTS_MISSING_MS
                                                    : RIGHTS_INTERVAL_MS);
}

void guard_turn(struct service *s, struct now now)
{
    struct guard *g = &s->guard;
    if (!mono_reached(now.mono, g->due) || request_pending(s, FOR_RIGHTS))
        return;
    if (watch_at_work(s)) {
        g->due = mono_add(now.mono, AT_WORK_MS);
        return;
    }
    g->due = next_look(s, now);
    request_host(s, FOR_RIGHTS, HOST_SUDO_LIST, 0, false, now);
}

void guard_look(struct service *s, struct now now)
{
    if (s->guard.due.ms != MONO_NEVER.ms)
        s->guard.due = now.mono;
}

static const char *account(const struct service *s)
{
    return s->settings->control == CONTROL_SSH ? s->settings->ssh.user : "Resus' own account";
}

/* Returns the RECOVERY_BIT()s that are missing. */
static int missing_of(struct service *s, const struct sudo_list *list, const char *error)
{
    struct guard *g = &s->guard;
    struct host_right rights[HOST_RIGHTS_MAX];
    size_t count = host_rights(s->settings->unit, s->settings->log_file, rights);
    char lines[FACT_TEXT_MAX] = "";
    int missing = 0;
    g->listed[0] = '\0';
    for (size_t i = 0; i < ARRAY_LENGTH(means); i++) {
        char line[HOST_RIGHT_LINE_MAX];
        (void)str_format(line, sizeof line, "/bin/systemctl %s %s", means[i].verb,
                         s->settings->unit);
        size_t at = 0;
        while (at < count && !str_equal(rights[at].line, line))
            at++;
        bool extended = at < count && rights[at].extended && !s->settings->commands_extended;
        if (at == count || extended || sudo_list_allows(list, &rights[at]) == SUDO_ALLOWS)
            continue;
        missing |= RECOVERY_BIT(means[i].action);
        if (means[i].needed)
            (void)str_append(lines, sizeof lines, "%s`%s`", lines[0] == '\0' ? "" : ", ", line);
    }
    if (lines[0] != '\0')
        (void)str_format(g->listed, sizeof g->listed,
                         "sudo does not allow %s %s%s%s: resus doctor.", account(s), lines,
                         error[0] != '\0' ? " - " : "", error);
    return missing;
}

void guard_rights(struct service *s, const struct host_outcome *o, struct now now)
{
    struct guard *g = &s->guard;
    if (o->end != HOST_EXITED || o->refusal == HOST_REFUSED_LOGIN)
        return; /* the watch says that there is no control */
    struct sudo_list *list = mem_calloc(1, sizeof *list);
    if (list == NULL)
        return; /* with the next look */
    if (o->out != NULL)
        sudo_list_parse(o->out, o->out_length, list);
    int before = g->missing;
    bool known = g->rights != TRI_UNKNOWN;
    if (list->cut)
        g->missing = 0; /* what was cut off may allow it */
    else
        g->missing = missing_of(s, list, list->count == 0 ? o->error : "");
    mem_free(list);
    if (g->missing == 0)
        g->listed[0] = '\0';
    if ((before & ~g->missing) != 0) {
        g->back = now.mono;
        g->refused[0] = '\0';
    }
    enum tri rights = g->listed[0] != '\0' ? TRI_NO : TRI_YES;
    bool changed = g->rights != rights && (known || rights == TRI_NO);
    g->rights = rights;
    if (g->due.ms != MONO_NEVER.ms)
        g->due = next_look(s, now);
    if (!changed)
        return;
    service_log(s, rights == TRI_NO, "%s",
                rights == TRI_NO ? g->listed : "sudo allows all that recovery needs");
    record_notice(s, rights == TRI_NO ? g->listed : "Resus may act on the host again.", now);
    judge(s, now);
    record_status(s, now);
    record_health(s, now);
}

static const char *verb_of(enum host_command command)
{
    for (size_t i = 0; i < ARRAY_LENGTH(means); i++)
        if (means[i].command == command)
            return means[i].verb;
    return host_command_name(command);
}

/* A command of recovery or of a person has ended. */
void guard_refused(struct service *s, const struct host_outcome *o, struct now now)
{
    struct guard *g = &s->guard;
    const char *verb = verb_of(o->command);
    if (o->end != HOST_EXITED)
        return;
    if (o->refusal == HOST_NOT_REFUSED) {
        if (o->exit_code == 0 || o->command == g->refused_command) /* it was run, this time */
            g->refused[0] = '\0';
        return;
    }
    g->refused_command = o->command;
    switch (o->refusal) {
    case HOST_REFUSED_SUDO:
        (void)str_format(g->refused, sizeof g->refused,
                         "sudo refuses `systemctl %s %s` (%s): compare with `resus sudoers %s`.",
                         verb, s->settings->unit, o->error, s->settings->id);
        guard_look(s, now);
        break;
    default:
        (void)str_format(g->refused, sizeof g->refused, "The host refuses `systemctl %s %s`: %s",
                         verb, s->settings->unit, o->error);
        break;
    }
}

void guard_redis_refused(struct service *s, const char *words)
{
    struct guard *g = &s->guard;
    g->script[0] = '\0';
    if (words[0] != '\0')
        (void)str_format(g->script, sizeof g->script, "Redis does not let Resus end the script: %s",
                         words);
}

void guard_facts(const struct service *s, struct recovery_facts *f)
{
    f->refused = s->guard.missing;
    f->rights_back = s->guard.back;
}

/* Everybody may read it who may see the service: it names no person. */
const char *guard_withheld_text(const struct service *s, enum withheld reason, char *ret)
{
    char at[WALL_TEXT_SIZE];
    bool paused = s->saved.paused_until.ms != 0; /* that is said, too */
    if (reason == WITHHELD_PAUSED && paused) {
        (void)str_format(ret, FACT_TEXT_MAX, "Automatic recovery is paused until %s: resus resume.",
                         wall_text(s->saved.paused_until, at));
        return ret;
    }
    if (reason == WITHHELD_OPERATION_RUNNING && operation_running(s) && !paused) {
        (void)str_format(ret, FACT_TEXT_MAX, "A %s that a person ordered is running.",
                         engine_operation_word(s->operation.request.operation));
        return ret;
    }
    if (reason != WITHHELD_CANNOT_ACT)
        return paused ? withheld_and_paused_text(reason) : withheld_text(reason);
    bool script = cause_row(s->verdict.cause)->remedy == REMEDY_KILL_SCRIPT;
    if (script && s->guard.script[0] != '\0')
        return s->guard.script;
    return s->guard.refused[0] != '\0'  ? s->guard.refused
           : s->guard.listed[0] != '\0' ? s->guard.listed
                                        : withheld_text(reason);
}

enum withheld guard_reason(const struct service *s, struct now now)
{
    struct recovery_facts f;
    judge_facts(s, now, &f);
    switch (recovery_withheld(&s->recovery, &s->recovery_policy, &f)) {
    case WITHHELD_BREAKER_OPEN:
        return WITHHELD_BREAKER_OPEN;
    case WITHHELD_ATTEMPTS_EXHAUSTED:
        return WITHHELD_ATTEMPTS_EXHAUSTED;
    case WITHHELD_DISABLED:
        return WITHHELD_DISABLED;
    case WITHHELD_PAUSED:
        return WITHHELD_PAUSED;
    case WITHHELD_MAINTENANCE:
        return WITHHELD_MAINTENANCE;
    case WITHHELD_CANNOT_ACT:
        return WITHHELD_CANNOT_ACT;
    default:
        return WITHHELD_NOT;
    }
}

json_t *guard_withheld_json(const struct service *s, enum withheld reason)
{
    if (reason == WITHHELD_NOT)
        return json_null();
    json_t *body = json_object();
    (void)json_put_text(body, "reason_code", withheld_code(reason));
    char text[FACT_TEXT_MAX];
    (void)json_put_text(body, "text", guard_withheld_text(s, reason, text));
    return body;
}

json_t *guard_json(const struct service *s, struct now now)
{
    return guard_withheld_json(s, guard_reason(s, now));
}

/* ── words ── */

static struct cause_place place_of(const struct service *s, char *address, size_t size)
{
    const struct redis_settings *r = &s->settings->redis;
    if (r->socket[0] != '\0')
        (void)str_copy(address, size, r->socket);
    else
        (void)str_format(address, size, "%s:%d", r->host, r->port);
    return (struct cause_place){.unit = s->settings->unit,
                                .address = address,
                                .here = s->settings->control != CONTROL_SSH,
                                .own = s->settings->control == CONTROL_PROCESS};
}

/* A unit that has failed again lost the log lines of the failure before, which named the cause. */
static void sight_with_words(const struct service *s, struct sight *ret)
{
    *ret = s->sight;
    if (!ret->log_read && ret->log.class == LOG_NONE)
        ret->log = s->watch.words;
}

const char *guard_summary(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX])
{
    struct sight sight;
    char address[SETTINGS_HOST_MAX + 16];
    sight_with_words(s, &sight);
    return cause_summary(cause, &sight, place_of(s, address, sizeof address), ret);
}

const char *guard_advice(const struct service *s, enum cause cause, char ret[CAUSE_WORDS_MAX])
{
    struct sight sight;
    char address[SETTINGS_HOST_MAX + 16];
    sight_with_words(s, &sight);
    return cause_advice(cause, &sight, place_of(s, address, sizeof address), ret);
}

static bool is_alias(const struct service *s)
{
    const char *id = s->sight.unit.id;
    char name[128 + 16];
    (void)str_format(name, sizeof name, "%s.service", s->settings->unit);
    return id[0] != '\0' && !str_equal(id, name) && !str_equal(id, s->settings->unit);
}

static void add(json_t *array, const char *text)
{
    (void)json_array_append_new(array, json_string(text));
}

void guard_evidence(const struct service *s, json_t *array)
{
    char text[FACT_TEXT_MAX + 96];
    if (s->guard.script[0] != '\0')
        add(array, s->guard.script);
    if (s->guard.refused[0] != '\0')
        add(array, s->guard.refused);
    else if (s->guard.listed[0] != '\0')
        add(array, s->guard.listed);
    if (is_alias(s)) {
        (void)str_format(text, sizeof text, "unit: %s is an alias of %s", s->settings->unit,
                         s->sight.unit.id);
        add(array, text);
    }
    if (s->watch.log_asked && s->watch.log_refused[0] != '\0')
        add(array, s->watch.log_refused);
}

const char *guard_opened_text(const struct service *s, struct now now)
{
    bool healed = s->last_recovery.any && s->last_recovery.end == END_SUCCESS &&
                  s->last_recovery.at.ms == now.wall.ms;
    return healed ? "Redis runs again, but the circuit breaker is open: Resus does not treat the "
                    "next failure. The cause of the last one:"
                  : "The circuit breaker is open, so a human is needed:";
}
