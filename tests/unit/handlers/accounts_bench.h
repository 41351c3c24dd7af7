/* Accounts with a real store, loop and keys in a folder of their own; the clock is the test's,
 * audit lines and notices are kept. */
#ifndef RESUS_TEST_ACCOUNTS_BENCH_H
#define RESUS_TEST_ACCOUNTS_BENCH_H

#include <jansson.h>
#include <uv.h>

#include "accounts/accounts.h"
#include "handlers/handlers.h"
#include "support/test_folder.h"

#define BENCH_LINES_MAX 2000
#define BENCH_EMAIL "root@example.org"
#define BENCH_PASSWORD "correct-zebra-91x"

struct bench {
    struct test_folder folder;
    uv_loop_t loop;
    struct store *store;
    struct accounts *accounts;
    struct handlers *handlers;
    struct settings settings;
    struct now now;
    struct audit_line lines[BENCH_LINES_MAX];
    size_t line_count, notice_count, changes;
    bool disk_full; /* every write is told to have failed */
    size_t saved;   /* writes that were told to be on the disk */
    size_t failed;  /* and those that the store itself did not take */
    char notice[512], notice_kind[32];
    /* who asks */
    struct credential credential;
    enum access unix_access; /* of the control socket, when there is no credential */
    const char *address;
    /* the last answer */
    int status;
    json_t *body;
    bool answered;
};

int bench_set_up(void **state);
int bench_tear_down(void **state);
/* As after a restart of the daemon. */
void bench_reopen(struct bench *b);
void bench_close(struct bench *b);
/* Asks and waits for the answer; `format` is json_pack's ("{}" = none). Its status. */
int bench_ask(struct bench *b, enum operation_id operation, const char *format, ...);
const char *bench_text(const struct bench *b, const char *key);
int64_t bench_int(const struct bench *b, const char *key);
/* Logs in; the token is the caller's (free). NULL when it was refused. */
char *bench_login(struct bench *b, const char *email, const char *password);
void bench_be(struct bench *b, const char *token); /* NULL: the admin of the control socket */
void bench_pass(struct bench *b, int64_t seconds);
/* Runs the loop until accounts have done what is due by themselves. */
void bench_run_timer(struct bench *b, bool (*until)(const struct bench *b));
/* How many lines of that operation there are, successful or not. */
size_t bench_lines(const struct bench *b, const char *operation, bool success);

#endif
