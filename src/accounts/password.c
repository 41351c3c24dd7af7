#include "accounts/password.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "accounts/password_words.h"
#include "base/mem.h"
#include "base/str.h"

static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium's form fits");

/* Made once with random bytes that nobody kept. */
const char password_nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$yaH02ZzTjnOSjFa4j0rmTQ"
                               "$E66lGiO0PwFB3QlZ09EemIZ68ayj++SG8ejgvr3UWlA";

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static size_t distinct(const char *text)
{
    bool seen[256] = {false};
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += !seen[(unsigned char)*text];
        seen[(unsigned char)*text] = true;
    }
    return count;
}

/* "abcabcabcabc", "1212121212121" */
static bool repeats(const char *text)
{
    size_t length = strlen(text);
    for (size_t period = 1; period <= length / 2; period++) {
        size_t i = period;
        while (i < length && text[i] == text[i - period])
            i++;
        if (i == length)
            return true;
    }
    return false;
}

/* Nearly every character is the neighbour of the one before: 123456789012, abcdefghijklm. */
static bool counts_up(const char *text)
{
    size_t steps = 0, length = strlen(text);
    for (size_t i = 1; i < length; i++) {
        int step = (unsigned char)text[i] - (unsigned char)text[i - 1];
        steps += step == 1 || step == -1 || step == 0;
    }
    return length > 1 && steps * 10 >= (length - 1) * 8;
}

/* Lower case, letters only. */
static void letters(const char *text, char *to, size_t size)
{
    size_t n = 0;
    for (; *text != '\0' && n + 1 < size; text++)
        if (isalpha((unsigned char)*text) || (unsigned char)*text >= 0x80)
            to[n++] = (char)tolower((unsigned char)*text);
    to[n] = '\0';
}

static bool of_email(const char *password, const char *email)
{
    char mine[256] = "", name[256] = "";
    const char *at = strchr(email, '@');
    letters(password, mine, sizeof mine);
    letters(email, name, sizeof name);
    bool same = mine[0] != '\0' && (strcasecmp(password, email) == 0 || str_equal(mine, name));
    (void)str_copy_n(name, sizeof name, email, at == NULL ? strlen(email) : (size_t)(at - email));
    char local[256] = "";
    letters(name, local, sizeof local);
    same = same || (local[0] != '\0' && str_equal(mine, local));
    mem_wipe(mine, sizeof mine);
    return same;
}

int password_check(const char *password, const char *email, struct error *err)
{
    if (characters(password) < PASSWORD_LEAST)
        return error_set(err, -EINVAL, "The password must have at least %d characters.",
                         PASSWORD_LEAST);
    if (distinct(password) < PASSWORD_DISTINCT)
        return error_set(err, -EINVAL, "The password must have at least %d different characters.",
                         PASSWORD_DISTINCT);
    if (repeats(password) || counts_up(password))
        return error_set(err, -EINVAL, "The password must not be a repetition or a sequence.");
    if (of_email(password, email))
        return error_set(err, -EINVAL, "The password must not be the e-mail address or its name.");
    if (password_is_words(password, email))
        return error_set(err, -EINVAL,
                         "The password is too easy to guess: it is made of well-known words, your "
                         "name or a date, with digits and signs around or in them.");
    return 0;
}

int password_hash(const char *password, char ret[PASSWORD_HASH_SIZE], struct error *err)
{
    char hash[PASSWORD_HASH_SIZE];
    if (crypto_pwhash_str_alg(hash, password, strlen(password), PASSWORD_PASSES, PASSWORD_MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return error_set(err, -ENOMEM, "no memory to hash a password (it takes %zu MiB)",
                         PASSWORD_MEMORY / 1024 / 1024);
    memcpy(ret, hash, sizeof hash);
    return 0;
}

bool password_verify(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}
