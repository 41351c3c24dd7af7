#include "handlers/audits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "store/anchor.h"
#include "store/audit_page.h"
#include "store/audit_report.h"
#include "store/audit_verify.h"

#define PAGE_LINES 100 /* unless told */
/* Of one export; the last line says where it was cut. With a page (AUDIT_PAGE_BYTES, twice that
 * where it is all quotes) on top it is below what the web process sends at once. */
#define EXPORT_LINES_MAX 100000
#define EXPORT_BYTES_MAX ((size_t)14 * 1024 * 1024)
/* Of an export, at once: a text whose every character has to be escaped is twice as long in its
 * frame. A line is far shorter (AUDIT_LINE_MAX). */
#define PIECE_BYTES ((size_t)FRAME_MAX / 4)
#define DAY_MS (86400LL * 1000)

struct audit_job {
    uv_work_t work;     /* first */
    struct handlers *h; /* NULL: no caller waits for it now */
    struct call *call;
    struct audit_job *next;
    atomic_bool stop;

    /* the question, with its own copies: a reload frees the settings */
    char file[SETTINGS_PATH_MAX];
    struct security_settings security;
    char user[256], operation[64];
    struct audit_filter filter;
    uint64_t before;
    size_t limit;
    bool report, summary, export, verify;
    struct audit_anchor anchor; /* read before the file: the file can only be ahead of it */
    struct audit_head from;     /* seq 0 = all */

    /* the result */
    int result;
    json_t *body;
    char *lines;
    struct audit_page page;
    size_t exported, exported_bytes;
    struct error error;
};

/* ── on the worker ── */

/* NULL when they cannot all be written. */
static char *lines_of(const json_t *items)
{
    struct buf out = BUF_LIMIT(2 * AUDIT_PAGE_BYTES);
    bool whole = true;
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)items, i, item) {
        char *line = json_dumps(item, JSON_WRITE_FLAGS);
        whole = whole && line != NULL && buf_printf(&out, "%s\n", line) == 0;
        free(line);
    }
    char *text = whole ? mem_strdup(buf_text(&out)) : NULL;
    buf_free(&out);
    return text;
}

static void read_page(struct audit_job *j)
{
    j->result = audit_page(j->file, &j->filter, j->before, j->limit, &j->stop, &j->page, &j->error);
    if (j->result < 0)
        return;
    j->exported += json_array_size(j->page.items);
    if (j->export) {
        j->lines = lines_of(j->page.items);
        json_decref(j->page.items);
        if (j->lines == NULL)
            j->result = error_set(&j->error, -ENOMEM, "A page of it could not be written.");
        return;
    }
    char cursor[24];
    (void)str_format(cursor, sizeof cursor, "%" PRIu64, j->page.next);
    j->body = json_object();
    (void)json_put(j->body, "items", j->page.items);
    (void)json_put_text(j->body, "next_cursor", j->page.next == 0 ? NULL : cursor);
}

static void verify(struct audit_job *j)
{
    struct audit_verdict v = {0};
    const struct audit_check check = {.anchor = &j->anchor,
                                      .from = j->from.seq == 0 ? NULL : &j->from};
    j->result = audit_verify(j->file, &check, &v, &j->error);
    if (j->result == 0)
        j->body = audit_verdict_json(&v, &j->anchor);
}

static void on_worker(uv_work_t *work)
{
    struct audit_job *j = (struct audit_job *)work;
    if (atomic_load(&j->stop))
        return;
    if (j->verify)
        verify(j);
    else if (!j->report)
        read_page(j);
    else if (j->summary)
        j->result = audit_summary(j->file, &j->filter, &j->security, &j->body, &j->error);
    else
        j->result = audit_report(j->file, &j->filter, &j->security, &j->body, &j->error);
}

/* ── on the loop ── */

static void free_job(struct audit_job *j)
{
    json_decref(j->body);
    mem_free(j->lines);
    mem_free(j);
}

static void run_first(struct handlers *h);

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
    j->exported_bytes += strlen(j->lines);
    push_lines(call, j->lines);
    mem_free(j->lines);
    j->lines = NULL;
    if (j->page.next == 0 || call->gone)
        return false;
    if (j->exported < EXPORT_LINES_MAX && j->exported_bytes < EXPORT_BYTES_MAX) {
        j->before = j->page.next;
        return true;
    }
    (void)str_format(cut, sizeof cut, "{\"truncated\": true, \"next_cursor\": \"%" PRIu64 "\"}\n",
                     j->page.next);
    call->push(call, json_string(cut));
    return false;
}

static void answer(struct audit_job *j)
{
    struct call *call = j->call;
    if (j->result < 0)
        call_refuse(call, 500, "Cannot read the audit log", j->error.text, "audit_unreadable",
                    handlers_now(j->h).wall);
    else if (j->export)
        call->answer(call, call->gone ? 499 : 200, json_string(""));
    else
        call->answer(call, 200, json_incref(j->body));
}

static void on_worked(uv_work_t *work, int status)
{
    struct audit_job *j = (struct audit_job *)work;
    struct handlers *h = j->h;
    (void)status;
    if (h == NULL) {
        free_job(j);
        return;
    }
    bool more = j->result >= 0 && j->export && push_page(j);
    h->audits.first = j->next;
    if (more) { /* behind those that wait: an export is no hurry */
        struct audit_job **last = &h->audits.first;
        while (*last != NULL)
            last = &(*last)->next;
        j->next = NULL;
        *last = j;
    } else {
        h->audits.count--;
        answer(j);
        free_job(j);
    }
    run_first(h);
}

static void run_first(struct handlers *h)
{
    struct audit_job *j = h->audits.first;
    if (j != NULL)
        (void)uv_queue_work(h->ports.loop, &j->work, on_worker, on_worked);
}

void audits_close(struct handlers *h)
{
    struct audit_job *running = h->audits.first;
    for (struct audit_job *j = running, *next; j != NULL; j = next) {
        next = j->next;
        j->h = NULL;
        atomic_store(&j->stop, true);
        j->call->answer(j->call, 503, NULL);
        if (j != running)
            free_job(j);
    }
    h->audits = (struct audit_jobs){0};
}

static struct audit_job *new_job(struct handlers *h, struct call *call)
{
    struct doctor_self self = {0};
    wall_ms now = handlers_now(h).wall;
    struct audit_job *j = h->audits.count >= AUDITS_WAITING_MAX ? NULL : mem_calloc(1, sizeof *j);
    if (j == NULL) {
        call_refuse(call, 503, "Too many readers",
                    "As many readers of the audit log as can be wait already. Try again.", "busy",
                    now);
        return NULL;
    }
    h->ports.self(h->ports.context, &self);
    (void)str_copy(j->file, sizeof j->file, self.settings->audit.file);
    j->security = self.settings->security;
    j->h = h;
    j->call = call;
    j->filter.result = -1;
    j->filter.stop = &j->stop;
    /* The table has checked that they are times. */
    (void)wall_parse(json_text_or(call->args, "since", ""), &j->filter.since);
    (void)wall_parse(json_text_or(call->args, "until", ""), &j->filter.until);
    return j;
}

static void put_job(struct handlers *h, struct audit_job *j)
{
    struct audit_job **last = &h->audits.first;
    bool idle = *last == NULL;
    while (*last != NULL)
        last = &(*last)->next;
    *last = j;
    h->audits.count++;
    if (idle)
        run_first(h);
}

void audit_get(struct handlers *h, struct call *call)
{
    int64_t before = 0;
    const char *cursor = json_text_or(call->args, "cursor", NULL);
    const char *result = json_text_or(call->args, "result", NULL);
    const char *user = json_text_or(call->args, "user", NULL);
    const char *operation = json_text_or(call->args, "operation", NULL);
    if (cursor != NULL && parse_int(cursor, 1, INT64_MAX, &before, NULL) < 0) {
        call_refuse(call, 400, "Bad input", "`cursor` must be the next_cursor of an answer",
                    "bad_input", handlers_now(h).wall);
        return;
    }
    struct audit_job *j = new_job(h, call);
    if (j == NULL)
        return;
    j->before = (uint64_t)before;
    j->export = str_equal(json_text_or(call->args, "format", ""), "lines");
    j->limit = j->export ? AUDIT_PAGE_MAX : (size_t)json_int_or(call->args, "limit", PAGE_LINES);
    (void)str_copy(j->user, sizeof j->user, user);
    (void)str_copy(j->operation, sizeof j->operation, operation);
    j->filter.user = user == NULL ? NULL : j->user;
    j->filter.operation = operation == NULL ? NULL : j->operation;
    if (result != NULL)
        j->filter.result = str_equal(result, "success");
    put_job(h, j);
}

void audit_report_get(struct handlers *h, struct call *call)
{
    static const struct {
        const char *kind;
        int days;
    } kinds[] = {{"daily", 1}, {"weekly", 7}, {"monthly", 30}};
    const char *kind = json_text_or(call->args, "kind", "");
    wall_ms now = handlers_now(h).wall;
    struct audit_job *j = new_job(h, call);
    if (j == NULL)
        return;
    j->report = true;
    j->summary = str_equal(kind, "daily");
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (str_equal(kind, kinds[i].kind) && j->filter.since.ms == 0)
            j->filter.since =
                wall_add(j->filter.until.ms != 0 ? j->filter.until : now, -DAY_MS * kinds[i].days);
    put_job(h, j);
}

void audit_verify_get(struct handlers *h, struct call *call)
{
    const char *from = json_text_or(call->args, "from", NULL);
    struct audit_head head = {0};
    if (from != NULL && audit_head_read(from, &head, NULL) < 0) {
        call_refuse(call, 400, "Bad input", "`from` must be SEQ:HASH", "bad_input",
                    handlers_now(h).wall);
        return;
    }
    struct audit_job *j = new_job(h, call);
    if (j == NULL)
        return;
    j->verify = true;
    j->from = head;
    (void)store_anchor(h->ports.store, &j->anchor);
    put_job(h, j);
}
