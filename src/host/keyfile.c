#include "host/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

/* Opened once and judged by its descriptor, so that what was checked is what is read. */
static int open_checked(const char *path, uid_t owner, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return error_set(err, -ENOENT,
                         "SSH key %s does not exist: make one with `ssh-keygen -t ed25519 -N '' -f "
                         "%s`",
                         path, path);
    if (fd < 0)
        return error_set_errno(err, -errno, "SSH key %s cannot be opened", path);
    struct stat st;
    int r = 0;
    if (fstat(fd, &st) < 0)
        r = error_set_errno(err, -errno, "SSH key %s", path);
    else if (!S_ISREG(st.st_mode))
        r = error_set(err, -EINVAL, "SSH key %s is not a regular file", path);
    else if (st.st_uid != owner)
        r = error_set(err, -EPERM,
                      "SSH key %s belongs to user %u and Resus runs as user %u: `chown %u %s`",
                      path, (unsigned)st.st_uid, (unsigned)owner, (unsigned)owner, path);
    else if ((st.st_mode & 077) != 0)
        r = error_set(err, -EPERM,
                      "SSH key %s may be read by others (mode %03o): `chmod 600 %s`, and make a "
                      "new key if that was so for long",
                      path, (unsigned)st.st_mode & 0777U, path);
    else if (st.st_size > KEYFILE_SIZE_MAX)
        r = error_set(err, -EFBIG, "SSH key %s is too large to be a key", path);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

static int read_all(int fd, const char *path, struct buf *b, struct error *err)
{
    char part[4096];
    ssize_t n;
    int r = 0;
    while (r == 0 && (n = read(fd, part, sizeof part)) != 0) {
        if (n < 0)
            r = error_set_errno(err, -errno, "SSH key %s cannot be read", path);
        else if (buf_append(b, part, (size_t)n) < 0)
            r = error_set(err, -ENOMEM, "SSH key %s: out of memory", path);
    }
    mem_wipe(part, sizeof part);
    return r;
}

/* Without this libssh would ask for the passphrase on the terminal. */
static int no_passphrase(const char *prompt, char *ret, size_t size, int echo, int verify,
                         void *userdata)
{
    (void)prompt, (void)ret, (void)size, (void)echo, (void)verify;
    *(bool *)userdata = true;
    return -1;
}

/* libssh tells no size of a key. The wire form of an RSA public key is string "ssh-rsa", mpint e,
 * mpint n (RFC 4253, 6.6), and its base64 the only way to it. */
static int rsa_bits(const char *base64)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char wire[4096];
    size_t length = 0;
    unsigned bits = 0;
    unsigned have = 0;
    for (const char *p = base64; *p != '\0' && *p != '=' && length < sizeof wire; p++) {
        const char *at = strchr(alphabet, *p);
        if (at == NULL)
            return -1;
        bits = (bits << 6 | (unsigned)(at - alphabet)) & 0xFFFFFF;
        have += 6;
        if (have >= 8) {
            have -= 8;
            wire[length++] = (unsigned char)(bits >> have);
        }
    }
    size_t at = 0;
    size_t n = 0;
    for (int field = 0; field < 3; field++) {
        at += n;
        if (length - at < 4)
            return -1;
        n = (size_t)wire[at] << 24 | (size_t)wire[at + 1] << 16 | (size_t)wire[at + 2] << 8 |
            wire[at + 3];
        at += 4;
        if (n > length - at)
            return -1;
    }
    for (; n > 0 && wire[at] == 0; at++)
        n--;
    int leading = 0;
    for (unsigned char top = n > 0 ? wire[at] : 0; top != 0; top = (unsigned char)(top >> 1))
        leading++;
    return n == 0 ? 0 : (int)(n - 1) * 8 + leading;
}

static int judge(const char *path, ssh_key key, struct error *err)
{
    enum ssh_keytypes_e type = ssh_key_type(key);
    if (type == SSH_KEYTYPE_ED25519)
        return 0;
    if (type != SSH_KEYTYPE_RSA)
        return error_set(err, -EINVAL,
                         "SSH key %s is of type %s: RSA of at least %d bits or Ed25519 is asked "
                         "for, `ssh-keygen -t ed25519 -N '' -f %s`",
                         path, ssh_key_type_to_char(type), KEYFILE_RSA_BITS_MIN, path);
    char *base64 = NULL;
    int bits = -1;
    if (ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK)
        bits = rsa_bits(base64);
    ssh_string_free_char(base64);
    if (bits >= KEYFILE_RSA_BITS_MIN)
        return 0;
    return error_set(err, -EINVAL,
                     "SSH key %s is RSA of %d bits and at least %d are asked for: `ssh-keygen -t "
                     "ed25519 -N '' -f %s` makes a better one",
                     path, bits, KEYFILE_RSA_BITS_MIN, path);
}

static int load(const char *path, uid_t owner, ssh_key *ret, struct error *err)
{
    int fd = open_checked(path, owner, err);
    if (fd < 0)
        return fd;
    struct buf text = BUF_LIMIT(KEYFILE_SIZE_MAX);
    int r = read_all(fd, path, &text, err);
    close(fd);
    ssh_key key = NULL;
    bool encrypted = false;
    if (r == 0 && ssh_pki_import_privkey_base64(buf_text(&text), NULL, no_passphrase, &encrypted,
                                                &key) != SSH_OK) {
        if (encrypted)
            r = error_set(err, -EINVAL,
                          "SSH key %s has a passphrase, and nobody is there to type it: "
                          "`ssh-keygen -p -N '' -f %s`",
                          path, path);
        else
            r = error_set(err, -EINVAL,
                          "%s is not a private SSH key: make one with `ssh-keygen -t ed25519 -N "
                          "'' -f %s`",
                          path, path);
    }
    buf_free(&text);
    if (r == 0)
        r = judge(path, key, err);
    if (r < 0) {
        ssh_key_free(key);
        return r;
    }
    *ret = key;
    return 0;
}

int keyfile_load(const char *path, ssh_key *ret, struct error *err)
{
    return load(path, geteuid(), ret, err);
}

int keyfile_check_for(const char *path, uid_t owner, struct error *err)
{
    ssh_key key = NULL;
    int r = load(path, owner, &key, err);
    if (r == 0)
        ssh_key_free(key);
    return r;
}

int keyfile_check(const char *path, struct error *err)
{
    return keyfile_check_for(path, geteuid(), err);
}
