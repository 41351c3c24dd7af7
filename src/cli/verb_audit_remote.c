/* `resus audit` of a daemon elsewhere: through its API, page by page. */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_audit.h"
#include "store/audit_page.h"

#define ASK_AUDIT_MS 120000 /* a worker there reads the files, one asker after the other */

static json_t *times_of(const struct audit_filter *filter)
{
    char text[WALL_TEXT_SIZE];
    json_t *args = json_object();
    if (filter->since.ms != 0)
        (void)json_put_text(args, "since", wall_text(filter->since, text));
    if (filter->until.ms != 0)
        (void)json_put_text(args, "until", wall_text(filter->until, text));
    return args;
}

/* One page behind `items`, and the cursor of the next into `cursor` ("" = that was all). */
static int take_page(const struct invocation *in, const struct audit_filter *filter, size_t wanted,
                     json_t *items, char *cursor, size_t size)
{
    struct question q = {.op = "audit", .args = times_of(filter)};
    size_t left = wanted - json_array_size(items);
    (void)json_put_int(q.args, "limit", (int64_t)(left < AUDIT_PAGE_MAX ? left : AUDIT_PAGE_MAX));
    if (filter->user != NULL)
        (void)json_put_text(q.args, "user", filter->user);
    if (filter->operation != NULL)
        (void)json_put_text(q.args, "operation", filter->operation);
    if (filter->result >= 0)
        (void)json_put_text(q.args, "result", filter->result != 0 ? "success" : "failed");
    if (cursor[0] != '\0')
        (void)json_put_text(q.args, "cursor", cursor);
    int status = ask_all(in, &q, 1, ASK_AUDIT_MS, NULL, NULL);
    if (status != 0)
        return status;
    status = ask_exit(q.status, q.body);
    if (status != CLI_DONE && in->json)
        ask_print_json(q.body);
    else if (status != CLI_DONE)
        ask_refusal(in, q.status, q.body);
    else {
        const json_t *page = json_object_get(q.body, "items");
        const char *next = json_text_or(q.body, "next_cursor", "");
        bool more = json_array_size(page) > 0 && !str_equal(next, cursor);
        (void)json_array_extend(items, (json_t *)page);
        (void)str_copy(cursor, size, more ? next : "");
    }
    ask_free(&q, 1);
    return status;
}

int verb_audit_remote_list(const struct invocation *in, const struct audit_filter *filter,
                           size_t wanted, json_t *items)
{
    char cursor[64] = "";
    int status = CLI_DONE;
    do
        status = take_page(in, filter, wanted, items, cursor, sizeof cursor);
    while (status == CLI_DONE && cursor[0] != '\0' && json_array_size(items) < wanted);
    return status;
}

int verb_audit_remote_review(const struct invocation *in, const struct audit_filter *filter)
{
    bool summary = str_equal(in->sub, "summary");
    if (filter->user != NULL || filter->operation != NULL || filter->result >= 0)
        return usage_error(in, "a review of a daemon elsewhere is of all users and operations");
    json_t *args = times_of(filter);
    (void)json_put_text(args, "kind", summary ? "daily" : "weekly");
    return ask_show(in, "audit_report", args, ASK_AUDIT_MS,
                    summary ? view_audit_summary : view_audit_report, NULL);
}
