/* Requests to etcd's JSON gateway (/v3/...) and its answers. 64-bit numbers are texts there, keys and
 * values base64. Foreign bytes are read within limits; what is not of the expected form is an error
 * and never a default, because an answer that is misread could be taken for a right to act. */
#ifndef RESUS_IO_ETCD_JSON_H
#define RESUS_IO_ETCD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"

#define ETCD_KEY_MAX 512                /* bytes, with the NUL */
#define ETCD_VALUE_MAX (64 * 1024)      /* bytes of one value */
#define ETCD_OPERATIONS_MAX 128         /* comparisons or writes of a transaction: etcd's own */
#define ETCD_PAGE 1000                  /* keys of one range: the gateway refuses 4 MB */
#define ETCD_BODY_MAX (4 * 1024 * 1024) /* bytes of an answer */
#define ETCD_LINE_MAX (8 * 1024 * 1024) /* bytes of a line of a watch: 30,000 deletes */
#define ETCD_TEXT_MAX 256
#define ETCD_LEASE_NOT_FOUND 5 /* gRPC's code NOT_FOUND */

enum etcd_call {
    ETCD_GRANT,
    ETCD_KEEP_ALIVE,
    ETCD_REVOKE,
    ETCD_RANGE,
    ETCD_TXN,
    ETCD_STATUS,
    ETCD_ALARMS,
    ETCD_MEMBERS,
    ETCD_CALL_COUNT
};
const char *etcd_call_path(enum etcd_call call); /* "/v3/lease/grant" */

struct etcd_entry {
    char *key;
    char *value; /* with a NUL behind it */
    size_t value_length;
    int64_t create_revision, mod_revision, lease;
};

struct etcd_answer {
    bool good;     /* 200, and of the form that is expected. Else nothing is known: the request may
                      have been carried out, or may be later */
    mono_ms asked; /* just before the request was first sent (boot clock) */
    int code;      /* gRPC's, of an answer that is not good; 0 = none */
    char text[ETCD_TEXT_MAX]; /* why it is not good, with the endpoint */

    uint64_t cluster, member, term;
    int64_t revision;

    int64_t lease, ttl_ms;      /* of GRANT and KEEP_ALIVE; 0 or less: the lease is gone */
    bool succeeded;             /* of TXN: the comparisons held */
    struct etcd_entry *entries; /* of RANGE */
    size_t count;
    bool more;
    char version[32];          /* of STATUS, as are the next */
    int64_t bytes, bytes_used; /* of the database */
    uint64_t leader;           /* 0 = none */
    size_t alarms;             /* of ALARMS */
    char alarm[32];            /* the first one: "NOSPACE" */
    size_t members, learners;  /* of MEMBERS */
};

/* 0, -EPROTO or -ENOMEM. `ret` is zeroed before; free it either way. */
int etcd_read_answer(enum etcd_call call, const char *text, size_t length, struct etcd_answer *ret,
                     struct error *err) ATTR_MUST_USE;
/* The text and the code of a body that is no 200. Both of the forms that etcd has. */
void etcd_read_refusal(const char *text, size_t length, int *ret_code, char ret[ETCD_TEXT_MAX]);
void etcd_answer_free(struct etcd_answer *answer);

struct etcd_event {
    bool deleted;
    struct etcd_entry entry; /* of a delete: key and mod_revision alone */
};

/* One line of a watch. */
struct etcd_line {
    bool created;
    bool cancelled;           /* nothing more comes */
    int64_t compacted;        /* the revisions below are gone; 0 = that is not why it ended */
    char text[ETCD_TEXT_MAX]; /* why it was cancelled */
    uint64_t cluster, term;
    int64_t revision;
    struct etcd_event *events;
    size_t count;
};
int etcd_read_line(const char *text, size_t length, struct etcd_line *ret,
                   struct error *err) ATTR_MUST_USE;
void etcd_line_free(struct etcd_line *line);

/* Before 3.5.13 leases were ended wrongly and watches left events out. A version that is not
 * understood is newer than any that was known. */
bool etcd_version_old(const char *version);

/* ── requests ── */

enum etcd_what { ETCD_CREATED, ETCD_MODIFIED, ETCD_LEASE };

struct etcd_compare {
    const char *key;
    enum etcd_what what;
    int64_t is; /* CREATED and MODIFIED: 0 = the key is not there */
};

struct etcd_write {
    const char *key;
    const char *value; /* NULL = the key is deleted */
    int64_t lease;     /* 0 = none */
};

struct etcd_txn {
    const struct etcd_compare *compares;
    size_t compare_count;
    const struct etcd_write *writes; /* all of them, if all comparisons hold */
    size_t write_count;
};

/* The bodies, mem_free()d by the caller; NULL without memory, or past a limit. A range is of the keys
 * from `from` on that begin with `prefix`, at `revision` (0 = now). */
char *etcd_body_number(const char *name, int64_t value) ATTR_MUST_USE;
char *etcd_body_range(const char *prefix, const char *from, int64_t revision) ATTR_MUST_USE;
char *etcd_body_txn(const struct etcd_txn *txn) ATTR_MUST_USE;
char *etcd_body_watch(const char *prefix, int64_t from_revision) ATTR_MUST_USE;

#endif
