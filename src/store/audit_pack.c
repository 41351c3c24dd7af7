#include "store/audit_pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/str.h"
#include "io/file.h"
#include "settings/settings.h"

static int copy(int from, gzFile to, bool (*stopped)(void *context), void *context)
{
    char block[65536];
    for (;;) {
        if (stopped(context))
            return -ECANCELED;
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        if (gzwrite(to, block, (unsigned)n) != n)
            return errno > 0 ? -errno : -EIO;
    }
}

/* Takes `to`. gzclose flushes; a second descriptor is kept for the fsync after it. */
static int pack_into(int from, int to, bool (*stopped)(void *context), void *context)
{
    int keep = fcntl(to, F_DUPFD_CLOEXEC, 0);
    gzFile stream = keep < 0 ? NULL : gzdopen(to, "wb6");
    if (stream == NULL) {
        int r = errno > 0 ? -errno : -ENOMEM;
        (void)close(to);
        if (keep >= 0)
            (void)close(keep);
        return r;
    }
    int r = copy(from, stream, stopped, context);
    if (gzclose(stream) != Z_OK && r == 0)
        r = errno > 0 ? -errno : -EIO;
    if (r == 0 && fsync(keep) < 0)
        r = -errno;
    (void)close(keep);
    return r;
}

int audit_pack(const char *path, bool (*stopped)(void *context), void *context, struct error *err)
{
    char part[SETTINGS_PATH_MAX + 32];
    char packed[SETTINGS_PATH_MAX + 32];
    if (!str_format(packed, sizeof packed, "%s.gz", path) ||
        !str_format(part, sizeof part, "%s.gz.part", path))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", path);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return error_set_errno(err, -errno, "cannot open %s", path);
    int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    int r = to < 0 ? -errno : 0;
    if (r == 0 && fchmod(to, 0640) < 0) {
        r = -errno;
        (void)close(to);
    } else if (r == 0) {
        r = pack_into(from, to, stopped, context);
    }
    (void)close(from);
    if (r == 0 && rename(part, packed) < 0)
        r = -errno;
    if (r < 0) {
        (void)unlink(part);
        return error_set_errno(err, r, "cannot pack %s", path);
    }
    /* The new name reaches the disk before the old one goes. */
    r = file_sync_folder(path, err);
    if (r == 0 && unlink(path) < 0)
        r = error_set_errno(err, -errno, "cannot remove %s", path);
    return r;
}
