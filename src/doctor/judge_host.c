/* What the doctor says about the way to the host, the unit and the logs. */
#include <inttypes.h>

#include "base/str.h"
#include "doctor/facts.h"

#define COMMAND_SLOW_MS 1000
/* A large dataset loads at about 100 MB a second (70 GB took 10 minutes). */
#define LOAD_BYTES_PER_SECOND (100LL * 1024 * 1024)
#define LOAD_MARGIN 2 /* disks differ */

static bool reached(const struct doctor_look *look)
{
    return look->end == HOST_EXITED || look->end == HOST_SIGNALLED;
}

static void judge_ssh(const struct doctor_facts *f, json_t *items)
{
    const struct ssh_settings *ssh = &f->service->ssh;
    char fix[1600];
    if (f->key_error[0] != '\0')
        doctor_put(items, "ssh key", FINDING_FAIL, "run `resus key check`", "%s", f->key_error);
    else
        doctor_put(items, "ssh key", FINDING_PASS, NULL, "%s: ours alone to read, strong enough",
                   ssh->key);
    if (f->key_note.state != SSHKEYS_QUIET)
        doctor_put(items, "ssh key", FINDING_WARNING, f->key_note.fix, "%s", f->key_note.text);
    if (!reached(&f->status)) {
        (void)str_format(
            fix, sizeof fix,
            "try it by hand: `ssh -i %s -p %d -o UserKnownHostsFile=%s %s@%s systemctl "
            "is-active %s`",
            ssh->key, ssh->port, ssh->known_hosts, ssh->user, ssh->host, f->service->unit);
        doctor_put(items, "ssh", FINDING_FAIL, fix, "%s",
                   f->status.error[0] != '\0' ? f->status.error : "no answer in time");
        return;
    }
    doctor_put(items, "ssh", FINDING_PASS, NULL,
               "%s@%s: logged in, the host's key is the known one", ssh->user, ssh->host);
    if (f->command_ms == FACT_UNKNOWN)
        return;
    if (f->command_ms > COMMAND_SLOW_MS) {
        (void)str_format(fix, sizeof fix,
                         "look on %s for load (`uptime`) and for slow steps of a login (PAM, "
                         "`UseDNS` in sshd_config)",
                         ssh->host);
        doctor_put(items, "ssh time", FINDING_WARNING, fix,
                   "a command takes %" PRId64 " ms: recoveries take that much longer",
                   f->command_ms);
    } else {
        doctor_put(items, "ssh time", FINDING_PASS, NULL, "a command takes %" PRId64 " ms",
                   f->command_ms);
    }
}

static void judge_enabled(const struct doctor_facts *f, json_t *items)
{
    const char *state = f->unit_file.state;
    char fix[300];
    (void)str_format(fix, sizeof fix, "as root on the host: `systemctl enable %s`",
                     f->service->unit);
    if (state[0] == '\0')
        doctor_put(items, "unit", FINDING_UNKNOWN, NULL,
                   "systemctl does not show whether %s starts at boot", f->service->unit);
    else if (str_starts(state, "disabled"))
        doctor_put(items, "unit", FINDING_WARNING, fix, "%s is not started at boot",
                   f->service->unit);
    else if (str_starts(state, "masked")) {
        (void)str_format(fix, sizeof fix, "as root on the host: `systemctl unmask %s`",
                         f->service->unit);
        doctor_put(items, "unit", FINDING_FAIL, fix, "%s is masked: it cannot be started",
                   f->service->unit);
    } else if (str_starts(state, "enabled"))
        doctor_put(items, "unit", FINDING_PASS, NULL, "%s is started at boot", f->service->unit);
    else
        doctor_put(items, "unit", FINDING_PASS, NULL, "%s is \"%s\"", f->service->unit, state);
}

static void judge_timeouts(const struct doctor_facts *f, json_t *items)
{
    char fix[400];
    const char *unit = f->service->unit;
    int64_t start_s = f->unit.timeout_start_us / 1000000;
    bool keeps = f->info.save_points == TRI_YES || f->info.aof_enabled == TRI_YES;
    int64_t load_s = f->info.known && keeps ? f->info.used_memory / LOAD_BYTES_PER_SECOND : 0;
    if (f->unit.timeout_stop_us == INT64_MAX) {
        (void)str_format(fix, sizeof fix,
                         "as root on the host: `systemctl edit %s` with \"[Service]\" and "
                         "\"TimeoutStopSec=10min\" (longer than a last save takes)",
                         unit);
        doctor_put(items, "unit", FINDING_WARNING, fix,
                   "TimeoutStopSec is infinity: a stop or restart hangs forever when Redis cannot "
                   "save, or runs a script without end");
    }
    if (f->unit.timeout_start_us > 0 && f->unit.timeout_start_us != INT64_MAX &&
        load_s * LOAD_MARGIN > start_s) {
        (void)str_format(fix, sizeof fix,
                         "as root on the host: `systemctl edit %s` with \"[Service]\" and "
                         "\"TimeoutStartSec=%" PRId64 "\"",
                         unit, load_s * LOAD_MARGIN * 2);
        doctor_put(items, "unit", FINDING_WARNING, fix,
                   "TimeoutStartSec is %" PRId64 " s, but to load %" PRId64
                   " MB takes about %" PRId64 " s: systemd would end Redis while it loads, again "
                   "and again",
                   start_s, f->info.used_memory / 1024 / 1024, load_s);
    }
}

bool doctor_stopped(const struct doctor_facts *f)
{
    bool down = f->unit.active == UNIT_INACTIVE || f->unit.active == UNIT_FAILED;
    return f->stopped_by[0] != '\0' && down && !reply_answered(f->ping.reply);
}

static void judge_unit(const struct doctor_facts *f, json_t *items)
{
    const char *unit = f->service->unit;
    char fix[300];
    if (f->unit.active == UNIT_NOT_FOUND) {
        doctor_put(items, "unit", FINDING_FAIL,
                   "`systemctl list-units --all '*redis*' '*valkey*'` on the host shows its name: "
                   "set `unit` to it",
                   "the host has no unit %s", unit);
        return;
    }
    if (f->unit.active == UNIT_UNKNOWN) {
        doctor_put(items, "unit", FINDING_UNKNOWN, NULL, "systemctl's answer cannot be read: %s",
                   f->unit.text);
        return;
    }
    (void)str_format(fix, sizeof fix, "`resus health %s` says why", f->service->id);
    bool meant = doctor_stopped(f) && f->unit.active == UNIT_INACTIVE;
    bool well = unit_runs(f->unit.active) || meant;
    doctor_put(items, "unit", well ? FINDING_PASS : FINDING_WARNING, well ? NULL : fix,
               "%s is %s%s", unit, unit_active_word(f->unit.active), meant ? ", as ordered" : "");
    judge_enabled(f, items);
    if (!f->service->commands_extended) {
        doctor_put(items, "unit", FINDING_UNKNOWN, NULL,
                   "Restart=, reload and timeouts are not visible with the default commands");
        return;
    }
    if (f->unit_file.restart[0] != '\0')
        doctor_put(items, "unit", FINDING_PASS, NULL, "Restart=%s: %s", f->unit_file.restart,
                   str_equal(f->unit_file.restart, "no")
                       ? "Resus alone starts it again"
                       : "systemd is the first to start it again");
    if (f->unit.can_reload != TRI_UNKNOWN)
        doctor_put(items, "unit", FINDING_PASS, NULL,
                   f->unit.can_reload == TRI_YES
                       ? "can be reloaded"
                       : "has no reload (as Debian ships it): Resus leaves that step out");
    judge_timeouts(f, items);
}

void doctor_judge_host(const struct doctor_facts *f, json_t *items)
{
    if (f->service->control == CONTROL_SSH)
        judge_ssh(f, items);
    else if (!reached(&f->status))
        doctor_put(items, "systemd", FINDING_FAIL, "run Resus where systemctl works", "%s",
                   f->status.error);
    if (reached(&f->status))
        judge_unit(f, items);
}

/* ── logs ── */

static void judge_journal(const struct doctor_facts *f, json_t *items)
{
    bool plain = f->journal.asked && f->journal.exit_code == 0 && f->journal.lines > 0;
    bool sudo =
        f->journal_sudo.asked && f->journal_sudo.exit_code == 0 && f->journal_sudo.lines > 0;
    char fix[300];
    if (plain || sudo) {
        doctor_put(items, "journal", FINDING_PASS, NULL, "shows the unit's lines%s",
                   sudo ? " (with sudo)" : "");
        return;
    }
    (void)str_format(
        fix, sizeof fix,
        "give the account the journalctl lines of `resus sudoers %s`, or add it to the "
        "group systemd-journal",
        f->service->id);
    const struct doctor_look *last = f->journal_sudo.asked ? &f->journal_sudo : &f->journal;
    doctor_put(items, "journal", FINDING_WARNING, fix, "shows no line of %s%s%s", f->service->unit,
               last->error[0] == '\0' ? "" : ": ", last->error);
}

static const char *log_owner(const struct doctor_facts *f)
{
    return str_starts(f->service->unit, "valkey") ? "valkey" : "redis";
}

static const char *tail_fix(const struct doctor_facts *f, const char *path, char *fix, size_t size)
{
    bool ssh = f->service->control == CONTROL_SSH;
    (void)str_format(fix, size,
                     "either set `commands: extended` and `log_file: %s` and give the account the "
                     "lines of `resus sudoers %s` (%s ALL=(%s) NOPASSWD: /usr/bin/tail -n 50 %s "
                     "and the like); or have Redis log into the journal: `logfile \"\"` in "
                     "redis.conf and a restart",
                     path, f->service->id, ssh ? f->service->ssh.user : "resus", log_owner(f),
                     path);
    return fix;
}

static void judge_log_file(const struct doctor_facts *f, json_t *items)
{
    const struct service_settings *s = f->service;
    char fix[4096];
    if (f->log_path_known && !str_equal(f->log_path, s->log_file)) {
        (void)str_format(fix, sizeof fix,
                         "set `log_file: %s`, and install `resus sudoers %s` again", f->log_path,
                         s->id);
        doctor_put(items, "log file", FINDING_WARNING, fix,
                   "Redis logs to %s, but `log_file` says %s", f->log_path, s->log_file);
    } else if (reached(&f->log_file) && f->log_file.exit_code == 0) {
        doctor_put(items, "log file", FINDING_PASS, NULL, "%s can be read", s->log_file);
    } else {
        (void)str_format(fix, sizeof fix,
                         "give the account the tail lines of `resus sudoers %s`; the owner of %s "
                         "must be %s",
                         s->id, s->log_file, log_owner(f));
        doctor_put(items, "log file", FINDING_WARNING, fix, "%s cannot be read: %s", s->log_file,
                   f->log_file.error);
    }
}

/* Where Redis' own words go: Debian's goes to a file, which the runbook's commands do not read. */
static void judge_redis_log(const struct doctor_facts *f, json_t *items)
{
    char fix[4096];
    size_t own = f->journal.redis_lines + f->journal_sudo.redis_lines;
    if (f->log_path_known && f->log_path[0] == '\0') {
        doctor_put(items, "log file", FINDING_PASS, NULL, "Redis logs into the journal");
    } else if (f->service->commands_extended) {
        judge_log_file(f, items);
    } else if (f->log_path_known) {
        doctor_put(items, "log file", FINDING_WARNING, tail_fix(f, f->log_path, fix, sizeof fix),
                   "Redis logs to %s: Resus cannot read it with the default commands, so causes "
                   "such as corrupt data stay unnamed",
                   f->log_path);
    } else if (own == 0) {
        doctor_put(items, "log file", FINDING_WARNING,
                   tail_fix(f, f->service->log_file, fix, sizeof fix),
                   "the journal has no line of Redis itself: it logs elsewhere, where Resus cannot "
                   "read with the default commands, so causes such as corrupt data stay unnamed");
    } else {
        doctor_put(items, "log file", FINDING_PASS, NULL, "Redis' own lines are in the journal");
    }
}

void doctor_judge_logs(const struct doctor_facts *f, json_t *items)
{
    if (!f->on_host || !reached(&f->status))
        return;
    judge_journal(f, items);
    judge_redis_log(f, items);
    if (f->overcommit_off)
        doctor_put(
            items, "memory", FINDING_WARNING,
            "as root on the host: `echo vm.overcommit_memory=1 > /etc/sysctl.d/redis.conf && "
            "sysctl --system`, then restart Redis",
            "Redis says that memory overcommit is off: a background save can fail when "
            "memory is short");
    if (f->huge_pages)
        doctor_put(items, "memory", FINDING_WARNING,
                   "as root on the host: `echo madvise > /sys/kernel/mm/transparent_hugepage/"
                   "enabled`, and the same at boot, then restart Redis",
                   "Redis says that transparent huge pages are on: latency and memory suffer");
}
