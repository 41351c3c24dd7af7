/* Whoever took a session over does not get the account; whoever has the password alone is told of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/second_factor.h"
#include "accounts_bench.h"
#include "base/json.h"
#include "base/str.h"

#define NEW "another-long-enough 1"

static int log_in(struct bench *b, const char *code)
{
    b->credential = (struct credential){0};
    b->unix_access = ACCESS_ANONYMOUS;
    int status = code == NULL ? bench_ask(b, OP_LOGIN, "{s:s, s:s}", "email", BENCH_EMAIL,
                                          "password", BENCH_PASSWORD)
                              : bench_ask(b, OP_LOGIN, "{s:s, s:s, s:s}", "email", BENCH_EMAIL,
                                          "password", BENCH_PASSWORD, "totp", code);
    b->unix_access = ACCESS_ADMIN;
    return status;
}

/* The session is the caller of what follows; its token is the test's. */
static char *be_root(struct bench *b)
{
    char *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    assert_non_null(token);
    bench_be(b, token);
    return token;
}

static void code_now(const struct bench *b, const char *secret, char code[7])
{
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(oath_base32_decode(secret, strlen(secret), &bytes, &length), OATH_OK);
    assert_int_equal(oath_totp_generate(bytes, length, b->now.wall.ms / 1000, 30, 0, 6, code),
                     OATH_OK);
    free(bytes);
}

/* Switches two-factor login on; the secret is the test's. */
static char *two_factors(struct bench *b)
{
    char code[7];
    assert_int_equal(bench_ask(b, OP_TOTP_BEGIN, "{s:s}", "current_password", BENCH_PASSWORD), 200);
    char *secret = strdup(bench_text(b, "secret"));
    code_now(b, secret, code);
    assert_int_equal(bench_ask(b, OP_TOTP_CONFIRM, "{s:s}", "totp", code), 200);
    bench_pass(b, 60);
    return secret;
}

static void is_refused(struct bench *b, const char *code)
{
    assert_int_equal(b->status, 403);
    assert_string_equal(bench_text(b, "code"), code);
}

/* ── a user's own account ── */

static void a_session_alone_does_not_change_the_own_account(void **state)
{
    struct bench *b = *state;
    char *token = be_root(b);
    (void)bench_ask(b, OP_USER_SET, "{s:i, s:s}", "n", 1, "password", NEW);
    is_refused(b, "password_required");
    (void)bench_ask(b, OP_USER_SET, "{s:i, s:s}", "n", 1, "role", "admin");
    is_refused(b, "password_required");
    (void)bench_ask(b, OP_USER_SET, "{s:i, s:b}", "n", 1, "reset_totp", 1);
    is_refused(b, "password_required");
    (void)bench_ask(b, OP_USER_SET, "{s:i, s:s, s:s}", "n", 1, "password", NEW, "current_password",
                    "wrong");
    is_refused(b, "wrong_password");
    assert_int_equal(log_in(b, NULL), 200); /* all is as it was */
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:i, s:s, s:s}", "n", 1, "password", NEW,
                               "current_password", BENCH_PASSWORD),
                     200);
    assert_int_equal(log_in(b, NULL), 401);
    free(token);
}

static void nor_does_an_api_token_of_its_maker(void **state)
{
    struct bench *b = *state;
    char *token = be_root(b);
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s}", "name", "x", "role", "admin"), 200);
    char *made = strdup(bench_text(b, "token"));
    bench_be(b, made);
    (void)bench_ask(b, OP_USER_SET, "{s:i, s:s}", "n", 1, "password", NEW);
    is_refused(b, "password_required");
    free(token);
    free(made);
}

static void others_are_changed_as_ever(void **state)
{
    struct bench *b = *state;
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USER_ADD, "{s:s, s:s, s:s}", "email", "a@example.org", "role",
                               "viewer", "password", "seven quiet herons"),
                     200);
    int64_t other = bench_int(b, "id");
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:i, s:s}", "n", 1, "password", BENCH_PASSWORD),
                     200); /* root of the machine */
    char *token = be_root(b);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:s}", "n", other, "password", NEW), 200);
    free(token);
}

static void with_two_factors_the_own_account_needs_both(void **state)
{
    struct bench *b = *state;
    char code[7], *token = be_root(b), *secret = two_factors(b);
    (void)bench_ask(b, OP_PASSWORD, "{s:s, s:s}", "current_password", BENCH_PASSWORD,
                    "new_password", NEW);
    is_refused(b, "totp_required");
    (void)bench_ask(b, OP_TOTP_DISABLE, "{s:s}", "current_password", BENCH_PASSWORD);
    is_refused(b, "totp_required");
    (void)bench_ask(b, OP_TOTP_DISABLE, "{s:s, s:s}", "current_password", BENCH_PASSWORD, "totp",
                    "000000");
    is_refused(b, "totp_invalid");
    (void)bench_ask(b, OP_USER_SET, "{s:i, s:b, s:s}", "n", 1, "reset_totp", 1, "current_password",
                    BENCH_PASSWORD);
    is_refused(b, "totp_required");
    code_now(b, secret, code);
    (void)bench_ask(b, OP_TOTP_DISABLE, "{s:s, s:s}", "current_password", "wrong", "totp", code);
    is_refused(b, "wrong_password");
    assert_int_equal(bench_ask(b, OP_PASSWORD, "{s:s, s:s, s:s}", "current_password",
                               BENCH_PASSWORD, "new_password", NEW, "totp", code),
                     200);
    (void)bench_ask(b, OP_TOTP_DISABLE, "{s:s, s:s}", "current_password", NEW, "totp", code);
    is_refused(b, "totp_invalid"); /* once each */
    bench_pass(b, 60);
    code_now(b, secret, code);
    assert_int_equal(
        bench_ask(b, OP_TOTP_DISABLE, "{s:s, s:s}", "current_password", NEW, "totp", code), 200);
    free(token);
    free(secret);
}

static void codes_of_the_own_account_are_not_guessed(void **state)
{
    struct bench *b = *state;
    char *token = be_root(b), *secret = two_factors(b);
    for (int i = 0; i < 5; i++) {
        (void)bench_ask(b, OP_TOTP_DISABLE, "{s:s, s:s}", "current_password", BENCH_PASSWORD,
                        "totp", "000000");
        is_refused(b, "totp_invalid");
    }
    assert_int_equal(bench_ask(b, OP_TOTP_DISABLE, "{s:s, s:s}", "current_password", BENCH_PASSWORD,
                               "totp", "000000"),
                     429);
    free(token);
    free(secret);
}

/* ── guessed codes ── */

static void ten_wrong_codes_are_told_and_slowed_down(void **state)
{
    struct bench *b = *state;
    char code[7], *token = be_root(b), *secret = two_factors(b);
    size_t notices = b->notice_count;
    b->address = "203.0.113.1";
    for (int i = 0; i < CODES_FREE; i++) {
        char address[32];
        (void)str_format(address, sizeof address, "203.0.113.%d", i);
        b->address = address;
        assert_int_equal(bench_lines(b, "second-factor-guessed", false), 0);
        assert_int_equal(log_in(b, "000000"), 401);
        bench_pass(b, 1900); /* whatever else slows down has forgotten it */
    }
    assert_int_equal(bench_lines(b, "second-factor-guessed", false), 1);
    assert_true(b->notice_count > notices);
    b->address = "203.0.113.100";
    assert_int_equal(log_in(b, "000000"), 401);
    bench_pass(b, 1);
    assert_int_equal(log_in(b, "000000"), 429);
    bench_reopen(b); /* a restart does not forget it */
    assert_int_equal(log_in(b, "000000"), 429);
    for (int i = 0; i < 12; i++) {
        bench_pass(b, 3601);
        assert_int_equal(log_in(b, "000000"), 401);
    }
    bench_pass(b, 3599); /* an hour at most */
    assert_int_equal(log_in(b, "000000"), 429);
    b->address = "192.0.2.1"; /* the owner comes from where he came from before */
    code_now(b, secret, code);
    assert_int_equal(log_in(b, code), 200);
    char *again = strdup(bench_text(b, "token"));
    bench_be(b, again);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    assert_int_equal(bench_int(b, "wrong_codes"), CODES_FREE + 1 + 12);
    free(token);
    free(again);
    free(secret);
}

/* ── roles that need a second factor ── */

static void a_role_that_needs_a_second_factor_may_only_set_one_up(void **state)
{
    struct bench *b = *state;
    b->settings.security.require_totp.admin = true;
    char *token = be_root(b);
    assert_true(json_is_true(json_object_get(b->body, "totp_setup_required")));
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    assert_true(json_is_true(json_object_get(b->body, "totp_setup_required")));
    static const enum operation_id refused[] = {OP_USERS, OP_AUDIT, OP_TOKENS, OP_ACCESS_REQUESTS,
                                                OP_PROMETHEUS};
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        (void)bench_ask(b, refused[i], "{}");
        is_refused(b, "totp_setup_required");
    }
    (void)bench_ask(b, OP_PASSWORD, "{s:s, s:s}", "current_password", BENCH_PASSWORD,
                    "new_password", NEW);
    is_refused(b, "totp_setup_required");
    JSON_CLEANUP json_t *users = accounts_users_map(b->accounts); /* for the web process */
    assert_string_equal(json_text_or(json_object_get(users, "1"), "role", ""), "anonymous");
    size_t changes = b->changes;
    char *secret = two_factors(b);
    assert_true(b->changes > changes);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    assert_false(json_is_true(json_object_get(b->body, "totp_setup_required")));
    free(token);
    free(secret);
}

static void other_roles_and_api_tokens_go_on(void **state)
{
    struct bench *b = *state;
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s}", "name", "x", "role", "admin"), 200);
    char *made = strdup(bench_text(b, "token"));
    b->settings.security.require_totp.operator= true;
    char *token = be_root(b);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    b->settings.security.require_totp.admin = true; /* acts on sessions that are there */
    (void)bench_ask(b, OP_USERS, "{}");
    is_refused(b, "totp_setup_required");
    bench_be(b, made);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    free(token);
    free(made);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_alone_does_not_change_the_own_account),
        TEST(nor_does_an_api_token_of_its_maker),
        TEST(others_are_changed_as_ever),
        TEST(with_two_factors_the_own_account_needs_both),
        TEST(codes_of_the_own_account_are_not_guessed),
        TEST(ten_wrong_codes_are_told_and_slowed_down),
        TEST(a_role_that_needs_a_second_factor_may_only_set_one_up),
        TEST(other_roles_and_api_tokens_go_on),
    };
    return cmocka_run_group_tests_name("handlers/own_account", tests, NULL, NULL);
}
