/* Calls that wait for a host, Redis or the store between two steps. The engine is real; what is
 * asked of the world is kept, and the test answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../engine/engine_fixture.h"
#include "api/frame.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/handlers.h"
#include "redis/reply.h"
#include "support/test_folder.h"

#define LINES_MAX 16

struct bench {
    struct fixture *f;
    struct test_folder folder;
    uv_loop_t loop;
    struct store *store;
    struct handlers *handlers;
    int64_t now;
    enum host_command command;  /* the newest that was asked of the host */
    enum redis_request request; /* of Redis */
    size_t commands, requests;
    bool shown;     /* HOST_SHOW was asked */
    bool with_sudo; /* the newest that was asked of the host */
    /* of the call */
    bool answered;
    int status;
    json_t *body;
    char lines[LINES_MAX][64];
    size_t line_count;
    char pushed[512]; /* the newest, whole */
    size_t text_bytes, text_lines;
    struct settings settings; /* the daemon's */
    struct error audit;       /* why the audit log cannot be written */
};

static struct now port_now(void *context)
{
    const struct bench *b = context;
    return fixture_at(b->now);
}

static void port_host(void *context, int service, const struct host_request *request)
{
    struct bench *b = context;
    (void)service;
    b->command = request->command;
    b->with_sudo = request->with_sudo;
    b->shown = b->shown || request->command == HOST_SHOW;
    b->commands++;
}

static void port_redis(void *context, int service, uint64_t id, enum redis_request request,
                       const char *const *args, bool fresh, mono_ms deadline)
{
    struct bench *b = context;
    (void)service, (void)id, (void)args, (void)fresh, (void)deadline;
    b->request = request;
    b->requests++;
}

static void port_later(void *context, mono_ms at)
{
    (void)context, (void)at;
}

static void port_self(void *context, struct doctor_self *ret)
{
    const struct bench *b = context;
    *ret = (struct doctor_self){.settings = &b->settings};
}

static void port_audit_look(void *context, struct audit_state *ret)
{
    const struct bench *b = context;
    *ret = (struct audit_state){.problem = b->audit};
}

static void drop_saved(void *context, uint64_t id, enum store_outcome outcome,
                       const struct error *error)
{
    (void)context, (void)id, (void)outcome, (void)error;
}

static void drop_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    (void)context, (void)id, (void)rows, (void)error;
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct error err = {0};
    void *fixture = NULL;
    assert_non_null(b);
    assert_int_equal(fixture_set_up(&fixture), 0);
    b->f = fixture;
    b->now = 1000;
    test_folder_make(&b->folder);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    assert_int_equal(
        store_open(&b->loop, b->folder.path, drop_saved, drop_rows, b, &b->store, &err), 0);
    struct handlers_ports ports = {.context = b,
                                   .now = port_now,
                                   .host = port_host,
                                   .redis = port_redis,
                                   .later = port_later,
                                   .self = port_self,
                                   .audit_look = port_audit_look,
                                   .store = b->store,
                                   .loop = &b->loop};
    assert_int_equal(handlers_new(b->f->engine, &ports, &b->handlers, &err), 0);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    void *fixture = b->f;
    handlers_free(b->handlers);
    store_close(b->store, 10000);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    fixture_tear_down(&fixture);
    json_decref(b->body);
    test_folder_remove(&b->folder);
    free(b);
    return 0;
}

/* ── asking ── */

static void answer(struct call *call, int status, json_t *body)
{
    struct bench *b = call->owner;
    assert_false(b->answered);
    b->answered = true;
    b->status = status;
    json_decref(b->body);
    b->body = body;
    if (call->free_data != NULL)
        call->free_data(call);
    json_decref(call->kept);
    json_decref((json_t *)(uintptr_t)call->args);
    free(call);
}

static void push(struct call *call, json_t *line)
{
    struct bench *b = call->owner;
    if (json_is_string(line)) {
        JSON_CLEANUP json_t *frame =
            json_pack("{s:I, s:O}", "id", (json_int_t)INT64_MAX, "line", line);
        assert_true(json_dumpb(frame, NULL, 0, JSON_COMPACT | JSON_WRITE_FLAGS) <= FRAME_MAX);
        b->text_bytes += json_string_length(line);
        for (const char *c = json_string_value(line); (c = strchr(c, '\n')) != NULL; c++)
            b->text_lines++;
        (void)str_copy(b->pushed, sizeof b->pushed, json_string_value(line));
        json_decref(line);
        return;
    }
    assert_true(b->line_count < LINES_MAX);
    (void)str_copy(b->lines[b->line_count++], sizeof b->lines[0],
                   json_text_or(line, "message", "?"));
    char *whole = json_dumps(line, JSON_COMPACT);
    (void)str_copy(b->pushed, sizeof b->pushed, whole);
    free(whole);
    json_decref(line);
}

/* Takes `args`. */
static struct call *ask(struct bench *b, int operation, enum access access, json_t *args)
{
    struct call *call = calloc(1, sizeof *call);
    assert_non_null(call);
    call->operation = &operations[operation];
    call->args = args;
    call->access = access;
    call->answer = answer;
    call->push = push;
    call->owner = b;
    b->answered = false;
    handlers_dispatch(b->handlers, call, NULL);
    return call;
}

static void host_says(struct bench *b, const struct call *call, const char *out)
{
    struct host_result r = {.end = HOST_EXITED, .out = out, .out_length = strlen(out), .err = ""};
    handlers_host_ended(b->handlers, 0, call->ask, &r);
}

static void redis_says(struct bench *b, const struct call *call, const struct redis_reply *reply)
{
    struct redis_answer a = {.id = call->ask, .request = b->request, .reply = reply};
    a.probe.reply = REPLY_OTHER;
    facts_info_reset(&a.info);
    handlers_redis_ended(b->handlers, 0, &a);
}

/* ── the engine's own questions ── */

static void answer_engine(struct bench *b, enum reply_class reply, enum unit_active active,
                          enum log_class log)
{
    struct fixture *f = b->f;
    struct asked redis[FIXTURE_ASKED_MAX], host[FIXTURE_ASKED_MAX];
    size_t redis_count = f->redis_count, host_count = f->host_count;
    memcpy(redis, f->redis, sizeof redis);
    memcpy(host, f->host, sizeof host);
    f->redis_count = f->host_count = 0;
    for (size_t i = 0; i < redis_count; i++) {
        struct redis_answer a = {.id = redis[i].id, .request = redis[i].request};
        a.probe.reply = reply;
        facts_info_reset(&a.info);
        engine_redis_ended(f->engine, 0, &a, fixture_at(b->now));
    }
    for (size_t i = 0; i < host_count; i++) {
        struct host_outcome o = {.id = host[i].id, .command = host[i].command, .end = HOST_EXITED};
        facts_unit_reset(&o.unit);
        o.unit.active = active;
        o.unit.result = active == UNIT_FAILED ? RESULT_EXIT_CODE : RESULT_SUCCESS;
        o.unit.control_reached = TRI_YES;
        o.log.class = log;
        (void)str_copy(o.log.line, sizeof o.log.line, log == LOG_NONE ? "" : "requirepass s3cret");
        engine_host_ended(f->engine, 0, &o, fixture_at(b->now));
    }
}

/* ── the tests ── */

/* Recovery is not asked here: it goes on. */
static void an_order_without_a_line_in_the_audit_log_is_refused_and_a_question_is_not(void **state)
{
    static const struct {
        int why;
        const char *code;
    } rows[] = {{-EROFS, "not_stored"}, {-ENOSPC, "audit_full"}, {-EDQUOT, "audit_full"}};
    struct bench *b = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        (void)error_set(&b->audit, rows[i].why, "the disk of the log");
        (void)ask(b, OP_NOTIFY, ACCESS_ADMIN, json_pack("{s:s}", "message", "x"));
        assert_true(b->answered);
        assert_int_equal(b->status, 503);
        assert_string_equal(json_text_or(b->body, "code", ""), rows[i].code);
        assert_non_null(strstr(json_text_or(b->body, "message", ""), "the disk of the log"));
        (void)ask(b, OP_STATUS, ACCESS_VIEWER, json_object());
        assert_true(b->answered); /* the engine has seen nothing yet, and the log is not asked */
        assert_string_not_equal(json_text_or(b->body, "code", ""), rows[i].code);
    }
}

static void a_reload_while_the_doctor_looks_leaves_it_the_new_settings(void **state)
{
    struct bench *b = *state;
    struct fixture *f = b->f;
    struct service_settings *before = malloc(sizeof *before);
    struct settings first = f->settings;
    assert_non_null(before);
    *before = f->service;
    before->control = CONTROL_SSH;
    first.services = before;
    engine_reconfigure(f->engine, &first, fixture_at(b->now));
    struct call *call = ask(b, OP_DOCTOR, ACCESS_ADMIN, json_object());
    assert_int_equal(b->command, HOST_STATUS);
    f->service = *before;
    engine_reconfigure(f->engine, &f->settings, fixture_at(b->now));
    memset(before, 1, sizeof *before); /* no reader may be left */
    free(before);
    for (size_t i = 0; i < 3; i++)
        host_says(b, call, "x\n");
    assert_int_equal(b->commands, 4);
    assert_false(b->shown); /* it is of the extended commands */
}

static bool names_the_line(const struct bench *b)
{
    size_t i;
    json_t *text;
    const json_t *cause = json_object_get(b->body, "cause");
    assert_true(json_is_object(cause));
    json_array_foreach(json_object_get(cause, "evidence"), i, text) {
        if (strstr(json_string_value(text), "s3cret") != NULL)
            return true;
    }
    return false;
}

static void lines_of_the_log_are_explained_to_admins_only(void **state)
{
    struct bench *b = *state;
    while (b->now < 6000) {
        b->now = fixture_wake_late(b->f, 0);
        answer_engine(b, REPLY_REFUSED, UNIT_FAILED, LOG_CONFIG_ERROR);
    }
    static const struct {
        enum access access;
        bool told;
    } roles[] = {{ACCESS_VIEWER, false}, {ACCESS_OPERATOR, false}, {ACCESS_ADMIN, true}};
    for (size_t i = 0; i < ARRAY_LENGTH(roles); i++) {
        (void)ask(b, OP_EXPLAIN, roles[i].access, json_object());
        assert_int_equal(b->status, 200);
        assert_int_equal(names_the_line(b), roles[i].told);
    }
}

static void lines_of_the_log_are_pushed_to_admins_only(void **state)
{
    struct bench *b = *state;
    JSON_CLEANUP json_t *event = json_pack(
        "{s:s, s:s, s:{s:s, s:[s, s]}}", "type", "service_health", "overall_status", "critical",
        "cause", "code", "config_error", "evidence", "PING: refused", "log: requirepass s3cret");
    static const enum access roles[] = {ACCESS_VIEWER, ACCESS_OPERATOR, ACCESS_ADMIN};
    for (size_t i = 0; i < ARRAY_LENGTH(roles); i++) {
        struct call *call = ask(b, OP_EVENTS_FOLLOW, roles[i], json_object());
        handlers_event(b->handlers, 0, event);
        assert_non_null(strstr(b->pushed, "PING: refused"));
        assert_int_equal(strstr(b->pushed, "s3cret") != NULL, roles[i] == ACCESS_ADMIN);
        handlers_gone(b->handlers, call);
    }
}

/* ── logs ── */

#define LINE(ms, text)                                                                             \
    "{\"__REALTIME_TIMESTAMP\": \"" #ms "000\", \"PRIORITY\": \"6\", \"MESSAGE\": \"" text "\"}\n"

static void expect_lines(struct bench *b, const char *wanted)
{
    char seen[LINES_MAX * 64] = "";
    for (size_t i = 0; i < b->line_count; i++)
        (void)str_append(seen, sizeof seen, "%s ", b->lines[i]);
    assert_string_equal(seen, wanted);
    b->line_count = 0;
}

static void look_again(struct bench *b)
{
    b->now += 1000;
    handlers_later(b->handlers);
}

static void a_follow_shows_every_line_of_a_moment_once(void **state)
{
    struct bench *b = *state; /* 1001000 is the wall's time */
    struct call *call = ask(b, OP_LOGS_FOLLOW, ACCESS_ADMIN, json_object());
    host_says(b, call, LINE(1000900, "old") LINE(1001000, "a") LINE(1001000, "b"));
    expect_lines(b, "");
    look_again(b);
    host_says(b, call, LINE(1001000, "a") LINE(1001000, "b") LINE(1001000, "c"));
    expect_lines(b, "c ");
    look_again(b);
    host_says(b, call,
              LINE(1001000, "a") LINE(1001000, "b") LINE(1001000, "c") LINE(1001500, "d")
                  LINE(1001500, "e") LINE(1001500, "f"));
    expect_lines(b, "d e f ");
    look_again(b);
    host_says(b, call, LINE(1001500, "d") LINE(1001500, "e") LINE(1001500, "f"));
    expect_lines(b, "");
}

static void a_follow_begins_where_the_log_stands_by_the_hosts_clock(void **state)
{
    struct bench *b = *state; /* the host's clock is far behind ours */
    struct call *call = ask(b, OP_LOGS_FOLLOW, ACCESS_ADMIN, json_object());
    host_says(b, call, LINE(500000, "old"));
    expect_lines(b, "");
    look_again(b);
    host_says(b, call, LINE(500000, "old") LINE(501000, "new"));
    expect_lines(b, "new ");
}

static void a_follow_since_a_time_begins_with_that_time(void **state)
{
    struct bench *b = *state;
    json_t *args = json_pack("{s:s}", "since", "1970-01-01T00:16:40Z");
    struct call *call = ask(b, OP_LOGS_FOLLOW, ACCESS_ADMIN, args);
    host_says(b, call, LINE(999999, "old") LINE(1000000, "a") LINE(1000000, "b"));
    expect_lines(b, "a b ");
}

static void a_follow_of_so_many_lines_begins_with_the_newest_of_them(void **state)
{
    struct bench *b = *state;
    struct call *call = ask(b, OP_LOGS_FOLLOW, ACCESS_ADMIN, json_pack("{s:i}", "lines", 2));
    host_says(b, call, LINE(999000, "a") LINE(1000000, "b") LINE(1000000, "c"));
    expect_lines(b, "b c ");
    look_again(b);
    host_says(b, call, LINE(1000000, "b") LINE(1000000, "c") LINE(1000000, "d"));
    expect_lines(b, "d ");
}

/* The sudoers file has lines for it on this machine, too; the daemon's account need not be in
 * systemd-journal. */
static void logs_are_read_by_sudo_first_wherever_there_is_a_host(void **state)
{
    static const struct {
        enum control control;
        bool with_sudo;
    } rows[] = {{CONTROL_SSH, true}, {CONTROL_SYSTEMD, true}, {CONTROL_PROCESS, false}};
    struct bench *b = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        b->f->service.control = rows[i].control;
        engine_reconfigure(b->f->engine, &b->f->settings, fixture_at(b->now));
        const struct call *call = ask(b, OP_LOGS, ACCESS_ADMIN, json_object());
        assert_int_equal(b->command, HOST_JOURNAL);
        assert_int_equal(b->with_sudo, rows[i].with_sudo);
        if (rows[i].with_sudo) {
            host_says(b, call, "");
            assert_false(b->with_sudo);
        }
        host_says(b, call, LINE(1001000, "a"));
        assert_int_equal(json_array_size(json_object_get(b->body, "logs")), 1);
    }
}

static void logs_that_were_not_read_in_time_say_so(void **state)
{
    struct bench *b = *state;
    const struct call *call = ask(b, OP_LOGS, ACCESS_ADMIN, json_object());
    struct host_result late = {.end = HOST_TIMED_OUT};
    handlers_host_ended(b->handlers, 0, call->ask, &late);
    assert_int_equal(b->status, 503);
    assert_non_null(strstr(json_text_or(b->body, "message", ""), "in time"));
}

/* The journal's times are exact; those of Redis' own log of another machine name no zone. */
static void times_of_a_log_whose_zone_is_not_known_are_marked(void **state)
{
    struct bench *b = *state;
    static const enum control controls[] = {CONTROL_SSH, CONTROL_SYSTEMD};
    for (size_t i = 0; i < ARRAY_LENGTH(controls); i++) {
        b->f->service.control = controls[i];
        b->f->service.commands_extended = true;
        engine_reconfigure(b->f->engine, &b->f->settings, fixture_at(b->now));
        const struct call *call = ask(b, OP_LOGS, ACCESS_ADMIN, json_object());
        host_says(b, call, LINE(1001000, "a"));
        assert_int_equal(b->command, HOST_LOG_TAIL);
        host_says(b, call, "1:M 10 Oct 2025 14:30:00.000 * b\n");
        assert_true(b->answered);
        const json_t *logs = json_object_get(b->body, "logs");
        assert_int_equal(json_array_size(logs), 2);
        const json_t *of_file = json_array_get(logs, 0), *of_journal = json_array_get(logs, 1);
        assert_string_equal(json_text_or(of_file, "message", ""), "b");
        assert_int_equal(json_bool_or(of_file, "zone_assumed", false), controls[i] == CONTROL_SSH);
        assert_null(json_object_get(of_journal, "zone_assumed"));
    }
}

/* ── big keys ── */

static void walk(struct bench *b, size_t keys)
{
    static struct redis_reply texts[300];
    static struct redis_reply *pointers[300];
    struct redis_reply cursor = {.type = RESP_BULK, .text = (char *)(uintptr_t) "0", .length = 1};
    struct redis_reply list = {.type = RESP_LIST, .items = pointers, .count = keys};
    struct redis_reply *parts[] = {&cursor, &list};
    const struct redis_reply scanned = {.type = RESP_LIST, .items = parts, .count = 2};
    const struct redis_reply size = {.type = RESP_INTEGER, .integer = 7};
    assert_true(keys <= ARRAY_LENGTH(texts));
    for (size_t i = 0; i < keys; i++) {
        texts[i] =
            (struct redis_reply){.type = RESP_BULK, .text = (char *)(uintptr_t) "key", .length = 3};
        pointers[i] = &texts[i];
    }
    const struct call *call =
        ask(b, OP_INSPECT, ACCESS_ADMIN, json_pack("{s:s}", "what", "bigkeys"));
    assert_int_equal(b->request, REDIS_SCAN);
    redis_says(b, call, &scanned);
    while (!b->answered)
        redis_says(b, call, &size);
    assert_int_equal(b->status, 200);
}

/* COUNT 64 is a hint: Redis gives whole buckets. */
static void big_keys_are_complete_only_when_every_key_was_measured(void **state)
{
    struct bench *b = *state;
    walk(b, 70);
    assert_int_equal(json_int_or(b->body, "keys_measured", 0), 70);
    assert_true(json_bool_or(b->body, "complete", false));
    walk(b, 300);
    int64_t measured = json_int_or(b->body, "keys_measured", 0);
    assert_int_equal(measured + json_int_or(b->body, "keys_passed_over", 0), 300);
    assert_int_equal(json_bool_or(b->body, "complete", true), measured == 300);
}

/* ── bundle ── */

static json_t *many_rows(size_t count, size_t bytes)
{
    json_t *rows = json_array();
    char *text = calloc(1, bytes + 1);
    assert_non_null(text);
    memset(text, 'x', bytes);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(rows, json_pack("{s:s}", "message", text));
    free(text);
    return rows;
}

static void a_bundle_of_a_bad_night_still_fits_into_an_answer(void **state)
{
    struct bench *b = *state;
    const struct call *call = ask(b, OP_BUNDLE, ACCESS_ADMIN, json_object());
    for (int i = 0; i < 50 && b->requests == 0; i++) {
        b->now = fixture_wake_late(b->f, 0);
        answer_engine(b, REPLY_PONG, UNIT_ACTIVE, LOG_NONE);
    }
    for (size_t i = 0; i < 4; i++) /* INFO, slow log, clients, command statistics */
        redis_says(b, call, NULL);
    for (size_t i = 0; i < 3 && b->commands > 0 && !b->answered; i++)
        host_says(b, call, LINE(1001000, "a"));
    JSON_CLEANUP json_t *recoveries = many_rows(20, 30000);
    JSON_CLEANUP json_t *events = many_rows(200, 4000);
    handlers_rows(b->handlers, call->ask, recoveries, NULL);
    handlers_rows(b->handlers, call->ask, events, NULL);
    assert_true(b->answered);
    assert_int_equal(b->status, 200);
    assert_true(json_dumpb(b->body, NULL, 0, JSON_COMPACT | JSON_WRITE_FLAGS) < FRAME_MAX);
    assert_true(json_is_array(json_object_get(b->body, "recoveries")));
    const json_t *cut = json_object_get(b->body, "events");
    assert_non_null(strstr(json_text_or(cut, "missing", ""), "too long"));
}

static void what_the_host_refuses_is_missing_from_a_bundle_with_its_reason(void **state)
{
    static const char denied[] = "No journal files were opened: \x1b[1mpermissions.\nMore.\n";
    struct bench *b = *state;
    const struct call *call = ask(b, OP_BUNDLE, ACCESS_ADMIN, json_object());
    for (int i = 0; i < 50 && b->requests == 0; i++) {
        b->now = fixture_wake_late(b->f, 0);
        answer_engine(b, REPLY_PONG, UNIT_ACTIVE, LOG_NONE);
    }
    for (size_t i = 0; i < 4; i++)
        redis_says(b, call, NULL);
    for (size_t i = 0; i < 3; i++) { /* the unit's state, its log with sudo and without */
        struct host_result r = {.end = HOST_EXITED,
                                .exit_code = 1,
                                .out = "",
                                .err = i == 0 ? "" : denied,
                                .err_length = i == 0 ? 0 : sizeof denied - 1};
        handlers_host_ended(b->handlers, 0, call->ask, &r);
    }
    JSON_CLEANUP json_t *none = json_array();
    handlers_rows(b->handlers, call->ask, none, NULL);
    handlers_rows(b->handlers, call->ask, none, NULL);
    assert_true(b->answered);
    const json_t *unit = json_object_get(b->body, "unit_status");
    assert_string_equal(json_text_or(unit, "missing", ""), "it ended with status 1");
    const json_t *logs = json_object_get(b->body, "logs");
    assert_string_equal(json_text_or(logs, "missing", ""),
                        "No journal files were opened: ?[1mpermissions.");
}

/* ── export ── */

/* What one answer of the web process holds (web/server.h). */
#define ANSWER_MAX ((size_t)16 * 1024 * 1024)

/* Exports an audit file of so many lines, each with `reason`. */
static void export(struct bench *b, int lines, const char *reason)
{
    const char *path = test_folder_path(&b->folder, "audit.log");
    (void)str_copy(b->settings.audit.file, sizeof b->settings.audit.file, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int seq = 1; seq <= lines; seq++)
        assert_true(fprintf(file,
                            "{\"timestamp\": \"2025-10-10T14:30:00Z\", \"event_type\": "
                            "\"configuration\", \"reason\": \"%s\", \"seq\": %d, \"prev\": "
                            "\"0\", \"hash\": \"0\"}\n",
                            reason, seq) > 0);
    assert_int_equal(fclose(file), 0);
    (void)ask(b, OP_AUDIT, ACCESS_ADMIN, json_pack("{s:s}", "format", "lines"));
    while (!b->answered)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    assert_int_equal(b->status, 200);
}

static void an_export_that_is_too_long_for_one_answer_says_where_it_goes_on(void **state)
{
    struct bench *b = *state;
    char reason[701];
    (void)str_format(reason, sizeof reason, "%0700d", 0);
    export(b, 25000, reason);
    assert_in_range(b->text_bytes, ANSWER_MAX / 2, ANSWER_MAX);
    assert_non_null(strstr(b->pushed, "\"truncated\": true, \"next_cursor\": "));
}

/* Quotes are escaped in the line, and again in the frame that carries it: push() measures that. */
static void an_export_of_lines_that_are_all_quotes_has_every_line(void **state)
{
    struct bench *b = *state;
    char reason[8001];
    for (size_t i = 0; i + 1 < sizeof reason; i += 2)
        memcpy(reason + i, "\\\"", 3);
    export(b, 200, reason);
    assert_true(b->text_bytes > 200 * strlen(reason));
    assert_int_equal(b->text_lines, 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_order_without_a_line_in_the_audit_log_is_refused_and_a_question_is_not),
        TEST(a_reload_while_the_doctor_looks_leaves_it_the_new_settings),
        TEST(lines_of_the_log_are_explained_to_admins_only),
        TEST(lines_of_the_log_are_pushed_to_admins_only),
        TEST(a_follow_shows_every_line_of_a_moment_once),
        TEST(a_follow_begins_where_the_log_stands_by_the_hosts_clock),
        TEST(a_follow_since_a_time_begins_with_that_time),
        TEST(a_follow_of_so_many_lines_begins_with_the_newest_of_them),
        TEST(logs_are_read_by_sudo_first_wherever_there_is_a_host),
        TEST(logs_that_were_not_read_in_time_say_so),
        TEST(times_of_a_log_whose_zone_is_not_known_are_marked),
        TEST(big_keys_are_complete_only_when_every_key_was_measured),
        TEST(a_bundle_of_a_bad_night_still_fits_into_an_answer),
        TEST(what_the_host_refuses_is_missing_from_a_bundle_with_its_reason),
        TEST(an_export_that_is_too_long_for_one_answer_says_where_it_goes_on),
        TEST(an_export_of_lines_that_are_all_quotes_has_every_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
