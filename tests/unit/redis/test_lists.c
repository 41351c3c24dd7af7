/* SLOWLOG GET, CLIENT LIST, INFO commandstats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "redis/reply.h"
#include "redis/resp.h"

static struct redis_reply *reply_of(const char *bytes)
{
    struct resp_reader *r = NULL;
    struct redis_reply *reply = NULL;
    assert_int_equal(resp_reader_new(&r, NULL), 0);
    assert_int_equal(resp_reader_feed(r, bytes, strlen(bytes), NULL), 0);
    assert_int_equal(resp_reader_next(r, &reply, NULL), 1);
    resp_reader_free(r);
    return reply;
}

static void slowlog_entries_are_read_and_odd_ones_left_out(void **state)
{
    (void)state;
    struct slowlog_entry entries[4];
    struct redis_reply *reply =
        reply_of("*5\r\n"
                 "*6\r\n:14\r\n:1309448221\r\n:15\r\n*3\r\n$3\r\nSET\r\n$2\r\na\n\r\n$1\r\nb\r\n"
                 "$15\r\n127.0.0.1:58217\r\n$0\r\n\r\n"
                 "*4\r\n:13\r\n:1309448128\r\n:30\r\n*1\r\n$4\r\nKEYS\r\n" /* before 4.0 */
                 "*3\r\n:12\r\n:1\r\n:1\r\n"                               /* too short */
                 "+what\r\n"
                 "*4\r\n+12\r\n:1\r\n:1\r\n*0\r\n");
    assert_int_equal(slowlog_parse(reply, entries, 4), 2);
    assert_int_equal(entries[0].id, 14);
    assert_int_equal(entries[0].unix_seconds, 1309448221);
    assert_int_equal(entries[0].duration_us, 15);
    assert_string_equal(entries[0].command, "SET a  b");
    assert_string_equal(entries[0].brief, "SET a ");
    assert_true(entries[0].more);
    assert_string_equal(entries[0].client, "127.0.0.1:58217");
    assert_string_equal(entries[1].command, "KEYS");
    assert_string_equal(entries[1].brief, "KEYS");
    assert_false(entries[1].more);
    assert_string_equal(entries[1].client, "");
    assert_int_equal(slowlog_parse(reply, entries, 1), 1);
    reply_free(reply);
    reply = reply_of("-ERR no\r\n");
    assert_int_equal(slowlog_parse(reply, entries, 4), 0);
    assert_int_equal(slowlog_parse(NULL, entries, 4), 0);
    reply_free(reply);
}

static void a_slow_command_is_named_by_its_first_key_and_no_value(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *brief;
        bool more;
    } rows[] = {
        {{"hset", "users:1", "password", "s3cret"}, "HSET users:1", true},
        {{"GET", "users:1"}, "GET users:1", false},
        {{"config", "set", "requirepass", "s3cret"}, "CONFIG SET", true},
        {{"ACL", "SETUSER", "eve", ">s3cret"}, "ACL SETUSER", true},
        {{"AUTH", "s3cret"}, "AUTH", true},
        {{"EVAL", "return 's3cret'", "0"}, "EVAL", true},
        {{"ECHO", "s3cret"}, "ECHO", true},
        {{"ping"}, "PING", false},
        {{"MIGRATE", "10.0.0.5", "6379", "s3cret"}, "MIGRATE", true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct redis_reply words[4], *list[4];
        struct redis_reply all = {.type = RESP_LIST, .items = list};
        for (; all.count < 4 && rows[i].words[all.count] != NULL; all.count++) {
            const char *word = rows[i].words[all.count];
            words[all.count] = (struct redis_reply){
                .type = RESP_BULK, .text = (char *)(uintptr_t)word, .length = strlen(word)};
            list[all.count] = &words[all.count];
        }
        struct redis_reply number = {.type = RESP_INTEGER, .integer = 1};
        struct redis_reply *fields[] = {&number, &number, &number, &all};
        struct redis_reply entry = {.type = RESP_LIST, .items = fields, .count = 4};
        struct redis_reply *entries[] = {&entry};
        struct redis_reply reply = {.type = RESP_LIST, .items = entries, .count = 1};
        struct slowlog_entry read;
        assert_int_equal(slowlog_parse(&reply, &read, 1), 1);
        assert_string_equal(read.brief, rows[i].brief);
        assert_int_equal(read.more, rows[i].more);
    }
}

static void a_long_command_is_cut(void **state)
{
    (void)state;
    struct slowlog_entry entry;
    char word[301];
    memset(word, 'x', 300);
    word[300] = '\0';
    struct redis_reply bulk = {.type = RESP_BULK, .text = word, .length = 300};
    struct redis_reply *words[] = {&bulk, &bulk};
    struct redis_reply number = {.type = RESP_INTEGER, .integer = 1};
    struct redis_reply list = {.type = RESP_LIST, .items = words, .count = 2};
    struct redis_reply *fields[] = {&number, &number, &number, &list};
    struct redis_reply one = {.type = RESP_LIST, .items = fields, .count = 4};
    struct redis_reply *ones[] = {&one};
    struct redis_reply all = {.type = RESP_LIST, .items = ones, .count = 1};
    for (size_t length = 250; length <= 260; length++) {
        bulk.length = length;
        assert_int_equal(slowlog_parse(&all, &entry, 1), 1);
        assert_true(strlen(entry.command) < sizeof entry.command);
    }
}

static void clients_are_read_from_their_lines(void **state)
{
    (void)state;
    static const char text[] =
        "id=17 addr=127.0.0.1:4711 laddr=127.0.0.1:6379 fd=7 name=worker-1 age=12 idle=3 flags=N "
        "db=2 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=20448 obl=0 oll=0 omem=5 "
        "tot-mem=37658 events=r cmd=client|list user=default redir=-1 resp=2\n"
        "id=18 addr=/run/redis.sock:0 fd=8 name= age=0 idle=0 flags=U db=0 cmd=get\n"
        "\n"
        "nonsense without numbers\n"
        "id=x\n";
    struct client_entry entries[8];
    size_t n = clients_parse(text, sizeof text - 1, entries, 8);
    assert_int_equal(n, 2);
    assert_int_equal(entries[0].id, 17);
    assert_string_equal(entries[0].address, "127.0.0.1:4711");
    assert_string_equal(entries[0].name, "worker-1");
    assert_int_equal(entries[0].age_seconds, 12);
    assert_int_equal(entries[0].idle_seconds, 3);
    assert_int_equal(entries[0].db, 2);
    assert_int_equal(entries[0].output_bytes, 5);
    assert_int_equal(entries[0].memory_bytes, 37658);
    assert_string_equal(entries[0].command, "client|list");
    assert_string_equal(entries[0].user, "default");
    assert_string_equal(entries[0].flags, "N");
    assert_int_equal(entries[1].id, 18);
    assert_int_equal(entries[1].memory_bytes, FACT_UNKNOWN); /* before 7.0 */
    assert_int_equal(clients_parse(text, sizeof text - 1, entries, 1), 1);
    for (size_t cut = 0; cut < sizeof text; cut++)
        assert_true(clients_parse(text, cut, entries, 8) <= 2);
}

static void commandstats_are_read_from_their_lines(void **state)
{
    (void)state;
    static const char text[] =
        "# Commandstats\r\n"
        "cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=2,failed_calls=1\r\n"
        "cmdstat_config|get:calls=1,usec=9,usec_per_call=9.00\r\n" /* before 6.2 */
        "cmdstat_:calls=1\r\n"
        "other:calls=1\r\n";
    struct command_stat stats[8];
    assert_int_equal(commandstats_parse(text, sizeof text - 1, stats, 8), 2);
    assert_string_equal(stats[0].command, "get");
    assert_int_equal(stats[0].calls, 21);
    assert_int_equal(stats[0].usec, 175);
    assert_true(stats[0].usec_per_call > 8.32 && stats[0].usec_per_call < 8.34);
    assert_int_equal(stats[0].rejected, 2);
    assert_int_equal(stats[0].failed, 1);
    assert_string_equal(stats[1].command, "config|get");
    assert_int_equal(stats[1].rejected, FACT_UNKNOWN);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        size_t n = commandstats_parse(text, cut, stats, 8);
        assert_true(n == 0 || stats[0].calls == 21);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slowlog_entries_are_read_and_odd_ones_left_out),
        cmocka_unit_test(a_slow_command_is_named_by_its_first_key_and_no_value),
        cmocka_unit_test(a_long_command_is_cut),
        cmocka_unit_test(clients_are_read_from_their_lines),
        cmocka_unit_test(commandstats_are_read_from_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
