/* manifest.json: the record of one backup. It is written last; a folder without one is not a
 * backup. Foreign bytes once it comes back from a disk or a copy: fuzzed. */
#ifndef RESUS_BACKUPS_MANIFEST_H
#define RESUS_BACKUPS_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "backups/check_report.h"
#include "backups/proof.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "core/backup_rules.h"

#define MANIFEST_FORMAT 1
#define MANIFEST_FILE "manifest.json"
#define MANIFEST_BYTES_MAX ((size_t)512 * 1024)
#define MANIFEST_ID_SIZE 17 /* "20261129T023000Z" */
#define MANIFEST_MODULES_MAX 32
#define MANIFEST_FILES_MAX 4
#define MANIFEST_CHECKS_MAX 8
#define MANIFEST_COPIES_MAX 8
#define MANIFEST_COPY_NAME_SIZE 33
#define MANIFEST_SEALED_FOR_MAX 8
#define MANIFEST_KEY_ID_SIZE 17 /* of a recipient: 16 hexadecimal digits */

enum backup_kind { BACKUP_DAILY, BACKUP_MANUAL, BACKUP_KIND_COUNT };
const char *backup_kind_word(enum backup_kind kind); /* "daily": also the folder's name */

struct manifest_source {
    char address[320], role[16], run_id[48], replid[48], server[16], version[32];
    int64_t repl_offset, maxmemory_bytes, databases; /* -1 = not known */
    bool appendonly;
    size_t module_count;
    char modules[MANIFEST_MODULES_MAX][64];
};

struct manifest_file {
    char name[64];
    int64_t bytes;
    char sha256[65];
    /* Of a sealed one: the sum of what is inside, and who can open it. */
    char plain_sha256[65]; /* "" = not sealed */
    size_t sealed_for_count;
    char sealed_for[MANIFEST_SEALED_FOR_MAX][MANIFEST_KEY_ID_SIZE];
};

enum manifest_copy_state {
    MANIFEST_COPIED,       /* whole, at `at` */
    MANIFEST_COPY_REMOVED, /* by the rules, at `at`: it is not made again */
    MANIFEST_COPY_STATE_COUNT
};
const char *manifest_copy_word(enum manifest_copy_state state); /* "copied" */

struct manifest_copy {
    char target[MANIFEST_COPY_NAME_SIZE];
    enum manifest_copy_state state;
    wall_ms at;
};

struct manifest {
    char id[MANIFEST_ID_SIZE];
    enum backup_kind kind;
    char reason[256], by[128]; /* "" = none given; the schedule */
    wall_ms started, finished;
    struct manifest_source source;
    bool rdb_only, tls;
    char via[16];               /* "direct", "unix", "ssh" */
    bool by_mark;               /* from memory; false: through a file of the host */
    int64_t fork_us, cow_bytes; /* of the copy, on the source; -1 = not known */
    size_t file_count;
    struct manifest_file files[MANIFEST_FILES_MAX];
    char magic[RDB_MAGIC_LENGTH + 1];
    int rdb_version;
    bool checksum; /* the RDB has one */
    int64_t functions, used_memory_bytes;
    size_t database_count;
    struct rdb_counts databases[CHECK_DATABASES_MAX];
    int64_t live_before, live_after; /* BACKUP_KEYS_UNKNOWN */
    size_t check_count;
    struct proof_check checks[MANIFEST_CHECKS_MAX]; /* the newest last */
    enum proof_level proved;
    size_t copy_count;
    struct manifest_copy copies[MANIFEST_COPIES_MAX];
    unsigned suspicious;  /* 1u << enum backup_suspicion */
    wall_ms pinned_until; /* WALL_NONE = not pinned */
    /* A person has confirmed that it was meant to be so much smaller. WALL_NONE = no one has. */
    wall_ms accepted_at;
    char accepted_by[128];
};

/* Appends the JSON. -ENOMEM, -ENOBUFS. */
int manifest_write(const struct manifest *m, struct buf *to, struct error *err) ATTR_MUST_USE;
/* -EBADMSG, with the member that is wrong, when this is not a manifest of this format. */
int manifest_read(const char *text, size_t length, struct manifest *ret,
                  struct error *err) ATTR_MUST_USE;
/* Takes over the counts, checks and level of a proof. Drops the oldest checks. */
void manifest_take_proof(struct manifest *m, const struct proof_result *proof);
/* Notes the copy at a target. With a name more than fit the oldest one goes. */
void manifest_note_copy(struct manifest *m, const char *target, enum manifest_copy_state state,
                        wall_ms at);
void manifest_forget_copy(struct manifest *m, const char *target);
/* NULL = nothing is noted of that target. */
const struct manifest_copy *manifest_copy_at(const struct manifest *m, const char *target);
/* What of `suspicious` still stands: fewer data than before may be accepted, other counts than the
 * server's may not. */
unsigned manifest_suspicions(const struct manifest *m);
/* Keys of all databases, bytes of the RDB, the server's own counts. */
struct backup_figures manifest_figures(const struct manifest *m);

/* "20261129T023000Z" */
bool manifest_id_of(wall_ms at, char id[MANIFEST_ID_SIZE]);
bool manifest_id_valid(const char *id);

#endif
