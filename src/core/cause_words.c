/* Sentences about a cause that depend on what was seen; where there is nothing to add, the row's.
 */
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/cause.h"

/* ── by the reply, the unit and the witness ── */

/* NULL: the row's. %U stands for the unit, %A for the address, %W for where the host itself gets an
 * answer, %Y for why it could not be asked. */
struct words {
    const char *summary, *advice;
};

bool cause_certificate_expired(const struct observations *s)
{
    const struct probe_facts *p = cause_probe(s);
    return p->reply == REPLY_TLS_FAILED &&
           str_find(p->text, strlen(p->text), "certificate has expired") != NULL;
}

static struct words of_tls(const struct observations *s)
{
    if (cause_certificate_expired(s))
        return (struct words){"The TLS certificate of Redis has expired.",
                              "Renew it, then have Redis load it: redis-cli CONFIG SET "
                              "tls-cert-file PATH. That needs no restart."};
    return (struct words){
        "The TLS handshake with Redis fails.",
        "Compare redis.tls in resus.yaml with the certificate and the TLS port of "
        "Redis: resus doctor."};
}

static struct words of_access(const struct observations *s)
{
    switch (cause_probe(s)->reply) {
    case REPLY_NOAUTH:
        return (struct words){"Redis wants a password, and Resus has none.",
                              "Set redis.password_file in resus.yaml, and redis.username for an "
                              "ACL user."};
    case REPLY_WRONGPASS:
        return (struct words){"Redis refuses the user name or the password of Resus.",
                              "Correct redis.username and redis.password_file in resus.yaml: resus "
                              "doctor."};
    case REPLY_NOPERM:
        return (struct words){"The ACL of Redis does not allow Resus its commands.",
                              "Give that user the commands that resus doctor names (ACL SETUSER)."};
    case REPLY_DENIED:
        return (struct words){
            "Redis is in protected mode: it serves its own host only.",
            "Set a password and `bind` in redis.conf, or `via: ssh` in resus.yaml."};
    case REPLY_TLS_FAILED:
        return of_tls(s);
    case REPLY_REFUSED:
        return (struct words){"Nothing listens at %A, and nothing has answered there before.",
                              "See on the host where Redis listens (ss -ltnp): correct `address` "
                              "or set `via: ssh` in resus.yaml, or Redis' `bind` or `port`."};
    case REPLY_CLOSED:
        return (struct words){"%A closes each new connection without an answer.",
                              "Check whether that port expects TLS (redis.tls), and what stands in "
                              "front of Redis."};
    case REPLY_NO_CONNECT:
        return (struct words){"%A takes no connection, although the unit is active.",
                              "Check the firewall and the network between Resus and Redis."};
    default:
        if (strstr(cause_probe(s)->text, "unknown command") == NULL)
            return (struct words){NULL, NULL};
        return (struct words){"Redis does not know PING: the command was renamed.",
                              "Give PING its name back (rename-command in redis.conf): without it "
                              "Resus cannot watch this Redis."};
    }
}

static struct words of_unit(const struct observations *s)
{
    if (s->unit.active == UNIT_NOT_FOUND)
        return (struct words){"systemd on the host does not know the unit %U.",
                              "Correct `unit` in resus.yaml (systemctl list-units 'redis*' "
                              "'valkey*'), or install Redis on that host."};
    if (s->unit.masked)
        return (struct words){"The unit %U is masked: systemd refuses to start it.",
                              "Unmask it on the host (systemctl unmask %U), then start it: resus "
                              "start."};
    return (struct words){NULL, NULL};
}

/* Redis works: only its address, or the way to it, is wrong. */
static struct words of_path(const struct observations *s)
{
    bool refused = cause_probe(s)->reply == REPLY_REFUSED;
    if (cause_shut_out(s))
        return (struct words){"Redis answers the clients that are connected, but new connections "
                              "fail: new clients are cut off.",
                              NULL};
    if (s->witness.paused)
        return (struct words){
            "Redis runs, but makes all its clients wait: they are paused (CLIENT "
            "PAUSE).",
            "Find out who paused them: a failover, or an administrator. The pause "
            "ends by itself when its time is over; a restart may break what it is "
            "for."};
    /* Without a password the host hears nothing of a command's fate. */
    if (cause_probe(s)->reply == REPLY_SILENT && s->witness.reply == REPLY_NOAUTH)
        return (struct words){
            "Redis runs and asks for its password at once, but commands from here "
            "wait: its clients are paused (CLIENT PAUSE), or the path is broken.",
            "Run redis-cli PING with the password on the host. If it waits, a "
            "failover or an administrator has paused the clients, and the pause "
            "ends by itself. Else repair the path: a proxy, stunnel or firewall."};
    if (!refused || s->witness.address[0] == '\0' || !reply_answered(s->witness.reply))
        return (struct words){NULL, NULL};
    return (struct words){"Nothing listens at %A; on its own host Redis answers at %W.",
                          "If a proxy, stunnel or firewall stands in between, repair that. Else "
                          "set Redis' `bind` or `port`, or `address` or `via: ssh` in resus.yaml."};
}

/* The row's advice is for a host that a key reaches. */
static struct words of_refused(const struct observations *s, bool here)
{
    static const char look[] =
        "See on the host where Redis listens (ss -ltnp): correct `address` in resus.yaml, or "
        "Redis' `bind` or `port`; if a proxy or firewall stands in between, repair that.";
    const struct witness_facts *w = &s->witness;
    if (!w->possible && w->text[0] != '\0')
        return (struct words){
            "Connections to %A are refused, and the Redis host could not be asked "
            "whether Redis serves there: %Y.",
            here ? look : NULL};
    if (w->possible && !s->witness_proven)
        return (struct words){
            "Connections to %A are refused. Whether Redis serves is not known: on "
            "its own host Resus has never found it at %W.",
            look};
    if (w->possible && !reply_answered(w->reply))
        return (struct words){"Connections to %A are refused, and what its own host got at %W does "
                              "not show whether Redis serves.",
                              look};
    return (struct words){NULL, here ? look : NULL};
}

/* ── by what was logged and remembered ── */

static bool log_has(const struct log_facts *log, const char *text)
{
    return str_find(log->line, strlen(log->line), text) != NULL;
}

static bool never_ready(const struct observations *s)
{
    return s->never_ready;
}

static bool nothing_loaded(const struct observations *s)
{
    return !s->loading_seen && s->info.loading != TRI_YES;
}

/* Redis says the same when the file ends too early and when a part of it finds no memory. */
static bool no_memory_to_load(const struct observations *s)
{
    return log_has(&s->log, "Short read or OOM") ||
           log_has(&s->log, "Unexpected EOF reading RDB file");
}

static bool is_valkey(const struct observations *s)
{
    return s->info.known ? s->info.valkey
                         : log_has(&s->log, "valkey") || log_has(&s->log, "Valkey");
}

static bool no_memory_at_all(const struct observations *s)
{
    return s->log.class == LOG_OUT_OF_MEMORY;
}

static bool no_line_named(const struct observations *s)
{
    return !log_has(&s->log, ">>> '") && s->log.class == LOG_CONFIG_ERROR;
}

static bool cannot_fork(const struct observations *s)
{
    return log_has(&s->saving_log, "fork");
}

static bool disk_is_full(const struct observations *s)
{
    return s->saving_log.class == LOG_DISK_FULL;
}

static bool folder_is_denied(const struct observations *s)
{
    return log_has(&s->saving_log, "Permission denied") ||
           log_has(&s->saving_log, "Read-only file system");
}

static bool synchronises(const struct observations *s)
{
    return s->info.known && s->info.role == ROLE_REPLICA && s->info.sync_seen;
}

static bool changed_its_role(const struct observations *s)
{
    return s->role_changed;
}

/* systemd forgets an inactive unit that nothing refers to, and everything with a reboot. */
static bool no_record_of_the_stop(const struct observations *s)
{
    return cause_stop_unrecorded(&s->unit);
}

/* The first that holds counts; NULL: as in the table. */
static const struct {
    enum cause cause;
    bool (*holds)(const struct observations *s);
    struct words words;
} exact[] = {
    {CAUSE_UNIT_STOPPED,
     no_record_of_the_stop,
     {"The unit does not run, and systemd has no record of a stop: its host was booted since, or "
      "the unit is not enabled.",
      "Find out whether the host was booted. If Redis should start with it, run on the host: "
      "systemctl enable %U. To keep it stopped, run: resus stop --confirm STOP, or resus pause."}},
    {CAUSE_START_TIMEOUT,
     never_ready,
     {"Redis serves, but systemd never got its ready message: it ends Redis after TimeoutStartSec.",
      "Set `supervised systemd` in redis.conf, or remove Type=notify from the unit (systemctl edit "
      "%U), then restart it."}},
    {CAUSE_START_TIMEOUT,
     nothing_loaded,
     {"systemd ended Redis because the unit was not ready within TimeoutStartSec.",
      "Read its log (resus logs). With Type=notify redis.conf needs `supervised systemd`; a load "
      "that takes longer needs a higher TimeoutStartSec (systemctl edit %U)."}},
    {CAUSE_DATA_CORRUPT,
     no_memory_to_load,
     {"Redis does not start: its data file is damaged, or there is no memory to load it.",
      "Check the memory limits first: MemoryMax and LimitAS of the unit, free memory of the host. "
      "Only if they suffice treat the file as damaged: keep a copy, then check it (redis-check-rdb "
      "or valkey-check-rdb)."}},
    {CAUSE_DATA_CORRUPT,
     is_valkey,
     {NULL, "Keep a copy of the files, then restore a backup or repair with valkey-check-rdb / "
            "valkey-check-aof."}},
    {CAUSE_OOM_KILLED,
     no_memory_at_all,
     {"Redis ended itself because the system gave it no more memory.",
      "Check the unit's memory limits (MemoryMax, LimitAS) and vm.overcommit_memory, set maxmemory "
      "well below them, or give the host more memory."}},
    {CAUSE_CONFIG_ERROR, no_line_named, {NULL, "Fix what the log line names, then start it."}},
    {CAUSE_PERSISTENCE_FAILING,
     cannot_fork,
     {"Redis cannot save to disk: the system refuses it the process that would save.",
      "Free memory on the host, set vm.overcommit_memory=1, or raise the unit's limits (TasksMax, "
      "LimitNPROC, MemoryMax); a restart would hang or lose data."}},
    {CAUSE_PERSISTENCE_FAILING,
     disk_is_full,
     {"Redis cannot save: the disk is full. It refuses writes or risks losing them.",
      "Free space where Redis keeps its data; a restart would hang or lose data."}},
    {CAUSE_PERSISTENCE_FAILING,
     folder_is_denied,
     {"Redis cannot save: it may not write to its data folder.",
      "Give the data folder back to the user of the unit, or make its file system writable; a "
      "restart would hang or lose data."}},
    {CAUSE_REPLICA_LINK_DOWN,
     synchronises,
     {"This replica synchronises with its primary, and the link has not come up yet.",
      "Wait while the rest to transfer falls. If it begins again and again, raise "
      "client-output-buffer-limit (replica) and repl-backlog-size on the primary that the evidence "
      "names."}},
    {CAUSE_WRONG_INSTANCE,
     changed_its_role,
     {"Redis was a primary and has become a replica, by no failover that Resus knows: its data are "
      "replaced by those of its new primary.",
      "Find out who sent REPLICAOF (the evidence names the source). To undo it: REPLICAOF NO ONE, "
      "then restore the data. If it is meant to stay so, run: resus recovery reset."}},
};

static struct words of_memory(enum cause cause, const struct observations *s)
{
    for (size_t i = 0; i < ARRAY_LENGTH(exact); i++)
        if (exact[i].cause == cause && exact[i].holds(s))
            return exact[i].words;
    return (struct words){NULL, NULL};
}

/* ── without systemd ── */

/* `control: process`: Resus starts and stops the process itself. */
static struct words of_own(enum cause cause)
{
    switch (cause) {
    case CAUSE_OK:
        return (struct words){"Redis answers and its process runs.", NULL};
    case CAUSE_UNIT_STOPPED:
        return (struct words){"Redis was shut down, and not through Resus.",
                              "Find out who shut it down. To keep it stopped, run: resus stop "
                              "--confirm STOP, or resus pause."};
    case CAUSE_UNIT_FAILED:
        return (struct words){"The Redis process ended with an error.", NULL};
    case CAUSE_SYSTEMD_RESTARTING:
        return (struct words){"Resus is starting or stopping Redis.", NULL};
    case CAUSE_STOP_HANGING:
        return (struct words){"A stop of Redis hangs: its process does not end.", NULL};
    default:
        return (struct words){NULL, NULL};
    }
}

/* ── both ── */

static struct words of_observations(enum cause cause, const struct observations *s,
                                    struct cause_place place)
{
    switch (cause) {
    case CAUSE_OK:
        if (s->unit.control_reached == TRI_NO) /* once; the next look decides */
            return (struct words){"Redis answers; how its unit is could not be asked just now.",
                                  NULL};
        break;
    case CAUSE_ACCESS_REFUSED:
        return of_access(s);
    case CAUSE_PATH_BROKEN:
        return of_path(s);
    case CAUSE_CONNECTION_REFUSED:
        return of_refused(s, place.here);
    case CAUSE_CONTROL_LOST:
        if (place.here)
            return (struct words){"Redis answers, but systemd does not say how its unit is.",
                                  "See what systemctl status says on this machine. Until systemd "
                                  "answers Resus could not help."};
        break;
    case CAUSE_CONFIG_ERROR:
        return of_unit(s);
    case CAUSE_WRONG_INSTANCE:
        if (!s->role_changed) /* that one is the unit's process */
            return of_unit(s);
        break;
    case CAUSE_UNIT_FAILED:
        if (s->log_read && s->log.class == LOG_PORT_IN_USE)
            return (struct words){"Redis could not start because its port was taken; the port is "
                                  "free now.",
                                  NULL};
        break;
    case CAUSE_HOST_UNREACHABLE:
        if (s->unit.control_denied)
            return (struct words){"Redis does not answer, and its host refuses the control by "
                                  "Resus.",
                                  "Restore the control: resus doctor names the fault."};
        break;
    default:
        break;
    }
    return (struct words){NULL, NULL};
}

static struct words words_of(enum cause cause, const struct observations *s,
                             struct cause_place place)
{
    struct words words = of_observations(cause, s, place);
    if (place.own && words.summary == NULL && words.advice == NULL)
        words = of_own(cause);
    return words.summary != NULL || words.advice != NULL ? words : of_memory(cause, s);
}

static const char *expanded(const char *text, const struct observations *s,
                            struct cause_place place, char ret[CAUSE_WORDS_MAX])
{
    size_t used = 0;
    ret[0] = '\0';
    for (const char *c = text; *c != '\0'; c++) {
        const char *name = c[0] == '%' && c[1] == 'U'   ? place.unit
                           : c[0] == '%' && c[1] == 'A' ? place.address
                           : c[0] == '%' && c[1] == 'W' ? s->witness.address
                           : c[0] == '%' && c[1] == 'Y' ? s->witness.text
                                                        : NULL;
        (void)str_copy_n(ret + used, CAUSE_WORDS_MAX - used, name != NULL ? name : c,
                         name != NULL ? strlen(name) : 1);
        used += strlen(ret + used);
        c += name != NULL;
    }
    return ret;
}

const char *cause_summary(enum cause cause, const struct observations *s, struct cause_place place,
                          char ret[CAUSE_WORDS_MAX])
{
    const char *text = words_of(cause, s, place).summary;
    return text == NULL ? cause_row(cause)->summary : expanded(text, s, place, ret);
}

const char *cause_advice(enum cause cause, const struct observations *s, struct cause_place place,
                         char ret[CAUSE_WORDS_MAX])
{
    const char *text = words_of(cause, s, place).advice;
    return expanded(text == NULL ? cause_row(cause)->advice : text, s, place, ret);
}
