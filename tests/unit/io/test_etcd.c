/* The client against a real etcd 3.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"
#include "io/etcd.h"
#include "support/etcd_server.h"
#include "support/redis_server.h"

#define LIMIT_MS 20000
#define GIVE_UP_MS 60000
#define SEEN_MAX 64

struct bench {
    bool skipped;
    uv_loop_t loop;
    struct etcd_server server;
    struct etcd *etcd;
    struct etcd_watch *watch;
    uv_timer_t timer;
    bool answered;
    struct etcd_answer last; /* without its entries */
    char first_key[ETCD_KEY_MAX], first_value[256];
    char seen[SEEN_MAX][64]; /* "key=value", "-key" */
    size_t seen_count, wanted, begun, lost, compacted;
};

static void open_client(struct bench *b, const char *before)
{
    struct error err = {0};
    char ca[300], certificate[300], key[300];
    (void)str_copy(ca, sizeof ca, test_folder_path(&b->server.folder, "ca.pem"));
    (void)str_copy(certificate, sizeof certificate,
                   test_folder_path(&b->server.folder, "node.pem"));
    (void)str_copy(key, sizeof key, test_folder_path(&b->server.folder, "node.key"));
    struct etcd_place place = {
        .endpoints = {before != NULL ? before : b->server.url, b->server.url},
        .count = before != NULL ? 2 : 1};
    if (b->server.tls) {
        place.ca_file = ca;
        place.certificate = certificate;
        place.key = key;
    }
    assert_int_equal(etcd_new(&b->loop, &place, &b->etcd, &err), 0);
}

static int set_up_server(void **state, bool tls)
{
    struct bench *b = mem_calloc(1, sizeof *b);
    if (b == NULL || uv_loop_init(&b->loop) < 0 || uv_timer_init(&b->loop, &b->timer) < 0)
        return -1;
    *state = b;
    b->timer.data = b;
    b->skipped = !etcd_server_there();
    if (b->skipped)
        return 0;
    etcd_server_start(&b->server, tls);
    open_client(b, NULL);
    return 0;
}

static int set_up(void **state)
{
    return set_up_server(state, false);
}

static int set_up_tls(void **state)
{
    return set_up_server(state, true);
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    etcd_watch_free(b->watch);
    etcd_free(b->etcd);
    uv_close((uv_handle_t *)&b->timer, NULL);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    int r = uv_loop_close(&b->loop); /* fails when a handle is left */
    if (!b->skipped)
        etcd_server_end(&b->server);
    mem_free(b);
    return r;
}

static struct bench *bench_of(void **state)
{
    struct bench *b = *state;
    if (b->skipped)
        skip();
    return b;
}

static void on_answer(void *context, const struct etcd_answer *answer)
{
    struct bench *b = context;
    b->last = *answer;
    b->last.entries = NULL;
    b->first_key[0] = b->first_value[0] = '\0';
    if (answer->count > 0) {
        (void)str_copy(b->first_key, sizeof b->first_key, answer->entries[0].key);
        (void)str_copy(b->first_value, sizeof b->first_value, answer->entries[0].value);
    }
    b->answered = true;
    uv_stop(&b->loop);
}

static void on_give_up(uv_timer_t *timer)
{
    fail_msg("nothing came for %d s", GIVE_UP_MS / 1000);
    (void)timer;
}

static void run(struct bench *b)
{
    (void)uv_timer_start(&b->timer, on_give_up, GIVE_UP_MS, 0);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    (void)uv_timer_stop(&b->timer);
}

static const struct etcd_answer *await(struct bench *b, bool begun)
{
    assert_true(begun);
    for (b->answered = false; !b->answered;)
        run(b);
    return &b->last;
}

static const struct etcd_answer *put(struct bench *b, const char *key, const char *value,
                                     int64_t lease)
{
    const struct etcd_write write = {.key = key, .value = value, .lease = lease};
    const struct etcd_txn txn = {.writes = &write, .write_count = 1};
    return await(b, etcd_commit(b->etcd, &txn, LIMIT_MS, on_answer, b));
}

static const struct etcd_answer *claim(struct bench *b, const char *key, const char *value)
{
    const struct etcd_compare compare = {.key = key, .what = ETCD_CREATED, .is = 0};
    const struct etcd_write write = {.key = key, .value = value};
    const struct etcd_txn txn = {
        .compares = &compare, .compare_count = 1, .writes = &write, .write_count = 1};
    return await(b, etcd_commit(b->etcd, &txn, LIMIT_MS, on_answer, b));
}

/* ── requests ── */

static void a_lease_is_granted_kept_and_given_back(void **state)
{
    struct bench *b = bench_of(state);
    const struct etcd_answer *granted = await(b, etcd_grant(b->etcd, 15, LIMIT_MS, on_answer, b));
    assert_string_equal(granted->text, "");
    assert_true(granted->good);
    int64_t lease = b->last.lease;
    assert_int_equal(b->last.ttl_ms, 15000);
    assert_true(b->last.term > 0 && b->last.revision > 0);
    assert_true(put(b, "/t/a", "x", lease)->good);
    assert_true(await(b, etcd_keep_alive(b->etcd, lease, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.lease, lease);
    assert_int_equal(b->last.ttl_ms, 15000);
    assert_true(await(b, etcd_revoke(b->etcd, lease, LIMIT_MS, on_answer, b))->good);
    /* Gone is an answer, and not a failure. */
    assert_true(await(b, etcd_keep_alive(b->etcd, lease, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.ttl_ms, 0);
    assert_true(await(b, etcd_range(b->etcd, "/t/", NULL, 0, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.count, 0);
    /* ... and a write under it is refused, by name. */
    assert_false(put(b, "/t/a", "x", lease)->good);
    assert_int_equal(b->last.code, ETCD_LEASE_NOT_FOUND);
    assert_non_null(strstr(b->last.text, "lease not found"));
}

static void of_two_claims_one_succeeds(void **state)
{
    struct bench *b = bench_of(state);
    assert_true(claim(b, "/t/owner", "one")->succeeded);
    assert_true(claim(b, "/t/owner", "two")->good);
    assert_false(b->last.succeeded);
    assert_true(await(b, etcd_range(b->etcd, "/t/", NULL, 0, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.count, 1);
    assert_string_equal(b->first_key, "/t/owner");
    assert_string_equal(b->first_value, "one");
}

static void more_keys_than_a_page_are_read_page_by_page(void **state)
{
    struct bench *b = bench_of(state);
    char keys[ETCD_OPERATIONS_MAX][32];
    struct etcd_write writes[ETCD_OPERATIONS_MAX];
    for (int batch = 0; batch < 9; batch++) {
        for (int i = 0; i < ETCD_OPERATIONS_MAX; i++) {
            (void)str_format(keys[i], sizeof keys[i], "/t/%05d", batch * ETCD_OPERATIONS_MAX + i);
            writes[i] = (struct etcd_write){.key = keys[i], .value = "v"};
        }
        const struct etcd_txn txn = {.writes = writes, .write_count = ETCD_OPERATIONS_MAX};
        assert_true(await(b, etcd_commit(b->etcd, &txn, LIMIT_MS, on_answer, b))->good);
    }
    assert_true(await(b, etcd_range(b->etcd, "/t/", NULL, 0, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.count, ETCD_PAGE);
    assert_true(b->last.more);
    assert_true(await(b, etcd_range(b->etcd, "/t/", "/t/01000", 0, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.count, 9 * ETCD_OPERATIONS_MAX - ETCD_PAGE);
    assert_false(b->last.more);
    assert_string_equal(b->first_key, "/t/01000");
}

static void too_much_for_a_transaction_is_not_sent(void **state)
{
    struct bench *b = bench_of(state);
    struct etcd_write writes[ETCD_OPERATIONS_MAX + 1];
    for (size_t i = 0; i <= ETCD_OPERATIONS_MAX; i++)
        writes[i] = (struct etcd_write){.key = "/t/a", .value = "v"};
    const struct etcd_txn txn = {.writes = writes, .write_count = ETCD_OPERATIONS_MAX + 1};
    assert_false(etcd_commit(b->etcd, &txn, LIMIT_MS, on_answer, b));
}

static void the_next_endpoint_is_asked_when_one_is_not_there(void **state)
{
    struct bench *b = bench_of(state);
    char nobody[64];
    (void)str_format(nobody, sizeof nobody, "http://127.0.0.1:%d", redis_server_free_port());
    etcd_free(b->etcd);
    open_client(b, nobody);
    assert_true(put(b, "/t/a", "1", 0)->good);
}

static void one_that_stands_still_costs_a_second(void **state)
{
    struct bench *b = bench_of(state);
    struct etcd_server other;
    etcd_server_start(&other, false);
    etcd_server_signal(&other, SIGSTOP);
    etcd_free(b->etcd);
    open_client(b, other.url);
    mono_ms before = clock_mono();
    assert_true(put(b, "/t/a", "1", 0)->good);
    assert_true(mono_since(clock_mono(), before) >= ETCD_TRY_MS - 50); /* curl rounds */
    before = clock_mono();
    assert_true(put(b, "/t/a", "2", 0)->good); /* it is known now */
    assert_true(mono_since(clock_mono(), before) < ETCD_TRY_MS);
    etcd_server_end(&other);
}

static void an_endpoint_of_another_cluster_is_not_believed(void **state)
{
    struct bench *b = bench_of(state);
    struct etcd_server other;
    etcd_server_start(&other, false);
    etcd_free(b->etcd);
    open_client(b, other.url);
    assert_true(await(b, etcd_ask(b->etcd, ETCD_STATUS, 0, LIMIT_MS, on_answer, b))->good);
    assert_false(await(b, etcd_ask(b->etcd, ETCD_STATUS, 1, LIMIT_MS, on_answer, b))->good);
    assert_non_null(strstr(b->last.text, "another cluster"));
    etcd_server_end(&other);
}

static void without_etcd_the_answer_says_where(void **state)
{
    struct bench *b = bench_of(state);
    etcd_server_kill(&b->server);
    assert_false(put(b, "/t/a", "1", 0)->good);
    assert_non_null(strstr(b->last.text, b->server.url));
}

static void the_doctor_is_told_version_members_and_alarms(void **state)
{
    struct bench *b = bench_of(state);
    assert_true(await(b, etcd_ask(b->etcd, ETCD_STATUS, 0, LIMIT_MS, on_answer, b))->good);
    assert_true(str_starts(b->last.version, "3.5."));
    assert_true(b->last.bytes > 0 && b->last.leader != 0);
    assert_true(await(b, etcd_ask(b->etcd, ETCD_ALARMS, -1, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.alarms, 0);
    assert_true(await(b, etcd_ask(b->etcd, ETCD_MEMBERS, -1, LIMIT_MS, on_answer, b))->good);
    assert_int_equal(b->last.members, 1);
}

static void certificates_are_shown_and_checked(void **state)
{
    struct bench *b = bench_of(state);
    struct error err = {0};
    assert_true(put(b, "/t/a", "1", 0)->good);
    const struct etcd_place bare = {.endpoints = {b->server.url}, .count = 1};
    etcd_free(b->etcd);
    assert_int_equal(etcd_new(&b->loop, &bare, &b->etcd, &err), 0);
    assert_false(put(b, "/t/a", "1", 0)->good);
}

/* ── watches ── */

static void on_event(void *context, const struct etcd_event *event)
{
    struct bench *b = context;
    assert_true(b->seen_count < SEEN_MAX);
    (void)str_format(b->seen[b->seen_count++], sizeof b->seen[0], event->deleted ? "-%s" : "%s=%s",
                     event->entry.key, event->entry.value);
    uv_stop(&b->loop);
}

static void on_begun(void *context)
{
    struct bench *b = context;
    b->begun++;
    uv_stop(&b->loop);
}

static void on_lost(void *context, const char *why)
{
    struct bench *b = context;
    assert_true(why[0] != '\0');
    b->lost++;
    uv_stop(&b->loop);
}

static void on_compacted(void *context)
{
    struct bench *b = context;
    b->compacted++;
    uv_stop(&b->loop);
}

static void watch_from(struct bench *b, int64_t revision)
{
    const struct etcd_watcher watcher = {.context = b,
                                         .event = on_event,
                                         .begun = on_begun,
                                         .lost = on_lost,
                                         .compacted = on_compacted};
    b->watch = etcd_watch_new(b->etcd, "/t/", revision, &watcher);
    assert_non_null(b->watch);
}

static void await_count(struct bench *b, const size_t *counter, size_t count)
{
    while (*counter < count)
        run(b);
}

static void a_watch_tells_each_change_in_order(void **state)
{
    struct bench *b = bench_of(state);
    int64_t revision = put(b, "/t/a", "0", 0)->revision;
    watch_from(b, revision + 1);
    await_count(b, &b->begun, 1);
    (void)put(b, "/t/a", "1", 0);
    (void)put(b, "/other", "1", 0);
    const struct etcd_write gone = {.key = "/t/a"};
    const struct etcd_txn txn = {.writes = &gone, .write_count = 1};
    (void)await(b, etcd_commit(b->etcd, &txn, LIMIT_MS, on_answer, b));
    await_count(b, &b->seen_count, 2);
    assert_string_equal(b->seen[0], "/t/a=1");
    assert_string_equal(b->seen[1], "-/t/a");
}

static void a_watch_goes_on_after_a_restart_and_leaves_nothing_out(void **state)
{
    struct bench *b = bench_of(state);
    int64_t revision = put(b, "/t/a", "0", 0)->revision;
    watch_from(b, revision + 1);
    (void)put(b, "/t/a", "1", 0);
    await_count(b, &b->seen_count, 1);
    etcd_server_kill(&b->server);
    await_count(b, &b->lost, 1);
    etcd_server_start_again(&b->server);
    (void)etcd_server_say(&b->server, "put /t/a 2");
    await_count(b, &b->seen_count, 2);
    assert_string_equal(b->seen[1], "/t/a=2");
}

static void a_watch_that_was_compacted_says_so_and_waits(void **state)
{
    struct bench *b = bench_of(state);
    char words[64];
    (void)put(b, "/t/a", "0", 0);
    (void)put(b, "/t/a", "1", 0);
    int64_t revision = put(b, "/t/a", "2", 0)->revision;
    (void)str_format(words, sizeof words, "compact %lld", (long long)revision);
    (void)etcd_server_say(&b->server, words);
    watch_from(b, revision - 2);
    await_count(b, &b->compacted, 1);
    assert_int_equal(b->seen_count, 0);
    etcd_watch_from(b->watch, revision + 1);
    (void)put(b, "/t/a", "3", 0);
    await_count(b, &b->seen_count, 1);
    assert_string_equal(b->seen[0], "/t/a=3");
    assert_int_equal(b->compacted, 1);
}

static void a_watch_begins_again_on_request(void **state)
{
    struct bench *b = bench_of(state);
    int64_t revision = put(b, "/t/a", "0", 0)->revision;
    watch_from(b, revision + 1);
    await_count(b, &b->begun, 1);
    etcd_watch_again(b->watch, "no echo");
    await_count(b, &b->lost, 1);
    (void)put(b, "/t/a", "1", 0);
    await_count(b, &b->begun, 2);
    await_count(b, &b->seen_count, 1);
    assert_string_equal(b->seen[0], "/t/a=1");
}

/* A node that begins a line and does not end it. */
struct half {
    uv_tcp_t server, client;
    uv_write_t write;
    char bytes[256];
};

static void on_half_room(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
    struct half *h = handle->data;
    (void)size;
    *ret = uv_buf_init(h->bytes, sizeof h->bytes);
}

static void on_half_asked(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    static char answer[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"result\"\r\n";
    const uv_buf_t out = uv_buf_init(answer, sizeof answer - 1);
    struct half *h = stream->data;
    (void)bytes;
    if (n > 0)
        (void)uv_read_stop(stream), (void)uv_write(&h->write, stream, &out, 1, NULL);
}

static void on_half_connected(uv_stream_t *server, int status)
{
    struct half *h = server->data;
    assert_int_equal(status, 0);
    if (h->client.data != NULL)
        return; /* it has lost the first one, and tries again */
    (void)uv_tcp_init(server->loop, &h->client);
    h->client.data = h;
    assert_int_equal(uv_accept(server, (uv_stream_t *)&h->client), 0);
    (void)uv_read_start((uv_stream_t *)&h->client, on_half_room, on_half_asked);
}

static void a_watch_whose_first_line_does_not_end_is_lost(void **state)
{
    struct bench *b = bench_of(state);
    static struct half h;
    struct sockaddr_storage at;
    int size = sizeof at;
    struct error err = {0};
    h = (struct half){0};
    h.server.data = &h;
    struct sockaddr_in any;
    (void)uv_ip4_addr("127.0.0.1", 0, &any);
    (void)uv_tcp_init(&b->loop, &h.server);
    assert_int_equal(uv_tcp_bind(&h.server, (const struct sockaddr *)&any, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&h.server, 4, on_half_connected), 0);
    assert_int_equal(uv_tcp_getsockname(&h.server, (struct sockaddr *)&at, &size), 0);
    char url[64];
    (void)str_format(url, sizeof url, "http://127.0.0.1:%d",
                     ntohs(((struct sockaddr_in *)&at)->sin_port));
    const struct etcd_place place = {.endpoints = {url}, .count = 1};
    etcd_free(b->etcd);
    assert_int_equal(etcd_new(&b->loop, &place, &b->etcd, &err), 0);
    watch_from(b, 1);
    await_count(b, &b->lost, 1);
    assert_int_equal(b->begun, 0);
    uv_close((uv_handle_t *)&h.server, NULL);
    uv_close((uv_handle_t *)&h.client, NULL);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_lease_is_granted_kept_and_given_back),
        WITH(of_two_claims_one_succeeds),
        WITH(more_keys_than_a_page_are_read_page_by_page),
        WITH(too_much_for_a_transaction_is_not_sent),
        WITH(the_next_endpoint_is_asked_when_one_is_not_there),
        WITH(one_that_stands_still_costs_a_second),
        WITH(an_endpoint_of_another_cluster_is_not_believed),
        WITH(without_etcd_the_answer_says_where),
        WITH(the_doctor_is_told_version_members_and_alarms),
        cmocka_unit_test_setup_teardown(certificates_are_shown_and_checked, set_up_tls, tear_down),
        WITH(a_watch_tells_each_change_in_order),
        WITH(a_watch_goes_on_after_a_restart_and_leaves_nothing_out),
        WITH(a_watch_that_was_compacted_says_so_and_waits),
        WITH(a_watch_begins_again_on_request),
        WITH(a_watch_whose_first_line_does_not_end_is_lost),
    };
    return cmocka_run_group_tests_name("io/etcd", tests, NULL, NULL);
}
