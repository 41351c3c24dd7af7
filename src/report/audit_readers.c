#include "report/audit_readers.h"

#include <inttypes.h>
#include <string.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

/* Of one export; the last line says where it was cut. With a page (AUDIT_PAGE_BYTES, twice that
 * where it is all quotes) on top it is below what the web process sends at once. */
#define EXPORT_LINES_MAX 100000
#define EXPORT_BYTES_MAX ((size_t)14 * 1024 * 1024)
/* Of an export, at once: a text whose every character has to be escaped is twice as long in its
 * frame. A line is far shorter (AUDIT_LINE_MAX). */
#define PIECE_BYTES ((size_t)FRAME_MAX / 4)

static void on_worker(uv_work_t *work)
{
    struct audit_job *j = (struct audit_job *)work;
    if (!atomic_load(&j->stop))
        j->result = audit_reading_run(&j->question, &j->answer, &j->error);
}

/* ── on the loop ── */

static void free_job(struct audit_job *j)
{
    json_decref(j->answer.body);
    mem_free(j->answer.lines);
    mem_free(j);
}

static void run_first(struct audit_readers *r);

/* Whole lines, as many as a frame holds whatever is in them. */
static void push_lines(struct call *call, const char *lines)
{
    for (size_t left = strlen(lines), piece; left > 0; lines += piece, left -= piece) {
        piece = left;
        if (left > PIECE_BYTES) {
            const char *end = memrchr(lines, '\n', PIECE_BYTES);
            piece = end == NULL ? PIECE_BYTES : (size_t)(end + 1 - lines);
        }
        call->push(call, json_stringn(lines, piece));
    }
}

/* Gives the pages of an export to the asker one by one. True when there is another to read. */
static bool push_page(struct audit_job *j)
{
    struct call *call = j->call;
    char cut[96];
    j->exported += j->answer.count;
    j->exported_bytes += strlen(j->answer.lines);
    push_lines(call, j->answer.lines);
    mem_free(j->answer.lines);
    j->answer.lines = NULL;
    if (j->answer.next == 0 || call->gone)
        return false;
    if (j->exported < EXPORT_LINES_MAX && j->exported_bytes < EXPORT_BYTES_MAX) {
        j->question.before = j->answer.next;
        return true;
    }
    (void)str_format(cut, sizeof cut, "{\"truncated\": true, \"next_cursor\": \"%" PRIu64 "\"}\n",
                     j->answer.next);
    call->push(call, json_string(cut));
    return false;
}

static void answer(struct audit_job *j)
{
    struct call *call = j->call;
    if (j->result < 0)
        call_refuse(call, 500, "Cannot read the audit log", j->error.text, "audit_unreadable",
                    j->readers->now(j->readers->context).wall);
    else if (j->question.kind == AUDIT_READ_LINES)
        call->answer(call, call->gone ? 499 : 200, json_string(""));
    else
        call->answer(call, 200, json_incref(j->answer.body));
}

static void on_worked(uv_work_t *work, int status)
{
    struct audit_job *j = (struct audit_job *)work;
    struct audit_readers *r = j->readers;
    (void)status;
    if (r == NULL) {
        free_job(j);
        return;
    }
    bool more = j->result >= 0 && j->question.kind == AUDIT_READ_LINES && push_page(j);
    r->first = j->next;
    if (more) { /* behind those that wait: an export is no hurry */
        struct audit_job **last = &r->first;
        while (*last != NULL)
            last = &(*last)->next;
        j->next = NULL;
        *last = j;
    } else {
        r->count--;
        answer(j);
        free_job(j);
    }
    run_first(r);
}

static void run_first(struct audit_readers *r)
{
    struct audit_job *j = r->first;
    if (j != NULL)
        (void)uv_queue_work(r->loop, &j->work, on_worker, on_worked);
}

void audit_readers_close(struct audit_readers *r)
{
    struct audit_job *running = r->first;
    for (struct audit_job *j = running, *next; j != NULL; j = next) {
        next = j->next;
        j->readers = NULL;
        atomic_store(&j->stop, true);
        j->call->answer(j->call, 503, NULL);
        if (j != running)
            free_job(j);
    }
    r->first = NULL;
    r->count = 0;
}

struct audit_job *audit_readers_job(struct audit_readers *r, struct call *call)
{
    struct audit_job *j = r->count >= AUDIT_READERS_MAX ? NULL : mem_calloc(1, sizeof *j);
    if (j == NULL) {
        call_refuse(call, 503, "Too many readers",
                    "As many readers of the audit log as can be wait already. Try again.", "busy",
                    r->now(r->context).wall);
        return NULL;
    }
    j->readers = r;
    j->call = call;
    j->question.filter.result = -1;
    j->question.filter.stop = &j->stop;
    return j;
}

void audit_readers_ask(struct audit_readers *r, struct audit_job *j)
{
    struct audit_job **last = &r->first;
    bool idle = *last == NULL;
    while (*last != NULL)
        last = &(*last)->next;
    *last = j;
    r->count++;
    if (idle)
        run_first(r);
}
