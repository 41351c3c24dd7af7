/* What the doctor says about the account's rights on the host: enough, and no more than enough. */
#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "doctor/facts.h"

#define MISSING_SHOWN 1600 /* bytes */

static bool same_account(const struct service_settings *a, const struct service_settings *b)
{
    return a->control == b->control &&
           (a->control != CONTROL_SSH ||
            (str_equal(a->ssh.host, b->ssh.host) && str_equal(a->ssh.user, b->ssh.user)));
}

/* Several services can live on one host: what one of them needs is not too much. */
static enum sudo_verdict judge_rule(const struct doctor_facts *f, const struct sudo_rule *rule)
{
    enum sudo_verdict worst = SUDO_BEYOND;
    for (size_t i = 0; i < f->settings->service_count; i++) {
        const struct service_settings *s = &f->settings->services[i];
        if (!same_account(s, f->service))
            continue;
        struct host_right rights[HOST_RIGHTS_MAX];
        size_t count = host_rights(s->unit, s->log_file, rights);
        worst = sudo_rule_judge(rule, rights, count);
        if (worst == SUDO_WITHIN)
            return SUDO_WITHIN;
    }
    return worst;
}

static void account_of(const struct doctor_facts *f, char *user, size_t user_size, char *host,
                       size_t host_size)
{
    bool ssh = f->service->control == CONTROL_SSH;
    (void)str_copy(user, user_size, ssh ? f->service->ssh.user : "Resus' own account");
    (void)str_copy(host, host_size, ssh ? f->service->ssh.host : "this machine");
}

/* The whole way to a right sudoers file, for a person to copy. */
static void install_fix(const struct doctor_facts *f, const char *further, char *fix, size_t size)
{
    bool ssh = f->service->control == CONTROL_SSH;
    (void)str_format(fix, size,
                     "`resus sudoers %s > resus.sudoers && visudo -cf resus.sudoers`, then as root "
                     "with that file on %s: `install -m 0440 resus.sudoers /etc/sudoers.d/resus`%s",
                     f->service->id, ssh ? f->service->ssh.host : "this machine", further);
}

static bool reads_journal(const struct doctor_facts *f)
{
    return f->journal.asked && f->journal.end == HOST_EXITED && f->journal.exit_code == 0 &&
           f->journal.lines > 0;
}

/* Returns how many lines are missing; their text in `missing`. */
static size_t missing_rights(const struct doctor_facts *f, char *missing, size_t size,
                             bool *ret_password)
{
    struct host_right rights[HOST_RIGHTS_MAX];
    size_t count = host_rights(f->service->unit, f->service->log_file, rights);
    size_t found = 0;
    missing[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        bool needed = rights[i].need == HOST_NEED_ALWAYS ||
                      (rights[i].need == HOST_NEED_JOURNAL && !reads_journal(f));
        if (!needed || (rights[i].extended && !f->service->commands_extended) ||
            (rights[i].restores && !f->service->restore_helper))
            continue;
        enum sudo_answer answer = sudo_list_allows(&f->sudo, &rights[i]);
        if (answer == SUDO_ALLOWS)
            continue;
        *ret_password = *ret_password || answer == SUDO_ASKS_PASSWORD;
        (void)str_append(missing, size, "%s%s", found++ == 0 ? "" : ", ", rights[i].line);
    }
    return found;
}

static void judge_missing(const struct doctor_facts *f, json_t *items)
{
    char missing[MISSING_SHOWN];
    char fix[1024];
    char user[64], host[SETTINGS_HOST_MAX];
    bool password = false;
    account_of(f, user, sizeof user, host, sizeof host);
    install_fix(f, "", fix, sizeof fix);
    size_t count = missing_rights(f, missing, sizeof missing, &password);
    if (count == 0)
        doctor_put(items, "sudo", FINDING_PASS, NULL, "%s may do all that Resus needs", user);
    else
        doctor_put(items, "sudo", FINDING_FAIL, fix, "%s may not do on %s%s: %s", user, host,
                   password ? " (or not without a password)" : "", missing);
}

static void say_too_much(const struct doctor_facts *f, const struct sudo_rule *rule,
                         enum sudo_verdict verdict, json_t *items)
{
    static const struct {
        enum finding_status status;
        const char *text;
    } rows[] = {
        [SUDO_WITHIN] = {FINDING_PASS, ""},
        [SUDO_EVERYTHING] = {FINDING_FAIL, "every command without a password: whoever has the key "
                                           "has the host"},
        [SUDO_JOURNAL] = {FINDING_WARNING, "the words behind journalctl are left open, so the "
                                           "account can read every log of the host and delete "
                                           "journals"},
        [SUDO_OTHER_USER] = {FINDING_WARNING, "Resus reads the log as its owner; as another user a "
                                              "link in the log's folder could name any file"},
        [SUDO_OPEN_ENDED] = {FINDING_WARNING, "its words are left open"},
        [SUDO_BEYOND] = {FINDING_WARNING, "Resus never runs it"},
    };
    static_assert(ARRAY_LENGTH(rows) == SUDO_VERDICT_COUNT, "a text for every verdict");
    char fix[1700];
    char user[64], host[SETTINGS_HOST_MAX];
    account_of(f, user, sizeof user, host, sizeof host);
    install_fix(f, ", and take the old line out", fix, sizeof fix);
    if (verdict == SUDO_BEYOND || verdict == SUDO_EVERYTHING || verdict == SUDO_OPEN_ENDED)
        (void)str_format(
            fix, sizeof fix,
            "on %s find it with `grep -rn NOPASSWD /etc/sudoers /etc/sudoers.d`, take "
            "it out with `visudo -f FILE`, and give %s the lines of `resus sudoers %s`",
            host, user, f->service->id);
    doctor_put(items, "sudo", rows[verdict].status, fix,
               "%s can do more than Resus needs: \"(%s) NOPASSWD: %s\": %s", user, rule->run_as,
               rule->command, rows[verdict].text);
}

static void judge_surplus(const struct doctor_facts *f, json_t *items)
{
    size_t found = 0;
    for (size_t i = 0; i < f->sudo.count; i++) {
        enum sudo_verdict verdict = judge_rule(f, &f->sudo.rules[i]);
        if (verdict == SUDO_WITHIN)
            continue;
        say_too_much(f, &f->sudo.rules[i], verdict, items);
        found++;
    }
    if (f->sudo.cut)
        doctor_put(items, "sudo", FINDING_WARNING,
                   "give the account of Resus the lines of `resus sudoers` and nothing else",
                   "sudo lists more than the doctor reads: it cannot prove that the account can do "
                   "no more than Resus needs");
    else if (found == 0)
        doctor_put(items, "sudo", FINDING_PASS, NULL,
                   "sudo allows nothing beyond what Resus needs");
}

void doctor_judge_rights(const struct doctor_facts *f, json_t *items)
{
    char fix[1024];
    const struct doctor_look *look = &f->sudo_list;
    if (f->root && f->service->control == CONTROL_SSH) {
        (void)str_format(fix, sizeof fix,
                         "make an account for Resus on %s, give it the lines of `resus sudoers %s "
                         "--user autobot`, and set `ssh: {user: autobot}`",
                         f->service->ssh.host, f->service->id);
        doctor_put(items, "sudo", FINDING_WARNING, fix,
                   "Resus logs in as root, which can do everything");
    }
    if (f->root || !look->asked)
        return;
    if (look->end != HOST_EXITED) {
        doctor_put(items, "sudo", FINDING_UNKNOWN, NULL, "sudo was not asked: %s", look->error);
    } else if (f->login_refused) {
        (void)str_format(
            fix, sizeof fix,
            "renew it as root on %s: `passwd %s`, or `chage -E -1 -M -1 %s` (`chage -l "
            "%s` shows what has expired)",
            f->service->ssh.host, f->service->ssh.user, f->service->ssh.user, f->service->ssh.user);
        doctor_put(items, "sudo", FINDING_FAIL, fix,
                   "the account logs in, but the host runs none of its commands: %s", look->error);
    } else if (f->sudo.count == 0) {
        install_fix(f, "", fix, sizeof fix);
        doctor_put(items, "sudo", FINDING_FAIL, fix, "the account has no rights by sudo: %s",
                   look->error[0] != '\0' ? look->error : "it lists no rules");
    } else {
        judge_missing(f, items);
        judge_surplus(f, items);
    }
}
