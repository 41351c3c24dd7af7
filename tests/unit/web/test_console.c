/* The console's files as they are answered, with the exchange as a double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "support/test_folder.h"
#include "web/console.h"

/* ── doubles ── */

struct exchange {
    struct exchange_request request;
    int status;
    char lines[1024];
};

struct exchange_request *exchange_request(struct exchange *x)
{
    return &x->request;
}

bool exchange_header(struct exchange *x, enum server_header header, char *to, size_t size)
{
    (void)x;
    (void)header;
    (void)size;
    to[0] = '\0';
    return false;
}

void exchange_answer(struct exchange *x, const struct answer *answer)
{
    x->status = answer->status;
    assert_true(str_copy(x->lines, sizeof x->lines, answer->lines));
}

/* ── fixture ── */

static struct test_folder folder;
static struct console *console;

static int set_up(void **state)
{
    (void)state;
    struct error err = {0};
    test_folder_make(&folder);
    test_folder_write(&folder, "index.html", "<!doctype html>", 0644);
    if (console_load(folder.path, &console, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    console_free(console);
    test_folder_remove(&folder);
    return 0;
}

/* ── promises ── */

static void only_the_page_of_a_possible_service_names_what_to_load_first(void **state)
{
    (void)state;
#define SIXTEEN "0123456789abcdef"
    static const struct {
        const char *path;
        const char *id; /* NULL: the page is of no service */
    } rows[] = {
        {"/services/redis", "redis"},
        {"/services/cache-2_b", "cache-2_b"},
        {"/services/0", "0"},
        {"/services/" SIXTEEN SIXTEEN SIXTEEN "0123456789abcde",
         SIXTEEN SIXTEEN SIXTEEN "0123456789abcde"},
        {"/services/" SIXTEEN SIXTEEN SIXTEEN SIXTEEN, NULL},
        {"/services/-redis", NULL},
        {"/services/_redis", NULL},
        {"/services/Redis", NULL},
        {"/services/re>dis", NULL},
        {"/services/redis/events", NULL},
        {"/services/", NULL},
        {"/services", NULL},
        {"/", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char wanted[512] = "";
        struct exchange x = {.request = {.method = "GET", .path = rows[i].path, .id = "a"}};
        if (rows[i].id != NULL)
            assert_true(str_format(wanted, sizeof wanted,
                                   "Link: </api/services/%s/status>; rel=preload; as=fetch; "
                                   "crossorigin, </api/services/%s/health>; rel=preload; as=fetch; "
                                   "crossorigin\r\n",
                                   rows[i].id, rows[i].id));
        console_answer(console, &x);
        const char *link = strstr(x.lines, "Link:");
        if (x.status != 200 || !str_equal(link == NULL ? "" : link, wanted))
            fail_msg("%s: %d, %s", rows[i].path, x.status, x.lines);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            only_the_page_of_a_possible_service_names_what_to_load_first, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("web/console", tests, NULL, NULL);
}
