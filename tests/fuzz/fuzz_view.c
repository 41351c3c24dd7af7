/* The answers of a daemon elsewhere (`--url`), as the pages that a person reads. The first byte
 * says which page; the rest is the JSON of the answer. Beside colours that we put there, nothing on
 * a page moves a cursor. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/overview.h"
#include "cli/verb.h"
#include "cli/view_audit.h"
#include "cli/view_doctor.h"
#include "cli/view_journal.h"
#include "cli/view_operate.h"
#include "cli/view_overview.h"
#include "cli/view_recovery.h"
#include "cli/view_report.h"
#include "cli/view_service.h"
#include "cli/view_table.h"
#include "support.h"

static void status(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    view_status(p, &(struct view_subject){"redis", NULL, body, json_object_get(body, "health")});
}

static void health(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    view_health(p, &(struct view_subject){"redis", "Redis", json_object_get(body, "s"), body});
}

static void log_line(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    view_log_line(p, body);
}

static void event(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    view_event(p, body);
}

static void audit_line(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    view_audit_line(p, body);
}

static void overview(struct page *p, const json_t *body, const struct invocation *in)
{
    static const struct overview_filter all = {0};
    (void)in;
    JSON_CLEANUP json_t *shown = overview_select(body, &all);
    view_overview(p, body, shown, 80);
}

static void (*const views[])(struct page *, const json_t *, const struct invocation *) = {
    status,        health,         log_line,          event,
    audit_line,    overview,       view_recovery,     view_recoveries,
    view_explain,  view_operation, view_preflight,    view_pause,
    view_logs,     view_events,    view_slo,          view_diagnosis,
    view_anything, view_doctor,    view_audit_report, view_audit_summary,
};

static void check(const struct page *p)
{
    const char *text = buf_text(&p->text);
    PROMISE(p->cut || str_utf8(text, p->text.length));
    PROMISE(strlen(text) == p->text.length);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        PROMISE(*c == '\n' || (*c >= 0x20 && *c != 0x7F));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verb verb = {.name = "restart"};
    static const struct invocation in = {.verb = &verb, .sub = "status"};
    struct input given = input_of(data, size);
    size_t which = input_byte(&given) % ARRAY_LENGTH(views);
    struct page p = page_new(false, (wall_ms){1800000000000});
    char *text = input_text(given);
    JSON_CLEANUP json_t *body = json_loadb(text, given.left, JSON_READ_FLAGS, NULL);
    JSON_CLEANUP json_t *clean = body == NULL ? NULL : page_clean(body);
    if (clean != NULL) {
        views[which](&p, clean, &in);
        check(&p);
        buf_free(&p.text);
    }
    mem_free(text);
    return 0;
}
