/* One question about the audit log, answered from its files: on a worker, it takes long. */
#ifndef RESUS_REPORT_AUDIT_READING_H
#define RESUS_REPORT_AUDIT_READING_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"
#include "store/anchor.h"
#include "store/audit_page.h"
#include "store/audit_verify.h"

enum audit_read_kind {
    AUDIT_READ_PAGE,    /* body: items and next_cursor */
    AUDIT_READ_LINES,   /* lines, as they stand in the file: for an export */
    AUDIT_READ_REPORT,  /* body, as are the next two */
    AUDIT_READ_SUMMARY, /* of a day */
    AUDIT_READ_VERDICT,
};

struct audit_question {
    enum audit_read_kind kind;
    char file[SETTINGS_PATH_MAX];
    struct security_settings security;
    struct audit_filter filter; /* its `stop` is asked, too, and its texts are borrowed */
    uint64_t before;            /* of a page: the seq that it ends before, 0 = the newest */
    size_t limit;               /* lines of a page */
    struct audit_anchor anchor; /* read before the file: the file can only be ahead of it */
    struct audit_head from;     /* of a verdict; seq 0 = all */
};

struct audit_answer {
    json_t *body;
    char *lines;   /* for mem_free */
    size_t count;  /* of this page's lines */
    uint64_t next; /* what comes before this page; 0 = nothing */
};

/* 0, or a negative errno value with `err`; then `ret` holds nothing. */
int audit_reading_run(const struct audit_question *q, struct audit_answer *ret,
                      struct error *err) ATTR_MUST_USE;

#endif
