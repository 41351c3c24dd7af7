/* One line of the audit file: how it is written, sealed into the chain, and read back.
 *
 * hash = SHA-256, in lower-case hex, of the line's bytes without the newline and without the last
 * member: everything before `, "hash": "` followed by `}`. In a shell:
 *   sed 's/, "hash": "[0-9a-f]*"}$/}/' | tr -d '\n' | sha256sum
 * prev = the hash of the line before, 64 zeros on the first line (seq 1).
 *
 * The words that the runbook greps for (service_operation, auto_recovery) stand as such only in
 * event_type: inside any other text their `_` is written \u005f, the same text for a JSON reader.
 * Control characters in texts become '?', line ends a blank: a terminal shows these lines. */
#ifndef RESUS_STORE_AUDIT_LINE_H
#define RESUS_STORE_AUDIT_LINE_H

#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/audit.h"

#define AUDIT_HASH_NONE "0000000000000000000000000000000000000000000000000000000000000000"

/* Lines about the log itself, by their operation. */
enum audit_mark {
    AUDIT_MARK_NONE,
    AUDIT_MARK_SEAL,
    AUDIT_MARK_MISSING /* reports missing lines */
};
#define AUDIT_SEAL_OPERATION "audit-seal"
#define AUDIT_MISSING_OPERATION "audit-lines-missing"
#define AUDIT_LOST_OPERATION "audit-lines-lost"

struct audit_link {
    uint64_t seq;
    char prev[AUDIT_HASH_SIZE], hash[AUDIT_HASH_SIZE];
    enum audit_mark mark;
    char said[512]; /* the reason of a marked line, "" = none */
};

enum audit_flaw {
    AUDIT_FLAW_NONE,
    AUDIT_FLAW_LENGTH,
    AUDIT_FLAW_JSON,
    AUDIT_FLAW_NO_HASH,
    AUDIT_FLAW_NO_PREV,
    AUDIT_FLAW_NO_SEQ,
    AUDIT_FLAW_HASH,
    AUDIT_FLAW_COUNT
};

/* Appends the line up to where `"seq"` follows. -ENOBUFS, -ENOMEM. */
int audit_line_body(const struct audit_line *line, struct buf *out) ATTR_MUST_USE;
/* Appends a sealed line made of `body`, without newline. On failure `out` is as it was. */
int audit_line_seal(const char *body, size_t length, uint64_t seq, const char *prev,
                    struct buf *out, char ret_hash[AUDIT_HASH_SIZE]) ATTR_MUST_USE;
/* Reads foreign bytes: one line without its newline. Fills `ret` only for AUDIT_FLAW_NONE. */
enum audit_flaw audit_line_read(const char *text, size_t length, struct audit_link *ret);
const char *audit_flaw_text(enum audit_flaw flaw);

/* The words of `event_type` and `risk_level`. */
const char *audit_event_word(enum audit_event event);
const char *audit_risk_word(enum audit_risk risk);

#endif
