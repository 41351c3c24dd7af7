#include <errno.h>
#include <string.h>

#include "sample.h"

#include "backups/rdb_head.h"
#include "placement/crc64.h"

static void crc_is_that_of_redis_however_it_is_cut(void **state)
{
    static const char text[] = "This is a test of the emergency broadcast system.";
    (void)state;
    assert_true(crc64(0, "123456789", 9) == UINT64_C(0xe9c6d914c4b8d9ca));
    uint64_t whole = crc64(0, text, sizeof text - 1);
    for (size_t cut = 0; cut < sizeof text; cut++)
        assert_true(crc64(crc64(0, text, cut), text + cut, sizeof text - 1 - cut) == whole);
}

static void check_head(const struct rdb_head *h)
{
    assert_int_equal(h->step, RDB_HEAD_DONE);
    assert_string_equal(h->magic, "REDIS0010");
    assert_int_equal(h->version, 10);
    assert_string_equal(h->server_version, "7.0.15");
    assert_int_equal(h->created_seconds, 1796000086);
    assert_int_equal(h->used_memory_bytes, 1013992);
    assert_int_equal(h->functions, 1);
    assert_false(h->module_data);
}

static void a_real_file_is_read_in_pieces_of_any_size(void **state)
{
    unsigned char sample[SAMPLE_BYTES];
    (void)state;
    sample_read(sample);
    for (size_t piece = 1; piece <= SAMPLE_BYTES; piece++) {
        struct rdb_head head = {0};
        struct rdb_tail tail = {0};
        for (size_t at = 0; at < SAMPLE_BYTES; at += piece) {
            size_t n = SAMPLE_BYTES - at < piece ? SAMPLE_BYTES - at : piece;
            assert_int_equal(rdb_head_feed(&head, sample + at, n, NULL), 0);
            rdb_tail_feed(&tail, sample + at, n);
        }
        check_head(&head);
        assert_int_equal(rdb_tail_end(&tail), RDB_END_OK);
        assert_int_equal(tail.bytes, SAMPLE_BYTES);
    }
}

/* 0xFF stands in many places of a file; the CRC says which of them is the end. */
static void only_the_whole_file_has_an_end(void **state)
{
    unsigned char sample[SAMPLE_BYTES + 1] = {0};
    (void)state;
    sample_read(sample);
    for (size_t length = 0; length <= SAMPLE_BYTES + 1; length++) {
        struct rdb_tail tail = {0};
        rdb_tail_feed(&tail, sample, length);
        assert_int_equal(rdb_end_whole(rdb_tail_end(&tail)), length == SAMPLE_BYTES);
    }
}

static void a_flipped_bit_anywhere_is_found(void **state)
{
    unsigned char sample[SAMPLE_BYTES];
    (void)state;
    sample_read(sample);
    for (size_t i = 0; i < SAMPLE_BYTES; i++) {
        struct rdb_tail tail = {0};
        sample[i] ^= 4;
        rdb_tail_feed(&tail, sample, SAMPLE_BYTES);
        assert_false(rdb_end_whole(rdb_tail_end(&tail)));
        sample[i] ^= 4;
    }
}

static void a_checksum_that_is_switched_off_is_named(void **state)
{
    unsigned char sample[SAMPLE_BYTES];
    struct rdb_tail tail = {0};
    (void)state;
    sample_read(sample);
    memset(sample + SAMPLE_BYTES - 8, 0, 8);
    rdb_tail_feed(&tail, sample, SAMPLE_BYTES);
    assert_int_equal(rdb_tail_end(&tail), RDB_END_UNCHECKED);
    assert_string_equal(rdb_end_word(RDB_END_UNCHECKED), "absent");
}

static int feed(const void *bytes, size_t length, struct rdb_head *h, struct error *err)
{
    *h = (struct rdb_head){0};
    return rdb_head_feed(h, bytes, length, err);
}

static void valkey_has_a_magic_of_its_own(void **state)
{
    struct rdb_head h;
    (void)state;
    assert_int_equal(feed("VALKEY080\xfa\x0avalkey-ver\x05"
                          "9.0.1\xfe",
                          28, &h, NULL),
                     0);
    assert_int_equal(h.step, RDB_HEAD_DONE);
    assert_int_equal(h.version, 80);
    assert_string_equal(h.server_version, "9.0.1");
}

static void what_is_no_rdb_is_refused_with_the_reason(void **state)
{
    struct error err = {0};
    struct rdb_head h;
    (void)state;
    assert_int_equal(feed("*3\r\n$3\r\nSET", 11, &h, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "begins neither with REDIS"));
    assert_int_equal(feed("REDIS00x1", 9, &h, &err), -EBADMSG);
    assert_int_equal(feed("REDIS0004", 9, &h, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "older than"));
    assert_int_equal(feed("REDIS0010\xfa\xc4", 11, &h, &err), -EBADMSG);
    assert_int_equal(feed("REDIS0010\xfa\xc3\xc0\x01", 13, &h, &err), -EBADMSG);
}

static void long_and_compressed_texts_are_skipped(void **state)
{
    struct rdb_head h = {0};
    unsigned char length[5] = {0x80, 0, 0, 4, 0}; /* 1024 */
    char body[1024];
    (void)state;
    memset(body, 'x', sizeof body);
    assert_int_equal(rdb_head_feed(&h, "REDIS0011\xfa", 10, NULL), 0);
    assert_int_equal(rdb_head_feed(&h, length, sizeof length, NULL), 0);
    assert_int_equal(rdb_head_feed(&h, body, sizeof body, NULL), 0);
    assert_int_equal(rdb_head_feed(&h, "\xc3\x03\x40\x90zzz", 7, NULL), 0);
    assert_int_equal(rdb_head_feed(&h, "\xf5\xc3\x02\x05zz", 6, NULL), 0);
    assert_int_equal(rdb_head_feed(&h, "\xf7", 1, NULL), 0);
    assert_int_equal(h.step, RDB_HEAD_DONE);
    assert_int_equal(h.functions, 1);
    assert_true(h.module_data);
}

static void too_many_fields_are_refused(void **state)
{
    struct rdb_head h = {0};
    int r = rdb_head_feed(&h, "REDIS0011", 9, NULL);
    (void)state;
    for (int i = 0; i < RDB_AUX_FIELDS_MAX; i++)
        assert_int_equal(rdb_head_feed(&h, "\xfa\x01k\x01v", 5, NULL), r);
    assert_int_equal(rdb_head_feed(&h, "\xfa", 1, NULL), -EBADMSG);
}

static void counts_stand_behind_a_selectdb(void **state)
{
    unsigned char sample[SAMPLE_BYTES];
    struct rdb_counts counts = {.db = 3};
    (void)state;
    sample_read(sample);
    assert_int_equal(rdb_counts_read(sample + 188, SAMPLE_BYTES - 188, &counts), 0);
    assert_int_equal(counts.db, 3);
    assert_int_equal(counts.keys, 2);
    assert_int_equal(counts.expires, 1);
    static const unsigned char large[] = {0xfb, 0x80, 0, 1, 0, 0, 0x41, 0x02};
    assert_int_equal(rdb_counts_read(large, sizeof large, &counts), 0);
    assert_int_equal(counts.keys, 65536);
    assert_int_equal(counts.expires, 258);
    for (size_t cut = 0; cut < sizeof large; cut++)
        assert_int_equal(rdb_counts_read(large, cut, &counts), -EBADMSG);
    assert_int_equal(rdb_counts_read(sample + 187, 20, &counts), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_that_of_redis_however_it_is_cut),
        cmocka_unit_test(a_real_file_is_read_in_pieces_of_any_size),
        cmocka_unit_test(only_the_whole_file_has_an_end),
        cmocka_unit_test(a_flipped_bit_anywhere_is_found),
        cmocka_unit_test(a_checksum_that_is_switched_off_is_named),
        cmocka_unit_test(valkey_has_a_magic_of_its_own),
        cmocka_unit_test(what_is_no_rdb_is_refused_with_the_reason),
        cmocka_unit_test(long_and_compressed_texts_are_skipped),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(counts_stand_behind_a_selectdb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
