/* The events that a new web process is told: the newest, in order, without a gap, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "daemon/web_events.h"

struct told {
    int64_t first, last;
    size_t count, bytes;
};

static void keep(struct web_events *events, int64_t seq, size_t length)
{
    JSON_CLEANUP json_t *event = json_object();
    char *text = mem_calloc(1, length + 1);
    memset(text, 'x', length);
    (void)json_put_int(event, "seq", seq);
    (void)json_put_text(event, "message", text);
    web_events_keep(events, event);
    mem_free(text);
}

static void note(void *context, json_t *event)
{
    struct told *t = context;
    int64_t seq = json_int_or(event, "seq", 0);
    if (t->count++ == 0)
        t->first = seq;
    else
        assert_int_equal(seq, t->last + 1);
    t->last = seq;
    t->bytes += strlen(json_text_or(event, "message", ""));
    json_decref(event);
}

static struct told told(const struct web_events *events)
{
    struct told t = {0};
    web_events_each(events, note, &t);
    return t;
}

static void the_newest_are_told_in_order(void **state)
{
    (void)state;
    struct web_events *events = web_events_new();
    assert_int_equal(told(events).count, 0);
    for (int64_t seq = 1; seq <= 2 * WEB_EVENTS_MAX + 3; seq++)
        keep(events, seq, 5);
    struct told t = told(events);
    assert_int_equal(t.count, WEB_EVENTS_MAX);
    assert_int_equal(t.last, 2 * WEB_EVENTS_MAX + 3);
    web_events_free(events);
}

static void no_more_bytes_are_kept_than_allowed(void **state)
{
    (void)state;
    struct web_events *events = web_events_new();
    for (int64_t seq = 1; seq <= 100; seq++)
        keep(events, seq, 20000);
    struct told t = told(events);
    assert_int_equal(t.last, 100);
    assert_true(t.bytes <= WEB_EVENTS_BYTES_MAX && t.bytes > WEB_EVENTS_BYTES_MAX - 40000);
    web_events_free(events);
}

static void one_that_cannot_be_kept_leaves_no_gap(void **state)
{
    (void)state;
    struct web_events *events = web_events_new();
    keep(events, 1, 5);
    keep(events, 2, WEB_EVENTS_BYTES_MAX);
    assert_int_equal(told(events).count, 0);
    keep(events, 3, 5);
    struct told t = told(events);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.first, 3);
    web_events_free(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_told_in_order),
        cmocka_unit_test(no_more_bytes_are_kept_than_allowed),
        cmocka_unit_test(one_that_cannot_be_kept_leaves_no_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
