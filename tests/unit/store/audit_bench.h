/* An audit log with its state database, for the tests of the log. */
#ifndef RESUS_TEST_AUDIT_BENCH_H
#define RESUS_TEST_AUDIT_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "store/anchor.h"
#include "store/audit.h"
#include "store/audit_verify.h"
#include "store/store.h"

struct bench {
    char folder[64];
    struct audit_settings settings;
    uv_loop_t loop;
    struct store *store; /* NULL: the heads are kept nowhere */
    struct audit *audit;
    struct audit_guard guard;
    uint64_t done, failed, next_id;
    int news;
};

/* Counts; for a log that a test opens itself. */
void on_done(void *context, uint64_t id, enum audit_outcome outcome, const struct error *error);
int set_up(void **state);
void close_log(struct bench *b);
int tear_down(void **state);
/* Without the log. */
void open_store(struct bench *b);
void open_log(struct bench *b);
/* Lets the loop do what is due. */
void turn(struct bench *b);
/* Until so many lines have completed. */
void await(struct bench *b, uint64_t done);
void write_lines(struct bench *b, int count);
/* A log of so many lines, and nothing at work. */
void have_lines(struct bench *b, int count);
/* The recorded head. */
struct audit_anchor kept(struct bench *b);
struct audit_verdict verify(struct bench *b);
void assert_intact(struct bench *b);
const char *finding(struct bench *b);
char *read_text(const char *path);
void write_text(const char *path, const char *text);
/* Leaves the first `left` lines. */
void cut_lines(struct bench *b, int left);
/* The reason of some line has that text. */
void assert_says(struct bench *b, const char *wanted);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
