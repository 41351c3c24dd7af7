/* Verifies the audit log. The hash chain reveals changed lines. It cannot reveal a removed end or a
 * complete rewrite: these need something from outside, which is the anchor in the state database, a
 * head reported to the journal, or the initial key of the seals. */
#ifndef RESUS_STORE_AUDIT_VERIFY_H
#define RESUS_STORE_AUDIT_VERIFY_H

#include "store/audit.h"
#include "store/audit_line.h"

struct audit_check {
    const struct audit_anchor *anchor; /* the recorded head; NULL: none */
    const struct audit_head *from;     /* start at this line; NULL: at the oldest */
    const uint8_t *key;                /* AUDIT_KEY_BYTES, initial key of the seals; NULL: none */
};

struct audit_verdict {
    bool intact;
    uint64_t lines; /* checked */
    uint64_t first_seq, last_seq;
    char last_hash[AUDIT_HASH_SIZE];
    char bad_file[SETTINGS_PATH_MAX];
    uint64_t bad_line; /* 1-based, 0 = none: the problem concerns the whole log */
    char why[640];
    bool anchored;        /* the log contains the anchor's line with its hash */
    uint64_t seals;       /* those made with the given key; without a key all */
    uint64_t sealed_seq;  /* of the newest of them, 0 = none */
    uint64_t other_seals; /* made with other keys, so not checked */
};

/* Verifies from the oldest kept file to the newest, or from check->from on. Files that are not
 * there are a finding when `check` expects lines in them, else -ENOENT. `check` NULL: the chain
 * alone. A key costs a hash for each number up to the first seal's. */
int audit_verify(const char *file, const struct audit_check *check, struct audit_verdict *ret,
                 struct error *err) ATTR_MUST_USE;

/* As the API shows it; `anchor` with seq 0: none. NULL without memory. */
json_t *audit_verdict_json(const struct audit_verdict *v, const struct audit_anchor *anchor);
/* Describes a log that ends at `seq` (0: it is empty) before the line `wanted`. */
void audit_missing_text(uint64_t seq, const char *hash, const struct audit_head *wanted, char *to,
                        size_t size);
/* "SEQ:HASH". -EINVAL. */
int audit_head_read(const char *text, struct audit_head *ret, struct error *err) ATTR_MUST_USE;

#endif
