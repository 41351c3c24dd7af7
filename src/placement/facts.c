#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "placement/aside.h"

struct sizes {
    int fd;
    int64_t bytes;
};

static int64_t bytes_of(int fd, const char *name)
{
    struct stat s;
    if (fstatat(fd, name, &s, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(s.st_mode))
        return -1;
    return (int64_t)s.st_size;
}

static enum placement_result add_size(void *context, const char *name)
{
    struct sizes *sizes = context;
    int64_t bytes = bytes_of(sizes->fd, name);
    sizes->bytes += bytes > 0 ? bytes : 0;
    return PLACEMENT_OK;
}

static enum placement_result of_aof(const struct folder *f, struct placement_facts *ret)
{
    char manifest[ASIDE_FILE_SIZE];
    struct sizes sizes = {.fd = -1};
    ret->aof_bytes = -1;
    if (kind_of(f->fd, f->place->aof_folder) == KIND_ABSENT)
        return PLACEMENT_OK;
    enum placement_result r = open_folder(f, f->fd, f->place->aof_folder, false, &sizes.fd);
    if (r != PLACEMENT_OK)
        return r;
    r = each_file(f, sizes.fd, add_size, &sizes);
    (void)snprintf(manifest, sizeof manifest, "%s.manifest", f->place->aof_name);
    ret->manifest = kind_of(sizes.fd, manifest) == KIND_FILE;
    ret->aof_bytes = sizes.bytes;
    (void)close(sizes.fd);
    return r;
}

enum placement_result placement_facts(const struct placement_place *place,
                                      struct placement_facts *ret, struct placement_error *err)
{
    struct folder f;
    struct statvfs v;
    enum placement_result r = folder_open(place, &f, err);
    if (r != PLACEMENT_OK)
        return r;
    *ret = (struct placement_facts){.dump_bytes = bytes_of(f.fd, place->dump),
                                    .running = folder_running(&f)};
    if (fstatvfs(f.fd, &v) == 0)
        ret->free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
    else
        r = failed(&f, "ask for the free space of", "the disk");
    if (r == PLACEMENT_OK)
        r = of_aof(&f, ret);
    if (r == PLACEMENT_OK)
        r = newest_aside(&f, ret->newest_aside);
    folder_close(&f);
    return r;
}
