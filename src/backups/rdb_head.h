/* The parts of an RDB file that Resus parses itself: the head (magic, version, AUX fields, function
 * libraries), the last nine bytes (0xFF and a CRC-64), and the key counts that the server wrote
 * after each SELECTDB. redis-check-rdb and a proof server read the values. Foreign bytes: fuzzed.
 * No I/O. */
#ifndef RESUS_BACKUPS_RDB_HEAD_H
#define RESUS_BACKUPS_RDB_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

#define RDB_MAGIC_LENGTH 9       /* "REDIS0010", "VALKEY080" */
#define RDB_VERSION_LEAST 5      /* the first with a checksum (Redis 2.6) */
#define RDB_AUX_TEXT_MAX 64      /* bytes kept of a name or value; the rest is skipped */
#define RDB_AUX_FIELDS_MAX 1024  /* no server writes more */
#define RDB_TAIL_LENGTH 9        /* 0xFF and the CRC */
#define RDB_COUNTS_LENGTH_MAX 19 /* 0xFB and two lengths of nine bytes */
#define RDB_TEXT_SIZE (RDB_AUX_TEXT_MAX + 1)

enum rdb_step { RDB_MAGIC, RDB_OPCODE, RDB_PREFIX, RDB_BODY, RDB_HEAD_DONE };

/* Begins as {0}. */
struct rdb_head {
    char magic[RDB_MAGIC_LENGTH + 1];
    int version;
    char server_version[RDB_TEXT_SIZE]; /* redis-ver or valkey-ver; "" = unknown */
    int64_t created_seconds;            /* Unix time of the server's host; 0 = unknown */
    int64_t used_memory_bytes;          /* at the fork: what loading needs; 0 = unknown */
    int64_t functions;                  /* libraries of FUNCTION LOAD */
    bool module_data;                   /* a module stored data of its own before the keys */
    enum rdb_step step;                 /* RDB_HEAD_DONE: the above is complete */
    /* the parser's own */
    unsigned char opcode, prefix[9];
    size_t have, need;   /* bytes of prefix */
    uint64_t body_left;  /* bytes of the string under way */
    int strings_left;    /* of the opcode under way, this one included */
    int compressed_left; /* lengths of a compressed string still to be read */
    uint64_t compressed_bytes;
    size_t fields;
    char name[RDB_TEXT_SIZE], text[RDB_TEXT_SIZE];
    size_t text_length;
};

/* Takes the next bytes of the file, in any cut; ignores what follows the head. 0; -EBADMSG when this
 * is not an RDB file. */
int rdb_head_feed(struct rdb_head *h, const void *bytes, size_t length,
                  struct error *err) ATTR_MUST_USE;

/* The end of a file that is read from its beginning. Begins as {0}. */
struct rdb_tail {
    uint64_t bytes; /* taken so far */
    uint64_t crc;   /* of all but the last eight */
    unsigned char last[8];
    unsigned char before; /* the byte before those */
};

enum rdb_end {
    RDB_END_MISSING,   /* no 0xFF in its place: cut, or something follows the end */
    RDB_END_WRONG,     /* 0xFF, but the CRC differs */
    RDB_END_UNCHECKED, /* 0xFF and no CRC: the server runs with `rdbchecksum no` */
    RDB_END_OK
};

void rdb_tail_feed(struct rdb_tail *t, const void *bytes, size_t length);
/* Do the bytes so far form a complete file? */
enum rdb_end rdb_tail_end(const struct rdb_tail *t);
bool rdb_end_whole(enum rdb_end end);       /* OK or UNCHECKED */
const char *rdb_end_word(enum rdb_end end); /* "ok", "absent", "wrong", "missing" */

struct rdb_counts {
    int64_t db, keys, expires;
};

/* Parses the bytes after a SELECTDB: 0xFB, keys, keys with a TTL, both as they were at the fork. `db` of
 * `ret` stays. -EBADMSG when they are not there. */
int rdb_counts_read(const unsigned char *bytes, size_t length,
                    struct rdb_counts *ret) ATTR_MUST_USE;

#endif
