/* logs: the journal, and Redis' own log file where the extended commands allow it; newest first */
#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "host/systemctl.h"
#include "report/log_follow.h"
#include "report/log_lines.h"

#define LOGS_LINES 50      /* unless told */
#define LOGS_READ_MAX 1000 /* read so many, then filter and cut */
#define LOGS_DEADLINE_MS 10000
#define LOGS_FOLLOW_MS 1000 /* between two looks of a follow */

enum { STEP_JOURNAL_SUDO, STEP_JOURNAL_PLAIN, STEP_FILE };

/* What a call remembers between its questions. */
struct reading {
    struct log_follow at;         /* of a follow */
    char problem[ERROR_TEXT_MAX]; /* which log cannot be read, and why; "" = none */
};

static void free_reading(struct call *call)
{
    mem_free(call->data);
    call->data = NULL;
}

static void ask(struct handlers *h, struct call *call, int step)
{
    struct host_request request = {
        .id = handlers_wait(h, call),
        .command = step == STEP_FILE ? HOST_LOG_TAIL : HOST_JOURNAL,
        .number = LOGS_READ_MAX,
        .with_sudo = step == STEP_JOURNAL_SUDO,
        .deadline = mono_add(handlers_now(h).mono, LOGS_DEADLINE_MS),
    };
    call->number = step;
    h->ports.host(h->ports.context, call->service, &request);
}

static void begin(struct handlers *h, struct call *call)
{
    /* Without sudo an account that is not in systemd-journal reads an empty log, and no error. */
    bool host = engine_settings(h->engine, call->service)->control != CONTROL_PROCESS;
    struct reading *r = call->data;
    call->kept = json_array();
    r->problem[0] = '\0';
    ask(h, call, host ? STEP_JOURNAL_SUDO : STEP_JOURNAL_PLAIN);
}

static bool check_since(struct handlers *h, struct call *call)
{
    const char *since = json_text_or(call->args, "since", NULL);
    wall_ms now = handlers_now(h).wall;
    if (since == NULL || wall_parse(since, &call->seen) == 0)
        return true;
    call_refuse(call, 400, "Bad input", "since: write a time like 2025-10-10T14:30:00Z",
                "bad_input", now);
    return false;
}

static struct reading *reading_new(struct handlers *h, struct call *call)
{
    if (!check_since(h, call))
        return NULL;
    struct reading *r = mem_calloc(1, sizeof *r);
    call->data = r;
    call->free_data = free_reading;
    if (r == NULL)
        handlers_refuse(h, call, 500, "Out of memory", "Out of memory", "out_of_memory");
    return r;
}

static void logs_get(struct handlers *h, struct call *call)
{
    if (reading_new(h, call) != NULL)
        begin(h, call);
}

static void logs_follow(struct handlers *h, struct call *call)
{
    struct reading *r = reading_new(h, call);
    if (r == NULL)
        return;
    r->at.from_now = call->seen.ms == 0;
    if (r->at.from_now)
        call->seen = handlers_now(h).wall;
    begin(h, call);
}

static void logs_woken(struct handlers *h, struct call *call)
{
    begin(h, call);
}

static void deliver(struct handlers *h, struct call *call, json_t *lines)
{
    const struct service_settings *s = engine_settings(h->engine, call->service);
    size_t wanted = (size_t)json_int_or(call->args, "lines", LOGS_LINES);
    size_t total = json_array_size(lines);
    json_t *cut = json_array();
    for (size_t i = 0; i < total && i < wanted; i++) {
        (void)json_object_del(json_array_get(lines, i), "at_ms");
        (void)json_array_append(cut, json_array_get(lines, i));
    }
    json_t *body = json_object();
    (void)json_put_int(body, "total_lines", (int64_t)json_array_size(cut));
    (void)json_put(body, "logs", cut);
    (void)json_put_text(body, "service", s->id);
    (void)json_put_text(body, "vm", s->vm_name);
    const struct reading *r = call->data;
    if (r->problem[0] != '\0')
        (void)json_put_text(body, "problem", r->problem);
    json_decref(call->kept);
    call->kept = NULL;
    call->answer(call, 200, body);
}

static void push_new(struct handlers *h, struct call *call, json_t *lines)
{
    struct reading *f = call->data;
    assert(f != NULL); /* logs_follow() made it */
    f->at.seen = call->seen;
    log_follow_push(&f->at, lines, (size_t)json_int_or(call->args, "lines", 0), call);
    call->seen = f->at.seen;
    json_decref(call->kept);
    call->kept = NULL;
    if (call->gone)
        call->answer(call, 499, NULL);
    else
        handlers_sleep(h, call, mono_add(handlers_now(h).mono, LOGS_FOLLOW_MS));
}

static void refuse(struct handlers *h, struct call *call, const char *title, const char *message,
                   const char *code)
{
    json_decref(call->kept);
    call->kept = NULL;
    handlers_refuse(h, call, 503, title, message, code);
}

static void refuse_unread(struct handlers *h, struct call *call, const struct host_result *result)
{
    refuse(h, call, "Host unreachable",
           result->error.code != 0
               ? result->error.text
               : "The log was not read in time: the host hangs or is very slow. `resus doctor` "
                 "tells more.",
           "host_unreachable");
}

/* A refused command leaves an empty log: that is not the same as a log without lines. The first
 * trouble stays, unless the journal can be read without sudo after all. */
static void note_trouble(struct reading *r, int step, const struct host_result *result, size_t read)
{
    char why[ERROR_TEXT_MAX / 2];
    if (step == STEP_JOURNAL_PLAIN && read > 0)
        r->problem[0] = '\0';
    if (read > 0 || result->exit_code == 0 || r->problem[0] != '\0')
        return;
    host_first_words(result, why, sizeof why);
    (void)str_format(r->problem, sizeof r->problem, "%s cannot be read: %s",
                     step == STEP_FILE ? "The log file" : "The journal", why);
}

static void logs_host_ended(struct handlers *h, struct call *call, const struct host_result *result)
{
    bool file = call->number == STEP_FILE;
    struct log_lines c = {
        call->kept, log_lines_least(json_text_or(call->args, "level", "info")), call->seen,
        file && engine_settings(h->engine, call->service)->control == CONTROL_SSH};
    struct reading *r = call->data;
    if (call->operation == &operations[OP_LOGS_FOLLOW] && r->at.from_now)
        c.since = WALL_NONE;
    if (result->end != HOST_EXITED) {
        refuse_unread(h, call, result);
        return;
    }
    size_t read = file ? redis_log_parse(result->out, result->out_length, log_lines_collect, &c)
                       : journal_parse(result->out, result->out_length, log_lines_collect, &c);
    note_trouble(r, (int)call->number, result, read);
    if (call->number == STEP_JOURNAL_SUDO && (result->exit_code != 0 || read == 0)) {
        ask(h, call, STEP_JOURNAL_PLAIN);
        return;
    }
    if (!file && engine_settings(h->engine, call->service)->commands_extended) {
        ask(h, call, STEP_FILE);
        return;
    }
    JSON_CLEANUP json_t *lines = log_lines_sorted(call->kept);
    if (call->operation == &operations[OP_LOGS_FOLLOW] && r->problem[0] != '\0' &&
        json_array_size(lines) == 0) {
        refuse(h, call, "The log cannot be read", r->problem, "log_unreadable");
        return;
    }
    if (call->operation == &operations[OP_LOGS_FOLLOW])
        push_new(h, call, lines);
    else
        deliver(h, call, lines);
}

static const struct handling rows[] = {
    {OP_LOGS, .run = logs_get, .host_ended = logs_host_ended},
    {OP_LOGS_FOLLOW, .run = logs_follow, .host_ended = logs_host_ended, .woken = logs_woken},
    {0},
};

const struct resource resource_logs = {NEEDS_NOTHING, rows};
