#include "report/audit_reading.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/audit_report.h"

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

static int read_page(const struct audit_question *q, struct audit_answer *ret, struct error *err)
{
    struct audit_page page;
    int r = audit_page(q->file, &q->filter, q->before, q->limit, q->filter.stop, &page, err);
    if (r < 0)
        return r;
    ret->count = json_array_size(page.items);
    ret->next = page.next;
    if (q->kind == AUDIT_READ_LINES) {
        ret->lines = lines_of(page.items);
        json_decref(page.items);
        return ret->lines != NULL ? 0
                                  : error_set(err, -ENOMEM, "A page of it could not be written.");
    }
    char cursor[24];
    (void)str_format(cursor, sizeof cursor, "%" PRIu64, page.next);
    ret->body = json_object();
    (void)json_put(ret->body, "items", page.items);
    (void)json_put_text(ret->body, "next_cursor", page.next == 0 ? NULL : cursor);
    return 0;
}

static int verify(const struct audit_question *q, struct audit_answer *ret, struct error *err)
{
    struct audit_verdict v = {0};
    const struct audit_check check = {.anchor = &q->anchor,
                                      .from = q->from.seq == 0 ? NULL : &q->from};
    int r = audit_verify(q->file, &check, &v, err);
    if (r == 0)
        ret->body = audit_verdict_json(&v, &q->anchor);
    return r;
}

int audit_reading_run(const struct audit_question *q, struct audit_answer *ret, struct error *err)
{
    *ret = (struct audit_answer){0};
    switch (q->kind) {
    case AUDIT_READ_VERDICT:
        return verify(q, ret, err);
    case AUDIT_READ_SUMMARY:
        return audit_summary(q->file, &q->filter, &q->security, &ret->body, err);
    case AUDIT_READ_REPORT:
        return audit_report(q->file, &q->filter, &q->security, &ret->body, err);
    case AUDIT_READ_PAGE:
    case AUDIT_READ_LINES:
        break;
    }
    return read_page(q, ret, err);
}
