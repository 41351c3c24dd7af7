/* What the doctor says about Resus itself. */
#include <inttypes.h>

#include "base/json.h"
#include "base/str.h"
#include "doctor/facts.h"

#define STATE_FREE_MIN (100LL * 1024 * 1024) /* a day of a large fleet's events and history */
#define DROP_IN_FOLDER "/etc/systemd/system/resus.service.d"
#define DROP_IN DROP_IN_FOLDER "/confine.conf"

static void judge_configuration(const struct doctor_facts *f, json_t *items)
{
    const struct settings *s = f->settings;
    if (f->self.reload_refused != NULL)
        doctor_put(items, "configuration", FINDING_FAIL,
                   "correct the file, try it with `resus serve --check`, then `systemctl reload "
                   "resus`",
                   "the last reload was refused, so the settings from before hold: %s",
                   f->self.reload_refused);
    if (f->misconfigured != NULL)
        doctor_put(
            items, "configuration", FINDING_FAIL,
            "correct what is named, try it with `resus serve --check`, then `systemctl reload "
            "resus`",
            "the service is misconfigured, so it is not watched: %s", f->misconfigured);
    if (f->self.trust.code != 0)
        doctor_put(items, "configuration", FINDING_FAIL,
                   "run the command that is named, then `resus serve --check`",
                   "other accounts can change what Resus acts on, and it would not start again: %s",
                   f->self.trust.text);
    for (size_t i = 0; i < s->warning_count; i++)
        doctor_put(items, "configuration", FINDING_WARNING,
                   "fix the line, try it with `resus serve --check`, then `systemctl reload resus`",
                   "%s", s->warnings[i]);
    if (s->warning_count == 0 && f->self.reload_refused == NULL && f->misconfigured == NULL &&
        f->self.trust.code == 0)
        doctor_put(items, "configuration", FINDING_PASS, NULL, "%s has no warnings", s->path);
}

static void judge_audit(const struct doctor_facts *f, json_t *items)
{
    const struct audit_state *a = &f->self.audit;
    const char *file = f->settings->audit.file;
    char fix[1400];
    (void)str_format(fix, sizeof fix,
                     "make room for %s and let Resus write it: `df -h %s; ls -l %s`", file, file,
                     file);
    if (a->problem.code != 0)
        doctor_put(items, "audit", FINDING_FAIL, fix,
                   "%zu lines wait for the disk: %s; people's operations are refused meanwhile",
                   a->owed, a->problem.text);
    else if (a->lost > 0)
        doctor_put(items, "audit", FINDING_FAIL, fix, "%" PRIu64 " lines were lost", a->lost);
    else if (a->missing)
        doctor_put(items, "audit", FINDING_FAIL, "run `resus audit verify` to see what is missing",
                   "%s did not contain all written lines when Resus started", file);
    else if (a->crowded.code != 0)
        doctor_put(items, "audit", FINDING_FAIL, "see docs/audit-log.md, \"Room\"",
                   "%s; people's operations are refused meanwhile", a->crowded.text);
    else if (a->upkeep.code != 0)
        doctor_put(items, "audit", FINDING_WARNING, fix, "%s", a->upkeep.text);
    else
        doctor_put(items, "audit", FINDING_PASS, NULL,
                   "%s is written, %" PRIu64 " lines so far%s%s", file, a->seq,
                   a->seal_key[0] == '\0' ? "" : ", sealed with the key ", a->seal_key);
}

static void judge_state_folder(const struct doctor_facts *f, json_t *items)
{
    const char *folder = f->settings->server.state_dir;
    char fix[1200];
    (void)str_format(fix, sizeof fix, "make room on the disk of %s: `df -h %s`", folder, folder);
    if (f->self.state_bytes_free < 0)
        doctor_put(items, "state", FINDING_UNKNOWN, NULL,
                   "cannot find out how full the disk of %s is", folder);
    else if (f->self.state_bytes_free < STATE_FREE_MIN)
        doctor_put(items, "state", FINDING_WARNING, fix, "only %lld MB are free under %s",
                   (long long)(f->self.state_bytes_free / 1024 / 1024), folder);
    else
        doctor_put(items, "state", FINDING_PASS, NULL, "%s has room", folder);
}

static void judge_groups(const struct doctor_facts *f, json_t *items)
{
    bool admin = f->self.admin_group;
    bool monitor = f->self.monitor_group;
    if (admin && monitor && f->self.sockets_grouped)
        doctor_put(items, "groups", FINDING_PASS, NULL,
                   "members of resus-admin and resus-monitor may use the command line");
    else if (admin && monitor)
        doctor_put(items, "groups", FINDING_WARNING,
                   "run Resus as the unit does, with `SupplementaryGroups=resus-admin "
                   "resus-monitor`, then `systemctl restart resus`",
                   "the control sockets are not open to resus-admin and resus-monitor: only root "
                   "and Resus' own account may use the command line");
    else
        doctor_put(items, "groups", FINDING_WARNING,
                   admin     ? "`groupadd --system resus-monitor`, then `systemctl restart resus`"
                   : monitor ? "`groupadd --system resus-admin`, then `systemctl restart resus`"
                             : "`groupadd --system resus-admin; groupadd --system resus-monitor`, "
                               "then `systemctl restart resus`",
                   "there is no local group %s%s%s: %s", admin ? "" : "resus-admin",
                   !admin && !monitor ? " and no " : "", monitor ? "" : "resus-monitor",
                   admin ? "only administrators may use the command line"
                         : "only root and Resus' own account may act on the command line");
}

static void judge_tokens(const struct doctor_facts *f, json_t *items)
{
    char at[WALL_TEXT_SIZE];
    if (f->token[0] == '\0')
        return;
    doctor_put(items, "api tokens", FINDING_WARNING,
               "`resus token create NAME --role ROLE` makes another one: give it to the program",
               "API token %s expires at %s", f->token, wall_text(f->token_expires, at));
}

/* The drop-in of packaging/unit/ for these settings; NULL when none of them allows all. */
static const char *drop_in_for(const struct settings *s)
{
    bool systemd = false;
    bool process = false;
    for (size_t i = 0; i < s->service_count; i++) {
        systemd |= s->services[i].control == CONTROL_SYSTEMD;
        process |= s->services[i].control == CONTROL_PROCESS;
    }
    return systemd && process ? NULL : systemd ? "systemd" : process ? "process" : "ssh";
}

static bool in_home_folder(const char *path)
{
    return str_starts(path, "/home/") || str_starts(path, "/root/") ||
           str_starts(path, "/run/user/");
}

static void judge_hidden_keys(const struct doctor_facts *f, json_t *items)
{
    const struct settings *s = f->settings;
    for (size_t i = 0; i < s->service_count; i++)
        if (in_home_folder(s->services[i].ssh.key))
            doctor_put(items, "confinement", FINDING_WARNING,
                       "move it to /etc/resus/keys, or set `ProtectHome=read-only` by `systemctl "
                       "edit resus`",
                       "the drop-in hides home folders, and %s is in one", s->services[i].ssh.key);
}

/* Which rights the unit leaves to Resus. A daemon that was started by hand has no unit. */
static void judge_confinement(const struct doctor_facts *f, json_t *items)
{
    const char *fits = drop_in_for(f->settings);
    const char *given = f->self.confined_for;
    char fix[512];
    if (!f->self.by_systemd)
        return;
    (void)str_format(fix, sizeof fix,
                     "`mkdir -p " DROP_IN_FOLDER " && ln -sf " RESUS_UNIT_DIR "/%s.conf " DROP_IN
                     " && systemctl daemon-reload && systemctl restart resus`",
                     fits == NULL ? "" : fits);
    if (fits == NULL && given != NULL)
        doctor_put(items, "confinement", FINDING_FAIL,
                   "`rm " DROP_IN " && systemctl daemon-reload && systemctl restart resus`",
                   "no drop-in allows `control: systemd` and `control: process` at once, and the "
                   "one for `control: %s` is in force",
                   given);
    else if (fits == NULL)
        doctor_put(items, "confinement", FINDING_PASS, NULL,
                   "no drop-in allows `control: systemd` and `control: process` at once");
    else if (given == NULL)
        doctor_put(items, "confinement", FINDING_WARNING, fix,
                   "resus.service keeps more rights than `control: %s` needs", fits);
    else if (str_equal(fits, "systemd") && f->self.no_new_privileges)
        doctor_put(items, "confinement", FINDING_FAIL, fix,
                   "the drop-in for `control: %s` is in force: sudo cannot work under it", given);
    else if (!str_equal(fits, given))
        doctor_put(items, "confinement", FINDING_WARNING, fix,
                   "the drop-in for `control: %s` is in force, and the settings have `control: %s`",
                   given, fits);
    else
        doctor_put(items, "confinement", FINDING_PASS, NULL,
                   "the drop-in for `control: %s` is in force", fits);
    if (given != NULL)
        judge_hidden_keys(f, items);
}

static void judge_recovery(const struct doctor_facts *f, json_t *items)
{
    const char *id = f->service->id;
    char fix[200];
    if (f->breaker_open) {
        (void)str_format(
            fix, sizeof fix,
            "find the cause first (`resus recovery explain %s`), then `resus recovery reset %s`",
            id, id);
        doctor_put(items, "auto-recovery", FINDING_FAIL, fix,
                   "the circuit breaker is open: nothing is recovered");
    } else if (f->recovery_paused) {
        (void)str_format(fix, sizeof fix, "`resus resume %s`", id);
        doctor_put(items, "auto-recovery", FINDING_WARNING, fix, "paused");
    } else if (f->attempts_exhausted) {
        (void)str_format(
            fix, sizeof fix,
            "find the cause first (`resus recovery explain %s`), then `resus recovery reset %s`",
            id, id);
        doctor_put(items, "auto-recovery", FINDING_FAIL, fix,
                   "its attempts are used up: nothing is recovered");
    } else if (!f->recovery_enabled) {
        (void)str_format(fix, sizeof fix, "`resus recovery enable %s`", id);
        doctor_put(items, "auto-recovery", FINDING_WARNING, fix,
                   "switched off: Resus only watches");
    } else {
        doctor_put(items, "auto-recovery", FINDING_PASS, NULL, "enabled");
    }
}

void doctor_judge_self(const struct doctor_facts *f, json_t *items)
{
    doctor_put(items, "daemon", FINDING_PASS, NULL, "runs as process %" PRId64, f->self.pid);
    judge_configuration(f, items);
    judge_audit(f, items);
    judge_state_folder(f, items);
    judge_groups(f, items);
    judge_confinement(f, items);
    judge_tokens(f, items);
    judge_recovery(f, items);
}
