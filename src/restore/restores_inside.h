/* Shared by the files of the daemon's restores, and by no other. */
#ifndef RESUS_RESTORE_RESTORES_INSIDE_H
#define RESUS_RESTORE_RESTORES_INSIDE_H

#include "backups/catalog.h"
#include "backups/opened.h"
#include "backups/proof.h"
#include "backups/proof_server.h"
#include "backups/query.h"
#include "placement/redis_conf.h"
#include "restore/plan_facts.h"
#include "restore/pour.h"
#include "restore/replica.h"
#include "restore/restore.h"
#include "restore/restores.h"
#include "restore/served.h"
#include "restore/way_back.h"

/* A turn to read a folder of backups on a worker (backups_worker_take()). */
struct slot {
    struct restores *r;
    void (*granted)(void *context); /* on the loop, once, also on the stack of slot_ask() */
    void *context;
    bool held, waits;
    mono_ms since;
    struct slot *next; /* those that wait */
};
void slot_ask(struct restores *r, struct slot *slot, void (*granted)(void *context), void *context);
/* Takes the turn if there is one, and goes on in any case: for the folder of the data, while the
 * service is down. */
void slot_try(struct restores *r, struct slot *slot);
void slot_give(struct slot *slot); /* also while it waits, or when there is none */

enum restores_state {
    RESTORES_RUNNING,
    RESTORES_HELD, /* until a person orders resume or undo */
    RESTORES_NEEDS_HUMAN,
    RESTORES_DONE,
    RESTORES_UNDONE,
    RESTORES_FAILED, /* by file: the data are untouched; by keys: those copied stay */
    RESTORES_CANCELLED,
    RESTORES_INTERRUPTED, /* by keys: Resus ended meanwhile */
    RESTORES_STATE_COUNT
};
const char *restores_state_word(enum restores_state state); /* "needs_human" */

struct run;
struct entry;

/* Copied: a reload replaces the settings. */
struct recipients {
    struct recipient_settings files[SETTINGS_RECIPIENTS_OF_MAX];
    size_t count;
};

/* The safety backup has ended: 0, or why there is none. */
typedef void guard_ended(struct entry *e, int result, const struct error *err);

/* NULL: `run->source` leads to a server that serves the backup, and `run->facts.rdb_version` is what it
 * writes, which the target reads. Called once more, with an error, when that server ends. */
typedef void serving_done(struct entry *e, const struct error *err);

/* One restore, as it is remembered. */
struct entry {
    struct restores *r;
    int64_t number;
    int target; /* index; -1 = the settings no longer have the service */
    enum restores_state state;
    char service[SETTINGS_ID_MAX], source[SETTINGS_ID_MAX], backup[MANIFEST_ID_SIZE];
    enum restore_method method;
    enum restore_mode mode;
    int64_t db;
    char match[POUR_PATTERN_MAX];
    struct engine_user user; /* of the last order */
    char reason[256];
    wall_ms began, ended;
    int64_t keys, keys_before;                /* of the backup, of the server; -1 = not known */
    char safety[MANIFEST_ID_SIZE];            /* the safety backup; "" = none */
    char stage[24];                           /* of the way that is under way */
    char text[ERROR_TEXT_MAX];                /* how it ended */
    int64_t restored, kept, expired, removed; /* keys */
    /* by file */
    struct restore_job job;
    struct placement_place place;
    struct rdb_counts *databases; /* of the backup */
    size_t database_count;
    struct replica_copy copy; /* by replication */
    /* the order under way */
    const char *order; /* "restore", an operation of the audit log */
    wall_ms ordered;
    char request_id[48];
    int orders;    /* so far */
    bool taken_up; /* from the daemon before, without an order of this one */
    struct run *run;
};

/* What is needed while a restore is under way. */
struct run {
    struct entry *entry;
    struct slot slot;
    struct restore *machine;   /* by file and by replication */
    char cancelled_by[256];    /* "" = it was not cancelled */
    struct manifest *manifest; /* of the backup; NULL after a restart of Resus */
    /* What is restored: the backup's file, or what is inside of it once it is opened. */
    char file[PATH_MAX], sha256[65];
    uint64_t bytes;
    struct opened opened;
    struct recipients recipients;
    char folder[PATH_MAX]; /* of the source's backups */
    char server[SETTINGS_PATH_MAX];
    struct redis_settings redis; /* of the target; a reload replaces those of the settings */
    struct restore_plan_facts facts;
    struct plan_names names;
    bool unguarded;
    guard_ended *guarded; /* NULL = no safety backup is awaited */
    struct proof *proof;
    struct proof_server *proof_server;
    const struct redis_settings *source; /* of that server */
    struct query *query;
    struct pour *pour;
    struct served *served;
    serving_done *serving;
    /* by replication */
    struct way_back *way;
    struct replica *replica;
    bool started;                                       /* Redis had ended and was started again */
    char masterauth[256], masteruser[128], secret[260]; /* with which the target comes; wiped */
    enum restore_act act;                               /* that is under way */
    struct error error;
};

struct planning;

struct restores {
    struct restores_ports ports;
    uv_timer_t timer;
    bool started, closing;
    atomic_bool stop;                         /* for workers: Resus is stopping */
    struct entry *entries[RESTORES_KEPT_MAX]; /* oldest first */
    size_t count;
    struct slot *slots;
    struct planning *plannings;
    size_t planning_count;
};

/* A plan that is being made, or was. */
struct planning {
    uv_work_t work;
    struct restores *r;
    struct planning *next;
    struct slot slot;
    mono_ms since;
    bool begins, in_worker, gone;
    int source, target, method;
    enum restore_mode mode;
    int64_t db;
    bool part, unguarded, mode_given;
    enum backup_kind kind;
    char backup[MANIFEST_ID_SIZE], match[POUR_PATTERN_MAX], reason[256], request_id[48];
    struct engine_user user;
    char root[SETTINGS_PATH_MAX], source_id[SETTINGS_ID_MAX], server[SETTINGS_PATH_MAX];
    struct redis_settings redis;
    struct recipients recipients;
    bool local;  /* Resus runs the target itself: it can exchange its files */
    bool remote; /* the helper of its host can */
    struct files_host host;
    struct placement_place place;
    enum redis_conf_aof conf_aof;
    struct placement_facts place_facts;
    enum placement_result place_result;
    struct placement_error place_error;
    int64_t conf_databases, conf_maxmemory; /* of redis.conf; RESTORE_UNKNOWN_VALUE */
    char records[SETTINGS_PATH_MAX], probe_file[PATH_MAX];
    struct manifest *manifest;
    struct query *query;
    struct proof_server *probe; /* its program, when it is down */
    struct plan_names names;
    struct restore_plan_facts facts;
    struct restore_plan plan;
    const char *why; /* this method was chosen; NULL = it was given */
    struct error error;
    restores_done *done;
    void *context;
    uint64_t ticket;
};

/* restores.c */
struct now restores_now(const struct restores *r);
const struct service_settings *restores_settings(const struct restores *r, int service);
/* NULL: nothing holds the service. */
struct entry *restores_holder(const struct restores *r, int service);
/* A restore whose act is under way; NULL = none. */
struct entry *restores_running(const struct restores *r);
/* Room for one more: the oldest that is over goes. */
int restores_make_room(struct restores *r, struct error *err) ATTR_MUST_USE;
void entry_free(struct entry *e); /* takes NULL */
/* The service's host has the helper: fills `host`. */
bool restores_remote(const struct restores *r, int service, struct files_host *host);
/* restores_order.c */
/* The plan allows it: -EBUSY when another one began meanwhile. Takes the manifest. */
int restores_take(struct planning *p, struct entry **ret, struct error *err) ATTR_MUST_USE;
/* The stage has changed: whoever looks at the service sees it. */
void entry_stage(struct entry *e, const char *stage);
/* The order is over; `e->state` says how. Frees the run. */
void entry_ended(struct entry *e, enum restores_state state, const char *text);
/* What holds its service, as a sentence. */
void entry_hold_text(const struct entry *e, char *to, size_t size);
/* Writes the entry down; `done` may be NULL. */
void entry_save(struct entry *e, store_done *done);
void entry_order(struct entry *e, const char *order, const struct engine_user *user,
                 const char *request_id);
const struct redis_tunnel *entry_tunnel(const struct entry *e);
struct run *run_new(struct entry *e, struct error *err) ATTR_MUST_USE;
struct entry *restores_find(const struct restores *r, int64_t number);
/* Orders the safety backup. */
void entry_guard(struct entry *e, guard_ended *ended);

/* restores_plan.c */
void planning_turn(struct planning *p);
void planning_drop(struct planning *p); /* Resus stops */

/* restores_keys.c */
void keys_begin(struct entry *e);
void keys_cancel(struct entry *e, const struct engine_user *user);
/* restores_machine.c: by file and by replication */
int machine_begin(struct entry *e, struct error *err) ATTR_MUST_USE;
/* After a restart of Resus. */
int machine_continue(struct entry *e, struct error *err) ATTR_MUST_USE;
int machine_order(struct entry *e, enum restore_event order, struct error *err) ATTR_MUST_USE;
int machine_cancel(struct entry *e, const struct engine_user *user,
                   struct error *err) ATTR_MUST_USE;
void entry_end_act(struct entry *e, enum restore_act act, enum restore_event outcome,
                   const char *staged, const struct error *err);
/* restores_file.c */
void file_late(struct entry *e, const struct error *err); /* no turn of a worker came */
/* Can its files be exchanged? A reload may have taken the helper away: the place is a folder of its
 * host, and never one of this machine then. */
int file_reach(const struct entry *e, struct error *err) ATTR_MUST_USE;
/* restores_file.c, restores_replicate.c: struct restore_ports */
void file_act(void *context, struct restore *r, enum restore_act act,
              const struct restore_job *job);
void file_stop_act(void *context, enum restore_act act);
void file_report(void *context, enum restore_act act, const struct restore_job *job,
                 const struct error *err);
void replicate_act(void *context, struct restore *r, enum restore_act act,
                   const struct restore_job *job);
void replicate_stop_act(void *context, enum restore_act act);
void replicate_report(void *context, enum restore_act act, const struct restore_job *job,
                      const struct error *err);
/* restores_serving.c */
void serving_begin(struct entry *e, serving_done *done);
void serving_late(struct entry *e, const struct error *err); /* no turn of a worker came */
void serving_end(struct run *run);
/* restores_machine.c: ends what is under way, as far as it can be ended. */
void run_free(struct run *run);

/* restores_sealed.c */
typedef void sealed_opened(struct entry *e, const struct error *err);
bool sealed_is(const struct entry *e);
/* The run has its turn of a worker. `done` once, on the loop; not when the run ends before. */
void sealed_open(struct entry *e, sealed_opened *done);
/* It is no longer read. Also when nothing was opened. */
void sealed_close(struct run *run);

/* restores_json.c */
json_t *plan_json(const struct planning *p);
json_t *entry_json(const struct entry *e);

/* restores_record.c */
json_t *entry_body(const struct entry *e);
/* -EBADMSG: it is not of this format. */
int entry_read(struct entry *e, const json_t *body, struct error *err) ATTR_MUST_USE;

#endif
