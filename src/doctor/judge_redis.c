/* What the doctor says about Redis: who we are there, who else gets in, and what would survive. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "doctor/facts.h"

#define CLOCK_OFF_MS 2000
#define CLIENTS_NEARLY_PERCENT 80

const struct doctor_command_row doctor_commands[DOCTOR_COMMAND_COUNT] = {
    [DOCTOR_INFO] = {"INFO", "+info", "memory, clients and replication are not watched", {"INFO"}},
    [DOCTOR_CONFIG_GET] = {"CONFIG GET",
                           "+config|get",
                           "limits and save points are not known",
                           {"CONFIG", "GET", "maxclients"}},
    [DOCTOR_CLIENT_LIST] = {"CLIENT LIST",
                            "+client|list",
                            "evidence names no clients",
                            {"CLIENT", "LIST"}},
    [DOCTOR_SLOWLOG_GET] = {"SLOWLOG GET",
                            "+slowlog|get",
                            "evidence names no slow commands",
                            {"SLOWLOG", "GET", "128"}},
    [DOCTOR_SCRIPT_KILL] = {"SCRIPT KILL",
                            "+script|kill",
                            "a script without end needs a restart",
                            {"SCRIPT", "KILL"}},
    [DOCTOR_FUNCTION_KILL] = {"FUNCTION KILL",
                              "+function|kill",
                              "a function without end needs a restart",
                              {"FUNCTION", "KILL"}},
    [DOCTOR_BGSAVE] = {"BGSAVE", "+bgsave", "nothing is saved before a restart", {"BGSAVE"}},
};

/* What helps when a PING is refused. */
static const char *refusal_fix(enum reply_class reply)
{
    switch (reply) {
    case REPLY_NOAUTH:
        return "Redis wants a password: put it into a file of mode 0600 and name it with `redis: "
               "{password_file: ...}`";
    case REPLY_WRONGPASS:
        return "put the right password into `redis: {password_file: ...}` (and the user into "
               "`username`)";
    case REPLY_NOPERM:
        return "as an administrator of Redis: `ACL SETUSER NAME +ping +info +config|get "
               "+client|list +client|setname +slowlog|get +script|kill +function|kill +bgsave`";
    case REPLY_DENIED:
        return "protected mode lets only its own machine in: set a password in redis.conf and "
               "`redis: {password_file: ...}`";
    case REPLY_TLS_FAILED:
        return "`redis: {tls: ...}` and redis.conf must agree; `openssl s_client -connect` shows "
               "the certificate";
    default:
        return NULL;
    }
}

static void judge_commands(const struct doctor_facts *f, json_t *items)
{
    char fix[300] = "";
    char refused[700] = "";
    char unknown[200] = "";
    (void)str_format(fix, sizeof fix, "as an administrator of Redis: `ACL SETUSER %s",
                     f->redis_user[0] == '\0' ? "NAME" : f->redis_user);
    for (size_t i = 0; i < DOCTOR_COMMAND_COUNT; i++) {
        const struct doctor_command_row *row = &doctor_commands[i];
        if (f->allowed[i] == TRI_NO) {
            (void)str_append(refused, sizeof refused, "%s%s (%s)", refused[0] == '\0' ? "" : ", ",
                             row->name, row->without);
            (void)str_append(fix, sizeof fix, " %s", row->rule);
        } else if (f->allowed[i] == TRI_UNKNOWN) {
            (void)str_append(unknown, sizeof unknown, "%s%s", unknown[0] == '\0' ? "" : ", ",
                             row->name);
        }
    }
    (void)str_append(fix, sizeof fix, "`");
    if (refused[0] != '\0')
        doctor_put(items, "redis rights", FINDING_WARNING, fix, "our user may not use %s", refused);
    if (unknown[0] != '\0')
        doctor_put(items, "redis rights", FINDING_UNKNOWN, NULL,
                   "it is not known without trying whether our user may use %s", unknown);
    if (refused[0] == '\0' && unknown[0] == '\0')
        doctor_put(items, "redis rights", FINDING_PASS, NULL,
                   "our user may use every command that Resus sends");
}

/* Is one of the addresses of `bind` every address? An empty bind is. */
static bool binds_everywhere(const char *bind)
{
    char words[sizeof(((struct doctor_facts *)0)->bind)];
    (void)str_copy(words, sizeof words, bind);
    char *rest = words;
    bool any = false;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] == '\0')
            continue;
        any = true;
        word += word[0] == '-';
        if (str_equal(word, "*") || str_equal(word, "0.0.0.0") || str_equal(word, "::"))
            return true;
    }
    return !any;
}

/* Does Redis ask strangers for a password? What our own settings hold says nothing of that: our
 * user may have one where the user that everybody is has none. */
static enum tri asks_password(enum reply_class stranger)
{
    switch (stranger) {
    case REPLY_NOAUTH:
        return TRI_YES;
    case REPLY_PONG:
    case REPLY_LOADING:
    case REPLY_BUSY:
    case REPLY_MISCONF:
    case REPLY_MASTERDOWN:
        return TRI_NO;
    default:
        return TRI_UNKNOWN;
    }
}

static void judge_exposure(const struct doctor_facts *f, json_t *items)
{
    enum tri password = asks_password(f->stranger);
    if (password == TRI_YES)
        doctor_put(items, "exposure", FINDING_PASS, NULL, "a password is asked for");
    else if (f->stranger == REPLY_DENIED)
        doctor_put(items, "exposure", FINDING_PASS, NULL,
                   "protected mode refuses clients from other machines");
    else if (f->stranger == REPLY_NOPERM)
        doctor_put(items, "exposure", FINDING_PASS, NULL,
                   "without a password not even PING is allowed");
    else if (password == TRI_UNKNOWN)
        doctor_put(items, "exposure", FINDING_UNKNOWN, NULL,
                   "cannot find out whether a password is asked for: %s",
                   reply_class_word(f->stranger));
    else if (!f->bind_known)
        doctor_put(items, "exposure", FINDING_UNKNOWN, NULL,
                   "without a password; cannot find out for which networks");
    else if (str_equal(f->protected_mode, "no") && binds_everywhere(f->bind))
        doctor_put(items, "exposure", FINDING_WARNING,
                   "set `requirepass` in redis.conf (and `redis: {password_file: ...}` here), or "
                   "`bind` only the addresses that need it",
                   "whoever reaches the port owns the data: no password, protected-mode no, bind "
                   "\"%s\"",
                   f->bind);
    else
        doctor_put(items, "exposure", FINDING_PASS, NULL,
                   "without a password, but not open to every network");
}

static void judge_clock(const struct doctor_facts *f, json_t *items)
{
    if (!f->clock_known)
        return;
    if (llabs((long long)f->clock_ahead_ms) > CLOCK_OFF_MS)
        doctor_put(items, "clock", FINDING_WARNING,
                   "`timedatectl set-ntp true` on both machines; `timedatectl` shows which one is "
                   "wrong",
                   "the host's clock is %.1f s %s ours: times of logs and events do not fit",
                   (double)llabs((long long)f->clock_ahead_ms) / 1000,
                   f->clock_ahead_ms > 0 ? "ahead of" : "behind");
    else
        doctor_put(items, "clock", FINDING_PASS, NULL, "the host's clock agrees with ours");
}

void doctor_judge_redis(const struct doctor_facts *f, json_t *items)
{
    char fix[200];
    (void)str_format(fix, sizeof fix, "`resus health %s` says why", f->service->id);
    enum reply_class reply = f->ping.reply;
    if (reply != REPLY_PONG && doctor_stopped(f)) {
        (void)str_format(fix, sizeof fix, "`resus start %s` starts it", f->service->id);
        doctor_put(items, "redis", FINDING_WARNING, fix, "stopped through Resus by %s at %s%s%s",
                   f->stopped_by, f->stopped_at, f->stop_reason[0] == '\0' ? "" : ": ",
                   f->stop_reason);
    } else if (reply != REPLY_PONG) {
        const char *better = refusal_fix(reply);
        doctor_put(items, "redis", FINDING_FAIL, better == NULL ? fix : better, "no PONG: %s%s%s",
                   reply_class_word(reply), f->ping.text[0] == '\0' ? "" : ": ", f->ping.text);
    } else {
        doctor_put(items, "redis", FINDING_PASS, NULL, "answers in %.2f ms%s%s, %s a password",
                   (double)f->ping.latency_us / 1000, f->redis_user[0] == '\0' ? "" : " to user ",
                   f->redis_user, f->service->redis.password_file[0] == '\0' ? "without" : "with");
    }
    if (!f->info.known && f->allowed[DOCTOR_INFO] == TRI_UNKNOWN)
        return;
    judge_commands(f, items);
    judge_exposure(f, items);
    judge_clock(f, items);
}

/* ── data ── */

/* "redis-cli -h 10.0.0.5 -p 6379": what a person types before a command. */
static void put_cli(const struct doctor_facts *f, char *fix, size_t size)
{
    const struct redis_settings *r = &f->service->redis;
    if (r->socket[0] != '\0')
        (void)str_append(fix, size, "redis-cli -s %s ", r->socket);
    else
        (void)str_append(fix, size, "redis-cli -h %s -p %d ", r->host, r->port);
}

/* "`redis-cli ... CONFIG SET maxclients 20000; redis-cli ... CONFIG REWRITE`" */
static void put_config_set(const struct doctor_facts *f, const char *setting, char *fix,
                           size_t size)
{
    (void)str_append(fix, size, "`");
    put_cli(f, fix, size);
    (void)str_append(fix, size, "CONFIG SET %s; ", setting);
    put_cli(f, fix, size);
    (void)str_append(fix, size, "CONFIG REWRITE`");
}

static void judge_save_failures(const struct doctor_facts *f, json_t *items)
{
    char fix[1400] =
        "look for room and rights of the folder (`df -h`, `ls -ld`) that this names: `";
    put_cli(f, fix, sizeof fix);
    (void)str_append(fix, sizeof fix, "CONFIG GET dir`");
    if (f->info.last_save_ok == TRI_NO)
        doctor_put(items, "persistence", FINDING_FAIL, fix,
                   "the last save failed: Redis refuses writes, or loses them at a restart");
    if (f->info.aof_write_ok == TRI_NO)
        doctor_put(items, "persistence", FINDING_FAIL, fix,
                   "the append-only file cannot be written");
}

static void judge_persistence(const struct doctor_facts *f, json_t *items)
{
    const struct info_facts *i = &f->info;
    bool kept = i->save_points == TRI_YES || i->aof_enabled == TRI_YES;
    bool told = i->save_points != TRI_UNKNOWN && i->aof_enabled != TRI_UNKNOWN;
    bool both = i->save_points == TRI_YES && i->aof_enabled == TRI_YES;
    char fix[3000] = "unless it is a mere cache: ";
    put_config_set(f, "save \"3600 1 300 100\"", fix, sizeof fix);
    judge_save_failures(f, items);
    if (told && !kept && i->role == ROLE_PRIMARY && i->connected_replicas > 0)
        doctor_put(items, "persistence", FINDING_FAIL, fix,
                   "a primary with %" PRId64 " replica(s) that keeps nothing: a restart empties "
                   "it, and its replicas copy the emptiness",
                   i->connected_replicas);
    else if (told && !kept)
        doctor_put(items, "persistence", FINDING_WARNING, fix,
                   "nothing is kept: neither save points nor append-only file, so a restart "
                   "empties Redis");
    else if (told && i->last_save_ok != TRI_NO && i->aof_write_ok != TRI_NO)
        doctor_put(items, "persistence", FINDING_PASS, NULL, "%s",
                   both                        ? "save points and append-only file"
                   : i->save_points == TRI_YES ? "save points"
                                               : "append-only file");
}

static void judge_limits(const struct doctor_facts *f, json_t *items)
{
    const struct info_facts *i = &f->info;
    char fix[3000] = "";
    char setting[64];
    if (i->maxmemory == 0) {
        (void)str_format(setting, sizeof setting, "maxmemory %lldmb",
                         i->system_memory > 0 ? (long long)(i->system_memory / 4 * 3 / 1024 / 1024)
                                              : 3072LL);
        put_config_set(f, setting, fix, sizeof fix);
        (void)str_append(fix, sizeof fix,
                         " (three quarters of the machine, or what Redis may have of it)");
        doctor_put(items, "maxmemory", FINDING_WARNING, fix,
                   "is not set: Redis grows until the kernel kills it");
    } else if (i->maxmemory > 0) {
        doctor_put(items, "maxmemory", FINDING_PASS, NULL, "%lld MB, policy %s",
                   (long long)(i->maxmemory / 1024 / 1024), i->maxmemory_policy);
    }
    if (i->maxclients <= 0 || i->connected_clients < 0)
        return;
    bool nearly = i->connected_clients * 100 >= i->maxclients * CLIENTS_NEARLY_PERCENT;
    (void)str_format(fix, sizeof fix, "`resus inspect clients %s` shows who; ", f->service->id);
    (void)str_format(setting, sizeof setting, "maxclients %lld", (long long)i->maxclients * 2);
    put_config_set(f, setting, fix, sizeof fix);
    doctor_put(items, "maxclients", nearly ? FINDING_WARNING : FINDING_PASS, nearly ? fix : NULL,
               "%" PRId64 " of %" PRId64 " connections are used", i->connected_clients,
               i->maxclients);
}

void doctor_judge_data(const struct doctor_facts *f, json_t *items)
{
    if (!f->info.known)
        return;
    judge_persistence(f, items);
    judge_limits(f, items);
}
