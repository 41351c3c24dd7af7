#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "sample.h"

#include "backups/spool.h"
#include "base/str.h"
#include "support/test_folder.h"

#define BLOCK ((size_t)4096)

struct watch {
    uv_loop_t loop;
    struct test_folder folder;
    struct spool *spool;
    char path[128], sha256[SPOOL_SHA256_SIZE];
    struct error error;
    int ready;
    bool closed;
};

static void on_ready(void *context, const struct error *err)
{
    struct watch *w = context;
    w->ready++;
    if (err != NULL)
        w->error = *err;
}

static void on_closed(void *context, const char *sha256, const struct error *err)
{
    struct watch *w = context;
    w->closed = true;
    (void)str_copy(w->sha256, sizeof w->sha256, sha256);
    if (err != NULL)
        w->error = *err;
}

static void begin(struct watch *w, int64_t reserve)
{
    *w = (struct watch){0};
    test_folder_make(&w->folder);
    (void)str_copy(w->path, sizeof w->path, test_folder_path(&w->folder, "file"));
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(spool_new(&w->loop, w->path, BLOCK, reserve, on_ready, w, &w->spool, NULL), 0);
}

static void end(struct watch *w, bool keep)
{
    spool_close(w->spool, keep, on_closed, w);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_true(w->closed);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    test_folder_remove(&w->folder);
}

static void all_bytes_are_written_with_their_sum(void **state)
{
    struct watch w;
    char bytes[1000];
    (void)state;
    begin(&w, 0);
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 1000; i++) {
        while (spool_full(w.spool))
            (void)uv_run(&w.loop, UV_RUN_ONCE);
        assert_int_equal(spool_add(w.spool, bytes, sizeof bytes, NULL), 0);
    }
    spool_close(w.spool, true, on_closed, &w);
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);
    struct stat st;
    assert_int_equal(stat(w.path, &st), 0);
    assert_int_equal(st.st_size, 1000000);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* head -c 1000000 /dev/zero | tr '\0' x | sha256sum */
    assert_string_equal(w.sha256,
                        "1b977e9f84f1b26b6ed7f68b0498faee2385ea4125bd29adce4a7d9106ba3134");
    assert_true(w.ready > 0);
    assert_int_equal(w.error.code, 0);
    assert_int_equal(uv_loop_close(&w.loop), 0);
    test_folder_remove(&w.folder);
}

static void a_file_that_is_not_kept_is_gone(void **state)
{
    struct watch w;
    (void)state;
    begin(&w, 0);
    assert_int_equal(spool_add(w.spool, "abc", 3, NULL), 0);
    spool_close(w.spool, false, on_closed, &w);
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);
    assert_true(w.closed && w.sha256[0] == '\0' && w.error.code == 0);
    assert_int_not_equal(access(w.path, F_OK), 0);
    assert_int_equal(uv_loop_close(&w.loop), 0);
    test_folder_remove(&w.folder);
}

static void a_file_that_is_there_is_not_touched(void **state)
{
    struct watch w;
    struct spool *other = NULL;
    struct error err = {0};
    (void)state;
    begin(&w, 0);
    assert_int_equal(spool_new(&w.loop, w.path, BLOCK, 0, on_ready, &w, &other, &err), -EEXIST);
    assert_non_null(strstr(err.text, w.path));
    end(&w, true);
}

static void the_reserve_of_the_disk_is_kept(void **state)
{
    struct watch w;
    (void)state;
    begin(&w, INT64_MAX / 2);
    assert_int_equal(spool_add(w.spool, "abc", 3, NULL), 0);
    end(&w, true);
    assert_int_equal(w.error.code, -ENOSPC);
    assert_non_null(strstr(w.error.text, "stay reserved"));
    assert_string_equal(w.sha256, "");
}

static void a_length_without_room_is_refused_at_the_first_block(void **state)
{
    struct watch w;
    char block[BLOCK] = {0};
    (void)state;
    begin(&w, 0);
    spool_expect(w.spool, UINT64_MAX / 4);
    assert_int_equal(spool_add(w.spool, block, sizeof block, NULL), 0);
    while (w.ready == 0)
        (void)uv_run(&w.loop, UV_RUN_ONCE);
    assert_int_equal(w.error.code, -ENOSPC);
    assert_int_equal(spool_add(w.spool, block, 1, NULL), -ENOSPC);
    end(&w, false);
}

static void a_caller_that_does_not_wait_is_refused(void **state)
{
    struct watch w;
    static char much[BLOCK + SPOOL_SLACK_BYTES];
    (void)state;
    begin(&w, 0);
    assert_int_equal(spool_add(w.spool, much, sizeof much, NULL), 0);
    assert_int_equal(spool_add(w.spool, much, sizeof much, NULL), 0);
    assert_true(spool_full(w.spool));
    assert_int_equal(spool_add(w.spool, much, 1, NULL), -ENOBUFS);
    end(&w, true);
    assert_int_equal(w.error.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_are_written_with_their_sum),
        cmocka_unit_test(a_file_that_is_not_kept_is_gone),
        cmocka_unit_test(a_file_that_is_there_is_not_touched),
        cmocka_unit_test(the_reserve_of_the_disk_is_kept),
        cmocka_unit_test(a_length_without_room_is_refused_at_the_first_block),
        cmocka_unit_test(a_caller_that_does_not_wait_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
