/* audit: the log, its reports, its verification */
#include <sodium.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/resources.h"
#include "report/audit_readers.h"
#include "store/audit_seal.h"

#define PAGE_LINES 100 /* unless told */
#define DAY_MS (86400LL * 1000)

static struct audit_job *new_job(struct handlers *h, struct call *call)
{
    struct doctor_self self = {0};
    struct audit_job *j = audit_readers_job(&h->audits, call);
    if (j == NULL)
        return NULL;
    h->ports.self(h->ports.context, &self);
    (void)str_copy(j->question.file, sizeof j->question.file, self.settings->audit.file);
    j->question.security = self.settings->security;
    /* The table has checked that they are times. */
    (void)wall_parse(json_text_or(call->args, "since", ""), &j->question.filter.since);
    (void)wall_parse(json_text_or(call->args, "until", ""), &j->question.filter.until);
    return j;
}

static void audit_get(struct handlers *h, struct call *call)
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
    audit_readers_ask(&h->audits, j);
}

static void audit_report_get(struct handlers *h, struct call *call)
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
    audit_readers_ask(&h->audits, j);
}

static void audit_verify_get(struct handlers *h, struct call *call)
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
    audit_readers_ask(&h->audits, j);
}

/* ── a new seal chain: its key leaves this machine with the answer and is not stored here ── */

static void audit_key_post(struct handlers *h, struct call *call)
{
    uint8_t key[AUDIT_KEY_BYTES];
    char text[AUDIT_KEY_TEXT_SIZE];
    struct audit_seal seal;
    struct audit_line line;
    char reason[80];
    randombytes_buf(key, sizeof key);
    audit_seal_first(&seal, key);
    audit_key_text(key, text);
    (void)str_format(reason, sizeof reason, "a new seal chain with the key %s", seal.id);
    account_line(h, call, reason, &line);
    call->kept = json_object();
    (void)json_put_text(call->kept, "key", text);
    (void)json_put_text(call->kept, "id", seal.id);
    (void)json_put_wall(call->kept, "timestamp", handlers_now(h).wall);
    h->ports.audit_rekey(h->ports.context, handlers_wait(h, call), key, &line);
    mem_wipe(key, sizeof key);
    mem_wipe(text, sizeof text);
    mem_wipe(&seal, sizeof seal);
}

static const struct handling rows[] = {
    {OP_AUDIT, .run = audit_get},
    {OP_AUDIT_REPORT, .run = audit_report_get},
    {OP_AUDIT_VERIFY, .run = audit_verify_get},
    {OP_AUDIT_KEY, .run = audit_key_post, WRITES(CONFIGURATION, HIGH)},
    {0},
};

const struct resource resource_audits = {NEEDS_NOTHING, rows};
