/* The keys that backups are sealed for, and a sealed backup opened by hand. No daemon is asked: on
 * an empty machine there is none. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backups/manifest.h"
#include "backups/seal.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "io/file.h"
#include "settings/settings.h"

#define KEYS_FOLDER "/etc/resus/keys"
#define END_LENGTH 8 /* of the recovery key, to be typed */
#define TRIES 3

/* ── resus key backup ── */

struct key_files {
    char secret[PATH_MAX], public[PATH_MAX], recovery[PATH_MAX];
};

static int name_files(const char *folder, struct key_files *ret, struct error *err)
{
    if (!str_format(ret->secret, PATH_MAX, "%s/backup.key", folder) ||
        !str_format(ret->public, PATH_MAX, "%s/backup.pub", folder) ||
        !str_format(ret->recovery, PATH_MAX, "%s/recovery.pub", folder))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", folder);
    const char *const files[] = {ret->secret, ret->public, ret->recovery};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        if (access(files[i], F_OK) == 0)
            return error_set(err, -EEXIST,
                             "%s is there already: what was sealed for it needs it. Choose another "
                             "folder with --output",
                             files[i]);
    return 0;
}

/* The daemon has to read its own key: it belongs to the owner of the state folder, as its other
 * files do. */
static int give_to_daemon(const struct invocation *in, const char *path, struct error *err)
{
    struct settings *settings = NULL;
    struct stat state;
    int r = 0;
    if (geteuid() != 0 || settings_read(ask_config(in), &settings, NULL) < 0)
        return 0;
    if (stat(settings->server.state_dir, &state) == 0 &&
        chown(path, state.st_uid, state.st_gid) < 0)
        r = error_set_errno(err, -errno, "cannot give %s to the daemon's account", path);
    settings_free(settings);
    return r;
}

static int write_line(const char *path, const char *text, const char *comment, mode_t mode,
                      struct error *err)
{
    char line[SEAL_KEY_TEXT_SIZE + 64];
    (void)str_format(line, sizeof line, "%s%s%s\n", text, comment[0] == '\0' ? "" : " ", comment);
    int r = file_write_atomic(path, line, strlen(line), mode, err);
    mem_wipe(line, sizeof line);
    return r;
}

static int write_files(const struct invocation *in, const struct key_files *files,
                       const struct seal_secret *own, const struct seal_secret *recovery,
                       struct error *err)
{
    char text[SEAL_KEY_TEXT_SIZE];
    seal_public_text(&recovery->public, text);
    int r = write_line(files->recovery, text, "recovery", 0644, err);
    seal_public_text(&own->public, text);
    if (r == 0)
        r = write_line(files->public, text, "backup", 0644, err);
    seal_secret_text(own, text);
    if (r == 0)
        r = write_line(files->secret, text, "", 0600, err);
    mem_wipe(text, sizeof text);
    return r < 0 ? r : give_to_daemon(in, files->secret, err);
}

/* Has the key been written down? Its end says so. */
static bool typed_end(const char *text)
{
    char line[64];
    const char *end = text + strlen(text) - END_LENGTH;
    for (int i = 0; i < TRIES; i++) {
        (void)printf("\nTo confirm it, type its last %d characters: ", END_LENGTH);
        (void)fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL)
            break;
        line[strcspn(line, "\r\n")] = '\0';
        bool same = str_equal(line, end);
        mem_wipe(line, sizeof line);
        if (same)
            return true;
        (void)printf("That is not its end.");
    }
    (void)printf("\n");
    return false;
}

static void show_done(const struct key_files *files)
{
    (void)printf("\nWritten:\n  %s  the daemon's own key (mode 600)\n  %s\n  %s\n\n"
                 "In the settings, so that new backups are sealed for both:\n"
                 "  backup:\n    recipients: [%s, %s]\n\n"
                 "The daemon uses backup.key to prove sealed backups again and to restore them. A\n"
                 "machine that should only seal does not need it: move it away.\n",
                 files->secret, files->public, files->recovery, files->public, files->recovery);
}

int verb_key_backup(const struct invocation *in)
{
    const char *folder =
        arguments_has(in, OPTION_OUTPUT) ? in->options[OPTION_OUTPUT] : KEYS_FOLDER;
    struct seal_secret own;
    struct seal_secret recovery;
    struct key_files files;
    struct error err = {0};
    char text[SEAL_KEY_TEXT_SIZE];
    if (in->url != NULL || in->json || in->service != NULL || arguments_has(in, OPTION_TYPE) ||
        arguments_has(in, OPTION_CONTINUE))
        return usage_error(in, "key backup takes --output alone: it makes files on this machine");
    int r = name_files(folder, &files, &err);
    if (r == 0)
        r = file_make_folders(folder, 0750, &err);
    if (r == 0)
        r = seal_secret_make(&own, &err);
    if (r == 0)
        r = seal_secret_make(&recovery, &err);
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "key_failed", "%s", err.text);
    seal_secret_text(&recovery, text);
    (void)printf("The recovery key opens every backup when this machine is lost. It is shown this\n"
                 "once and written nowhere: print it, or keep it in a password manager.\n\n  %s\n",
                 text);
    bool confirmed = typed_end(text);
    mem_wipe(text, sizeof text);
    if (confirmed)
        r = write_files(in, &files, &own, &recovery, &err);
    seal_secret_wipe(&own);
    seal_secret_wipe(&recovery);
    if (!confirmed)
        return ask_failed(in, CLI_REFUSED, "not_confirmed", "not confirmed: no key was written");
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "key_failed", "%s", err.text);
    show_done(&files);
    return CLI_DONE;
}

/* ── resus backup unseal ── */

/* A folder stands for the data in it. Its manifest, where it is there, has the sum of what must come
 * out. */
static int find_sealed(const char *word, char file[PATH_MAX], char sum[65], struct error *err)
{
    struct stat st;
    char manifest[PATH_MAX];
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    ATTR_CLEANUP(mem_freep) struct manifest *m = mem_calloc(1, sizeof *m);
    sum[0] = '\0';
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    if (stat(word, &st) < 0)
        return error_set_errno(err, -errno, "cannot look at %s", word);
    if (!S_ISDIR(st.st_mode))
        return str_copy(file, PATH_MAX, word) ? 0
                                              : error_set(err, -ENAMETOOLONG, "too long a path");
    if (!str_format(manifest, sizeof manifest, "%s/" MANIFEST_FILE, word))
        return error_set(err, -ENAMETOOLONG, "too long a path");
    int r = file_read(manifest, &text, err);
    if (r == 0)
        r = manifest_read(buf_text(&text), text.length, m, err);
    if (r == 0 && (m->file_count == 0 || m->files[0].plain_sha256[0] == '\0'))
        r = error_set(err, -EINVAL, "%s is not sealed: its data are in dump.rdb", word);
    if (r < 0)
        return r;
    (void)str_copy(sum, 65, m->files[0].plain_sha256);
    return str_format(file, PATH_MAX, "%s/%s", word, m->files[0].name)
               ? 0
               : error_set(err, -ENAMETOOLONG, "too long a path");
}

int verb_backup_unseal(const struct invocation *in)
{
    const char *to = in->options[OPTION_OUTPUT];
    struct seal_secret key;
    struct seal_sums sums;
    struct error err = {0};
    char file[PATH_MAX];
    char sum[65];
    if (in->word_count != 1 || !arguments_has(in, OPTION_KEY) || !arguments_has(in, OPTION_OUTPUT))
        return usage_error(in, "unseal takes one FILE or folder, --key FILE and --output FILE");
    int r = find_sealed(in->words[0], file, sum, &err);
    if (r == 0)
        r = seal_secret_load(in->options[OPTION_KEY], &key, &err);
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "unseal_failed", "%s", err.text);
    r = seal_open_file(file, to, &key, &sums, &err);
    seal_secret_wipe(&key);
    if (r == 0 && sum[0] != '\0' && !str_equal(sum, sums.plain_sha256)) {
        (void)unlink(to);
        r = error_set(&err, -EBADMSG, "%s holds other data than its manifest says", file);
    }
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "unseal_failed", "%s", err.text);
    if (!in->json)
        (void)printf("%s: %llu bytes, SHA-256 %s\n", to, (unsigned long long)sums.plain_bytes,
                     sums.plain_sha256);
    return CLI_DONE;
}
