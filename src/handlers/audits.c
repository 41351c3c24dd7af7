#include "handlers/audits.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "api/frame.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "report/audit_reading.h"

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

    struct audit_question question; /* with its own copies: a reload frees the settings */
    char user[256], operation[64];

    int result;
    struct audit_answer answer;
    size_t exported, exported_bytes;
    struct error error;
};

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
                    handlers_now(j->h).wall);
    else if (j->question.kind == AUDIT_READ_LINES)
        call->answer(call, call->gone ? 499 : 200, json_string(""));
    else
        call->answer(call, 200, json_incref(j->answer.body));
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
    bool more = j->result >= 0 && j->question.kind == AUDIT_READ_LINES && push_page(j);
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
    (void)str_copy(j->question.file, sizeof j->question.file, self.settings->audit.file);
    j->question.security = self.settings->security;
    j->h = h;
    j->call = call;
    j->question.filter.result = -1;
    j->question.filter.stop = &j->stop;
    /* The table has checked that they are times. */
    (void)wall_parse(json_text_or(call->args, "since", ""), &j->question.filter.since);
    (void)wall_parse(json_text_or(call->args, "until", ""), &j->question.filter.until);
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
        handlers_refuse(h, call, 400, "Bad input", "`cursor` must be the next_cursor of an answer",
                        "bad_input");
        return;
    }
    struct audit_job *j = new_job(h, call);
    if (j == NULL)
        return;
    j->question.before = (uint64_t)before;
    bool export = str_equal(json_text_or(call->args, "format", ""), "lines");
    j->question.kind = export ? AUDIT_READ_LINES : AUDIT_READ_PAGE;
    j->question.limit =
        export ? AUDIT_PAGE_MAX : (size_t)json_int_or(call->args, "limit", PAGE_LINES);
    (void)str_copy(j->user, sizeof j->user, user);
    (void)str_copy(j->operation, sizeof j->operation, operation);
    j->question.filter.user = user == NULL ? NULL : j->user;
    j->question.filter.operation = operation == NULL ? NULL : j->operation;
    if (result != NULL)
        j->question.filter.result = str_equal(result, "success");
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
    j->question.kind = str_equal(kind, "daily") ? AUDIT_READ_SUMMARY : AUDIT_READ_REPORT;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (str_equal(kind, kinds[i].kind) && j->question.filter.since.ms == 0)
            j->question.filter.since =
                wall_add(j->question.filter.until.ms != 0 ? j->question.filter.until : now,
                         -DAY_MS * kinds[i].days);
    put_job(h, j);
}

void audit_verify_get(struct handlers *h, struct call *call)
{
    const char *from = json_text_or(call->args, "from", NULL);
    struct audit_head head = {0};
    if (from != NULL && audit_head_read(from, &head, NULL) < 0) {
        handlers_refuse(h, call, 400, "Bad input", "`from` must be SEQ:HASH", "bad_input");
        return;
    }
    struct audit_job *j = new_job(h, call);
    if (j == NULL)
        return;
    j->question.kind = AUDIT_READ_VERDICT;
    j->question.from = head;
    (void)store_anchor(h->ports.store, &j->question.anchor);
    put_job(h, j);
}
