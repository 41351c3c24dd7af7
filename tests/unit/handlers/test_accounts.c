#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts/book.h"
#include "accounts_bench.h"
#include "base/json.h"
#include "base/str.h"
#include "io/clock.h"

#define ALICE "alice@example.org"
#define ALICES "seven quiet herons"
#define BOB "bob@example.org"
#define BOBS "another long-enough one"

static int64_t add_user(struct bench *b, const char *email, const char *role, const char *password)
{
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USER_ADD, "{s:s, s:s, s:s}", "email", email, "role", role,
                               "password", password),
                     200);
    return bench_int(b, "id");
}

static int login_as(struct bench *b, const char *email, const char *password)
{
    char *token = bench_login(b, email, password);
    int status = b->status;
    free(token);
    return status;
}

/* ── logging in and out ── */

static void a_login_gives_what_the_contract_says(void **state)
{
    struct bench *b = *state;
    char *token = bench_login(b, "ROOT@example.org", BENCH_PASSWORD);
    assert_non_null(token);
    assert_string_equal(bench_text(b, "token_type"), "Bearer");
    assert_string_equal(bench_text(b, "expires_at"), "2027-01-15T09:00:00Z");
    assert_int_equal(strlen(bench_text(b, "csrf_token")), 43);
    const json_t *user = json_object_get(b->body, "user");
    assert_string_equal(json_text_or(user, "email", ""), BENCH_EMAIL);
    assert_string_equal(json_text_or(user, "role", ""), "admin");
    assert_int_equal(bench_lines(b, "login", true), 1);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    assert_string_equal(bench_text(b, "role"), "admin");
    free(token);
}

static void a_wrong_password_and_an_unknown_user_look_the_same(void **state)
{
    struct bench *b = *state;
    assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401);
    char *first = json_dumps(b->body, JSON_SORT_KEYS);
    assert_int_equal(login_as(b, "nobody@example.org", "wrong"), 401);
    char *second = json_dumps(b->body, JSON_SORT_KEYS);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The median of alternating pairs: a loaded machine slows both. */
static void an_unknown_user_costs_as_much_time_as_a_wrong_password(void **state)
{
    struct bench *b = *state;
    enum { PAIRS = 9 };
    int64_t known[PAIRS], unknown[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        bench_pass(b, 3600);
        int64_t began = clock_mono_us();
        assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401);
        known[i] = clock_mono_us() - began;
        began = clock_mono_us();
        assert_int_equal(login_as(b, "nobody@example.org", "wrong"), 401);
        unknown[i] = clock_mono_us() - began;
    }
    qsort(known, PAIRS, sizeof known[0], compare_times);
    qsort(unknown, PAIRS, sizeof unknown[0], compare_times);
    int64_t middle_known = known[PAIRS / 2], middle_unknown = unknown[PAIRS / 2];
    double ratio = (double)middle_unknown / (double)middle_known;
    if (ratio < 0.67 || ratio > 1.5)
        fail_msg("unknown user / wrong password: %.2f", ratio);
}

static void a_logout_ends_the_login_everywhere(void **state)
{
    struct bench *b = *state;
    char *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    bench_be(b, token);
    size_t before = b->changes;
    assert_int_equal(bench_ask(b, OP_LOGOUT, "{}"), 200);
    assert_true(b->changes > before); /* the web process is told at once */
    JSON_CLEANUP json_t *revoked = accounts_revoked(b->accounts);
    assert_int_equal(json_array_size(revoked), 1);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    assert_string_equal(bench_text(b, "code"), "invalid_token");
    bench_reopen(b); /* and a restart does not bring it back */
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    free(token);
}

static void a_login_survives_a_restart_and_expires(void **state)
{
    struct bench *b = *state;
    b->settings.security.session_idle_ms = TOKEN_SECONDS * INT64_C(1000);
    char *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    bench_reopen(b);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    bench_pass(b, TOKEN_SECONDS - 1);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    bench_pass(b, 1);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    assert_string_equal(bench_text(b, "code"), "token_expired");
    free(token);
}

static void a_token_of_another_installation_is_nobodys(void **state)
{
    struct bench *b = *state;
    void *other_state = NULL;
    assert_int_equal(bench_set_up(&other_state), 0);
    struct bench *other = other_state;
    char *token = bench_login(other, BENCH_EMAIL, BENCH_PASSWORD);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    free(token);
    assert_int_equal(bench_tear_down(&other_state), 0);
}

static void a_cookie_needs_the_csrf_token_for_what_is_unsafe(void **state)
{
    struct bench *b = *state;
    char *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    char *csrf = strdup(bench_text(b, "csrf_token"));
    b->credential = (struct credential){.token = token, .cookie = true};
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    assert_int_equal(bench_ask(b, OP_LOGOUT, "{}"), 403);
    assert_string_equal(bench_text(b, "code"), "csrf_required");
    b->credential.csrf = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_int_equal(bench_ask(b, OP_LOGOUT, "{}"), 403);
    char *other = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    char *others_csrf = strdup(bench_text(b, "csrf_token"));
    b->credential.csrf = others_csrf;
    assert_int_equal(bench_ask(b, OP_LOGOUT, "{}"), 403);
    b->credential.csrf = csrf;
    assert_int_equal(bench_ask(b, OP_LOGOUT, "{}"), 200);
    free(token);
    free(csrf);
    free(other);
    free(others_csrf);
}

static void on_tick(uv_timer_t *timer)
{
    int *ticks = timer->data;
    (*ticks)++;
}

static void hashing_does_not_hold_the_loop(void **state)
{
    struct bench *b = *state;
    uv_timer_t timer;
    int ticks = 0;
    assert_int_equal(uv_timer_init(&b->loop, &timer), 0);
    timer.data = &ticks;
    assert_int_equal(uv_timer_start(&timer, on_tick, 1, 1), 0);
    assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401); /* takes a hundred of them */
    assert_true(ticks >= 5);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
}

/* ── guessing ── */

static void guesses_are_slowed_down(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401);
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 429);
    assert_true(bench_int(b, "retry_after_seconds") >= 1);
    assert_int_equal(bench_int(b, "limit"), 5);
    bench_pass(b, 1);
    assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401);
    bench_pass(b, 1);
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 429); /* the wait has doubled */
    bench_pass(b, 1);
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 200);
    assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401); /* forgotten */
}

static void an_owner_gets_in_while_others_guess(void **state)
{
    struct bench *b = *state;
    b->address = "198.51.100.7";
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 200);
    for (int i = 0; i < 12; i++) {
        char address[32];
        (void)str_format(address, sizeof address, "203.0.113.%d", i);
        b->address = address;
        (void)login_as(b, BENCH_EMAIL, "wrong");
    }
    b->address = "203.0.113.200";
    assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 429);
    b->address = "198.51.100.7";
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 200);
}

static void invented_names_do_not_keep_a_known_user_of_their_address_out(void **state)
{
    struct bench *b = *state;
    (void)add_user(b, ALICE, "viewer", ALICES);
    assert_int_equal(login_as(b, ALICE, ALICES), 200);
    for (int i = 0; i < 25; i++) {
        char name[40];
        (void)str_format(name, sizeof name, "nobody%d@example.org", i);
        (void)login_as(b, name, "wrong");
    }
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 429); /* never came from here */
    assert_int_equal(login_as(b, ALICE, ALICES), 200);
    for (int i = 0; i < 5; i++) /* and guessing as her is slowed down as ever */
        assert_int_equal(login_as(b, ALICE, "wrong"), 401);
    assert_int_equal(login_as(b, ALICE, "wrong"), 429);
}

static void an_ipv6_network_is_one_address(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 5; i++) {
        char address[64];
        (void)str_format(address, sizeof address, "2001:db8:1:2::%d", i + 1);
        b->address = address;
        assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401);
    }
    b->address = "2001:db8:1:2:ffff::9";
    assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 429);
}

static void a_lockout_is_opt_in_and_spares_the_last_admin(void **state)
{
    struct bench *b = *state;
    (void)add_user(b, ALICE, "viewer", ALICES);
    b->settings.security.lockout_failures = 3;
    b->settings.security.lockout_ms = 900000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(login_as(b, ALICE, "wrong"), 401);
        assert_int_equal(login_as(b, BENCH_EMAIL, "wrong"), 401);
    }
    assert_int_equal(login_as(b, ALICE, ALICES), 401);
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 200);
    bench_pass(b, 901);
    assert_int_equal(login_as(b, ALICE, ALICES), 200);
}

static void refused_logins_do_not_fill_the_audit_log(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 30; i++)
        (void)login_as(b, "nobody@example.org", "wrong");
    assert_int_equal(bench_lines(b, "login", false), 1);
    bench_pass(b, 61);
    accounts_look(b->accounts);
    while (bench_lines(b, "login", false) < 2)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    assert_string_equal(b->lines[b->line_count - 1].reason, "29 more within a minute");
    assert_string_equal(b->lines[b->line_count - 1].source_ip, "192.0.2.1");
}

/* ── passwords ── */

static void a_new_password_ends_the_other_logins(void **state)
{
    struct bench *b = *state;
    char *here = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    char *there = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    bench_be(b, here);
    assert_int_equal(bench_ask(b, OP_PASSWORD, "{s:s, s:s}", "current_password", "wrong",
                               "new_password", ALICES),
                     403);
    assert_int_equal(bench_ask(b, OP_PASSWORD, "{s:s, s:s}", "current_password", BENCH_PASSWORD,
                               "new_password", "short"),
                     400);
    assert_string_equal(bench_text(b, "code"), "weak_password");
    assert_int_equal(bench_ask(b, OP_PASSWORD, "{s:s, s:s}", "current_password", BENCH_PASSWORD,
                               "new_password", ALICES),
                     200);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    bench_be(b, there);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 401);
    assert_int_equal(login_as(b, BENCH_EMAIL, ALICES), 200);
    free(here);
    free(there);
}

/* ── users ── */

static void a_role_and_a_ban_act_at_once(void **state)
{
    struct bench *b = *state;
    int64_t alice = add_user(b, ALICE, "admin", ALICES);
    char *token = bench_login(b, ALICE, ALICES);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:s}", "n", alice, "role", "viewer"), 200);
    JSON_CLEANUP json_t *map = accounts_users_map(b->accounts);
    assert_string_equal(json_text_or(json_object_get(map, "2"), "role", ""), "viewer");
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 403);
    assert_string_equal(bench_text(b, "user_role"), "viewer");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(b->body, "required_roles"), 0)), "admin");
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:b}", "n", alice, "disabled", 1), 200);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    assert_int_equal(login_as(b, ALICE, ALICES), 401);
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:b}", "n", alice, "disabled", 0), 200);
    bench_be(b, token); /* what ended stays ended */
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    free(token);
}

static void the_last_admin_stays(void **state)
{
    struct bench *b = *state;
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:i, s:b}", "n", 1, "disabled", 1), 409);
    assert_string_equal(bench_text(b, "code"), "last_admin");
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:i, s:s}", "n", 1, "role", "operator"), 409);
    int64_t alice = add_user(b, ALICE, "admin", ALICES);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:i, s:s}", "n", 1, "role", "operator"), 200);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:b}", "n", alice, "disabled", 1), 409);
}

static void bad_users_are_not_made(void **state)
{
    struct bench *b = *state;
    static const char *const emails[] = {"alice", "@",     "a@",    "@b",
                                         "a b@c", "a@b@c", "a@b\"", "ä@b"};
    for (size_t i = 0; i < ARRAY_LENGTH(emails); i++)
        assert_int_equal(bench_ask(b, OP_USER_ADD, "{s:s, s:s, s:s}", "email", emails[i], "role",
                                   "viewer", "password", ALICES),
                         400);
    assert_int_equal(bench_ask(b, OP_USER_ADD, "{s:s, s:s, s:s}", "email", "Root@Example.org",
                               "role", "viewer", "password", ALICES),
                     409);
    assert_int_equal(bench_ask(b, OP_USER_ADD, "{s:s, s:s, s:s}", "email", ALICE, "role", "root",
                               "password", ALICES),
                     400);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    assert_int_equal(json_array_size(json_object_get(b->body, "items")), 1);
}

static void users_survive_a_restart(void **state)
{
    struct bench *b = *state;
    (void)add_user(b, ALICE, "operator", ALICES);
    bench_reopen(b);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    const json_t *alice = json_array_get(json_object_get(b->body, "items"), 1);
    assert_string_equal(json_text_or(alice, "email", ""), ALICE);
    assert_string_equal(json_text_or(alice, "role", ""), "operator");
    assert_int_equal(login_as(b, ALICE, ALICES), 200);
}

static bool something_saved(const struct bench *b)
{
    return b->saved > 0;
}

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static bool tried(const struct bench *b)
{
    return b->saved > 0;
}

static void nobody_is_lost_for_lack_of_memory(void **state)
{
    struct bench *b = *state;
    struct user *u = user_by_email(b->accounts, BENCH_EMAIL);
    json_set_alloc_funcs(no_memory, free);
    (void)account_save(b->accounts, STORE_USER, u);
    json_set_alloc_funcs(malloc, free);
    for (b->saved = 0; b->saved + b->failed == 0;)
        (void)uv_run(&b->loop, UV_RUN_ONCE);
    bench_run_timer(b, tried); /* once more, and now it is stored */
    bench_reopen(b);
    assert_non_null(user_by_email(b->accounts, BENCH_EMAIL));
}

static void what_a_full_disk_does_not_take_holds_and_is_tried_again(void **state)
{
    struct bench *b = *state;
    int64_t alice = add_user(b, ALICE, "viewer", ALICES);
    b->disk_full = true;
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:b}", "n", alice, "disabled", 1), 503);
    assert_string_equal(bench_text(b, "code"), "not_stored");
    assert_int_equal(login_as(b, ALICE, ALICES), 401); /* it holds */
    b->disk_full = false;
    b->saved = 0;
    bench_run_timer(b, something_saved); /* nobody asked for anything */
}

/* ── sessions ── */

static void one_sees_and_ends_the_own_sessions_only(void **state)
{
    struct bench *b = *state;
    (void)add_user(b, ALICE, "viewer", ALICES);
    char *admin = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    char *alice = bench_login(b, ALICE, ALICES);
    char *phone = bench_login(b, ALICE, ALICES);
    bench_be(b, alice);
    assert_int_equal(bench_ask(b, OP_SESSIONS, "{}"), 200);
    const json_t *items = json_object_get(b->body, "items");
    assert_int_equal(json_array_size(items), 2);
    assert_true(json_bool_or(json_array_get(items, 0), "current", false));
    int64_t other = json_int_or(json_array_get(items, 1), "id", 0);
    assert_int_equal(bench_ask(b, OP_SESSION_REVOKE, "{s:i}", "n", 1), 404); /* the admin's */
    assert_int_equal(bench_ask(b, OP_SESSION_REVOKE, "{s:I}", "n", other), 200);
    bench_be(b, phone);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    bench_be(b, admin);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    free(admin);
    free(alice);
    free(phone);
}

static void sessions_of_one_user_are_bounded(void **state)
{
    struct bench *b = *state;
    char *first = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    for (int i = 0; i < 32; i++)
        assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 200);
    bench_be(b, first);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    free(first);
}

/* ── second factor ── */

static void code_at(struct bench *b, const char *secret, int64_t shift_s, char code[7])
{
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(oath_base32_decode(secret, strlen(secret), &bytes, &length), OATH_OK);
    assert_int_equal(
        oath_totp_generate(bytes, length, b->now.wall.ms / 1000 + shift_s, 30, 0, 6, code),
        OATH_OK);
    free(bytes);
}

static int login_with_code(struct bench *b, const char *code)
{
    b->unix_access = ACCESS_ANONYMOUS;
    bench_be(b, NULL);
    int status = bench_ask(b, OP_LOGIN, "{s:s, s:s, s:s}", "email", BENCH_EMAIL, "password",
                           BENCH_PASSWORD, "totp", code);
    b->unix_access = ACCESS_ADMIN;
    return status;
}

static void a_second_factor_is_asked_for_and_used_once(void **state)
{
    struct bench *b = *state;
    char code[7], *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_TOTP_BEGIN, "{s:s}", "current_password", "wrong"), 403);
    assert_int_equal(bench_ask(b, OP_TOTP_BEGIN, "{s:s}", "current_password", BENCH_PASSWORD), 200);
    char *secret = strdup(bench_text(b, "secret"));
    assert_true(str_starts(bench_text(b, "uri"), "otpauth://totp/Resus:"));
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 200); /* not on yet */
    assert_int_equal(bench_ask(b, OP_TOTP_CONFIRM, "{s:s}", "totp", "abcdef"), 400);
    code_at(b, secret, 0, code);
    assert_int_equal(bench_ask(b, OP_TOTP_CONFIRM, "{s:s}", "totp", code), 200);
    JSON_CLEANUP json_t *codes = json_incref(json_object_get(b->body, "recovery_codes"));
    assert_int_equal(json_array_size(codes), 10);

    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 401);
    assert_string_equal(bench_text(b, "code"), "totp_required");
    assert_int_equal(login_with_code(b, code), 401); /* used up by confirming */
    bench_pass(b, 60);
    code_at(b, secret, 0, code);
    assert_int_equal(login_with_code(b, code), 200);
    assert_int_equal(login_with_code(b, code), 401);
    code_at(b, secret, -30, code);
    assert_int_equal(login_with_code(b, code), 401); /* older than the last one */

    const char *recovery = json_string_value(json_array_get(codes, 3));
    assert_int_equal(login_with_code(b, recovery), 200);
    assert_int_equal(login_with_code(b, recovery), 401);
    bench_reopen(b); /* neither comes back */
    assert_int_equal(login_with_code(b, recovery), 401);
    bench_pass(b, 3000);
    code_at(b, secret, 0, code);
    assert_int_equal(login_with_code(b, code), 200);

    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:i, s:b}", "n", 1, "reset_totp", 1), 200);
    assert_int_equal(login_as(b, BENCH_EMAIL, BENCH_PASSWORD), 200);
    free(secret);
    free(token);
}

/* The sealed secret is opened with login-keys.json. Whoever takes a new one loses it, and the zeros
 * in its place must never become a secret. */
static void a_second_factor_that_cannot_be_opened_stays_lost(void **state)
{
    struct bench *b = *state;
    char code[7], path[200], *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_TOTP_BEGIN, "{s:s}", "current_password", BENCH_PASSWORD), 200);
    code_at(b, bench_text(b, "secret"), 0, code);
    assert_int_equal(bench_ask(b, OP_TOTP_CONFIRM, "{s:s}", "totp", code), 200);
    JSON_CLEANUP json_t *codes = json_incref(json_object_get(b->body, "recovery_codes"));
    assert_true(str_format(path, sizeof path, "%s/" KEYRING_FILE, b->folder.path));
    assert_int_equal(unlink(path), 0);
    bench_reopen(b);
    /* Writes the user. */
    assert_int_equal(login_with_code(b, json_string_value(json_array_get(codes, 0))), 200);
    bench_reopen(b);
    bench_pass(b, 60); /* a code of another time than the last */
    code_at(b, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0, code);
    assert_int_equal(login_with_code(b, code), 401);
    assert_int_equal(login_with_code(b, json_string_value(json_array_get(codes, 1))), 200);
    free(token);
}

/* ── API tokens ── */

static void an_api_token_has_its_role_and_end(void **state)
{
    struct bench *b = *state;
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s, s:i}", "name", "ci", "role", "viewer",
                               "expires_in_seconds", 3600),
                     200);
    char *token = strdup(bench_text(b, "token"));
    int64_t number = bench_int(b, "id");
    assert_true(str_starts(token, API_TOKEN_PREFIX));
    assert_int_equal(bench_ask(b, OP_TOKENS, "{}"), 200);
    char *list = json_dumps(b->body, 0);
    assert_null(strstr(list, token)); /* shown once */
    free(list);
    bench_reopen(b);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    assert_string_equal(bench_text(b, "role"), "viewer");
    assert_int_equal(bench_ask(b, OP_TOKENS, "{}"), 403);
    assert_int_equal(bench_ask(b, OP_SESSIONS, "{}"), 409); /* it has none */
    b->credential.cookie = true;
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_TOKENS, "{}"), 200);
    assert_string_equal(
        json_text_or(json_array_get(json_object_get(b->body, "items"), 0), "last_used", ""),
        "2027-01-15T08:00:00Z");
    assert_int_equal(bench_ask(b, OP_TOKEN_SET, "{s:I, s:b}", "n", number, "disabled", 1), 200);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_TOKEN_SET, "{s:I, s:b}", "n", number, "disabled", 0), 200);
    bench_be(b, token);
    bench_pass(b, 3600);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
    assert_string_equal(bench_text(b, "code"), "token_expired");
    free(token);
}

static void a_revoked_api_token_is_gone(void **state)
{
    struct bench *b = *state;
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s}", "name", "ci", "role", "admin"), 200);
    char *token = strdup(bench_text(b, "token"));
    assert_int_equal(bench_ask(b, OP_TOKEN_REVOKE, "{s:I}", "n", bench_int(b, "id")), 200);
    for (int i = 0; i < 2; i++) {
        bench_be(b, token);
        assert_int_equal(bench_ask(b, OP_ME, "{}"), 401);
        bench_be(b, NULL);
        assert_int_equal(bench_ask(b, OP_TOKENS, "{}"), 200);
        assert_int_equal(json_array_size(json_object_get(b->body, "items")), 0);
        bench_reopen(b);
    }
    free(token);
}

static void an_api_token_without_services_is_for_all_of_them(void **state)
{
    struct bench *b = *state;
    assert_int_equal(
        bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s, s:n}", "name", "ci", "role", "admin", "services"),
        200);
    assert_true(json_is_null(json_object_get(b->body, "services")));
    char *token = strdup(bench_text(b, "token"));
    for (int i = 0; i < 2; i++) {
        bench_be(b, token);
        assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
        bench_reopen(b);
    }
    free(token);
}

/* ── requests for access ── */

static bool grant_ended(const struct bench *b)
{
    return bench_lines(b, "access-grant-ended", true) == 1;
}

static void a_grant_raises_the_role_and_ends_by_itself(void **state)
{
    struct bench *b = *state;
    (void)add_user(b, ALICE, "viewer", ALICES);
    char *token = bench_login(b, ALICE, ALICES);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUEST, "{s:s, s:s, s:i}", "requested_role", "admin",
                               "justification", "on call", "duration_seconds", 600),
                     200);
    int64_t number = bench_int(b, "id");
    assert_string_equal(bench_text(b, "current_role"), "viewer");
    assert_string_equal(b->notice_kind, "access");
    assert_int_equal(bench_ask(b, OP_ACCESS_APPROVE, "{s:I}", "n", number), 403);
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_ACCESS_APPROVE, "{s:I, s:s}", "n", number, "reason", "agreed"),
                     200);
    assert_string_equal(bench_text(b, "state"), "approved");
    assert_int_equal(bench_ask(b, OP_ACCESS_REJECT, "{s:I}", "n", number), 409);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    assert_string_equal(bench_text(b, "role"), "admin");
    assert_string_equal(bench_text(b, "own_role"), "viewer");
    bench_reopen(b);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    bench_pass(b, 600);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 403); /* at once, whatever the timer does */
    size_t before = b->changes;
    bench_run_timer(b, grant_ended);
    assert_true(b->changes > before);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUESTS, "{s:s}", "state", "ended"), 200);
    assert_int_equal(json_array_size(json_object_get(b->body, "items")), 1);
    free(token);
}

/* Whatever a temporary administrator makes would outlive the grant. */
static void a_granted_role_makes_nothing_that_lasts(void **state)
{
    struct bench *b = *state;
    int64_t alice = add_user(b, ALICE, "viewer", ALICES);
    int64_t bob = add_user(b, BOB, "viewer", ALICES);
    char *token = bench_login(b, ALICE, ALICES);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUEST, "{s:s, s:s, s:i}", "requested_role", "admin",
                               "justification", "on call", "duration_seconds", 600),
                     200);
    int64_t request = bench_int(b, "id");
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_ACCESS_APPROVE, "{s:I}", "n", request), 200);
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s}", "name", "t", "role", "viewer"), 200);
    int64_t other = bench_int(b, "id");
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_USERS, "{}"), 200);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:s}", "n", alice, "role", "admin"), 403);
    assert_string_equal(bench_text(b, "code"), "temporary_role");
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:b}", "n", bob, "disabled", true), 403);
    assert_int_equal(bench_ask(b, OP_USER_ADD, "{s:s, s:s, s:s}", "email", "eve@example.org",
                               "role", "admin", "password", BOBS),
                     403);
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s}", "name", "t2", "role", "admin"), 403);
    assert_int_equal(bench_ask(b, OP_TOKEN_SET, "{s:I, s:s}", "n", other, "role", "admin"), 403);
    assert_int_equal(bench_ask(b, OP_TOKEN_REVOKE, "{s:I}", "n", other), 403);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUEST, "{s:s, s:s, s:i}", "requested_role", "admin",
                               "justification", "longer", "duration_seconds", 600),
                     200);
    request = bench_int(b, "id");
    assert_int_equal(bench_ask(b, OP_ACCESS_APPROVE, "{s:I}", "n", request), 403);
    assert_string_equal(bench_text(b, "code"), "temporary_role");
    bench_be(b, NULL);
    free(token);
}

static void an_api_token_decides_nothing_for_its_maker(void **state)
{
    struct bench *b = *state;
    int64_t alice = add_user(b, ALICE, "admin", ALICES);
    char *token = bench_login(b, ALICE, ALICES);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s}", "name", "t", "role", "admin"), 200);
    char *api_token = strdup(bench_text(b, "token"));
    bench_be(b, api_token);
    assert_int_equal(bench_ask(b, OP_TOKEN_ADD, "{s:s, s:s}", "name", "t2", "role", "admin"), 200);
    assert_string_equal(bench_text(b, "created_by"), ALICE);
    char *second = strdup(bench_text(b, "token"));
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:s}", "n", alice, "role", "viewer"), 200);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUEST, "{s:s, s:s, s:i}", "requested_role", "admin",
                               "justification", "please", "duration_seconds", 600),
                     200);
    int64_t request = bench_int(b, "id");
    const char *const own[] = {api_token, second};
    for (size_t i = 0; i < ARRAY_LENGTH(own); i++) {
        bench_be(b, own[i]);
        assert_int_equal(bench_ask(b, OP_ACCESS_APPROVE, "{s:I}", "n", request), 403);
        assert_string_equal(bench_text(b, "code"), "own_request");
    }
    bench_be(b, NULL);
    free(token);
    free(api_token);
    free(second);
}

static void nobody_approves_the_own_request(void **state)
{
    struct bench *b = *state;
    int64_t alice = add_user(b, ALICE, "operator", ALICES);
    char *token = bench_login(b, ALICE, ALICES);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUEST, "{s:s, s:s, s:i}", "requested_role", "admin",
                               "justification", "why not", "duration_seconds", 600),
                     200);
    int64_t number = bench_int(b, "id");
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_USER_SET, "{s:I, s:s}", "n", alice, "role", "admin"), 200);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ACCESS_APPROVE, "{s:I}", "n", number), 403);
    assert_string_equal(bench_text(b, "code"), "own_request");
    free(token);
}

static void requests_are_seen_by_their_owner_and_admins(void **state)
{
    struct bench *b = *state;
    (void)add_user(b, ALICE, "viewer", ALICES);
    (void)add_user(b, BOB, "viewer", BOBS);
    char *alice = bench_login(b, ALICE, ALICES), *bob = bench_login(b, BOB, BOBS);
    bench_be(b, alice);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUEST, "{s:s, s:s, s:i}", "requested_role",
                               "operator", "justification", "x", "duration_seconds", 600),
                     200);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUESTS, "{}"), 200);
    assert_int_equal(json_array_size(json_object_get(b->body, "items")), 1);
    bench_be(b, bob);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUESTS, "{}"), 200);
    assert_int_equal(json_array_size(json_object_get(b->body, "items")), 0);
    bench_be(b, NULL);
    assert_int_equal(bench_ask(b, OP_ACCESS_REQUESTS, "{}"), 200);
    assert_int_equal(json_array_size(json_object_get(b->body, "items")), 1);
    free(alice);
    free(bob);
}

/* ── keys and alerts ── */

static bool rotated(const struct bench *b)
{
    return bench_lines(b, "login-key-rotated", true) == 1;
}

static void the_signing_key_changes_without_ending_logins(void **state)
{
    struct bench *b = *state;
    bench_pass(b, INT64_C(30) * 86400 - 60);
    char *token = bench_login(b, BENCH_EMAIL, BENCH_PASSWORD);
    bench_pass(b, 60);
    bench_run_timer(b, rotated);
    JSON_CLEANUP json_t *keys = accounts_token_keys(b->accounts);
    assert_int_equal(json_array_size(keys), 2);
    bench_be(b, token);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    bench_reopen(b);
    assert_int_equal(bench_ask(b, OP_ME, "{}"), 200);
    free(token);
}

static bool told(const struct bench *b)
{
    return str_equal(b->notice_kind, "security");
}

static void guessing_raises_an_alert(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 5; i++)
        (void)login_as(b, BENCH_EMAIL, "wrong");
    assert_int_equal(bench_lines(b, "security-alert", true), 1);
    bench_run_timer(b, told);
    assert_non_null(strstr(b->notice, BENCH_EMAIL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_login_gives_what_the_contract_says),
        TEST(a_wrong_password_and_an_unknown_user_look_the_same),
        TEST(an_unknown_user_costs_as_much_time_as_a_wrong_password),
        TEST(a_logout_ends_the_login_everywhere),
        TEST(a_login_survives_a_restart_and_expires),
        TEST(a_token_of_another_installation_is_nobodys),
        TEST(a_cookie_needs_the_csrf_token_for_what_is_unsafe),
        TEST(guesses_are_slowed_down),
        TEST(an_owner_gets_in_while_others_guess),
        TEST(invented_names_do_not_keep_a_known_user_of_their_address_out),
        TEST(an_ipv6_network_is_one_address),
        TEST(a_lockout_is_opt_in_and_spares_the_last_admin),
        TEST(refused_logins_do_not_fill_the_audit_log),
        TEST(a_new_password_ends_the_other_logins),
        TEST(a_role_and_a_ban_act_at_once),
        TEST(the_last_admin_stays),
        TEST(bad_users_are_not_made),
        TEST(users_survive_a_restart),
        TEST(what_a_full_disk_does_not_take_holds_and_is_tried_again),
        TEST(nobody_is_lost_for_lack_of_memory),
        TEST(one_sees_and_ends_the_own_sessions_only),
        TEST(sessions_of_one_user_are_bounded),
        TEST(a_second_factor_is_asked_for_and_used_once),
        TEST(a_second_factor_that_cannot_be_opened_stays_lost),
        TEST(an_api_token_has_its_role_and_end),
        TEST(a_revoked_api_token_is_gone),
        TEST(an_api_token_without_services_is_for_all_of_them),
        TEST(a_grant_raises_the_role_and_ends_by_itself),
        TEST(a_granted_role_makes_nothing_that_lasts),
        TEST(an_api_token_decides_nothing_for_its_maker),
        TEST(nobody_approves_the_own_request),
        TEST(requests_are_seen_by_their_owner_and_admins),
        TEST(the_signing_key_changes_without_ending_logins),
        TEST(guessing_raises_an_alert),
        TEST(hashing_does_not_hold_the_loop),
    };
    return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
