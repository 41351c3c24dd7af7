/* TLS against a real redis-server, with certificates made for the test. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "client_fixture.h"
#include "io/clock.h"
#include "redis/witness.h"
#include "support/peer.h"
#include "support/redis_server.h"

#define LONG_MS 60000
#define SHORT_MS 50

static struct client_fixture f;
static struct redis_server server;
static int tls_port;

static const char *path(const char *name)
{
    return test_folder_path(&server.folder, name);
}

static void make_ca(const char *name)
{
    char key[64];
    char certificate[64];
    (void)str_format(key, sizeof key, "%s.key", name);
    (void)str_format(certificate, sizeof certificate, "%s.crt", name);
    const char *const argv[] = {"openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:P-256",
                                "-nodes",
                                "-keyout",
                                path(key),
                                "-out",
                                path(certificate),
                                "-days",
                                "2",
                                "-subj",
                                "/CN=test CA",
                                NULL};
    test_run(argv);
}

/* name.key and name.crt, signed by ca, for `alternative` ("DNS:redis.test"). */
static void make_certificate(const char *name, const char *alternative)
{
    char file[64];
    char request[256];
    char certificate[256];
    char key[256];
    (void)str_format(file, sizeof file, "%s.ext", name);
    char text[128];
    (void)str_format(text, sizeof text, "subjectAltName=%s\n", alternative);
    test_folder_write(&server.folder, file, text, 0600);
    (void)str_format(request, sizeof request, "%s/%s.csr", server.folder.path, name);
    (void)str_format(certificate, sizeof certificate, "%s/%s.crt", server.folder.path, name);
    (void)str_format(key, sizeof key, "%s/%s.key", server.folder.path, name);
    const char *const ask[] = {
        "openssl",  "req",     "-newkey", "ec",   "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",   "-keyout", key,       "-out", request,    "-subj",
        "/CN=test", NULL};
    test_run(ask);
    const char *const sign[] = {
        "openssl",  "x509",         "-req", "-in",       request, "-CA", path("ca.crt"),
        "-CAkey",   path("ca.key"), "-out", certificate, "-days", "2",   "-CAcreateserial",
        "-extfile", path(file),     NULL};
    test_run(sign);
}

static void start(const char *auth_clients, const char *alternative)
{
    char config[1024];
    redis_server_prepare(&server);
    make_ca("ca");
    make_certificate("server", alternative);
    tls_port = redis_server_free_port();
    (void)str_format(config, sizeof config,
                     "tls-port %d\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\n"
                     "tls-auth-clients %s",
                     tls_port, path("server.crt"), path("server.key"), path("ca.crt"),
                     auth_clients);
    redis_server_start(&server, config);
    fixture_start(&f, tls_port);
    struct redis_tls_settings *tls = &f.service.redis.tls;
    tls->enabled = true;
    (void)str_copy(tls->ca_file, sizeof tls->ca_file, path("ca.crt"));
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    redis_server_end(&server);
    return 0;
}

static enum reply_class ping(bool fresh, int64_t ms)
{
    return fixture_answer(&f, REDIS_PING, fresh, ms)->probe.reply;
}

static const char *last_text(void)
{
    return f.told[f.count - 1].probe.text;
}

static void a_verified_server_is_spoken_to(void **state)
{
    (void)state;
    start("no", "IP:127.0.0.1");
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_PONG);
    assert_int_equal(ping(true, LONG_MS), REPLY_PONG);
    for (int i = 0; i < 50; i++) /* many records, long replies */
        assert_true(fixture_answer(&f, REDIS_INFO, false, LONG_MS)->info.known);
    redis_server_kill(&server);
    while (f.lost == 0)
        fixture_run(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_REFUSED);
}

static void on_witness(void *context, uint64_t id, const struct witness_facts *facts)
{
    struct witness_facts *to = context;
    (void)id;
    *to = *facts;
    uv_stop(&f.loop);
}

static struct witness_facts witness_says(int port)
{
    struct witness *w = NULL;
    struct error err = {0};
    struct witness_facts facts = {0};
    if (witness_new(&f.loop, NULL, &f.service, on_witness, &facts, &w, &err) < 0)
        fail_msg("%s", err.text);
    witness_ask(w, 1, port, mono_add(clock_mono(), LONG_MS));
    while (facts.at.ms == 0)
        (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    witness_free(w);
    return facts;
}

static void the_witness_takes_any_answer_of_tls_for_life(void **state)
{
    (void)state;
    start("yes", "IP:127.0.0.1");
    struct witness_facts w = witness_says(0); /* we have no certificate to show */
    assert_true(w.possible && reply_answered(w.reply));
    w = witness_says(server.port); /* Redis' own port is the plain one */
    assert_int_equal(w.reply, REPLY_PONG);
    make_ca("other");
    (void)str_copy(f.service.redis.tls.ca_file, sizeof f.service.redis.tls.ca_file,
                   path("other.crt"));
    w = witness_says(0);
    assert_int_equal(w.reply, REPLY_OTHER);
    assert_non_null(strstr(w.text, "certificate"));
    redis_server_kill(&server);
    w = witness_says(0);
    assert_true(w.possible);
    assert_int_equal(w.reply, REPLY_REFUSED);
}

static void the_witness_does_not_take_other_bytes_for_tls(void **state)
{
    (void)state;
    start("no", "IP:127.0.0.1");
    const struct peer_script http = {.greeting = "HTTP/1.1 400 Bad Request\r\n\r\n"};
    struct peer *p = peer_new(&f.loop, &http);
    f.service.redis.port = peer_port(p);
    struct witness_facts w = witness_says(0);
    assert_true(w.possible);
    assert_int_equal(w.reply, REPLY_GARBAGE);
    peer_free(p);
}

/* Those of the test end in two days. */
static void the_end_of_the_certificate_is_read_at_each_handshake(void **state)
{
    (void)state;
    start("no", "IP:127.0.0.1");
    fixture_connect(&f);
    int64_t day_ms = 86400000;
    for (int fresh = 0; fresh < 2; fresh++) {
        assert_int_equal(ping(fresh != 0, LONG_MS), REPLY_PONG);
        int64_t left = wall_since(f.told[f.count - 1].probe.certificate_ends, clock_wall());
        assert_true(left > day_ms && left <= 2 * day_ms);
    }
}

static void a_name_is_verified_not_only_the_chain(void **state)
{
    (void)state;
    start("no", "DNS:redis.test");
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_TLS_FAILED);
    assert_non_null(strstr(last_text(), "certificate"));
    redis_client_free(f.client);
    struct redis_tls_settings *tls = &f.service.redis.tls;
    (void)str_copy(tls->server_name, sizeof tls->server_name, "other.test");
    fixture_connect(&f);
    assert_int_equal(ping(true, LONG_MS), REPLY_TLS_FAILED);
    redis_client_free(f.client);
    (void)str_copy(tls->server_name, sizeof tls->server_name, "redis.test");
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_PONG);
    assert_int_equal(ping(true, LONG_MS), REPLY_PONG);
}

static void a_foreign_ca_is_not_trusted(void **state)
{
    (void)state;
    start("no", "IP:127.0.0.1");
    make_ca("foreign");
    struct redis_tls_settings *tls = &f.service.redis.tls;
    (void)str_copy(tls->ca_file, sizeof tls->ca_file, path("foreign.crt"));
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_TLS_FAILED);
    assert_int_equal(ping(true, LONG_MS), REPLY_TLS_FAILED);
    /* the right one put in its place is used from the next connection on */
    assert_int_equal(rename(path("ca.crt"), path("foreign.crt")), 0);
    assert_int_equal(ping(false, LONG_MS), REPLY_PONG);
    redis_client_free(f.client);
    tls->ca_file[0] = '\0'; /* the system's store does not know it */
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_TLS_FAILED);
}

static void our_certificate_is_shown_when_asked_for(void **state)
{
    (void)state;
    start("yes", "IP:127.0.0.1");
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_TLS_FAILED);
    assert_int_equal(ping(true, LONG_MS), REPLY_TLS_FAILED);
    redis_client_free(f.client);
    make_certificate("ours", "DNS:watch.test");
    struct redis_tls_settings *tls = &f.service.redis.tls;
    (void)str_copy(tls->certificate, sizeof tls->certificate, path("ours.crt"));
    (void)str_copy(tls->key, sizeof tls->key, path("ours.key"));
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_PONG);
    assert_int_equal(ping(true, LONG_MS), REPLY_PONG);
}

static void plain_and_tls_do_not_meet(void **state)
{
    (void)state;
    start("no", "IP:127.0.0.1");
    f.service.redis.port = server.port; /* TLS to a port without */
    fixture_connect(&f);
    enum reply_class class = ping(false, SHORT_MS);
    assert_true(class == REPLY_TLS_FAILED || class == REPLY_SILENT || class == REPLY_CLOSED);
    redis_client_free(f.client);
    f.service.redis.port = tls_port; /* and the other way round */
    f.service.redis.tls.enabled = false;
    fixture_connect(&f);
    class = ping(false, LONG_MS);
    assert_true(class == REPLY_GARBAGE || class == REPLY_CLOSED);
}

static void a_handshake_that_never_ends_is_silent(void **state)
{
    (void)state;
    const struct peer_script script = {0};
    start("no", "IP:127.0.0.1");
    struct peer *peer = peer_new(&f.loop, &script);
    f.service.redis.port = peer_port(peer);
    fixture_connect(&f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ping(false, SHORT_MS), REPLY_SILENT);
    assert_int_equal(peer_accepted(peer), 1); /* no new key exchange at each request */
    assert_int_equal(ping(true, SHORT_MS), REPLY_SILENT);
    assert_non_null(strstr(last_text(), "TLS"));
    peer_hang_up(peer);
    peer_free(peer);
}

static void a_peer_that_speaks_no_tls_fails_the_handshake(void **state)
{
    (void)state;
    const struct peer_script script = {.greeting = "-ERR max number of clients reached\r\n"};
    start("no", "IP:127.0.0.1");
    struct peer *peer = peer_new(&f.loop, &script);
    f.service.redis.port = peer_port(peer);
    fixture_connect(&f);
    assert_int_equal(ping(false, LONG_MS), REPLY_TLS_FAILED);
    assert_int_equal(ping(true, LONG_MS), REPLY_TLS_FAILED);
    peer_free(peer);
}

static void files_are_checked_at_once(void **state)
{
    (void)state;
    struct error err = {0};
    const struct redis_client_events events = {0};
    start("no", "IP:127.0.0.1");
    struct redis_tls_settings *tls = &f.service.redis.tls;
    (void)str_copy(tls->ca_file, sizeof tls->ca_file, path("absent.crt"));
    assert_int_equal(redis_client_new(&f.loop, NULL, &f.service, &events, &f.client, &err),
                     -EINVAL);
    assert_non_null(strstr(err.text, "absent.crt"));
    (void)str_copy(tls->ca_file, sizeof tls->ca_file, path("ca.crt"));
    (void)str_copy(tls->certificate, sizeof tls->certificate, path("server.crt"));
    assert_int_equal(redis_client_new(&f.loop, NULL, &f.service, &events, &f.client, &err),
                     -EINVAL); /* no key */
    (void)str_copy(tls->key, sizeof tls->key, path("ca.key"));
    assert_int_equal(redis_client_new(&f.loop, NULL, &f.service, &events, &f.client, &err),
                     -EINVAL); /* not its key */
    assert_null(f.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_verified_server_is_spoken_to, end),
        cmocka_unit_test_teardown(the_witness_takes_any_answer_of_tls_for_life, end),
        cmocka_unit_test_teardown(the_witness_does_not_take_other_bytes_for_tls, end),
        cmocka_unit_test_teardown(the_end_of_the_certificate_is_read_at_each_handshake, end),
        cmocka_unit_test_teardown(a_name_is_verified_not_only_the_chain, end),
        cmocka_unit_test_teardown(a_foreign_ca_is_not_trusted, end),
        cmocka_unit_test_teardown(our_certificate_is_shown_when_asked_for, end),
        cmocka_unit_test_teardown(plain_and_tls_do_not_meet, end),
        cmocka_unit_test_teardown(a_handshake_that_never_ends_is_silent, end),
        cmocka_unit_test_teardown(a_peer_that_speaks_no_tls_fails_the_handshake, end),
        cmocka_unit_test_teardown(files_are_checked_at_once, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
