/* The audit log's file as it is found at the start. */
#include <inttypes.h>

#include "base/str.h"
#include "io/log.h"
#include "store/audit_inside.h"
#include "store/audit_verify.h"

/* The file must contain the anchor's line. It may be ahead of it: a line is flushed before its head
 * is recorded. */
void audit_check_start(struct audit *a, char finding[ERROR_TEXT_MAX])
{
    struct audit_file *f = &a->file;
    const struct audit_anchor *anchor = &a->guard.anchor;
    const struct audit_head *head = &anchor->head;
    struct error err = {0};
    finding[0] = '\0';
    /* Has the thread record the head: the anchor may be older, or missing. */
    a->unsynced = a->guard.keep != NULL && f->seq > 0;
    if (head->seq == 0 && f->seq == 0 && a->seal.number > 0)
        (void)str_format(finding, ERROR_TEXT_MAX,
                         "the audit log is empty and the state database has no recorded head, but "
                         "seals were made with the key %s: their lines are missing",
                         a->seal.id);
    if (head->seq == 0 || !str_equal(anchor->file, f->path)) {
        if (finding[0] != '\0')
            log_error("audit", "%s", finding);
        else if (a->guard.keep != NULL && f->seq > 0)
            log_warning(
                "audit",
                "the state database has no recorded head of %s (new machine, restored state or "
                "upgrade): recording starts at seq %" PRIu64,
                f->path, f->seq);
        return;
    }
    if (f->seq == head->seq && str_equal(f->hash, head->hash))
        return;
    if (f->seq < head->seq) {
        audit_missing_text(f->seq, f->hash, head, finding, ERROR_TEXT_MAX);
    } else if (f->seq == head->seq) {
        (void)str_format(finding, ERROR_TEXT_MAX,
                         "the last line of the audit log (seq %" PRIu64
                         ") is not the line that was "
                         "written: its hash is %s, expected %s",
                         f->seq, f->hash, head->hash);
    } else {
        const struct audit_check check = {.anchor = anchor, .from = head};
        struct audit_verdict v = {0};
        if (audit_verify(f->path, &check, &v, &err) < 0)
            (void)str_copy(finding, ERROR_TEXT_MAX, err.text);
        else if (!v.intact && v.bad_line == 0)
            (void)str_copy(finding, ERROR_TEXT_MAX, v.why);
        else if (!v.intact)
            (void)str_format(finding, ERROR_TEXT_MAX, "%s line %" PRIu64 ": %s", v.bad_file,
                             v.bad_line, v.why);
    }
    if (finding[0] == '\0')
        return;
    log_error("audit", "%s", finding);
    /* Continue the chain from the anchor, so that the gap remains visible. */
    if (f->seq <= head->seq)
        audit_file_continue(f, head);
}
