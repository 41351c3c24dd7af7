#include "core/cause_words.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"

static bool log_has(const struct log_facts *log, const char *text)
{
    return str_find(log->line, strlen(log->line), text) != NULL;
}

static bool never_ready(const struct sight *s)
{
    return s->never_ready;
}

static bool nothing_loaded(const struct sight *s)
{
    return !s->loading_seen && s->info.loading != TRI_YES;
}

/* Redis says the same when the file ends too early and when a part of it finds no memory. */
static bool no_memory_to_load(const struct sight *s)
{
    return log_has(&s->log, "Short read or OOM") ||
           log_has(&s->log, "Unexpected EOF reading RDB file");
}

static bool is_valkey(const struct sight *s)
{
    return s->info.known ? s->info.valkey
                         : log_has(&s->log, "valkey") || log_has(&s->log, "Valkey");
}

static bool no_memory_at_all(const struct sight *s)
{
    return s->log.class == LOG_OUT_OF_MEMORY;
}

static bool no_line_named(const struct sight *s)
{
    return !log_has(&s->log, ">>> '") && s->log.class == LOG_CONFIG_ERROR;
}

static bool cannot_fork(const struct sight *s)
{
    return log_has(&s->saving_log, "fork");
}

static bool disk_is_full(const struct sight *s)
{
    return s->saving_log.class == LOG_DISK_FULL;
}

static bool folder_is_denied(const struct sight *s)
{
    return log_has(&s->saving_log, "Permission denied") ||
           log_has(&s->saving_log, "Read-only file system");
}

static bool synchronises(const struct sight *s)
{
    return s->info.known && s->info.role == ROLE_REPLICA && s->info.sync_seen;
}

static bool changed_its_role(const struct sight *s)
{
    return s->role_changed;
}

/* The first that holds counts; NULL: as in the table. */
static const struct {
    enum cause cause;
    bool (*holds)(const struct sight *s);
    struct cause_words words;
} exact[] = {
    {CAUSE_START_TIMEOUT,
     never_ready,
     {"Redis serves, but systemd never got its ready message: it ends Redis after TimeoutStartSec.",
      "Set `supervised systemd` in redis.conf, or remove Type=notify from the unit (systemctl edit "
      "UNIT), then restart it."}},
    {CAUSE_START_TIMEOUT,
     nothing_loaded,
     {"systemd ended Redis because the unit was not ready within TimeoutStartSec.",
      "Read its log (resus logs). With Type=notify redis.conf needs `supervised systemd`; a load "
      "that takes longer needs a higher TimeoutStartSec (systemctl edit UNIT)."}},
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

struct cause_words cause_words(enum cause cause, const struct sight *sight)
{
    const struct cause_row *row = cause_row(cause);
    struct cause_words words = {row->summary, row->advice};
    for (size_t i = 0; i < ARRAY_LENGTH(exact); i++) {
        if (exact[i].cause != cause || !exact[i].holds(sight))
            continue;
        if (exact[i].words.summary != NULL)
            words.summary = exact[i].words.summary;
        words.advice = exact[i].words.advice;
        break;
    }
    return words;
}
