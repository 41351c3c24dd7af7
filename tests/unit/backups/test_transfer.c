#include <errno.h>
#include <string.h>

#include "sample.h"

#include "backups/refusal.h"
#include "backups/transfer.h"
#include "base/str.h"

#define MARK "0123456789abcdef0123456789abcdef01234567"
#define REPLY "+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 2443808505\r\n"

struct got {
    unsigned char bytes[SAMPLE_MAX];
    size_t length;
};

static int keep(void *context, const unsigned char *bytes, size_t length, struct error *err)
{
    struct got *g = context;
    (void)err;
    assert_true(g->length + length <= sizeof g->bytes);
    memcpy(g->bytes + g->length, bytes, length);
    g->length += length;
    return 0;
}

/* Feeds `stream` in pieces of `piece` bytes up to the first error. */
static int run(struct transfer *t, struct got *g, const struct buf *stream, size_t piece,
               struct error *err)
{
    *g = (struct got){0};
    *t = (struct transfer){.sink = keep, .context = g};
    for (size_t at = 0; at < stream->length; at += piece) {
        size_t n = stream->length - at < piece ? stream->length - at : piece;
        int r = transfer_feed(t, stream->data + at, n, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static struct buf stream_of(const char *head, const unsigned char *rdb, size_t length,
                            const char *tail)
{
    struct buf b = BUF_LIMIT(SAMPLE_MAX);
    assert_int_equal(buf_append(&b, head, strlen(head)), 0);
    assert_int_equal(buf_append(&b, rdb, length), 0);
    assert_int_equal(buf_append(&b, tail, strlen(tail)), 0);
    return b;
}

static void check_whole(const struct transfer *t, const struct got *g, const unsigned char *rdb)
{
    assert_int_equal(t->phase, TRANSFER_WHOLE);
    assert_int_equal(g->length, SAMPLE_BYTES);
    assert_memory_equal(g->bytes, rdb, SAMPLE_BYTES);
    assert_string_equal(t->replid, "8de1787ba490483314a4d30f1c628bc5025eb761");
    assert_int_equal(t->repl_offset, 2443808505);
    assert_int_equal(transfer_bytes(t), SAMPLE_BYTES);
}

static void an_rdb_with_a_mark_arrives_in_any_cut(void **state)
{
    unsigned char rdb[SAMPLE_BYTES];
    struct transfer t;
    struct got g;
    (void)state;
    sample_read(rdb);
    struct buf s = stream_of("\n\n" REPLY "\n\r\n\n$EOF:" MARK "\r\n", rdb, SAMPLE_BYTES,
                             MARK "*1\r\n$4\r\nPING\r\n");
    for (size_t piece = 1; piece <= s.length; piece++) {
        assert_int_equal(run(&t, &g, &s, piece, NULL), 0);
        assert_true(t.by_mark);
        check_whole(&t, &g, rdb);
    }
    buf_free(&s);
}

static void an_rdb_with_a_length_arrives_in_any_cut(void **state)
{
    unsigned char rdb[SAMPLE_BYTES];
    struct transfer t;
    struct got g;
    (void)state;
    sample_read(rdb);
    struct buf s = stream_of(REPLY "\n$219\r\n", rdb, SAMPLE_BYTES, "*1\r\n$4\r\nPING\r\n");
    for (size_t piece = 1; piece <= s.length; piece++) {
        assert_int_equal(run(&t, &g, &s, piece, NULL), 0);
        assert_false(t.by_mark);
        check_whole(&t, &g, rdb);
    }
    buf_free(&s);
}

/* Cut at each byte, an RDB is never taken for whole. */
static void a_cut_stream_is_never_whole(void **state)
{
    unsigned char rdb[SAMPLE_BYTES];
    struct transfer t;
    struct got g;
    (void)state;
    sample_read(rdb);
    struct buf s = stream_of(REPLY "$EOF:" MARK "\r\n", rdb, SAMPLE_BYTES, MARK);
    for (s.length--; s.length > 0; s.length--) {
        assert_int_equal(run(&t, &g, &s, s.length, NULL), 0);
        assert_int_not_equal(t.phase, TRANSFER_WHOLE);
    }
    buf_free(&s);
}

/* The server's mark is the same in each transfer: a client may have stored it. */
static void a_mark_among_the_data_is_data(void **state)
{
    unsigned char rdb[SAMPLE_BYTES];
    struct transfer t;
    struct got g;
    (void)state;
    sample_read(rdb);
    for (size_t at = 0; at <= 40; at++) {
        struct buf s = stream_of(REPLY "$EOF:" MARK "\r\n", rdb, 160, "");
        assert_int_equal(buf_append(&s, MARK, at), 0); /* a part of one, then one and a half */
        assert_int_equal(buf_append(&s, MARK MARK, 40 + at), 0);
        assert_int_equal(buf_append(&s, rdb + 160, SAMPLE_BYTES - 160), 0);
        for (size_t piece = 1; piece <= 90; piece++) {
            assert_int_equal(run(&t, &g, &s, piece, NULL), 0);
            assert_int_equal(t.phase, TRANSFER_RECEIVING);
            size_t data = SAMPLE_BYTES + 40 + 2 * at;
            assert_int_equal(g.length, data - t.held_length);
            assert_memory_equal(g.bytes, s.data + s.length - data, g.length);
        }
        buf_free(&s);
    }
}

static void damage_on_the_way_is_found(void **state)
{
    unsigned char rdb[SAMPLE_BYTES];
    struct transfer t;
    struct got g;
    struct error err = {0};
    (void)state;
    sample_read(rdb);
    rdb[200] ^= 1;
    struct buf s = stream_of(REPLY "$219\r\n", rdb, SAMPLE_BYTES, "");
    assert_int_equal(run(&t, &g, &s, 64, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "checksum is wrong"));
    buf_free(&s);
    s = stream_of(REPLY "$EOF:" MARK "\r\n", rdb, SAMPLE_BYTES, MARK);
    assert_int_equal(run(&t, &g, &s, 64, &err), 0);
    assert_int_equal(t.phase, TRANSFER_RECEIVING);
    buf_free(&s);
}

static void what_is_no_answer_to_psync_is_refused(void **state)
{
    static const char *const streams[] = {
        "+CONTINUE\r\n",
        "+OK\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
        "+FULLRESYNC abc 1\r\n",
        "+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761\r\n",
        "+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 x\r\n",
        "$219\r\n",
        REPLY "$EOF:short\r\n",
        REPLY "$EOF:" MARK "0\r\n",
        REPLY "$0\r\n",
        REPLY "$-1\r\n",
        REPLY "$99999999999999999999\r\n",
        REPLY "+OK\r\n",
    };
    struct transfer t;
    struct got g;
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(streams); i++) {
        struct buf s = stream_of(streams[i], (const unsigned char *)"", 0, "");
        assert_int_equal(run(&t, &g, &s, 7, &err), -EPROTO);
        buf_free(&s);
    }
    struct buf endless = BUF_LIMIT(SAMPLE_MAX);
    for (int i = 0; i < TRANSFER_LINE_MAX; i++)
        assert_int_equal(buf_append(&endless, "x", 1), 0);
    assert_int_equal(run(&t, &g, &endless, 100, &err), -EPROTO);
    buf_free(&endless);
}

static void a_refusal_is_kept(void **state)
{
    struct transfer t;
    struct got g;
    (void)state;
    struct buf s = stream_of("\n-NOMASTERLINK Can't SYNC while not connected\r\n",
                             (const unsigned char *)"", 0, "");
    assert_int_equal(run(&t, &g, &s, 3, NULL), -ECONNREFUSED);
    assert_string_equal(t.refusal, "NOMASTERLINK Can't SYNC while not connected");
    buf_free(&s);
}

static void a_refusal_names_the_remedy(void **state)
{
    static const struct {
        const char *line;
        enum pull_cause cause;
        const char *words;
    } rows[] = {
        {"NOPERM User bob has no permissions to run the 'psync' command", PULL_NO_RIGHT,
         "ACL SETUSER bob +psync +replconf"},
        {"NOMASTERLINK Can't SYNC while not connected with my master", PULL_NO_PRIMARY,
         "master_link_status:up"},
        {"LOADING Redis is loading the dataset in memory", PULL_LOADING, "loading:0"},
        {"ERR unknown command 'PSYNC', with args beginning with: '?' '-1'", PULL_NO_PSYNC,
         "provider has switched it off"},
        {"NOAUTH Authentication required.", PULL_NO_LOGIN, "redis.password_file"},
        {"WRONGPASS invalid username-password pair or user is disabled.", PULL_NO_LOGIN,
         "correct redis.username"},
        {"ERR max number of clients reached", PULL_REFUSED, "maxclients"},
        {"ERR BGSAVE failed, replication can't continue", PULL_REFUSED, "fork"},
        {"ERR something new", PULL_REFUSED, "something new"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error err;
        assert_int_equal(refusal_of(rows[i].line, "bob", &err), rows[i].cause);
        assert_non_null(strstr(err.text, rows[i].words));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_rdb_with_a_mark_arrives_in_any_cut),
        cmocka_unit_test(an_rdb_with_a_length_arrives_in_any_cut),
        cmocka_unit_test(a_cut_stream_is_never_whole),
        cmocka_unit_test(a_mark_among_the_data_is_data),
        cmocka_unit_test(damage_on_the_way_is_found),
        cmocka_unit_test(what_is_no_answer_to_psync_is_refused),
        cmocka_unit_test(a_refusal_is_kept),
        cmocka_unit_test(a_refusal_names_the_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
