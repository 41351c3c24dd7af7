#include "io/trust.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

static bool is_shared(const struct stat *st)
{
    return S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0;
}

int trust_check_owner(const char *path, uid_t owner, struct error *err)
{
    if (owner == 0 || owner == geteuid())
        return 0;
    return error_set(err, -EPERM,
                     "%s belongs to user %u, not to root or Resus' own account: run: chown %u %s",
                     path, (unsigned)owner, (unsigned)geteuid(), path);
}

static int judge(const char *path, const struct trust_also *also, struct error *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return 0;
    const char *kind = S_ISDIR(st.st_mode) ? "the folder " : "";
    bool group =
        st.st_gid == 0 || st.st_gid == getegid() || (also != NULL && st.st_gid == also->group);
    if ((also == NULL || st.st_uid != also->user) && trust_check_owner(path, st.st_uid, err) < 0)
        return err->code;
    if ((st.st_mode & S_IWOTH) != 0 && !is_shared(&st))
        return error_set(err, -EPERM,
                         "%s%s can be written by every account (mode %04o): run: chmod o-w %s",
                         kind, path, (unsigned)(st.st_mode & 07777), path);
    if ((st.st_mode & S_IWGRP) != 0 && !group && !is_shared(&st))
        return error_set(err, -EPERM,
                         "%s%s can be written by group %u (mode %04o): run: chmod g-w %s", kind,
                         path, (unsigned)st.st_gid, (unsigned)(st.st_mode & 07777), path);
    return 0;
}

/* Cuts the last part off; false at the root. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL || path[1] == '\0')
        return false;
    slash[slash == path] = '\0';
    return true;
}

/* `path` is absolute and without links; changed. */
static int judge_above(char *path, const struct trust_also *also, struct error *err)
{
    int r = go_up(path) ? judge(path, also, err) : 0;
    while (r == 0 && go_up(path)) {
        struct stat st;
        if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH) != 0 && !is_shared(&st))
            r = error_set(err, -EPERM,
                          "the folder %s can be written by every account (mode %04o): run: chmod "
                          "o-w %s",
                          path, (unsigned)(st.st_mode & 07777), path);
    }
    return r;
}

/* The folder that holds the name itself, which may be that of a link. */
static int judge_name(const char *path, const struct trust_also *also, struct error *err)
{
    char folder[PATH_MAX];
    char real[PATH_MAX];
    if (!str_copy(folder, sizeof folder, path))
        return 0;
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)str_copy(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    if (realpath(folder, real) == NULL)
        return 0;
    return judge(real, also, err);
}

int trust_check(const char *path, const struct trust_also *also, struct error *err)
{
    char real[PATH_MAX];
    if (realpath(path, real) == NULL)
        return 0;
    int r = judge(real, also, err);
    if (r == 0)
        r = judge_name(path, also, err);
    return r == 0 ? judge_above(real, also, err) : r;
}
