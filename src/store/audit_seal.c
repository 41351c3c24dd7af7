#include "store/audit_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "io/file.h"

#define KEY_FILE_MAX 4096

static bool key_path(const char *state_dir, char *to, size_t size)
{
    return str_format(to, size, "%s/audit-seal.key", state_dir);
}

static bool read_hex(const char *text, uint8_t *to, size_t size)
{
    size_t length = 0;
    const char *end = NULL;
    return strlen(text) == 2 * size &&
           sodium_hex2bin(to, size, text, 2 * size, NULL, &length, &end) == 0 && length == size &&
           *end == '\0';
}

static bool is_id(const char *text)
{
    return strlen(text) == AUDIT_KEY_ID_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == AUDIT_KEY_ID_SIZE - 1;
}

int audit_seal_load(const char *state_dir, struct audit_seal *ret, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    struct buf text = BUF_LIMIT(KEY_FILE_MAX);
    *ret = (struct audit_seal){0};
    if (!key_path(state_dir, path, sizeof path))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", state_dir);
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    int r = file_read_secret(path, &text, err);
    if (r == 0) {
        struct audit_seal seal = {0};
        JSON_CLEANUP json_t *file = json_loads(buf_text(&text), JSON_READ_FLAGS, NULL);
        int64_t number = json_int_or(file, "number", -1);
        const char *id = json_text_or(file, "id", "");
        if (is_id(id) && number >= 0 && number < (int64_t)AUDIT_SEAL_NUMBER_MAX &&
            read_hex(json_text_or(file, "key", ""), seal.key, sizeof seal.key)) {
            (void)str_copy(seal.id, sizeof seal.id, id);
            seal.number = (uint64_t)number;
            *ret = seal;
        } else {
            r = error_set(err, -EINVAL,
                          "%s is damaged, so the audit log is not sealed. Create a new key "
                          "with `resus audit key`",
                          path);
        }
        mem_wipe(&seal, sizeof seal);
    }
    if (text.data != NULL)
        mem_wipe(text.data, text.length);
    buf_free(&text);
    return r;
}

/* Otherwise the old key would remain in the blocks of the replaced file. */
static void wipe_old(int fd)
{
    static const char zeros[KEY_FILE_MAX];
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= KEY_FILE_MAX &&
        pwrite(fd, zeros, (size_t)st.st_size, 0) == st.st_size)
        (void)fsync(fd);
    (void)close(fd);
}

int audit_seal_save(const char *state_dir, const struct audit_seal *seal, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    char key[AUDIT_KEY_TEXT_SIZE];
    char text[256];
    if (!key_path(state_dir, path, sizeof path))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", state_dir);
    int old = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    audit_key_text(seal->key, key);
    (void)str_format(text, sizeof text,
                     "{\"id\": \"%s\", \"number\": %" PRIu64 ", \"key\": \"%s\"}\n", seal->id,
                     seal->number, key);
    int r = file_write_atomic(path, text, strlen(text), 0600, err);
    mem_wipe(key, sizeof key);
    mem_wipe(text, sizeof text);
    if (old >= 0 && r == 0)
        wipe_old(old);
    else if (old >= 0)
        (void)close(old);
    return r;
}

void audit_seal_first(struct audit_seal *seal, const uint8_t key[AUDIT_KEY_BYTES])
{
    static const char label[] = "resus-audit-key";
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    *seal = (struct audit_seal){0};
    memcpy(seal->key, key, sizeof seal->key);
    (void)crypto_hash_sha256_init(&state);
    (void)crypto_hash_sha256_update(&state, (const uint8_t *)label, sizeof label - 1);
    (void)crypto_hash_sha256_update(&state, key, AUDIT_KEY_BYTES);
    (void)crypto_hash_sha256_final(&state, hash);
    mem_wipe(&state, sizeof state);
    (void)sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)str_copy_n(seal->id, sizeof seal->id, hex, AUDIT_KEY_ID_SIZE - 1);
}

void audit_seal_next(struct audit_seal *seal)
{
    uint8_t next[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(next, seal->key, sizeof seal->key);
    memcpy(seal->key, next, sizeof seal->key);
    mem_wipe(next, sizeof next);
    seal->number++;
}

void audit_seal_say(const struct audit_seal *seal, uint64_t seq, const char *prev, char *to,
                    size_t size)
{
    char text[160];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof mac + 1];
    (void)str_format(text, sizeof text, "resus-audit-seal %" PRIu64 " %" PRIu64 " %s", seal->number,
                     seq, prev);
    (void)crypto_auth_hmacsha256(mac, (const uint8_t *)text, strlen(text), seal->key);
    (void)sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    (void)str_format(to, size, "key %s number %" PRIu64 " mac %s", seal->id, seal->number, hex);
}

/* Copies the word that follows `label`. Returns the rest of the text, or NULL without the label. */
static const char *take_word(const char *text, const char *label, char *to, size_t size)
{
    if (text == NULL || !str_starts(text, label))
        return NULL;
    text += strlen(label);
    size_t length = strcspn(text, " ");
    return str_copy_n(to, size, text, length) ? text + length : NULL;
}

int audit_seal_read(const char *text, struct audit_seal_said *ret)
{
    struct audit_seal_said said = {0};
    char number[24] = "";
    int64_t value = 0;
    const char *rest = take_word(text, "key ", said.id, sizeof said.id);
    rest = take_word(rest, " number ", number, sizeof number);
    rest = take_word(rest, " mac ", said.mac, sizeof said.mac);
    if (rest == NULL || *rest != '\0' || !is_id(said.id) ||
        parse_int(number, 0, (int64_t)AUDIT_SEAL_NUMBER_MAX - 1, &value, NULL) < 0 ||
        strlen(said.mac) != AUDIT_HASH_SIZE - 1)
        return -EINVAL;
    said.number = (uint64_t)value;
    *ret = said;
    return 0;
}

void audit_key_text(const uint8_t key[AUDIT_KEY_BYTES], char to[AUDIT_KEY_TEXT_SIZE])
{
    (void)sodium_bin2hex(to, AUDIT_KEY_TEXT_SIZE, key, AUDIT_KEY_BYTES);
}

int audit_key_read(const char *path, uint8_t ret[AUDIT_KEY_BYTES], struct error *err)
{
    struct buf text = BUF_LIMIT(KEY_FILE_MAX);
    int r = file_read_secret(path, &text, err);
    if (r == 0 && !read_hex(buf_text(&text), ret, AUDIT_KEY_BYTES))
        r = error_set(err, -EINVAL, "%s is not a key printed by `resus audit key` (64 hex digits)",
                      path);
    if (text.data != NULL)
        mem_wipe(text.data, text.length);
    buf_free(&text);
    return r;
}
