#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/times.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_audit.h"
#include "io/clock.h"
#include "settings/settings.h"
#include "store/audit.h"
#include "store/audit_report.h"

#define LIST_DEFAULT 50
#define LIST_MAX 10000
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* The newest lines that match: a ring. */
struct newest {
    json_t **lines;
    size_t room, count, next;
};

static bool keep(void *context, const json_t *line, const char *file, uint64_t number)
{
    (void)file;
    (void)number;
    struct newest *n = context;
    json_decref(n->lines[n->next]);
    n->lines[n->next] = json_incref((json_t *)line);
    n->next = (n->next + 1) % n->room;
    if (n->count < n->room)
        n->count++;
    return true;
}

/* The i-th from the newest. */
static json_t *newest_at(const struct newest *n, size_t i)
{
    return n->lines[(n->next + n->room - 1 - i) % n->room];
}

/* `items`: newest first. */
static void print_json(json_t *items)
{
    json_t *body JSON_CLEANUP = json_object();
    if (json_put(body, "items", json_incref(items)) && json_put_null(body, "next_cursor"))
        ask_print_json(body);
}

static void print_text(const json_t *items)
{
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    for (size_t i = json_array_size(items); i > 0; i--) {
        json_t *line JSON_CLEANUP = page_clean(json_array_get(items, i - 1));
        view_audit_line(&p, line);
    }
    if (json_array_size(items) == 0)
        page_put(&p, "no line of the audit log matches\n");
    page_print(&p, stdout);
}

static int read_newest(const struct invocation *in, const char *file,
                       const struct audit_filter *filter, size_t wanted, json_t *items)
{
    struct error err = {0};
    struct newest n = {.room = wanted};
    n.lines = mem_calloc(n.room, sizeof(json_t *));
    if (n.lines == NULL)
        return ask_failed(in, CLI_REFUSED, "out_of_memory", "out of memory");
    int r = audit_walk(file, filter, keep, &n, &err);
    for (size_t i = 0; i < n.count && r >= 0; i++)
        (void)json_array_append(items, newest_at(&n, i));
    for (size_t i = 0; i < n.room; i++)
        json_decref(n.lines[i]);
    mem_free(n.lines);
    return r < 0 ? ask_failed(in, CLI_REFUSED, "audit_unreadable", "%s", err.text) : CLI_DONE;
}

/* `file` NULL: a daemon elsewhere is asked. */
static int list(const struct invocation *in, const char *file, const struct audit_filter *filter)
{
    int64_t lines = LIST_DEFAULT;
    struct error err = {0};
    if (arguments_has(in, OPTION_LINES) &&
        parse_int(in->options[OPTION_LINES], 1, LIST_MAX, &lines, &err) < 0) {
        (void)error_prefix(&err, "-n");
        return usage_error(in, err.text);
    }
    json_t *items JSON_CLEANUP = json_array();
    int status = file == NULL ? verb_audit_remote_list(in, filter, (size_t)lines, items)
                              : read_newest(in, file, filter, (size_t)lines, items);
    if (status == CLI_DONE && in->json)
        print_json(items);
    else if (status == CLI_DONE)
        print_text(items);
    return status;
}

typedef int reviewer(const char *file, const struct audit_filter *filter,
                     const struct security_settings *security, json_t **ret, struct error *err);

static int review(const struct invocation *in, const struct settings *settings,
                  const struct audit_filter *given, reviewer *make, ask_view *view)
{
    json_t *raw JSON_CLEANUP = NULL;
    struct error err = {0};
    struct audit_filter filter = *given;
    /* Unless told otherwise: a day for the summary, a week for the report. */
    if (filter.since.ms == 0 && filter.until.ms == 0)
        filter.since = wall_add(clock_wall(), -DAY_MS * (make == audit_summary ? 1 : 7));
    if (make(settings->audit.file, &filter, &settings->security, &raw, &err) < 0)
        return ask_failed(in, CLI_REFUSED, "audit_unreadable", "%s", err.text);
    if (in->json) {
        ask_print_json(raw);
        return CLI_DONE;
    }
    json_t *body JSON_CLEANUP = page_clean(raw);
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    view(&p, body, in);
    page_print(&p, stdout);
    return CLI_DONE;
}

/* 0, or the usage error's exit status. */
static int filter_of(const struct invocation *in, struct audit_filter *ret)
{
    struct error err = {0};
    struct audit_filter f = {.user = in->options[OPTION_USER],
                             .operation = in->options[OPTION_OPERATION],
                             .result = arguments_has(in, OPTION_FAILED) ? 0 : -1};
    const struct {
        enum option_id id;
        wall_ms *to;
    } times[] = {{OPTION_SINCE, &f.since}, {OPTION_UNTIL, &f.until}};
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        const char *text = in->options[times[i].id];
        if (text != NULL && times_read(text, clock_wall(), times[i].to, &err) < 0) {
            (void)error_prefix(&err, "%s", option_rows[times[i].id].name);
            return usage_error(in, err.text);
        }
    }
    *ret = f;
    return 0;
}

static int elsewhere(const struct invocation *in, const struct audit_filter *filter)
{
    if (str_equal(in->sub, "verify"))
        return verb_audit_verify(in, NULL);
    return str_equal(in->sub, "list") ? list(in, NULL, filter)
                                      : verb_audit_remote_review(in, filter);
}

/* Members of resus-admin may read neither the settings nor the file: the daemon reads it for them.
 */
static bool for_daemon(int code)
{
    return code == -EACCES || code == -EPERM;
}

static int run_audit(const struct invocation *in)
{
    struct settings *settings = NULL;
    struct error err = {0};
    struct audit_filter filter;
    int status = filter_of(in, &filter);
    if (status != 0)
        return status;
    if (str_equal(in->sub, "key"))
        return verb_audit_key(in);
    if (in->url != NULL)
        return elsewhere(in, &filter);
    int rc = settings_read(ask_config(in), &settings, &err);
    if (rc < 0 && for_daemon(rc))
        return elsewhere(in, &filter);
    if (rc < 0)
        return ask_failed(in, CLI_BAD_CONFIG, "config_invalid", "%s", err.text);
    const char *file = settings->audit.file;
    if (access(file, R_OK) != 0 && for_daemon(-errno))
        status = elsewhere(in, &filter);
    else if (str_equal(in->sub, "verify"))
        status = verb_audit_verify(in, settings);
    else if (str_equal(in->sub, "report"))
        status = review(in, settings, &filter, audit_report, view_audit_report);
    else if (str_equal(in->sub, "summary"))
        status = review(in, settings, &filter, audit_summary, view_audit_summary);
    else
        status = list(in, file, &filter);
    settings_free(settings);
    return status;
}

static const char *const subs[] = {"list", "report", "verify", "summary", "key", NULL};

const struct verb verbs_audit[] = {
    {"audit", GROUP_ACCOUNTS,
     "audit list|report|summary [--since TIME] [--until TIME] [--user NAME] [--operation NAME] "
     "[--failed] [-n N] | verify [--from SEQ:HASH] [--key FILE] | key",
     "read the audit log, verify it, seal it",
     "  list, report, summary\n"
     "  verify  checks the hash chain and the last line recorded in the state\n"
     "          database. --from also checks a line reported to syslog or to the\n"
     "          journal (journalctl -u resus -g audit-head), --key the seals. Exit\n"
     "          status: 0 intact; 1 broken, and the first bad line or the missing part\n"
     "          is reported\n"
     "  key     starts a new seal chain and prints its initial key once. Store it on\n"
     "          another machine\n"
     "The file is read directly; no daemon is needed. Users who cannot read it get it\n"
     "from the daemon, with --url from the remote one. Intent lines and --key need\n"
     "the file.\n",
     .subs = subs,
     .options = TAKES(SINCE) | TAKES(UNTIL) | TAKES(USER) | TAKES(OPERATION) | TAKES(FAILED) |
                TAKES(LINES) | TAKES(FROM) | TAKES(KEY),
     .run = run_audit},
    {0},
};
