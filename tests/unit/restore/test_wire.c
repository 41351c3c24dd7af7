/* Replies as items, in every cut. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "restore/wire.h"

static int collect(void *context, const struct wire_item *item)
{
    static const char kinds[] = "+-:$_*";
    (void)str_append(context, 400, "%c%lld%.*s;", kinds[item->type], (long long)item->number,
                     (int)item->length, item->text == NULL ? "" : item->text);
    return 0;
}

static int feed(const char *text, size_t length, size_t piece, char *seen)
{
    struct wire w = {.rest = BUF_LIMIT(WIRE_BULK_MAX + WIRE_LINE_MAX)};
    int r = 0;
    seen[0] = '\0';
    for (size_t at = 0; at < length && r == 0; at += piece)
        r = wire_feed(&w, text + at, length - at < piece ? length - at : piece, collect, seen,
                      NULL);
    buf_free(&w.rest);
    return r;
}

static void items_are_the_same_in_every_cut(void **context)
{
    static const char text[] =
        "*2\r\n$1\r\n0\r\n*1\r\n$3\r\na\nb\r\n+OK\r\n-BUSYKEY x\r\n:-2\r\n$-1\r\n$0\r\n\r\n";
    char seen[400];
    (void)context;
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        assert_int_equal(feed(text, sizeof text - 1, piece, seen), 0);
        assert_string_equal(seen, "*2;$10;*1;$3a\nb;+0OK;-0BUSYKEY x;:-2;_-1;$0;");
    }
}

static void what_is_no_reply_ends_it(void **context)
{
    static const char *const wrong[] = {"x\r\n",
                                        "$x\r\n",
                                        "$3\r\nabcde",
                                        ":1\n",
                                        "*99999999\r\n",
                                        "$999999999999\r\n",
                                        "$1234567890123456789\r\n",
                                        "\n"};
    char seen[400];
    (void)context;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        for (size_t piece = 1; piece < 30; piece++)
            assert_int_equal(feed(wrong[i], strlen(wrong[i]), piece, seen), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_the_same_in_every_cut),
        cmocka_unit_test(what_is_no_reply_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
