#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "api/token.h"
#include "base/str.h"

#define NOW_S INT64_C(1800000000)
static const wall_ms now = {NOW_S * 1000};

static struct {
    char private[512], other[512];
    struct token_keys keys;
} bench;

static void make_key(char *private, size_t private_size, char *public, size_t public_size)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    const char *data;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    long length = BIO_get_mem_data(bio, &data);
    assert_true(str_copy_n(private, private_size, data, (size_t)length));
    assert_int_equal(BIO_reset(bio), 1);
    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    length = BIO_get_mem_data(bio, &data);
    assert_true(str_copy_n(public, public_size, data, (size_t)length));
    BIO_free(bio);
    EVP_PKEY_free(key);
}

static int set_up(void **state)
{
    char unused[512];
    (void)state;
    (void)str_copy(bench.keys.keys[0].kid, sizeof bench.keys.keys[0].kid, "one");
    bench.keys.count = 1;
    make_key(bench.private, sizeof bench.private, bench.keys.keys[0].pem,
             sizeof bench.keys.keys[0].pem);
    make_key(bench.other, sizeof bench.other, unused, sizeof unused);
    return 0;
}

/* What a good token says; tests change one thing. */
struct claims {
    const char *issuer, *sub, *email, *role, *jti, *kid;
    long issued, not_before, expires; /* 0 = left out */
    jwt_alg_t alg;
    const char *key;
};

static struct claims good(void)
{
    return (struct claims){.issuer = TOKEN_ISSUER,
                           .sub = "7",
                           .email = "alice@example.org",
                           .role = "operator",
                           .jti = "12-abcDEF_-",
                           .kid = "one",
                           .issued = NOW_S - 10,
                           .not_before = NOW_S - 10,
                           .expires = NOW_S + 3000,
                           .alg = JWT_ALG_ES256,
                           .key = bench.private};
}

static void grant(jwt_t *jwt, const char *name, const char *text)
{
    if (text != NULL)
        assert_int_equal(jwt_add_grant(jwt, name, text), 0);
}

static void grant_time(jwt_t *jwt, const char *name, long value)
{
    if (value != 0)
        assert_int_equal(jwt_add_grant_int(jwt, name, value), 0);
}

static char *make(const struct claims *c)
{
    jwt_t *jwt = NULL;
    assert_int_equal(jwt_new(&jwt), 0);
    if (c->kid != NULL)
        assert_int_equal(jwt_add_header(jwt, "kid", c->kid), 0);
    grant(jwt, "iss", c->issuer);
    grant(jwt, "sub", c->sub);
    grant(jwt, "email", c->email);
    grant(jwt, "role", c->role);
    grant(jwt, "jti", c->jti);
    grant_time(jwt, "iat", c->issued);
    grant_time(jwt, "nbf", c->not_before);
    grant_time(jwt, "exp", c->expires);
    if (c->alg != JWT_ALG_NONE)
        assert_int_equal(
            jwt_set_alg(jwt, c->alg, (const unsigned char *)c->key, (int)strlen(c->key)), 0);
    char *text = jwt_encode_str(jwt);
    assert_non_null(text);
    jwt_free(jwt);
    return text;
}

static int check_text(const char *text, struct token_claims *ret)
{
    struct token_claims ignored;
    struct error err = {0};
    int r = token_check(&bench.keys, text, strlen(text), now, ret == NULL ? &ignored : ret, &err);
    assert_int_equal(r, err.code);
    return r;
}

static int check(const struct claims *c)
{
    char *text = make(c);
    int r = check_text(text, NULL);
    free(text);
    return r;
}

static void a_good_token_says_who_it_is(void **state)
{
    (void)state;
    struct claims c = good();
    struct token_claims got = {0};
    char *text = make(&c);
    assert_int_equal(check_text(text, &got), 0);
    assert_string_equal(got.sub, "7");
    assert_string_equal(got.email, "alice@example.org");
    assert_string_equal(got.jti, "12-abcDEF_-");
    assert_int_equal(got.role, ACCESS_OPERATOR);
    assert_int_equal(got.expires_at, NOW_S + 3000);
    free(text);
}

static void no_other_algorithm_is_taken(void **state)
{
    (void)state;
    struct claims c = good();
    c.alg = JWT_ALG_NONE;
    assert_int_equal(check(&c), -EACCES);
    /* the public key as the secret of an HMAC: everybody has it */
    c.alg = JWT_ALG_HS256;
    c.key = bench.keys.keys[0].pem;
    assert_int_equal(check(&c), -EACCES);
    c.alg = JWT_ALG_HS512;
    assert_int_equal(check(&c), -EACCES);
}

static void a_key_that_is_not_ours_is_not_taken(void **state)
{
    (void)state;
    struct claims c = good();
    c.key = bench.other;
    assert_int_equal(check(&c), -EACCES);
    c = good();
    c.kid = "two";
    assert_int_equal(check(&c), -EACCES);
    c.kid = NULL;
    assert_int_equal(check(&c), -EACCES);
}

/* Whichever character is exchanged: the claims, the header or the signature are others. */
static void an_altered_token_is_not_taken(void **state)
{
    (void)state;
    struct claims c = good();
    char *text = make(&c);
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        char before = text[i];
        if (before == '.')
            continue;
        text[i] = before == 'A' ? 'Q' : 'A';
        /* The last character of a part may have bits that decode to nothing. */
        bool last = i + 1 == length || text[i + 1] == '.';
        if (!last)
            assert_int_not_equal(check_text(text, NULL), 0);
        text[i] = before;
    }
    assert_int_equal(check_text(text, NULL), 0);
    free(text);
}

static void claims_of_another_token_do_not_pass_with_a_good_signature(void **state)
{
    (void)state;
    struct claims c = good();
    char *signed_one = make(&c);
    c.role = "admin";
    c.alg = JWT_ALG_NONE;
    char *admin = make(&c);
    char mixed[TOKEN_MAX];
    size_t head = strcspn(signed_one, "."), forged = strcspn(admin, ".") + 1;
    size_t body = strcspn(admin + forged, ".");
    (void)str_format(mixed, sizeof mixed, "%.*s.%.*s%s", (int)head, signed_one, (int)body,
                     admin + forged, strrchr(signed_one, '.'));
    assert_int_equal(check_text(mixed, NULL), -EACCES);
    free(signed_one);
    free(admin);
}

static void times_are_kept_to(void **state)
{
    (void)state;
    struct claims c = good();
    c.expires = NOW_S;
    assert_int_equal(check(&c), -ETIME);
    c = good();
    c.expires = NOW_S + 1;
    assert_int_equal(check(&c), 0);
    c.not_before = NOW_S + TOKEN_SKEW_SECONDS;
    assert_int_equal(check(&c), 0);
    c.not_before++;
    assert_int_equal(check(&c), -EACCES);
    c = good();
    c.issued = NOW_S + TOKEN_SKEW_SECONDS + 1;
    assert_int_equal(check(&c), -EACCES);
    c = good();
    c.expires = c.issued + TOKEN_SECONDS + 1;
    assert_int_equal(check(&c), -EACCES);
}

static void every_claim_must_be_there(void **state)
{
    (void)state;
    for (int which = 0; which < 8; which++) {
        struct claims c = good();
        const char **texts[] = {&c.issuer, &c.sub, &c.email, &c.role, &c.jti};
        long *times[] = {&c.issued, &c.not_before, &c.expires};
        if (which < 5)
            *texts[which] = NULL;
        else
            *times[which - 5] = 0;
        assert_true(check(&c) < 0);
    }
}

static void wrong_claims_are_not_taken(void **state)
{
    (void)state;
    struct claims c = good();
    c.issuer = "resus2";
    assert_int_equal(check(&c), -EACCES);
    static const char *const subs[] = {"", "-1", "7 ", "x", "111111111111111111111111"};
    for (size_t i = 0; i < ARRAY_LENGTH(subs); i++) {
        c = good();
        c.sub = subs[i];
        assert_int_equal(check(&c), -EACCES);
    }
    static const char *const roles[] = {"", "root", "anonymous", "Admin"};
    for (size_t i = 0; i < ARRAY_LENGTH(roles); i++) {
        c = good();
        c.role = roles[i];
        assert_int_equal(check(&c), -EACCES);
    }
    c = good();
    c.jti = "a/b";
    assert_int_equal(check(&c), -EACCES);
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        ".",
                                        "..",
                                        "a.b",
                                        "a..c",
                                        "a.b.",
                                        ".b.c",
                                        "a.b.c",
                                        "a.b.c.d",
                                        "a b.c.d",
                                        "=.=.=",
                                        "eyJhbGciOiJub25lIn0.e30.x",
                                        "bnVsbA.bnVsbA.bnVsbA",
                                        "W10.W10.W10",
                                        "resus_abcdef"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_int_equal(check_text(texts[i], NULL), -EACCES);
}

static void a_huge_token_is_not_looked_at(void **state)
{
    (void)state;
    char *huge = malloc(1 << 20);
    assert_non_null(huge);
    memset(huge, 'A', 1 << 20);
    huge[100] = huge[200] = '.';
    struct token_claims claims;
    struct error err;
    assert_int_equal(token_check(&bench.keys, huge, 1 << 20, now, &claims, &err), -EACCES);
    assert_int_equal(token_check(&bench.keys, huge, TOKEN_MAX + 1, now, &claims, &err), -EACCES);
    assert_int_equal(token_check(&bench.keys, huge, TOKEN_MAX, now, &claims, &err), -EACCES);
    free(huge);
}

static void without_keys_nothing_is_taken(void **state)
{
    (void)state;
    struct claims c = good();
    char *text = make(&c);
    struct token_keys none = {0};
    struct token_claims claims = {.sub = "untouched"};
    struct error err;
    assert_int_equal(token_check(&none, text, strlen(text), now, &claims, &err), -EACCES);
    assert_string_equal(claims.sub, "untouched");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_says_who_it_is),
        cmocka_unit_test(no_other_algorithm_is_taken),
        cmocka_unit_test(a_key_that_is_not_ours_is_not_taken),
        cmocka_unit_test(an_altered_token_is_not_taken),
        cmocka_unit_test(claims_of_another_token_do_not_pass_with_a_good_signature),
        cmocka_unit_test(times_are_kept_to),
        cmocka_unit_test(every_claim_must_be_there),
        cmocka_unit_test(wrong_claims_are_not_taken),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(a_huge_token_is_not_looked_at),
        cmocka_unit_test(without_keys_nothing_is_taken),
    };
    return cmocka_run_group_tests_name("token", tests, set_up, NULL);
}
