/* The console's files as they are answered, with the request as a double. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "support/test_folder.h"
#include "web/static_files.h"

/* ── doubles ── */

struct request {
    struct request_info info;
    int status;
    char lines[1024];
};

struct request_info *request_info(struct request *x)
{
    return &x->info;
}

bool request_header(struct request *x, enum server_header header, char *to, size_t size)
{
    (void)x;
    (void)header;
    (void)size;
    to[0] = '\0';
    return false;
}

void request_answer(struct request *x, const struct answer *answer)
{
    x->status = answer->status;
    assert_true(str_copy(x->lines, sizeof x->lines, answer->lines));
}

/* ── fixture ── */

static struct test_folder folder;
static struct static_files *files;

static int set_up(void **state)
{
    (void)state;
    struct error err = {0};
    test_folder_make(&folder);
    test_folder_write(&folder, "index.html", "<!doctype html>", 0644);
    if (static_files_load(folder.path, &files, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static_files_free(files);
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
        struct request x = {.info = {.method = "GET", .path = rows[i].path, .id = "a"}};
        if (rows[i].id != NULL)
            assert_true(str_format(wanted, sizeof wanted,
                                   "Link: </api/services/%s/status>; rel=preload; as=fetch; "
                                   "crossorigin, </api/services/%s/health>; rel=preload; as=fetch; "
                                   "crossorigin\r\n",
                                   rows[i].id, rows[i].id));
        static_files_answer(files, &x);
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
    return cmocka_run_group_tests_name("web/static_files", tests, NULL, NULL);
}
