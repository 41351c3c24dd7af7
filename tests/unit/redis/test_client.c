/* The client against a real redis-server. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "client_fixture.h"
#include "io/clock.h"
#include "redis/canary.h"
#include "redis/reply.h"
#include "support/redis_server.h"

#define LONG_MS 60000 /* a deadline that a loaded machine keeps too */

static struct client_fixture f;
static struct redis_server server;

static void start(const char *config)
{
    redis_server_prepare(&server);
    redis_server_start(&server, config);
    fixture_start(&f, server.port);
}

/* After each test, also one that failed in its middle. */
static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    redis_server_end(&server);
    return 0;
}

static void use_password(const char *username, const char *password)
{
    test_folder_write(&server.folder, "password", password, 0600);
    (void)str_copy(f.service.redis.password_file, sizeof f.service.redis.password_file,
                   test_folder_path(&server.folder, "password"));
    (void)str_copy(f.service.redis.username, sizeof f.service.redis.username, username);
}

static void wait_lost(void)
{
    while (f.lost == 0)
        fixture_run(&f);
}

static void ping_is_answered_kept_and_fresh_over_tcp(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    assert_false(redis_client_connected(f.client));
    const struct told *kept = fixture_answer(&f, REDIS_PING, false, LONG_MS);
    assert_int_equal(kept->probe.reply, REPLY_PONG);
    assert_string_equal(kept->probe.text, "PONG");
    assert_true(kept->probe.latency_us > 0 && kept->probe.at.ms >= kept->probe.asked.ms);
    assert_true(redis_client_connected(f.client));
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(f.lost, 0);
    /* the kept connection bears our name; nothing of ours stays of the fresh one */
    const char *list = redis_server_say(&server, "CLIENT LIST");
    const char *first = strstr(list, "name=resus");
    assert_non_null(first);
    assert_null(strstr(first + 1, "name=resus"));
}

static void ping_is_answered_over_a_unix_socket(void **state)
{
    (void)state;
    start(NULL);
    f.service.redis.host[0] = '\0';
    (void)str_copy(f.service.redis.socket, sizeof f.service.redis.socket, server.socket);
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_PONG);
    redis_server_kill(&server);
    wait_lost();
    /* the socket's file is still there, nobody listens; then the file is gone too */
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_REFUSED);
    assert_int_equal(unlink(server.socket), 0);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_REFUSED);
}

static void a_name_is_resolved_and_every_address_tried(void **state)
{
    (void)state;
    start(NULL);
    (void)str_copy(f.service.redis.host, sizeof f.service.redis.host, "localhost");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
}

static void requests_are_answered_as_themselves(void **state)
{
    (void)state;
    start("save 900 1");
    fixture_connect(&f);
    const struct told *info = fixture_answer(&f, REDIS_INFO, false, LONG_MS);
    assert_int_equal(info->probe.reply, REPLY_OTHER);
    assert_true(info->info.known && info->text_length > 1000);
    assert_int_equal(info->info.process_id, server.pid);
    assert_int_equal(info->info.role, ROLE_PRIMARY);
    assert_int_equal(info->info.loading, TRI_NO);
    assert_true(info->info.at.ms > 0 && info->info.at_wall.ms > 0);
    const struct told *config = fixture_answer(&f, REDIS_CONFIG, false, LONG_MS);
    assert_true(config->info.known);
    assert_int_equal(config->info.maxclients, 100);
    assert_int_equal(config->info.maxmemory, 0);
    assert_int_equal(config->info.save_points, TRI_YES);
    assert_int_equal(config->info.busy_threshold_ms, 5000);
    assert_true(config->items <= 40); /* no secrets in passing; Redis 8 has more to match */
    assert_int_equal(fixture_answer(&f, REDIS_SCRIPT_KILL, false, LONG_MS)->probe.reply,
                     REPLY_NOTBUSY);
    assert_int_equal(fixture_answer(&f, REDIS_FUNCTION_KILL, false, LONG_MS)->probe.reply,
                     REPLY_NOTBUSY);
    assert_int_equal(fixture_answer(&f, REDIS_BGSAVE, false, LONG_MS)->probe.reply, REPLY_OTHER);
    assert_int_equal(fixture_answer(&f, REDIS_SLOWLOG, false, LONG_MS)->probe.reply, REPLY_OTHER);
    assert_true(fixture_answer(&f, REDIS_CLIENT_LIST, false, LONG_MS)->text_length > 50);
    assert_true(fixture_answer(&f, REDIS_COMMANDSTATS, false, LONG_MS)->text_length > 50);
    assert_true(fixture_answer(&f, REDIS_LASTSAVE_INFO, false, LONG_MS)->info.known);
}

static void arguments_follow_the_words(void **state)
{
    (void)state;
    static const char *const scan[] = {"0", "COUNT", "100", NULL};
    static const char *const key[] = {"my key", NULL};
    static const char *const many[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", NULL};
    start(NULL);
    (void)redis_server_say(&server, "SET \"my key\" 1");
    fixture_connect(&f);
    mono_ms deadline = mono_add(clock_mono(), LONG_MS);
    redis_client_request(f.client, 1, REDIS_SCAN, scan, false, deadline);
    redis_client_request(f.client, 2, REDIS_TYPE, key, false, deadline);
    redis_client_request(f.client, 3, REDIS_MEMORY_USAGE, key, false, deadline);
    redis_client_request(f.client, 4, REDIS_TYPE, many, false, deadline);
    fixture_wait(&f, 4);
    assert_int_equal(fixture_told(&f, 1)->items, 2);
    assert_string_equal(fixture_told(&f, 2)->probe.text, "string");
    assert_true(fixture_told(&f, 3)->probe.text[0] > '0');
    assert_int_equal(fixture_told(&f, 4)->probe.reply, REPLY_NONE);
}

static void the_password_is_shown_and_read_again_at_each_connect(void **state)
{
    (void)state;
    start("requirepass secret1");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_NOAUTH);
    redis_client_free(f.client);
    use_password("", "secret1\n");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    use_password("", "wrong");
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_WRONGPASS);
    /* the kept connection is still authenticated */
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    redis_client_disconnect(f.client);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_WRONGPASS);
    assert_false(redis_client_connected(f.client));
    use_password("", "secret1");
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    /* a file that others can read is no longer a secret */
    assert_int_equal(chmod(test_folder_path(&server.folder, "password"), 0644), 0);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_NOAUTH);
    assert_int_equal(f.lost, 0);
}

static void a_stranger_is_told_whether_a_password_is_asked_for(void **state)
{
    (void)state;
    start("user watcher on >pw ~* +@all");
    use_password("watcher", "pw");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_PONG);
    /* our user shows a password, and whoever shows none is let in all the same */
    assert_int_equal(fixture_answer(&f, REDIS_STRANGER_PING, true, LONG_MS)->probe.reply,
                     REPLY_PONG);
    (void)redis_server_say(&server, "CONFIG SET requirepass another");
    const struct told *refused = fixture_answer(&f, REDIS_STRANGER_PING, true, LONG_MS);
    assert_int_equal(refused->probe.reply, REPLY_NOAUTH);
    assert_true(refused->own_errors > 0);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(f.lost, 0);
}

static void an_acl_user_with_few_rights_can_ping(void **state)
{
    (void)state;
    start("user watcher on >pw -@all +ping\nuser blind on >pw -@all");
    use_password("watcher", "pw");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_PONG);
    const struct told *info = fixture_answer(&f, REDIS_INFO, false, LONG_MS);
    assert_int_equal(info->probe.reply, REPLY_NOPERM);
    assert_false(info->info.known);
    redis_client_free(f.client);
    use_password("blind", "pw");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_NOPERM);
    redis_client_free(f.client);
    use_password("nobody", "pw");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_WRONGPASS);
}

static const struct told *canary(const char *key)
{
    static uint64_t id = 5000;
    const char *const args[] = {key, NULL};
    id++;
    redis_client_request(f.client, id, REDIS_CANARY, args, true, mono_add(clock_mono(), LONG_MS));
    for (;;) {
        for (size_t i = 0; i < f.count; i++)
            if (f.told[i].id == id)
                return &f.told[i];
        fixture_run(&f);
    }
}

static void a_canary_is_written_read_and_deleted_as_an_application_does(void **state)
{
    (void)state;
    start("user watcher on >pw ~* &* +@all -del\nuser reader on >pw ~* +@all -@write");
    fixture_connect(&f);
    const struct told *well = canary("resus:canary:x");
    assert_int_equal(well->probe.reply, REPLY_PONG);
    assert_string_equal(well->probe.text, "PONG");
    assert_true(well->probe.latency_us > 0);
    assert_true(well->canary.tried);
    assert_int_equal(well->canary.reply, REPLY_PONG);
    assert_true(well->canary.latency_us > 0);
    assert_int_equal(fixture_answer(&f, REDIS_INFO, false, LONG_MS)->info.keys, 0);
    redis_client_free(f.client);
    use_password("reader", "pw");
    fixture_connect(&f);
    const struct told *refused = canary("resus:canary:x");
    assert_int_equal(refused->probe.reply, REPLY_PONG); /* the connection itself is good */
    assert_int_equal(refused->canary.reply, REPLY_NOPERM);
    assert_string_equal(refused->canary.step, "SET");
    assert_non_null(strstr(refused->canary.text, "NOPERM"));
    assert_int_equal(refused->own_errors, 1); /* not the applications' */
    redis_client_free(f.client);
    use_password("watcher", "pw");
    fixture_connect(&f);
    const struct told *kept = canary("resus:canary:x");
    assert_string_equal(kept->canary.step, "DEL");
    assert_int_equal(fixture_answer(&f, REDIS_INFO, false, LONG_MS)->info.keys, 1);
}

/* A Redis that evicts accepts a key and has it no longer. */
static void a_canary_that_is_not_read_back_has_failed(void **state)
{
    (void)state;
    char ok_text[] = "OK", own[] = "resus", others[] = "other";
    const struct redis_reply ok = {.type = RESP_STATUS, .text = ok_text, .length = 2};
    const struct redis_reply one = {.type = RESP_INTEGER, .integer = 1};
    const struct redis_reply gets[] = {{.type = RESP_BULK, .text = own, .length = 5},
                                       {.type = RESP_BULK, .text = others, .length = 5},
                                       {.type = RESP_NULL}};
    for (size_t i = 0; i < sizeof gets / sizeof gets[0]; i++) {
        struct canary c = {.key = "resus:canary:x"};
        canary_begin(&c, 0);
        assert_true(canary_take(&c, &ok, 1));
        assert_int_equal(canary_take(&c, &gets[i], 2), i == 0);
        if (i == 0) {
            assert_false(canary_take(&c, &one, 3));
            assert_int_equal(c.facts.reply, REPLY_PONG);
            continue;
        }
        assert_int_equal(c.facts.reply, REPLY_OTHER);
        assert_string_equal(c.facts.step, "GET");
        assert_non_null(strstr(c.facts.text, i == 1 ? "another value" : "gone"));
    }
    struct canary c = {.key = "resus:canary:x"};
    canary_begin(&c, 0);
    assert_false(canary_take(&c, &one, 1));
    assert_string_equal(c.facts.step, "SET");
}

static int own_errors_told(void)
{
    int sum = 0;
    for (size_t i = 0; i < f.count; i++)
        sum += f.told[i].own_errors;
    return sum;
}

static void every_error_reply_that_redis_counts_for_us_is_told(void **state)
{
    (void)state;
    start("user watcher on >pw -@all +ping");
    use_password("watcher", "pw");
    fixture_connect(&f);
    (void)fixture_answer(&f, REDIS_PING, false, LONG_MS);
    (void)fixture_answer(&f, REDIS_INFO, false, LONG_MS);
    (void)fixture_answer(&f, REDIS_PING, true, LONG_MS);
    use_password("nobody", "pw");
    redis_client_free(f.client);
    fixture_connect(&f);
    (void)fixture_answer(&f, REDIS_PING, true, LONG_MS);
    const char *counted = strstr(redis_server_say(&server, "INFO stats"), "total_error_replies:");
    assert_non_null(counted);
    assert_true(own_errors_told() > 3);
    assert_int_equal(own_errors_told(), atoi(strchr(counted, ':') + 1));
}

static void a_full_server_refuses_the_fresh_and_keeps_the_kept(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    (void)redis_server_say(&server, "CONFIG SET maxclients 1");
    for (int i = 0; i < 20; i++) { /* the close races with what we send */
        const struct told *fresh = fixture_answer(&f, REDIS_PING, true, LONG_MS);
        assert_int_equal(fresh->probe.reply, REPLY_MAXCLIENTS);
        assert_true(str_starts(fresh->probe.text, "ERR max number of clients"));
    }
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(f.lost, 0);
}

static void a_busy_script_answers_busy_and_is_killed(void **state)
{
    (void)state;
    start("busy-reply-threshold 50");
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    int script = redis_server_send(&server, "EVAL \"while true do end\" 0");
    const struct told *busy = NULL;
    do { /* the script may begin a moment later */
        f.count = 0;
        busy = fixture_answer(&f, REDIS_PING, false, LONG_MS);
    } while (busy->probe.reply == REPLY_PONG);
    assert_int_equal(busy->probe.reply, REPLY_BUSY);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_BUSY);
    const struct told *info = fixture_answer(&f, REDIS_INFO, false, LONG_MS);
    assert_int_equal(info->probe.reply, REPLY_BUSY);
    assert_false(info->info.known);
    assert_int_equal(fixture_answer(&f, REDIS_FUNCTION_KILL, false, LONG_MS)->probe.reply,
                     REPLY_BUSY);
    assert_int_equal(fixture_answer(&f, REDIS_SCRIPT_KILL, false, LONG_MS)->probe.reply,
                     REPLY_OTHER);
    do { /* +OK is said before the script has noticed */
        f.count = 0;
        busy = fixture_answer(&f, REDIS_PING, false, LONG_MS);
    } while (busy->probe.reply == REPLY_BUSY);
    assert_int_equal(busy->probe.reply, REPLY_PONG);
    (void)close(script);
}

static void a_script_that_wrote_is_unkillable(void **state)
{
    (void)state;
    start("busy-reply-threshold 50");
    fixture_connect(&f);
    int script =
        redis_server_send(&server, "EVAL \"redis.call('set','a','b') while true do end\" 0");
    while (fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply == REPLY_PONG)
        f.count = 0;
    assert_int_equal(fixture_answer(&f, REDIS_SCRIPT_KILL, false, LONG_MS)->probe.reply,
                     REPLY_UNKILLABLE);
    (void)close(script);
}

static void a_stopped_server_is_silent_and_its_late_replies_shift_nothing(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(server.pid, NULL, WUNTRACED), server.pid);
    /* three whose answers come late, of three kinds, and a fresh one */
    fixture_ask(&f, 1, REDIS_PING, false, 50);
    fixture_ask(&f, 2, REDIS_INFO, false, 60);
    fixture_ask(&f, 3, REDIS_SCRIPT_KILL, false, 70);
    fixture_ask(&f, 4, REDIS_PING, true, 80);
    fixture_wait(&f, 5);
    for (uint64_t id = 1; id <= 4; id++) {
        assert_int_equal(fixture_told(&f, id)->probe.reply, REPLY_SILENT);
        assert_int_equal(fixture_told(&f, id)->probe.latency_us, FACT_UNKNOWN);
    }
    assert_true(redis_client_connected(f.client));
    fixture_ask(&f, 5, REDIS_PING, false, LONG_MS);
    fixture_ask(&f, 6, REDIS_CLIENT_LIST, false, LONG_MS);
    fixture_ask(&f, 7, REDIS_SCRIPT_KILL, false, LONG_MS);
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    fixture_wait(&f, 8);
    assert_int_equal(fixture_told(&f, 5)->probe.reply, REPLY_PONG);
    assert_true(fixture_told(&f, 6)->text_length > 50);
    assert_int_equal(fixture_told(&f, 7)->probe.reply, REPLY_NOTBUSY);
    assert_int_equal(f.count, 8);
    assert_int_equal(f.lost, 0);
}

static void a_long_silence_neither_overflows_nor_breaks_the_order(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(server.pid, NULL, WUNTRACED), server.pid);
    size_t before = f.count;
    for (uint64_t i = 0; i < 3 * REDIS_PENDING_MAX; i++)
        assert_int_equal(fixture_answer(&f, REDIS_PING, false, 1)->probe.reply, REPLY_SILENT);
    assert_int_equal(f.count, before + 3 * REDIS_PENDING_MAX);
    fixture_ask(&f, 1, REDIS_SCRIPT_KILL, false, LONG_MS);
    fixture_ask(&f, 2, REDIS_PING, false, LONG_MS);
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    fixture_wait(&f, before + 3 * REDIS_PENDING_MAX + 2);
    assert_int_equal(fixture_told(&f, 1)->probe.reply, REPLY_NOTBUSY);
    assert_int_equal(fixture_told(&f, 2)->probe.reply, REPLY_PONG);
}

static void a_killed_server_is_lost_at_once_and_found_again(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    redis_server_kill(&server);
    wait_lost(); /* idle: nothing was asked */
    assert_int_equal(f.lost, 1);
    assert_true(f.why[0] != '\0');
    assert_false(redis_client_connected(f.client));
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_REFUSED);
    assert_int_equal(fixture_answer(&f, REDIS_PING, true, LONG_MS)->probe.reply, REPLY_REFUSED);
    assert_int_equal(f.lost, 1);
    redis_server_start(&server, NULL);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
}

static void what_is_pending_is_answered_before_lost(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    fixture_ask(&f, 1, REDIS_PING, false, LONG_MS);
    fixture_ask(&f, 2, REDIS_INFO, false, LONG_MS);
    redis_server_kill(&server);
    wait_lost();
    assert_int_equal(f.lost_after, 3);
    assert_int_equal(fixture_told(&f, 1)->probe.reply, REPLY_CLOSED);
    assert_int_equal(fixture_told(&f, 2)->probe.reply, REPLY_CLOSED);
}

static void a_failing_save_is_misconf(void **state)
{
    (void)state;
    start("save 900 1");
    fixture_connect(&f);
    /* Redis listens before it looks for a dump to load. */
    assert_int_equal(fixture_answer(&f, REDIS_PING, false, LONG_MS)->probe.reply, REPLY_PONG);
    /* a folder in the place of the dump: the rename at the end of the save fails, for root too */
    assert_int_equal(mkdir(test_folder_path(&server.folder, "dump.rdb"), 0700), 0);
    assert_int_equal(fixture_answer(&f, REDIS_BGSAVE, false, LONG_MS)->probe.reply, REPLY_OTHER);
    const struct told *info = NULL;
    do {
        f.count = 0; /* as often as it takes */
        info = fixture_answer(&f, REDIS_LASTSAVE_INFO, false, LONG_MS);
    } while (info->info.save_running == TRI_YES);
    assert_int_equal(info->info.last_save_ok, TRI_NO);
    const struct told *ping = fixture_answer(&f, REDIS_PING, false, LONG_MS);
    assert_int_equal(ping->probe.reply, REPLY_MISCONF);
    assert_true(str_starts(ping->probe.text, "MISCONF "));
}

static void cancelled_and_disconnected_requests_complete_as_none(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    fixture_ask(&f, 1, REDIS_PING, true, LONG_MS);
    redis_client_cancel(f.client, 1);
    redis_client_cancel(f.client, 99); /* nobody */
    fixture_ask(&f, 2, REDIS_PING, false, LONG_MS);
    redis_client_cancel(f.client, 2);
    fixture_ask(&f, 3, REDIS_SCRIPT_KILL, false, LONG_MS);
    fixture_wait(&f, 3);
    assert_int_equal(fixture_told(&f, 1)->probe.reply, REPLY_NONE);
    assert_int_equal(fixture_told(&f, 2)->probe.reply, REPLY_NONE);
    assert_int_equal(fixture_told(&f, 3)->probe.reply, REPLY_NOTBUSY);
    fixture_ask(&f, 4, REDIS_PING, false, LONG_MS);
    redis_client_disconnect(f.client);
    assert_false(redis_client_connected(f.client));
    fixture_wait(&f, 4);
    assert_int_equal(fixture_told(&f, 4)->probe.reply, REPLY_NONE);
    assert_int_equal(f.lost, 0);
}

static void too_many_requests_are_refused_one_by_one(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    for (uint64_t id = 1; id <= REDIS_PENDING_MAX + 3; id++)
        fixture_ask(&f, id, REDIS_PING, false, LONG_MS);
    fixture_wait(&f, REDIS_PENDING_MAX + 3);
    for (uint64_t id = 1; id <= REDIS_PENDING_MAX + 3; id++)
        assert_int_equal(fixture_told(&f, id)->probe.reply,
                         id <= REDIS_PENDING_MAX ? REPLY_PONG : REPLY_NONE);
}

static void free_in_answer(struct client_fixture *fixture, const struct redis_answer *answer)
{
    (void)answer;
    redis_client_free(fixture->client);
    fixture->client = NULL;
}

static void the_client_may_be_freed_in_its_own_answer(void **state)
{
    (void)state;
    start(NULL);
    for (int fresh = 0; fresh < 2; fresh++) {
        fixture_connect(&f);
        f.on_answer = free_in_answer;
        for (uint64_t id = 1; id <= 3; id++)
            redis_client_request(f.client, id, REDIS_PING, NULL, fresh == 1,
                                 mono_add(clock_mono(), LONG_MS));
        while (f.client != NULL)
            fixture_run(&f);
        assert_int_equal(f.count, 1 + fresh);
    }
}

static void ask_in_answer(struct client_fixture *fixture, const struct redis_answer *answer)
{
    if (answer->id < 50) {
        redis_client_disconnect(fixture->client);
        redis_client_request(fixture->client, answer->id + 1, REDIS_PING, NULL, answer->id % 2 == 0,
                             mono_add(clock_mono(), LONG_MS));
    }
}

static void an_answer_may_disconnect_and_ask_again(void **state)
{
    (void)state;
    start(NULL);
    fixture_connect(&f);
    f.on_answer = ask_in_answer;
    fixture_ask(&f, 1, REDIS_PING, false, LONG_MS);
    fixture_wait(&f, 50);
    for (uint64_t id = 1; id <= 50; id++)
        assert_int_equal(fixture_told(&f, id)->probe.reply, REPLY_PONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(ping_is_answered_kept_and_fresh_over_tcp, end),
        cmocka_unit_test_teardown(a_canary_is_written_read_and_deleted_as_an_application_does, end),
        cmocka_unit_test(a_canary_that_is_not_read_back_has_failed),
        cmocka_unit_test_teardown(ping_is_answered_over_a_unix_socket, end),
        cmocka_unit_test_teardown(a_name_is_resolved_and_every_address_tried, end),
        cmocka_unit_test_teardown(requests_are_answered_as_themselves, end),
        cmocka_unit_test_teardown(arguments_follow_the_words, end),
        cmocka_unit_test_teardown(the_password_is_shown_and_read_again_at_each_connect, end),
        cmocka_unit_test_teardown(a_stranger_is_told_whether_a_password_is_asked_for, end),
        cmocka_unit_test_teardown(an_acl_user_with_few_rights_can_ping, end),
        cmocka_unit_test_teardown(every_error_reply_that_redis_counts_for_us_is_told, end),
        cmocka_unit_test_teardown(a_full_server_refuses_the_fresh_and_keeps_the_kept, end),
        cmocka_unit_test_teardown(a_busy_script_answers_busy_and_is_killed, end),
        cmocka_unit_test_teardown(a_script_that_wrote_is_unkillable, end),
        cmocka_unit_test_teardown(a_stopped_server_is_silent_and_its_late_replies_shift_nothing,
                                  end),
        cmocka_unit_test_teardown(a_long_silence_neither_overflows_nor_breaks_the_order, end),
        cmocka_unit_test_teardown(a_killed_server_is_lost_at_once_and_found_again, end),
        cmocka_unit_test_teardown(what_is_pending_is_answered_before_lost, end),
        cmocka_unit_test_teardown(a_failing_save_is_misconf, end),
        cmocka_unit_test_teardown(cancelled_and_disconnected_requests_complete_as_none, end),
        cmocka_unit_test_teardown(too_many_requests_are_refused_one_by_one, end),
        cmocka_unit_test_teardown(the_client_may_be_freed_in_its_own_answer, end),
        cmocka_unit_test_teardown(an_answer_may_disconnect_and_ask_again, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
