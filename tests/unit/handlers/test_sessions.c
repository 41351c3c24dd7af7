/* How sessions are kept, renewed and ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <jwt.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts/session_life.h"
#include "accounts_bench.h"
#include "base/json.h"
#include "base/str.h"

/* Stands in front of libjwt's: a login token that cannot be signed. */
static bool unsigned_now;

char *jwt_encode_str(jwt_t *jwt)
{
    char *(*real)(jwt_t * jwt) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "jwt_encode_str");
    return unsigned_now ? NULL : real(jwt);
}

static char *log_in(struct bench *b)
{
    char *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    assert_non_null(token);
    bench_be(b, token);
    return token;
}

static int ask_me(struct bench *b)
{
    return bench_ask(b, OP_ME, "{}");
}

/* ── kept ── */

/* A statement in the database itself, as whoever has a copy of it; the first text of its rows,
 * which is the caller's. */
static char *run_sql(struct bench *b, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    char *text = NULL;
    assert_int_equal(sqlite3_open(test_folder_path(&b->folder, "resus.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        text = strdup((const char *)sqlite3_column_text(statement, 0));
    (void)sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return text;
}

static char *jti_of(struct bench *b, const char *token)
{
    struct token_claims claims;
    struct error err = {0};
    struct token_keys keys = {0};
    JSON_CLEANUP json_t *list = accounts_token_keys(b->accounts);
    const json_t *key = json_array_get(list, 0);
    keys.count = 1;
    (void)str_copy(keys.keys[0].kid, sizeof keys.keys[0].kid, json_text_or(key, "kid", ""));
    (void)str_copy(keys.keys[0].pem, sizeof keys.keys[0].pem, json_text_or(key, "pem", ""));
    assert_int_equal(token_check(&keys, token, strlen(token), b->now.wall, &claims, &err), 0);
    return strdup(claims.jti);
}

static void the_database_does_not_have_what_makes_a_token(void **state)
{
    struct bench *b = *state;
    char *token = log_in(b), *jti = jti_of(b, token);
    assert_int_equal(bench_ask(b, OP_LOGOUT, "{}"), 200); /* it is on the disk */
    char *body = run_sql(b, "SELECT group_concat(body) FROM record WHERE kind = 'session'");
    assert_non_null(strstr(body, "\"id\":\"1-"));
    assert_null(strstr(body, strchr(jti, '-') + 1));
    JSON_CLEANUP json_t *revoked = accounts_revoked(b->accounts);
    assert_null(strstr(json_string_value(json_array_get(revoked, 0)), strchr(jti, '-') + 1));
    free(token);
    free(jti);
    free(body);
}

static void a_session_in_the_form_of_version_0_1_0_goes_on_and_is_hidden(void **state)
{
    struct bench *b = *state;
    char *token = log_in(b), *jti = jti_of(b, token);
    char sql[400];
    bench_close(b);
    (void)str_format(sql, sizeof sql,
                     "UPDATE record SET body = json_remove(json_set(body, '$.jti', '%s'), '$.id', "
                     "'$.ends', '$.used') WHERE kind = 'session'",
                     jti);
    free(run_sql(b, sql));
    bench_reopen(b);
    assert_int_equal(ask_me(b), 200);
    bench_close(b);
    char *body = run_sql(b, "SELECT body FROM record WHERE kind = 'session'");
    assert_null(strstr(body, "jti"));
    assert_null(strstr(body, strchr(jti, '-') + 1));
    bench_reopen(b);
    assert_int_equal(ask_me(b), 200);
    free(token);
    free(jti);
    free(body);
}

static void a_database_of_version_0_1_0_is_hidden_at_the_first_start(void **state)
{
    struct bench *b = *state;
    char path[1024];
    size_t size = 0;
    bench_close(b);
    assert_int_equal(unlink(test_folder_path(&b->folder, "resus.db")), 0);
    (void)str_format(path, sizeof path, "%s/tests/unit/store/data/version-0.1.0.sql",
                     getenv("RESUS_SOURCE"));
    FILE *file = fopen(path, "r");
    char *script = NULL;
    assert_non_null(file);
    assert_true(getdelim(&script, &size, '\0', file) > 0);
    (void)fclose(file);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(test_folder_path(&b->folder, "resus.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    b->now.wall = (wall_ms){1795974600000}; /* two minutes after its session began */
    bench_reopen(b);
    bench_close(b);
    char *body = run_sql(b, "SELECT body FROM record WHERE kind = 'session'");
    assert_non_null(strstr(body, "\"id\":\"1-"));
    assert_null(strstr(body, "E5brEOh0RrL_b1yr1yUNrDA5"));
    bench_reopen(b);
    assert_non_null(session_by_jti(b->accounts, "1-E5brEOh0RrL_b1yr1yUNrDA5"));
    assert_null(session_by_jti(b->accounts, "1-E5brEOh0RrL_b1yr1yUNrDA6"));
    free(body);
    free(script);
}

/* ── in use ── */

static void a_session_that_is_not_used_ends(void **state)
{
    struct bench *b = *state;
    char *token = log_in(b);
    bench_pass(b, 1799);
    assert_int_equal(ask_me(b), 200);
    bench_pass(b, 1799);
    assert_int_equal(ask_me(b), 200);
    free(token);
    token = log_in(b);
    bench_pass(b, 1800);
    assert_int_equal(ask_me(b), 401);
    assert_string_equal(bench_text(b, "code"), "token_expired");
    JSON_CLEANUP json_t *revoked = accounts_revoked(b->accounts); /* and the web process is told */
    assert_int_equal(json_array_size(revoked), 1);
    free(token);
}

static size_t sessions(const struct bench *b)
{
    return b->accounts->shelves[STORE_SESSION].count;
}

static void a_login_whose_token_cannot_be_signed_leaves_no_session(void **state)
{
    struct bench *b = *state;
    unsigned_now = true;
    assert_null(bench_login(b, BENCH_EMAIL, BENCH_PASSWORD));
    unsigned_now = false;
    assert_int_equal(b->status, 503);
    assert_string_equal(bench_text(b, "code"), "login_failed");
    assert_int_equal(sessions(b), 0);
    bench_reopen(b);
    assert_int_equal(sessions(b), 0);
}

static void a_session_that_cannot_be_renewed_lasts_no_longer_than_its_token(void **state)
{
    struct bench *b = *state;
    b->settings.security.session_lifetime_ms = 7200000;
    char *token = log_in(b), *jti = jti_of(b, token);
    wall_ms expires = session_by_jti(b->accounts, jti)->expires;
    bench_pass(b, 600);
    unsigned_now = true;
    assert_int_equal(bench_ask(b, OP_RENEW, "{}"), 503);
    unsigned_now = false;
    assert_int_equal(session_by_jti(b->accounts, jti)->expires.ms, expires.ms);
    free(token);
    free(jti);
}

static bool one_is_revoked(const struct bench *b)
{
    JSON_CLEANUP json_t *revoked = accounts_revoked(b->accounts);
    return json_array_size(revoked) == 1;
}

static void an_unused_session_ends_without_being_asked_for(void **state)
{
    struct bench *b = *state;
    char *token = log_in(b);
    size_t before = b->changes;
    bench_pass(b, 1800);
    bench_run_timer(b, one_is_revoked);
    assert_true(b->changes > before);
    free(token);
}

static void what_the_web_process_answers_is_use(void **state)
{
    struct bench *b = *state;
    char *token = log_in(b), *jti = jti_of(b, token), id[TOKEN_SESSION_SIZE];
    token_session(jti, id);
    bench_pass(b, 1700);
    accounts_used(b->accounts, id);
    accounts_used(b->accounts, "1-0");
    accounts_used(b->accounts, "");
    accounts_used(b->accounts, jti);
    bench_pass(b, 1700);
    assert_int_equal(ask_me(b), 200);
    free(token);
    free(jti);
}

static void the_last_use_survives_a_restart(void **state)
{
    struct bench *b = *state;
    char *token = log_in(b);
    bench_pass(b, 1700);
    assert_int_equal(ask_me(b), 200);
    bench_reopen(b);
    bench_pass(b, 1700);
    assert_int_equal(ask_me(b), 200);
    free(token);
}

static void a_session_in_use_is_renewed_until_its_end(void **state)
{
    struct bench *b = *state;
    b->settings.security.session_lifetime_ms = 7200000;
    char *first = log_in(b);
    char csrf[64];
    (void)str_copy(csrf, sizeof csrf, bench_text(b, "csrf_token"));
    bench_pass(b, 1700);
    assert_int_equal(ask_me(b), 200);
    bench_pass(b, 1700);
    assert_int_equal(bench_ask(b, OP_RENEW, "{}"), 200);
    char *second = strdup(bench_text(b, "token"));
    assert_string_equal(bench_text(b, "csrf_token"), csrf); /* it is the same session */
    bench_be(b, second);
    bench_pass(b, 1700); /* the first token has expired */
    assert_int_equal(ask_me(b), 200);
    bench_pass(b, 1700);
    assert_int_equal(bench_ask(b, OP_RENEW, "{}"), 200);
    char *third = strdup(bench_text(b, "token"));
    bench_be(b, third);
    bench_pass(b, 399);
    assert_int_equal(ask_me(b), 200);
    bench_pass(b, 1);
    assert_int_equal(ask_me(b), 401);
    free(first);
    free(second);
    free(third);
}

static void a_renewed_session_ends_with_its_logout(void **state)
{
    struct bench *b = *state;
    b->settings.security.session_lifetime_ms = 7200000;
    char *first = log_in(b);
    bench_pass(b, 60);
    assert_int_equal(bench_ask(b, OP_RENEW, "{}"), 200);
    char *second = strdup(bench_text(b, "token"));
    assert_int_equal(bench_ask(b, OP_LOGOUT, "{}"), 200);
    assert_int_equal(ask_me(b), 401);
    bench_be(b, second);
    assert_int_equal(ask_me(b), 401);
    bench_pass(b, 3590); /* the web process has to know it as long as the second token */
    JSON_CLEANUP json_t *revoked = accounts_revoked(b->accounts);
    assert_int_equal(json_array_size(revoked), 1);
    free(first);
    free(second);
}

/* ── bounded ── */

/* As a login makes them, without the time that a password takes. */
static struct session *begin(struct bench *b, struct user *u, const char *address)
{
    char jti[SESSION_JTI_SIZE];
    struct error err = {0};
    struct session *s = session_begin(b->accounts, u, address, jti, &err);
    assert_non_null(s);
    return s;
}

static size_t alive(struct bench *b)
{
    struct session *s;
    size_t count = 0;
    shelf_each(b->accounts, STORE_SESSION, s)
    {
        count += s->revoked.ms == 0;
    }
    return count;
}

static void the_oldest_session_of_a_user_ends(void **state)
{
    struct bench *b = *state;
    struct user *root = user_by_email(b->accounts, BENCH_EMAIL);
    char *first = log_in(b);
    for (int i = 0; i < SESSIONS_OF_USER_MAX; i++)
        (void)begin(b, root, "192.0.2.1");
    assert_int_equal(alive(b), SESSIONS_OF_USER_MAX);
    assert_int_equal(ask_me(b), 401);
    free(first);
}

static void a_user_logs_in_as_often_as_wanted_and_keeps_no_more_than_the_others(void **state)
{
    struct bench *b = *state;
    struct user *root = user_by_email(b->accounts, BENCH_EMAIL);
    char *first = log_in(b);
    for (int i = 0; i < 2 * SESSIONS_KEPT_OF_USER_MAX; i++) {
        bench_pass(b, 1);
        (void)begin(b, root, "192.0.2.1");
    }
    assert_int_equal(b->accounts->shelves[STORE_SESSION].count, SESSIONS_KEPT_OF_USER_MAX);
    assert_int_equal(ask_me(b), 401); /* its session is forgotten, and its token is not taken */
    JSON_CLEANUP json_t *users = accounts_users_map(b->accounts); /* nor by the web process */
    assert_true(json_int_or(json_object_get(users, "1"), "not_before", 0) * 1000 > 1800000000000);
    char *last = log_in(b);
    assert_int_equal(ask_me(b), 200);
    free(first);
    free(last);
}

static void a_full_shelf_takes_from_whoever_filled_it(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    struct user *root = user_by_email(b->accounts, BENCH_EMAIL);
    char *token = log_in(b);
    bench_pass(b, 1);
    for (int n = 0; n < SESSIONS_MAX / SESSIONS_KEPT_OF_USER_MAX + 1; n++) {
        struct user *u = NULL;
        assert_int_equal(account_add(b->accounts, STORE_USER, sizeof *u, USERS_MAX, &u, &err), 0);
        (void)str_format(u->email, sizeof u->email, "user%d@example.org", n);
        (void)str_copy(u->hash, sizeof u->hash, "x");
        u->role = ACCESS_VIEWER;
        for (int i = 0; i < SESSIONS_KEPT_OF_USER_MAX; i++) {
            struct session *s = NULL;
            char address[32];
            (void)str_format(address, sizeof address, "10.0.%d.%d", n, i);
            s = begin(b, u, address);
            s->revoked = b->now.wall;
        }
    }
    assert_int_equal(b->accounts->shelves[STORE_SESSION].count, SESSIONS_MAX);
    assert_int_equal(ask_me(b), 200);
    (void)begin(b, root, "192.0.2.1");
    free(token);
}

static void the_oldest_session_of_a_network_ends(void **state)
{
    struct bench *b = *state;
    struct error err = {0};
    for (int n = 0; n < 40; n++) {
        struct user *u = NULL;
        assert_int_equal(account_add(b->accounts, STORE_USER, sizeof *u, USERS_MAX, &u, &err), 0);
        for (int i = 0; i < SESSIONS_OF_USER_MAX; i++) {
            char address[64];
            (void)str_format(address, sizeof address, "2001:db8::%d:%d", n, i);
            (void)begin(b, u, address);
        }
    }
    assert_int_equal(alive(b), SESSIONS_OF_NETWORK_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_database_does_not_have_what_makes_a_token),
        TEST(a_session_in_the_form_of_version_0_1_0_goes_on_and_is_hidden),
        TEST(a_database_of_version_0_1_0_is_hidden_at_the_first_start),
        TEST(a_login_whose_token_cannot_be_signed_leaves_no_session),
        TEST(a_session_that_cannot_be_renewed_lasts_no_longer_than_its_token),
        TEST(a_session_that_is_not_used_ends),
        TEST(an_unused_session_ends_without_being_asked_for),
        TEST(what_the_web_process_answers_is_use),
        TEST(the_last_use_survives_a_restart),
        TEST(a_session_in_use_is_renewed_until_its_end),
        TEST(a_renewed_session_ends_with_its_logout),
        TEST(the_oldest_session_of_a_user_ends),
        TEST(a_user_logs_in_as_often_as_wanted_and_keeps_no_more_than_the_others),
        TEST(a_full_shelf_takes_from_whoever_filled_it),
        TEST(the_oldest_session_of_a_network_ends),
    };
    return cmocka_run_group_tests_name("handlers/sessions", tests, NULL, NULL);
}
