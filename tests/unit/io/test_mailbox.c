#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "base/mem.h"
#include "io/mailbox.h"

#define THREADS 4
#define ITEMS 5000

struct bench {
    uv_loop_t loop;
    struct mailbox *mailbox;
    int values[THREADS * ITEMS]; /* what an item points to: its number */
    int next[THREADS];           /* the number expected next of each thread */
    int count, wanted;
};

static int set_up(void **state)
{
    struct bench *b = mem_calloc(1, sizeof *b);
    if (b == NULL || uv_loop_init(&b->loop) < 0)
        return -1;
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    mailbox_close(b->mailbox);
    mailbox_close(NULL);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    int r = uv_loop_close(&b->loop); /* fails when a handle is left */
    mem_free(b);
    return r;
}

static void on_item(void *context, void *item)
{
    struct bench *b = context;
    int number = *(int *)item;
    assert_int_equal(number % ITEMS, b->next[number / ITEMS]++);
    if (++b->count == b->wanted)
        mailbox_keep_alive(b->mailbox, false); /* the loop ends */
}

static void open_box(struct bench *b, size_t capacity)
{
    struct error err = {0};
    for (int i = 0; i < THREADS * ITEMS; i++)
        b->values[i] = i;
    assert_int_equal(mailbox_new(&b->loop, capacity, on_item, b, &b->mailbox, &err), 0);
    mailbox_keep_alive(b->mailbox, true); /* or uv_run would not turn at all */
}

static void items_arrive_in_order_and_not_on_the_posters_stack(void **state)
{
    struct bench *b = *state;
    open_box(b, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(mailbox_post(b->mailbox, &b->values[i]), 0);
    assert_int_equal(b->count, 0);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(b->count, 10);
}

static void a_full_one_refuses_and_takes_again_after_delivery(void **state)
{
    struct bench *b = *state;
    open_box(b, 2);
    assert_int_equal(mailbox_post(b->mailbox, &b->values[0]), 0);
    assert_int_equal(mailbox_post(b->mailbox, &b->values[1]), 0);
    assert_int_equal(mailbox_post(b->mailbox, &b->values[2]), -ENOBUFS);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(mailbox_post(b->mailbox, &b->values[2]), 0);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
    assert_int_equal(b->count, 3);
}

static void closing_delivers_what_is_queued_and_refuses_the_rest(void **state)
{
    struct bench *b = *state;
    open_box(b, 5);
    assert_int_equal(mailbox_post(b->mailbox, &b->values[0]), 0);
    struct mailbox *m = b->mailbox;
    b->mailbox = NULL;
    mailbox_close(m);
    assert_int_equal(b->count, 1);
    assert_int_equal(mailbox_post(m, &b->values[1]),
                     -ESHUTDOWN); /* freed by the loop's next turn */
}

static void an_idle_one_does_not_keep_the_loop_alive(void **state)
{
    struct bench *b = *state;
    open_box(b, 5);
    mailbox_keep_alive(b->mailbox, false);
    assert_int_equal(uv_run(&b->loop, UV_RUN_DEFAULT), 0);
}

static void lack_of_memory_is_an_error(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    mem_fail_from(1);
    assert_int_equal(mailbox_new(&b->loop, 5, on_item, b, &b->mailbox, &err), -ENOMEM);
    mem_fail_from(0);
    assert_null(b->mailbox);
}

struct poster {
    struct bench *bench;
    int first;
};

static void *post_all(void *context)
{
    struct poster *p = context;
    for (int i = 0; i < ITEMS; i++)
        while (mailbox_post(p->bench->mailbox, &p->bench->values[p->first + i]) == -ENOBUFS)
            (void)sched_yield();
    return NULL;
}

static void several_threads_lose_nothing_and_keep_their_own_order(void **state)
{
    struct bench *b = *state;
    open_box(b, 16); /* small: full again and again */
    b->wanted = THREADS * ITEMS;
    pthread_t threads[THREADS];
    struct poster posters[THREADS];
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){b, i * ITEMS};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(b->count, THREADS * ITEMS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(items_arrive_in_order_and_not_on_the_posters_stack),
        TEST(a_full_one_refuses_and_takes_again_after_delivery),
        TEST(closing_delivers_what_is_queued_and_refuses_the_rest),
        TEST(an_idle_one_does_not_keep_the_loop_alive),
        TEST(lack_of_memory_is_an_error),
        TEST(several_threads_lose_nothing_and_keep_their_own_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
