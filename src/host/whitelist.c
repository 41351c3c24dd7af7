#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "host/command.h"
#include "host/systemctl.h"

enum rights {
    RIGHTS_NONE,     /* anybody may */
    RIGHTS_ROOT,     /* sudo unless root */
    RIGHTS_OPTIONAL, /* works without for members of adm: sudo when asked for */
    RIGHTS_OWNER /* as the owner of the log and the data, never as root: the folder is redis' own, and a link
                        in it could name any file */
};

#define ROW_WORDS_MAX 8
#define UNIT_LENGTH_MAX 128
#define PATH_LENGTH_MAX 1023
#define USER_LENGTH_MAX 32 /* useradd's own limit */

/* Placeholders are known by their address. */
static const char unit_word[] = "UNIT";
static const char lines_word[] = "N";
static const char log_word[] = "LOG_FILE";
static const char process_stat_word[] = "stat";
static const char process_status_word[] = "status";

struct row {
    const char *name;
    enum rights rights;
    bool reads; /* changes nothing on the host; a row without it acts */
    bool extended, restores, has_lines, has_process;
    const char *path; /* of words[0], as the sudoers lines have it */
    const char *words[ROW_WORDS_MAX];
};

#define HELPER_PATH "/usr/lib/resus/resus-restore-helper"
/* As the owner of the data, who exchanges them; its own settings say where. */
#define HELPER(command, word, only_reads)                                                          \
    [command] = {.name = "restore-" word,                                                          \
                 .rights = RIGHTS_OWNER,                                                           \
                 .restores = true,                                                                 \
                 .reads = (only_reads),                                                            \
                 .path = HELPER_PATH,                                                              \
                 .words = {"resus-restore-helper", word, unit_word}}

static const struct row rows[] = {
    [HOST_START] = {.name = "start",
                    .rights = RIGHTS_ROOT,
                    .path = "/bin/systemctl",
                    .words = {"systemctl", "start", unit_word}},
    [HOST_STOP] = {.name = "stop",
                   .rights = RIGHTS_ROOT,
                   .path = "/bin/systemctl",
                   .words = {"systemctl", "stop", unit_word}},
    [HOST_RESTART] = {.name = "restart",
                      .rights = RIGHTS_ROOT,
                      .path = "/bin/systemctl",
                      .words = {"systemctl", "restart", unit_word}},
    [HOST_RELOAD] = {.name = "reload",
                     .rights = RIGHTS_ROOT,
                     .path = "/bin/systemctl",
                     .words = {"systemctl", "reload", unit_word}},
    [HOST_STATUS] = {.name = "status",
                     .reads = true,
                     .path = "/bin/systemctl",
                     .words = {"systemctl", "status", unit_word}},
    [HOST_IS_ACTIVE] = {.name = "is-active",
                        .reads = true,
                        .path = "/bin/systemctl",
                        .words = {"systemctl", "is-active", unit_word}},
    [HOST_JOURNAL] = {.name = "journal",
                      .reads = true,
                      .rights = RIGHTS_OPTIONAL,
                      .has_lines = true,
                      .path = "/bin/journalctl",
                      .words = {"journalctl", "-u", unit_word, "-n", lines_word, "--no-pager", "-o",
                                "json"}},
    [HOST_SHOW] = {.name = "show",
                   .reads = true,
                   .extended = true,
                   .words = {"systemctl", "show", unit_word, "-p", systemctl_show_properties}},
    [HOST_RESET_FAILED] = {.name = "reset-failed",
                           .rights = RIGHTS_ROOT,
                           .extended = true,
                           .path = "/bin/systemctl",
                           .words = {"systemctl", "reset-failed", unit_word}},
    [HOST_LOG_TAIL] = {.name = "log-tail",
                       .reads = true,
                       .rights = RIGHTS_OWNER,
                       .extended = true,
                       .has_lines = true,
                       .path = "/usr/bin/tail",
                       .words = {"tail", "-n", lines_word, log_word}},
    [HOST_PROCESS] = {.name = "process",
                      .reads = true,
                      .extended = true,
                      .has_process = true,
                      .words = {"cat", process_stat_word, process_status_word}},
    [HOST_SUDO_LIST] = {.name = "sudo-list", .reads = true, .words = {"sudo", "-n", "-l"}},
    HELPER(HOST_HELPER_FACTS, "facts", true),
    HELPER(HOST_HELPER_STAGE, "stage", false),
    HELPER(HOST_HELPER_PLACE_RDB, "place-rdb", false),
    HELPER(HOST_HELPER_PLACE_AOF, "place-aof", false),
    HELPER(HOST_HELPER_UNDO, "undo", false),
    HELPER(HOST_HELPER_DROP, "drop", false),
};
static_assert(ARRAY_LENGTH(rows) == HOST_COMMAND_COUNT, "a row for every command");
static_assert(ROW_WORDS_MAX + 4 <= HOST_ARGV_MAX, "a row and the longest prefix fit");
static_assert(UNIT_LENGTH_MAX + PATH_LENGTH_MAX + 64 < HOST_RIGHT_LINE_MAX,
              "a line of sudoers fits");
static_assert(UNIT_LENGTH_MAX + PATH_LENGTH_MAX + 8 < sizeof(((struct host_argv *)0)->storage),
              "unit, path and number fit");

/* The line counts that exist: sudoers lines are exact, so there are few. */
static const int line_steps[] = {50, 200, HOST_LINES_MAX};

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_of(const char *text, const char *further)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!plain(*p) && strchr(further, *p) == NULL)
            return false;
    return true;
}

int host_check_unit(const char *unit, struct error *err)
{
    if (unit == NULL || unit[0] == '\0')
        return error_set(err, -EINVAL, "the unit has no name: set `unit`, such as redis-server");
    if (strlen(unit) > UNIT_LENGTH_MAX)
        return error_set(err, -EINVAL, "the unit's name is longer than %d characters",
                         UNIT_LENGTH_MAX);
    if (unit[0] == '-' || !all_of(unit, "@._-"))
        return error_set(err, -EINVAL,
                         "the unit's name may hold letters, digits and @ . _ - only, and may not "
                         "begin with -: set `unit` to a name such as redis-server");
    return 0;
}

static int check_log_file(const char *path, struct error *err)
{
    if (path == NULL || path[0] != '/' || strlen(path) > PATH_LENGTH_MAX ||
        !all_of(path, "@._/-") || strstr(path, "..") != NULL)
        return error_set(err, -EINVAL,
                         "`log_file` must be an absolute path of letters, digits and @ . _ - / "
                         "without \"..\", such as /var/log/redis/redis-server.log");
    return 0;
}

int host_lines_rounded(int lines)
{
    for (size_t i = 0; i < ARRAY_LENGTH(line_steps); i++)
        if (lines <= line_steps[i])
            return line_steps[i];
    return HOST_LINES_MAX;
}

/* Debian's packages: valkey-server runs as valkey, all others as redis. */
static bool is_valkey(const char *unit)
{
    return str_starts(unit, "valkey");
}

static const char *log_owner(const char *unit)
{
    return is_valkey(unit) ? "valkey" : "redis";
}

/* What goes before the words to get the rights. NULL at the end. */
static const char *const *prefix_for(const struct row *row, const char *unit, bool use_sudo)
{
    static const char *const none[] = {NULL};
    static const char *const root[] = {"sudo", "-n", NULL};
    static const char *const owner[2][5] = {{"sudo", "-n", "-u", "redis", NULL},
                                            {"sudo", "-n", "-u", "valkey", NULL}};
    static const char *const owner_of_root[2][5] = {{"runuser", "-u", "redis", "--", NULL},
                                                    {"runuser", "-u", "valkey", "--", NULL}};
    if (row->rights == RIGHTS_OWNER)
        return use_sudo ? owner[is_valkey(unit)] : owner_of_root[is_valkey(unit)];
    return row->rights != RIGHTS_NONE && use_sudo ? root : none;
}

static const char *store(struct host_argv *argv, size_t *used, const char *text)
{
    size_t size = strlen(text) + 1;
    assert(*used + size <= sizeof argv->storage);
    char *at = argv->storage + *used;
    memcpy(at, text, size);
    *used += size;
    return at;
}

static void fill(const struct row *row, const char *unit, const char *log_file, int number,
                 bool use_sudo, struct host_argv *argv)
{
    memset(argv, 0, sizeof *argv);
    size_t n = 0;
    size_t used = 0;
    const char *const *prefix = prefix_for(row, unit, use_sudo);
    bool with_path = prefix[0] != NULL;
    for (; *prefix != NULL; prefix++)
        argv->words[n++] = *prefix;
    for (size_t i = 0; i < ROW_WORDS_MAX && row->words[i] != NULL; i++) {
        const char *word = row->words[i];
        if (i == 0 && with_path)
            word = row->path;
        else if (word == unit_word)
            word = store(argv, &used, unit);
        else if (word == log_word)
            word = store(argv, &used, log_file);
        else if (word == lines_word) {
            char text[16];
            (void)str_format(text, sizeof text, "%d", host_lines_rounded(number));
            word = store(argv, &used, text);
        } else if (word == process_stat_word || word == process_status_word) {
            char text[40];
            (void)str_format(text, sizeof text, "/proc/%d/%s", number, word);
            word = store(argv, &used, text);
        }
        assert(n < HOST_ARGV_MAX);
        argv->words[n++] = word;
    }
}

int host_command_argv(enum host_command command, const char *unit, const char *log_file, int number,
                      bool use_sudo, struct host_argv *ret, struct error *err)
{
    if ((unsigned)command >= HOST_COMMAND_COUNT)
        return error_set(err, -EINVAL, "no such host command: %d", (int)command);
    const struct row *row = &rows[command];
    int r = host_check_unit(unit, err);
    if (r == 0 && row->rights == RIGHTS_OWNER && !row->restores)
        r = check_log_file(log_file, err);
    if (r < 0)
        return r;
    if (row->has_lines && (number < 1 || number > HOST_LINES_MAX))
        return error_set(err, -EINVAL, "the number of lines must be 1 to %d, not %d",
                         HOST_LINES_MAX, number);
    if (row->has_process && (number < 2 || number > HOST_PID_MAX))
        return error_set(err, -EINVAL, "the process number must be 2 to %d, not %d", HOST_PID_MAX,
                         number);
    fill(row, unit, log_file, number, use_sudo, ret);
    return 0;
}

int host_command_line(const struct host_argv *argv, char *ret, size_t size, struct error *err)
{
    char line[sizeof argv->storage + 512] = "";
    for (size_t i = 0; argv->words[i] != NULL; i++) {
        if (argv->words[i][0] == '\0' || !all_of(argv->words[i], "@._/=,:-"))
            return error_set(err, -EINVAL, "a word of the command is not plain: refused");
        if (!str_append(line, sizeof line, "%s%s", i == 0 ? "" : " ", argv->words[i]))
            return error_set(err, -EINVAL, "the command is too long");
    }
    if (line[0] == '\0' || strlen(line) >= size)
        return error_set(err, -EINVAL, "the command is empty or too long");
    (void)str_copy(ret, size, line);
    return 0;
}

bool host_command_extended(enum host_command command)
{
    return (unsigned)command < HOST_COMMAND_COUNT && rows[command].extended;
}

bool host_command_acts(enum host_command command)
{
    return (unsigned)command < HOST_COMMAND_COUNT && !rows[command].reads;
}

const char *host_command_name(enum host_command command)
{
    return (unsigned)command < HOST_COMMAND_COUNT ? rows[command].name : "unknown";
}

bool host_reload_unsupported(const char *text, size_t length)
{
    return text != NULL && str_find(text, length, "Job type reload is not applicable") != NULL;
}

bool host_job_cancelled(const char *text, size_t length)
{
    return text != NULL && str_find(text, length, "Job for ") != NULL &&
           str_find(text, length, " canceled.") != NULL;
}

/* A name in capitals is an alias to sudoers (ALL among them), so those are refused too. */
static int check_user(const char *user, struct error *err)
{
    if (user == NULL || user[0] == '\0' || strlen(user) > USER_LENGTH_MAX || !all_of(user, "._-") ||
        !((user[0] >= 'a' && user[0] <= 'z') || user[0] == '_'))
        return error_set(err, -EINVAL,
                         "the user must be a plain account name in small letters, such as autobot");
    return 0;
}

static int sudoers_line(const char *user, const char *unit, const struct row *row,
                        const struct host_argv *argv, struct buf *out)
{
    /* argv without "sudo -n [-u redis]": the rule begins at the path. */
    size_t i = row->rights == RIGHTS_OWNER ? 4 : 2;
    int r = buf_printf(out, "%s ALL=(%s) NOPASSWD:", user,
                       row->rights == RIGHTS_OWNER ? log_owner(unit) : "root");
    for (; r == 0 && argv->words[i] != NULL; i++)
        r = buf_printf(out, " %s", argv->words[i]);
    return r == 0 ? buf_append(out, "\n", 1) : r;
}

static enum host_need need_of(const struct row *row)
{
    return row->rights == RIGHTS_NONE       ? HOST_NEED_NONE
           : row->rights == RIGHTS_OPTIONAL ? HOST_NEED_JOURNAL
                                            : HOST_NEED_ALWAYS;
}

static void right_line(const struct row *row, const char *unit, const char *log_file, int lines,
                       struct host_right *ret)
{
    struct host_argv argv;
    *ret = (struct host_right){
        .need = need_of(row),
        .extended = row->extended,
        .restores = row->restores,
        .run_as = row->rights == RIGHTS_OWNER ? log_owner(unit) : "root",
    };
    fill(row, unit, log_file, lines, false, &argv);
    /* The prefix of root is runuser's and not sudo's. */
    size_t first = row->rights == RIGHTS_OWNER ? 4 : 0;
    (void)str_copy(ret->line, sizeof ret->line, row->path);
    for (size_t i = first + 1; argv.words[i] != NULL; i++)
        (void)str_append(ret->line, sizeof ret->line, " %s", argv.words[i]);
}

size_t host_rights(const char *unit, const char *log_file, struct host_right ret[HOST_RIGHTS_MAX])
{
    size_t count = 0;
    if (host_check_unit(unit, NULL) < 0 || check_log_file(log_file, NULL) < 0)
        return 0;
    for (size_t i = 0; i < HOST_COMMAND_COUNT; i++) {
        if (rows[i].path == NULL)
            continue;
        size_t times = rows[i].has_lines ? ARRAY_LENGTH(line_steps) : 1;
        for (size_t n = 0; n < times; n++) {
            assert(count < HOST_RIGHTS_MAX);
            right_line(&rows[i], unit, log_file, line_steps[n], &ret[count++]);
        }
    }
    return count;
}

static int sudoers_row(const char *user, const struct row *row, const char *unit,
                       const char *log_file, struct buf *out)
{
    size_t times = row->has_lines ? ARRAY_LENGTH(line_steps) : 1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < times; i++) {
        struct host_argv argv;
        fill(row, unit, log_file, line_steps[i], true, &argv);
        r = sudoers_line(user, unit, row, &argv, out);
    }
    return r;
}

int host_sudoers(const char *user, const char *unit, const char *log_file, bool extended,
                 bool restores, struct buf *out)
{
    int r = check_user(user, NULL);
    if (r == 0)
        r = host_check_unit(unit, NULL);
    if (r == 0 && extended)
        r = check_log_file(log_file, NULL);
    if (r < 0)
        return r;
    r = buf_printf(out,
                   "# What Resus may do on this host: exact lines, no wildcard (resus sudoers).\n"
                   "# Put it into /etc/sudoers.d/resus, mode 0440, after: visudo -cf FILE\n");
    for (size_t i = 0; r == 0 && i < HOST_COMMAND_COUNT; i++)
        if (rows[i].rights != RIGHTS_NONE && (extended || !rows[i].extended) &&
            (restores || !rows[i].restores))
            r = sudoers_row(user, &rows[i], unit, log_file, out);
    return r;
}
