/* Can Resus act at all? The rights that sudo lists are looked at before they are needed; what the
 * host refuses when it comes to it is remembered in its own words. */
#include "engine/guard.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/event.h"
#include "engine/service.h"
#include "host/sudo_list.h"

enum { RIGHTS }; /* what its request is for */

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

int guard_init(struct service *s, struct now now)
{
    (void)now;
    s->guard.due = MONO_NEVER;
    return 0;
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

/* Masked, or without a file, it runs on; a start after its end is refused. */
static void unit_words(const struct service *s, char *ret, size_t size)
{
    const struct unit_facts *u = &s->observations.unit;
    const char *unit = s->settings->unit;
    ret[0] = '\0';
    if (u->masked)
        (void)str_format(ret, size,
                         "%s is masked: if Redis ends, systemd refuses to start it. Run on the "
                         "host: systemctl unmask %s.",
                         unit, unit);
    else if (u->removed)
        (void)str_format(ret, size,
                         "The unit file of %s is gone: if Redis ends, systemd cannot start it. Put "
                         "the file back, then run on the host: systemctl daemon-reload.",
                         unit);
}

void guard_unit(struct service *s, struct now now)
{
    struct guard *g = &s->guard;
    char words[GUARD_TEXT_MAX];
    /* Of a unit that has ended its cause says so. */
    if (!unit_runs(s->observations.unit.active))
        return;
    unit_words(s, words, sizeof words);
    if (str_equal(words, g->unit))
        return;
    (void)str_copy(g->unit, sizeof g->unit, words);
    bool free = words[0] == '\0';
    service_log(s, !free, "%s", free ? "systemd would start the unit again" : words);
    event_notice(s, free ? "Resus may act on the host again." : words, now);
    guard_after_answer(s, NULL, now);
}

mono_ms guard_next(const struct service *s)
{
    return request_pending(s, PART_GUARD, RIGHTS) ? MONO_NEVER : s->guard.due;
}

static mono_ms next_look(const struct service *s, struct now now)
{
    const struct guard *g = &s->guard;
    bool refused = g->refused[0] != '\0' && watch_is_probing(s);
    return mono_add(now.mono, refused               ? RIGHTS_REFUSED_MS
                              : g->rights == TRI_NO ? RIGHTS_MISSING_MS
                                                    : RIGHTS_INTERVAL_MS);
}

bool guard_turn(struct service *s, struct now now)
{
    struct guard *g = &s->guard;
    if (!mono_reached(now.mono, g->due) || request_pending(s, PART_GUARD, RIGHTS))
        return false;
    if (watch_at_work(s)) {
        g->due = mono_add(now.mono, AT_WORK_MS);
        return false;
    }
    g->due = next_look(s, now);
    request_host(s, PART_GUARD, RIGHTS, HOST_SUDO_LIST, 0, false, now);
    return false;
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

bool guard_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                    struct now now)
{
    struct guard *g = &s->guard;
    const struct host_outcome *o = a->host;
    (void)p;
    if (o->end != HOST_EXITED || o->refusal == HOST_REFUSED_LOGIN)
        return false; /* the watch says that there is no control */
    struct sudo_list *list = mem_calloc(1, sizeof *list);
    if (list == NULL)
        return false; /* with the next look */
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
        return false;
    service_log(s, rights == TRI_NO, "%s",
                rights == TRI_NO ? g->listed : "sudo allows all that recovery needs");
    event_notice(s, rights == TRI_NO ? g->listed : "Resus may act on the host again.", now);
    return true;
}

/* What Resus may do has changed. */
void guard_after_answer(struct service *s, const struct pending *p, struct now now)
{
    (void)p;
    publish_status(s, now);
    publish_health(s, now);
}

static const char *verb_of(enum host_command command)
{
    for (size_t i = 0; i < ARRAY_LENGTH(means); i++)
        if (means[i].command == command)
            return means[i].verb;
    return host_command_name(command);
}

void guard_command_ended(struct service *s, const char *word, const struct host_outcome *o,
                         enum action_end end, struct now now)
{
    struct guard *g = &s->guard;
    const char *verb = verb_of(o->command);
    g->command_failed[0] = '\0';
    if (end == ACTION_FAILED)
        (void)str_format(g->command_failed, sizeof g->command_failed, "%s ended with status %d: %s",
                         word, o->exit_code, o->error[0] != '\0' ? o->error : "it said nothing");
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

/* ── words ── */
