/* What the process controller answers in systemctl's words, so that whoever asks needs no special
 * case. Inside host/ only. */
#ifndef RESUS_HOST_PROCESS_TEXT_H
#define RESUS_HOST_PROCESS_TEXT_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/time.h"
#include "host/process_run.h"

enum process_state { PROCESS_DOWN, PROCESS_STARTING, PROCESS_UP, PROCESS_STOPPING };

struct process_view {
    const char *unit, *program;
    enum process_state state;
    pid_t pid;            /* of the last one; 0: none yet */
    bool stopped;         /* it ended because it was told to */
    enum process_end end; /* of the last one, when state is PROCESS_DOWN and pid not 0 */
    int code;             /* exit status or signal */
    wall_ms since;
};

/* `systemctl status`, `show`, `is-active`; 0 or the buffer's error. */
int process_text_status(const struct process_view *view, struct buf *out) ATTR_MUST_USE;
int process_text_show(const struct process_view *view, struct buf *out) ATTR_MUST_USE;
int process_text_is_active(const struct process_view *view, struct buf *out) ATTR_MUST_USE;
/* systemctl's own words for a unit that cannot reload: host_reload_unsupported() reads them. */
int process_text_no_reload(const struct process_view *view, struct buf *out) ATTR_MUST_USE;
/* systemd's sentence about the end of a main process, for the journal; nothing while it runs. */
int process_text_end(const struct process_view *view, struct buf *out) ATTR_MUST_USE;

#endif
