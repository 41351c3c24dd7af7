/* Password rules, throttle, bounded refusals, TOTP, the keyring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts/keyring.h"
#include "accounts/password.h"
#include "accounts/refusals.h"
#include "accounts/second_factor.h"
#include "accounts/throttle.h"
#include "base/str.h"
#include "support/test_folder.h"

/* ── passwords ── */

static void weak_passwords_are_refused_with_the_rule(void **state)
{
    (void)state;
    static const struct {
        const char *password, *rule;
    } rows[] = {
        {"", "12 characters"},
        {"elevenchars", "12 characters"},
        {"äöüäöüäöüäö", "12 characters"}, /* eleven, though 22 bytes */
        {"aaaaaaaaaaaaaaaa", "different characters"},
        {"abababababababab", "different characters"},
        {"abcdefabcdefabcdef", "repetition"},
        {"1234567890123", "sequence"},
        {"abcdefghijklmnop", "sequence"},
        {"alice@example.org", "e-mail"},
        {"ALICE@EXAMPLE.ORG", "e-mail"},
        {"alice-12345678", "e-mail"},
        {"Password123!!", "well-known"},
        {"password4711password", "well-known"},
        {"resus-2026-Resus!", "well-known"},
        {"CorrectHorseBatteryStaple", "well-known"},
        {"P@ssw0rd12345", "well-known"},
        {"p455w0rd-2026", "well-known"},
        {"4dm1n1str4t0r", "well-known"},
        {"Summer2025!!!", "well-known"},
        {"November-2026", "well-known"},
        {"2026#Herbst#2026", "well-known"},
        {"resus-admin-1", "well-known"},
        {"Company12345!", "well-known"},
        {"trustno1trust", "well-known"},
        {"Welc0me_Alice!", "well-known"},
        {"example.alice.99", "well-known"},
        {"xPassword99!!", "well-known"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error err = {0};
        assert_int_equal(password_check(rows[i].password, "alice@example.org", &err), -EINVAL);
        if (strstr(err.text, rows[i].rule) == NULL)
            fail_msg("%s: %s", rows[i].password, err.text);
    }
}

static void good_passwords_are_taken(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "seven quiet herons", "kX9#mQ2$vL5p", "ehv4tx48hmechqiw",    "Großvaters alte Uhr",
        "пароль-не-очень",    "twelve chars", "Winter is coming 26", "8271-9046-3358-admin?no",
        "passports of herons"};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error err = {0};
        if (password_check(rows[i], "alice@example.org", &err) < 0)
            fail_msg("%s: %s", rows[i], err.text);
    }
}

static void a_hash_fits_its_password_only(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_SIZE];
    struct error err = {0};
    assert_int_equal(password_hash("seven quiet herons", hash, &err), 0);
    assert_true(str_starts(hash, "$argon2id$v=19$m=65536,t=3,p=1$"));
    assert_true(password_verify(hash, "seven quiet herons"));
    assert_false(password_verify(hash, "seven quiet heron"));
    assert_false(password_verify("damaged", "seven quiet herons"));
    assert_false(password_verify(password_nobody, "seven quiet herons"));
    /* It must cost what the others cost, or it would reveal who is there. */
    assert_int_equal(strncmp(hash, password_nobody, strlen("$argon2id$v=19$m=65536,t=3,p=1$")), 0);
    assert_int_equal(
        crypto_pwhash_str_needs_rehash(password_nobody, PASSWORD_PASSES, PASSWORD_MEMORY), 0);
}

/* ── throttle ── */

static const struct throttle_rule rule = {.free = 3, .longest_ms = 8000};

static void the_wait_doubles_up_to_its_limit_and_is_forgotten(void **state)
{
    (void)state;
    static const int64_t waits[] = {0, 0, 1000, 2000, 4000, 8000, 8000, 8000};
    struct throttle *t = NULL;
    struct error err = {0};
    mono_ms now = {5000};
    assert_int_equal(throttle_new(&t, &err), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(waits); i++) {
        assert_int_equal(throttle_failed(t, "a", now), (int)i + 1);
        assert_int_equal(throttle_wait_ms(t, "a", &rule, now), waits[i]);
    }
    assert_int_equal(throttle_wait_ms(t, "b", &rule, now), 0);
    assert_int_equal(throttle_wait_ms(t, "a", &rule, mono_add(now, 7999)), 1);
    assert_int_equal(throttle_wait_ms(t, "a", &rule, mono_add(now, 8000)), 0);
    throttle_forget(t, "a");
    assert_int_equal(throttle_wait_ms(t, "a", &rule, now), 0);
    for (int i = 0; i < 100; i++)
        (void)throttle_failed(t, "c", now);
    assert_int_equal(throttle_wait_ms(t, "c", &rule, now), 8000);
    now = mono_add(now, THROTTLE_FORGET_SECONDS * INT64_C(1000));
    assert_int_equal(throttle_failed(t, "c", now), 1);
    throttle_free(t);
}

static void a_flood_of_keys_makes_room_from_the_oldest(void **state)
{
    (void)state;
    struct throttle *t = NULL;
    struct error err = {0};
    char key[32];
    assert_int_equal(throttle_new(&t, &err), 0);
    for (int i = 0; i < THROTTLE_KEYS_MAX + 10; i++) {
        (void)str_format(key, sizeof key, "key %d", i);
        (void)throttle_failed(t, key, (mono_ms){1000 + i});
    }
    assert_int_equal(throttle_failed(t, "key 0", (mono_ms){9000}), 1); /* gave way */
    (void)str_format(key, sizeof key, "key %d", THROTTLE_KEYS_MAX);
    assert_int_equal(throttle_failed(t, key, (mono_ms){9000}), 2); /* is there */
    throttle_free(t);
}

/* ── refusals ── */

static void a_minute_of_refusals_is_two_lines(void **state)
{
    (void)state;
    struct refusals *t = calloc(1, sizeof *t);
    struct refusal_row seen = {.address = "10.0.0.1", .operation = "login"}, got;
    mono_ms now = {1000};
    assert_int_equal(refusals_next(t).ms, MONO_NEVER.ms);
    assert_true(refusals_note(t, &seen, now));
    for (int i = 0; i < 1000; i++)
        assert_false(refusals_note(t, &seen, now));
    assert_int_equal(refusals_next(t).ms, 61000);
    assert_false(refusals_take(t, mono_add(now, 59999), &got));
    assert_true(refusals_take(t, mono_add(now, 60000), &got));
    assert_int_equal(got.more, 1000);
    assert_false(refusals_take(t, mono_add(now, 60000), &got));
    assert_true(refusals_note(t, &seen, mono_add(now, 60001)));
    assert_false(refusals_take(t, mono_add(now, 200000), &got)); /* the line is there already */
    free(t);
}

static void a_flood_of_addresses_shares_a_line(void **state)
{
    (void)state;
    struct refusals *t = calloc(1, sizeof *t);
    struct refusal_row seen = {.operation = "login"}, got;
    int lines = 0;
    size_t counted = 0;
    for (int i = 0; i < 10000; i++) {
        (void)str_format(seen.address, sizeof seen.address, "10.0.%d.%d", i / 256, i % 256);
        lines += refusals_note(t, &seen, (mono_ms){1000});
    }
    assert_true(lines <= REFUSALS_MAX + 1);
    while (refusals_take(t, (mono_ms){100000}, &got)) {
        counted += got.more;
        assert_string_equal(got.address, "various");
    }
    assert_int_equal(counted + (size_t)lines, 10000);
    free(t);
}

static void refusals_without_a_known_address_are_counted_and_told_as_well(void **state)
{
    (void)state;
    struct refusals *t = calloc(1, sizeof *t);
    struct refusal_row seen = {.operation = "login"}, got;
    assert_true(refusals_note(t, &seen, (mono_ms){1000}));
    assert_false(refusals_note(t, &seen, (mono_ms){1000}));
    assert_int_equal(refusals_next(t).ms, 61000);
    assert_true(refusals_take(t, (mono_ms){61000}, &got));
    assert_int_equal(got.more, 1);
    assert_int_equal(refusals_next(t).ms, MONO_NEVER.ms); /* the row is free again */
    free(t);
}

/* ── TOTP ── */

static void codes_are_those_of_the_standard(void **state)
{
    (void)state;
    /* RFC 6238, appendix B, the last six of eight digits */
    static const struct {
        int64_t at;
        const char *code;
    } rows[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    const uint8_t *secret = (const uint8_t *)"12345678901234567890";
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        wall_ms now = {rows[i].at * 1000};
        int64_t step = rows[i].at / 30;
        assert_int_equal(totp_step(secret, rows[i].code, now, 0), step);
        assert_int_equal(totp_step(secret, rows[i].code, now, step - 1), step);
        assert_int_equal(totp_step(secret, rows[i].code, now, step), 0); /* used */
        assert_int_equal(totp_step(secret, rows[i].code, wall_add(now, 30000), 0), step);
        assert_int_equal(totp_step(secret, rows[i].code, wall_add(now, 90000), 0), 0);
    }
    static const char *const bad[] = {"", "28708", "2870822", "28708x", "287083", "      "};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(totp_step(secret, bad[i], (wall_ms){59000}, 0), 0);
}

/* ── keyring ── */

static const wall_ms noon = {1800000000000};

static int check(const struct keyring *k, const char *token, wall_ms now)
{
    struct token_claims claims;
    struct error err;
    return token_check(keyring_public(k), token, strlen(token), now, &claims, &err);
}

static struct token_claims claims_at(wall_ms now)
{
    struct token_claims c = {.sub = "1",
                             .email = "a@b",
                             .role = ACCESS_VIEWER,
                             .jti = "1-x",
                             .issued_at = now.ms / 1000,
                             .expires_at = now.ms / 1000 + TOKEN_SECONDS};
    return c;
}

static void keys_are_made_once_for_the_owner_alone(void **state)
{
    (void)state;
    struct test_folder folder;
    struct keyring *k = NULL, *again = NULL;
    struct error err = {0};
    struct stat st;
    char token[TOKEN_MAX + 1], one[KEYRING_CSRF_SIZE], two[KEYRING_CSRF_SIZE];
    test_folder_make(&folder);
    assert_int_equal(keyring_open(folder.path, noon, &k, &err), 0);
    assert_int_equal(stat(test_folder_path(&folder, KEYRING_FILE), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct token_claims c = claims_at(noon);
    assert_int_equal(keyring_sign(k, &c, token, &err), 0);
    assert_int_equal(keyring_open(folder.path, noon, &again, &err), 0);
    assert_int_equal(check(again, token, noon), 0);
    keyring_csrf(k, "1-x", one);
    keyring_csrf(again, "1-x", two);
    assert_string_equal(one, two);
    keyring_csrf(again, "1-y", two);
    assert_string_not_equal(one, two);
    keyring_free(k);
    keyring_free(again);
    test_folder_remove(&folder);
}

static void a_damaged_or_open_key_file_is_refused_and_kept(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "{}", "nonsense", "{\"secret\": \"00\", \"keys\": []}",
        "{\"secret\": \"0000000000000000000000000000000000000000000000000000000000000000\", "
        "\"keys\": [{\"kid\": \"a\", \"created\": \"2026-01-01T00:00:00Z\", \"private\": \"x\"}]}"};
    struct test_folder folder;
    struct keyring *k = NULL;
    struct error err = {0};
    struct stat before, after;
    test_folder_make(&folder);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        test_folder_write(&folder, KEYRING_FILE, texts[i], 0600);
        assert_int_equal(stat(test_folder_path(&folder, KEYRING_FILE), &before), 0);
        assert_true(keyring_open(folder.path, noon, &k, &err) < 0);
        assert_int_equal(stat(test_folder_path(&folder, KEYRING_FILE), &after), 0);
        assert_int_equal(before.st_size, after.st_size);
    }
    assert_int_equal(unlink(test_folder_path(&folder, KEYRING_FILE)), 0);
    assert_int_equal(keyring_open(folder.path, noon, &k, &err), 0);
    keyring_free(k);
    assert_int_equal(chmod(test_folder_path(&folder, KEYRING_FILE), 0644), 0);
    assert_true(keyring_open(folder.path, noon, &k, &err) < 0);
    test_folder_remove(&folder);
}

static void old_keys_verify_until_their_last_token_has_expired(void **state)
{
    (void)state;
    struct test_folder folder;
    struct keyring *k = NULL, *fresh = NULL;
    struct error err = {0};
    char token[TOKEN_MAX + 1];
    wall_ms now = noon;
    test_folder_make(&folder);
    assert_int_equal(keyring_open(folder.path, now, &k, &err), 0);
    assert_false(keyring_rotation_due(k, wall_add(now, KEYRING_ROTATE_SECONDS * 1000 - 1)));
    now = wall_add(now, KEYRING_ROTATE_SECONDS * 1000);
    assert_true(keyring_rotation_due(k, now));
    struct token_claims c = claims_at(now);
    assert_int_equal(keyring_sign(k, &c, token, &err), 0);
    assert_int_equal(keyring_rotate(k, now, &fresh, &err), 0);
    keyring_free(k);
    assert_false(keyring_rotation_due(fresh, now));
    assert_int_equal(check(fresh, token, now), 0);
    for (int i = 0; i < 10; i++) { /* the next ones throw the old one out, whose tokens are over */
        now = wall_add(now, KEYRING_ROTATE_SECONDS * 1000);
        k = fresh;
        assert_int_equal(keyring_rotate(k, now, &fresh, &err), 0);
        keyring_free(k);
        assert_int_equal(keyring_public(fresh)->count, 2);
    }
    assert_int_equal(keyring_open(folder.path, now, &k, &err), 0);
    assert_string_equal(keyring_public(k)->keys[0].kid, keyring_public(fresh)->keys[0].kid);
    keyring_free(k);
    keyring_free(fresh);
    test_folder_remove(&folder);
}

static void a_seal_holds_for_its_user_and_ring_only(void **state)
{
    (void)state;
    struct test_folder folder, other_folder;
    struct keyring *k = NULL, *other = NULL;
    struct error err = {0};
    uint8_t plain[20] = "secret", sealed[20 + KEYRING_SEAL_ROOM], back[20] = "";
    test_folder_make(&folder);
    test_folder_make(&other_folder);
    assert_int_equal(keyring_open(folder.path, noon, &k, &err), 0);
    assert_int_equal(keyring_open(other_folder.path, noon, &other, &err), 0);
    keyring_seal(k, 7, plain, sizeof plain, sealed);
    assert_int_equal(keyring_unseal(k, 7, sealed, sizeof sealed, back), 0);
    assert_memory_equal(plain, back, sizeof plain);
    assert_int_equal(keyring_unseal(k, 8, sealed, sizeof sealed, back), -EACCES);
    assert_int_equal(keyring_unseal(other, 7, sealed, sizeof sealed, back), -EACCES);
    sealed[30] ^= 1;
    assert_int_equal(keyring_unseal(k, 7, sealed, sizeof sealed, back), -EACCES);
    assert_int_equal(keyring_unseal(k, 7, sealed, 10, back), -EACCES);
    keyring_free(k);
    keyring_free(other);
    test_folder_remove(&folder);
    test_folder_remove(&other_folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weak_passwords_are_refused_with_the_rule),
        cmocka_unit_test(good_passwords_are_taken),
        cmocka_unit_test(a_hash_fits_its_password_only),
        cmocka_unit_test(the_wait_doubles_up_to_its_limit_and_is_forgotten),
        cmocka_unit_test(a_flood_of_keys_makes_room_from_the_oldest),
        cmocka_unit_test(a_minute_of_refusals_is_two_lines),
        cmocka_unit_test(a_flood_of_addresses_shares_a_line),
        cmocka_unit_test(refusals_without_a_known_address_are_counted_and_told_as_well),
        cmocka_unit_test(codes_are_those_of_the_standard),
        cmocka_unit_test(keys_are_made_once_for_the_owner_alone),
        cmocka_unit_test(a_damaged_or_open_key_file_is_refused_and_kept),
        cmocka_unit_test(old_keys_verify_until_their_last_token_has_expired),
        cmocka_unit_test(a_seal_holds_for_its_user_and_ring_only),
    };
    assert_true(sodium_init() >= 0);
    return cmocka_run_group_tests_name("login_guard", tests, NULL, NULL);
}
