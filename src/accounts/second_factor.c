#include "accounts/second_factor.h"

#include <liboath/oath.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "accounts/note.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define ISSUER "Resus"

int64_t totp_step(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, wall_ms now,
                  int64_t after)
{
    int64_t found = 0, present = now.ms / 1000 / TOTP_STEP_SECONDS;
    char wanted[TOTP_DIGITS + 1];
    if (strlen(code) != TOTP_DIGITS)
        return 0;
    for (int64_t step = present - TOTP_DRIFT; step <= present + TOTP_DRIFT; step++) {
        if (step <= after || step <= 0 ||
            oath_hotp_generate((const char *)secret, TOTP_SECRET_SIZE, (uint64_t)step, TOTP_DIGITS,
                               false, OATH_HOTP_DYNAMIC_TRUNCATION, wanted) != OATH_OK)
            continue;
        if (sodium_memcmp(wanted, code, TOTP_DIGITS) == 0)
            found = step;
    }
    mem_wipe(wanted, sizeof wanted);
    return found;
}

static bool use_recovery_code(struct user *u, const char *code)
{
    uint8_t digest[DIGEST_SIZE];
    size_t found = RECOVERY_CODES;
    if (strlen(code) != RECOVERY_CODE_SIZE - 1)
        return false;
    (void)crypto_hash_sha256(digest, (const uint8_t *)code, strlen(code));
    for (size_t i = 0; i < u->recovery_count; i++)
        if (sodium_memcmp(u->recovery[i], digest, DIGEST_SIZE) == 0)
            found = i;
    if (found == RECOVERY_CODES)
        return false;
    u->recovery_count--;
    memmove(u->recovery[found], u->recovery[found + 1],
            (u->recovery_count - found) * sizeof u->recovery[0]);
    return true;
}

bool second_factor_use(struct accounts *a, struct user *u, const char *code)
{
    int64_t step =
        u->totp_lost ? 0 : totp_step(u->totp_secret, code, accounts_now(a).wall, u->totp_step);
    if (step != 0)
        u->totp_step = step;
    else if (!use_recovery_code(u, code))
        return false;
    (void)account_save(a, STORE_USER, u);
    return true;
}

void second_factor_missed(struct accounts *a, struct user *u, const struct engine_user *who)
{
    char text[500];
    u->codes_missed++;
    u->code_missed_at = accounts_now(a).wall;
    (void)account_save(a, STORE_USER, u);
    if (u->codes_missed % CODES_FREE != 0)
        return;
    (void)str_format(
        text, sizeof text,
        "%s: %d wrong codes with the right password, the last from %s. Another person may know "
        "the password: change it.",
        u->email, u->codes_missed, who->source_ip);
    account_audit(a, &(struct account_note){.event = AUDIT_AUTHENTICATION,
                                            .operation = "second-factor-guessed",
                                            .user = who,
                                            .error = text,
                                            .risk = AUDIT_RISK_HIGH});
    a->ports.notice(a->ports.context, NULL, "security", text);
}

int64_t second_factor_wait_ms(const struct accounts *a, const struct user *u)
{
    int doublings = u->codes_missed - CODES_FREE;
    if (doublings < 0)
        return 0;
    int64_t wait = INT64_C(1000) << (doublings > 12 ? 12 : doublings);
    wait = wait > CODES_LONGEST_MS ? CODES_LONGEST_MS : wait;
    int64_t left = wait - wall_since(accounts_now(a).wall, u->code_missed_at);
    return left < 0 ? 0 : left > wait ? wait : left; /* the clock may have been set back */
}

json_t *second_factor_begin(struct user *u)
{
    char *base32 = NULL;
    char uri[512];
    json_t *body = json_object();
    randombytes_buf(u->totp_secret, TOTP_SECRET_SIZE);
    u->totp_begun = true;
    u->totp_lost = false;
    u->totp_step = 0;
    if (oath_base32_encode((const char *)u->totp_secret, TOTP_SECRET_SIZE, &base32, NULL) !=
        OATH_OK)
        return body;
    (void)str_format(uri, sizeof uri, "otpauth://totp/" ISSUER ":%s?secret=%s&issuer=" ISSUER,
                     u->email, base32);
    (void)json_put_text(body, "secret", base32);
    (void)json_put_text(body, "uri", uri);
    mem_wipe(base32, strlen(base32));
    mem_wipe(uri, sizeof uri);
    mem_free(base32);
    return body;
}

json_t *second_factor_new_codes(struct user *u)
{
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32, none alike */
    json_t *codes = json_array();
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        char code[RECOVERY_CODE_SIZE];
        for (size_t c = 0; c < sizeof code - 1; c++)
            code[c] = c % 5 == 4 ? '-' : alphabet[randombytes_uniform(sizeof alphabet - 1)];
        code[sizeof code - 1] = '\0';
        (void)crypto_hash_sha256(u->recovery[i], (const uint8_t *)code, strlen(code));
        (void)json_array_append_new(codes, json_string(code));
        mem_wipe(code, sizeof code);
    }
    u->recovery_count = RECOVERY_CODES;
    return codes;
}

void totp_clear(struct user *u)
{
    u->totp_on = u->totp_begun = u->totp_lost = false;
    mem_wipe(u->totp_secret, sizeof u->totp_secret);
    mem_wipe(u->recovery, sizeof u->recovery);
    u->recovery_count = 0;
    u->codes_missed = u->codes_told = 0;
}
