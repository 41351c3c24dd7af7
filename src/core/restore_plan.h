/* May this backup be restored onto this server, by this method? Answers with everything that stands
 * in the way, each with its next step, before a key is touched. Pure. */
#ifndef RESUS_CORE_RESTORE_PLAN_H
#define RESUS_CORE_RESTORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESTORE_UNKNOWN_VALUE INT64_C(-1)
/* Redis 7.0 is the first whose append-only file is a folder with a manifest. */
#define RESTORE_AOF_FOLDER_MAJOR 7

enum restore_method {
    RESTORE_BY_FILE,        /* the server stops, its files are exchanged, it starts */
    RESTORE_BY_REPLICATION, /* the server becomes a replica of one that serves the backup */
    RESTORE_BY_KEYS,        /* key by key into the server as it runs */
    RESTORE_METHOD_COUNT
};
const char *restore_method_word(enum restore_method method); /* "file" */

enum restore_mode {
    RESTORE_EXACT,     /* keys that the backup does not have are removed after the copy */
    RESTORE_OVERWRITE, /* keys of the backup replace those of the server */
    RESTORE_MISSING,   /* keys that the server has stay as they are */
    RESTORE_MODE_COUNT
};
const char *restore_mode_word(enum restore_mode mode); /* "exact" */

enum restore_tristate { RESTORE_NOT_KNOWN, RESTORE_NO, RESTORE_YES };

/* RESTORE_UNKNOWN_VALUE stands for what is not known. */
struct restore_plan_facts {
    enum restore_method method;
    bool part; /* one database or a pattern: the whole need not fit */
    /* the backup */
    bool proved;         /* by loading it */
    bool forced;         /* an admin accepts a backup that is not proved */
    int64_t rdb_version; /* by keys: of the server that serves the backup */
    int64_t bytes, used_memory_bytes, keys;
    bool sealed, key_absent; /* no secret key that opens it is on this machine */
    int64_t open_free_bytes; /* of the backups' disk, above the reserve: it is opened there */
    int64_t highest_db;      /* with keys; RESTORE_UNKNOWN_VALUE: it has no keys */
    const char (*modules)[64];
    size_t module_count;
    /* the server that gets it */
    bool answers;
    bool valkey;
    int64_t target_rdb_version, target_major;
    int64_t maxmemory_bytes; /* 0 = no limit */
    int64_t databases, target_keys;
    const char (*target_modules)[64];
    size_t target_module_count;
    bool replica, cluster, sentinel;
    bool tls; /* it replicates by TLS, or is reached by it over a network */
    int64_t replicas;
    enum restore_tristate aof; /* as it runs, or, when it is down, as its configuration says */
    enum restore_tristate aof_start; /* as its configuration says: what counts at the next start */
    /* its host */
    bool can_place; /* on this machine, by `control: process`, or by the helper */
    int64_t disk_free_bytes, disk_reserve_bytes;
    int64_t load_ms, start_timeout_ms; /* 0 = no limit */
    bool busy; /* an operation, a recovery or another restore is under way */
};

enum restore_blocker {
    RESTORE_BLOCKED_BUSY,
    RESTORE_BLOCKED_NOT_PROVED,
    RESTORE_BLOCKED_KEY_ABSENT,
    RESTORE_BLOCKED_OPEN_ROOM,
    RESTORE_BLOCKED_RDB_VERSION,
    RESTORE_BLOCKED_VERSION_UNKNOWN,
    RESTORE_BLOCKED_MODULE,
    RESTORE_BLOCKED_MAXMEMORY,
    RESTORE_BLOCKED_DATABASES,
    RESTORE_BLOCKED_REPLICA,
    RESTORE_BLOCKED_CLUSTER,
    RESTORE_BLOCKED_SENTINEL,
    RESTORE_BLOCKED_NO_HELPER,
    RESTORE_BLOCKED_DISK,
    RESTORE_BLOCKED_DISK_UNKNOWN,
    RESTORE_BLOCKED_AOF_UNKNOWN,
    RESTORE_BLOCKED_AOF_DIFFERS,
    RESTORE_BLOCKED_AOF_OLD,
    RESTORE_BLOCKED_START_TIMEOUT,
    RESTORE_BLOCKED_DOWN,
    RESTORE_BLOCKED_TLS,
    RESTORE_BLOCKER_COUNT
};

enum restore_warning {
    RESTORE_WARNS_AOF,      /* the backup becomes the base of the append-only file */
    RESTORE_WARNS_REPLICAS, /* they copy all data again */
    RESTORE_WARNS_FORCED,
    RESTORE_WARNS_FEWER, /* the backup has fewer keys than the server now */
    RESTORE_WARNS_UNGUARDED,
    RESTORE_WARNS_READ_ONLY,  /* by replication: no writes until it is over */
    RESTORE_WARNS_NOT_ATOMIC, /* clients see a mixture while the keys are copied */
    RESTORE_WARNING_COUNT
};

struct restore_plan {
    unsigned blockers, warnings; /* 1u << enum ... */
    bool place_aof;              /* by file: as the base of the append-only file */
    int64_t downtime_ms;         /* RESTORE_UNKNOWN_VALUE */
};

void restore_plan(const struct restore_plan_facts *f, struct restore_plan *ret);

/* What is asked for, and which ways there are. */
struct restore_choice {
    bool part;   /* mode, database or pattern was given */
    bool local;  /* Resus runs the server itself: it can exchange its files */
    bool helper; /* the helper of its host can */
    bool answers;
};
/* The method where none was given, and why: one sentence. */
enum restore_method restore_choose(const struct restore_choice *c, const char **ret_why);

/* Can a server of `target` read an RDB file, or a DUMP, of `version`? */
bool restore_version_fits(int64_t version, int64_t target, bool target_is_valkey);
/* The first module of the backup that the target lacks; NULL = none. */
const char *restore_missing_module(const struct restore_plan_facts *f);

const char *restore_blocker_word(enum restore_blocker blocker); /* "rdb_version" */
const char *restore_warning_word(enum restore_warning warning);
/* A sentence with the figures and the next step. */
void restore_blocker_text(enum restore_blocker blocker, const struct restore_plan_facts *f,
                          char *to, size_t size);
void restore_warning_text(enum restore_warning warning, const struct restore_plan_facts *f,
                          char *to, size_t size);

#endif
