/* Whose password is looked at first, and how many may wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>

#include "accounts/password_work.h"

#define CALLS 100

struct bench {
    uv_loop_t loop;
    struct password_work *work;
    struct call calls[CALLS];
    const struct call *done[CALLS];
    size_t count, unanswered;
};

static void done(struct call *call, bool good, const char *hash)
{
    struct bench *b = call->owner;
    (void)hash;
    assert_false(good);
    b->done[b->count++] = call;
}

static void answer(struct call *call, int status, json_t *body)
{
    struct bench *b = call->owner;
    assert_int_equal(status, 503);
    assert_null(body);
    b->unanswered++;
}

static int set_up(void **state)
{
    static struct bench b;
    struct error err = {0};
    b = (struct bench){0};
    assert_int_equal(uv_loop_init(&b.loop), 0);
    assert_int_equal(password_work_new(&b.loop, &b.work, &err), 0);
    for (size_t i = 0; i < CALLS; i++) {
        b.calls[i].owner = &b;
        b.calls[i].answer = answer;
    }
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    password_work_free(b->work);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    return 0;
}

static int ask(struct bench *b, size_t i, enum password_queue queue, const char *hash)
{
    return password_work_do(b->work, queue, hash, "guess", NULL, done, &b->calls[i]);
}

static void a_known_user_has_the_next_turn_however_many_strangers_wait(void **state)
{
    struct bench *b = *state;
    size_t strangers = 0;
    while (strangers < CALLS - 1 && ask(b, strangers, PASSWORD_STRANGER, "x") == 0)
        strangers++;
    assert_int_equal(strangers, PASSWORD_WORK_MAX + 1); /* and one is in the worker's hands */
    assert_int_equal(ask(b, strangers, PASSWORD_STRANGER, "x"), -EBUSY);
    assert_int_equal(ask(b, strangers, PASSWORD_KNOWN, "y"), 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(b->count, strangers + 1);
    assert_ptr_equal(b->done[0], &b->calls[0]);
    assert_ptr_equal(b->done[1], &b->calls[strangers]);
}

static void nobody_takes_the_places_of_the_known_with_one_name(void **state)
{
    struct bench *b = *state;
    size_t i = 0;
    assert_int_equal(ask(b, i++, PASSWORD_KNOWN, "x"), 0); /* the worker has it */
    while (ask(b, i, PASSWORD_KNOWN, "x") == 0)
        i++;
    assert_int_equal(i, 1 + PASSWORD_SAME_MAX + PASSWORD_WORK_MAX);
    assert_int_equal(ask(b, i, PASSWORD_KNOWN, "y"), 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_ptr_equal(b->done[1 + PASSWORD_SAME_MAX], &b->calls[i]);
}

static void the_end_answers_whoever_waits(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ask(b, 0, PASSWORD_STRANGER, "x"), 0);
    assert_int_equal(ask(b, 1, PASSWORD_STRANGER, "x"), 0);
    assert_int_equal(ask(b, 2, PASSWORD_KNOWN, "x"), 0);
    password_work_free(b->work);
    b->work = NULL;
    assert_int_equal(b->unanswered, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_known_user_has_the_next_turn_however_many_strangers_wait,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_takes_the_places_of_the_known_with_one_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_end_answers_whoever_waits, set_up, tear_down),
    };
    assert_true(sodium_init() >= 0);
    return cmocka_run_group_tests_name("handlers/password_work", tests, NULL, NULL);
}
