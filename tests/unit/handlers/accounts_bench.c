#include "accounts_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"

static struct now port_now(void *context)
{
    const struct bench *b = context;
    return b->now;
}

static void port_audit(void *context, const struct audit_line *line)
{
    struct bench *b = context;
    assert_true(b->line_count < BENCH_LINES_MAX);
    b->lines[b->line_count++] = *line;
}

static void port_notice(void *context, const char *service, const char *kind, const char *message)
{
    (void)service;
    struct bench *b = context;
    b->notice_count++;
    (void)str_copy(b->notice, sizeof b->notice, message);
    (void)str_copy(b->notice_kind, sizeof b->notice_kind, kind);
}

static const struct settings *port_settings(void *context)
{
    const struct bench *b = context;
    return &b->settings;
}

static void changed(void *context)
{
    struct bench *b = context;
    b->changes++;
}

static void on_saved(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct bench *b = context;
    struct error full = {.code = -ENOSPC, .text = "no space"};
    b->saved += !b->disk_full && outcome == STORE_DURABLE;
    b->failed += outcome != STORE_DURABLE;
    if (b->handlers != NULL && b->disk_full)
        handlers_saved(b->handlers, id, STORE_FULL_DISK, &full);
    else if (b->handlers != NULL)
        handlers_saved(b->handlers, id, outcome, error);
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    (void)context;
    (void)id;
    (void)rows;
    (void)error;
}

static void open_all(struct bench *b)
{
    struct error err = {0};
    assert_int_equal(store_open(&b->loop, b->folder.path, on_saved, on_rows, b, &b->store, &err),
                     0);
    struct accounts_ports ports = {.context = b,
                                   .now = port_now,
                                   .audit = port_audit,
                                   .notice = port_notice,
                                   .settings = port_settings,
                                   .store = b->store,
                                   .loop = &b->loop};
    if (accounts_open(&ports, b->folder.path, &b->accounts, &err) < 0)
        fail_msg("%s", err.text);
    accounts_watch(b->accounts, changed, b);
    struct handlers_ports handlers = {
        .context = b, .now = port_now, .store = b->store, .accounts = b->accounts};
    assert_int_equal(handlers_new(NULL, &handlers, &b->handlers, &err), 0);
}

void bench_close(struct bench *b)
{
    if (b->handlers == NULL)
        return;
    handlers_free(b->handlers);
    b->handlers = NULL;
    accounts_close(b->accounts);
    store_close(b->store, 10000);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

void bench_reopen(struct bench *b)
{
    bench_close(b);
    open_all(b);
}

int bench_set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct error err = {0};
    assert_non_null(b);
    test_folder_make(&b->folder);
    assert_int_equal(uv_loop_init(&b->loop), 0);
    b->now = (struct now){.mono = {1000000}, .boot = {1000000}, .wall = {1800000000000}};
    b->address = "192.0.2.1";
    b->unix_access = ACCESS_ADMIN;
    b->settings.security.session_idle_ms = 1800000;
    b->settings.security.session_lifetime_ms = 3600000;
    open_all(b);
    assert_int_equal(accounts_ensure(b->accounts, BENCH_EMAIL, ACCESS_ADMIN, BENCH_PASSWORD, &err),
                     0);
    *state = b;
    return 0;
}

int bench_tear_down(void **state)
{
    struct bench *b = *state;
    bench_close(b);
    assert_int_equal(uv_loop_close(&b->loop), 0);
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
    call_wipe_secrets(call);
    json_decref((json_t *)(uintptr_t)call->args);
    free(call);
}

static int identify(struct bench *b, struct call *call)
{
    const char *code = NULL, *message = NULL;
    if (b->credential.token == NULL && b->unix_access != ACCESS_ANONYMOUS) {
        call->access = b->unix_access;
        (void)str_copy(call->user.id, sizeof call->user.id, "root");
        (void)str_copy(call->user.email, sizeof call->user.email, "root");
        (void)str_copy(call->user.role, sizeof call->user.role, access_name(b->unix_access));
        (void)str_copy(call->user.source_ip, sizeof call->user.source_ip, "local");
        return 0;
    }
    int status = accounts_identify(b->accounts, &b->credential, b->address, call, &code, &message);
    if (status != 0)
        call_refuse(call, status, "Refused", message, code, b->now.wall);
    return status;
}

int bench_ask(struct bench *b, enum operation_id operation, const char *format, ...)
{
    struct call *call = calloc(1, sizeof *call);
    va_list args;
    va_start(args, format);
    call->args = json_vpack_ex(NULL, 0, format, args);
    va_end(args);
    assert_non_null(call->args);
    call->operation = &operations[operation];
    call->service = -1;
    call->owner = b;
    call->answer = answer;
    b->answered = false;
    if (identify(b, call) == 0)
        handlers_dispatch(b->handlers, call, NULL);
    while (!b->answered)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    return b->status;
}

const char *bench_text(const struct bench *b, const char *key)
{
    return json_text_or(b->body, key, "");
}

int64_t bench_int(const struct bench *b, const char *key)
{
    return json_int_or(b->body, key, -1);
}

char *bench_login(struct bench *b, const char *email, const char *password)
{
    struct credential before = b->credential;
    enum access unix_before = b->unix_access;
    b->credential = (struct credential){0};
    b->unix_access = ACCESS_ANONYMOUS;
    int status = bench_ask(b, OP_LOGIN, "{s:s, s:s}", "email", email, "password", password);
    b->credential = before;
    b->unix_access = unix_before;
    return status == 200 ? strdup(bench_text(b, "token")) : NULL;
}

void bench_be(struct bench *b, const char *token)
{
    b->credential = (struct credential){.token = token};
}

void bench_pass(struct bench *b, int64_t seconds)
{
    b->now.mono.ms += seconds * 1000;
    b->now.boot.ms += seconds * 1000;
    b->now.wall.ms += seconds * 1000;
}

size_t bench_lines(const struct bench *b, const char *operation, bool success)
{
    size_t count = 0;
    for (size_t i = 0; i < b->line_count; i++)
        count += str_equal(b->lines[i].operation, operation) && b->lines[i].success == success;
    return count;
}

void bench_run_timer(struct bench *b, bool (*until)(const struct bench *b))
{
    accounts_look(b->accounts);
    while (!until(b))
        (void)uv_run(&b->loop, UV_RUN_ONCE);
}
