/* Placing and undoing, killed before and after every call that changes the disk: what a server would load
 * is the old data or the backup, the same order again completes it, and undo brings the old data
 * back. Links and foreign files are refused. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "placement/placement.h"
#include "placement/sha256.h"

#define CUT_STATUS 77
#define SAMPLE_MAX 4096

/* Ends the process before (odd) or after (even) the call with this number; 0 = never. */
static int cut_at, calls;

static void before(void)
{
    if (cut_at != 0 && ++calls == cut_at)
        _exit(CUT_STATUS);
}

#define WRAP(name, arguments, values)                                                              \
    int __real_##name arguments;                                                                   \
    int __wrap_##name arguments;                                                                   \
    int __wrap_##name arguments                                                                    \
    {                                                                                              \
        before();                                                                                  \
        int r = __real_##name values;                                                              \
        int code = errno;                                                                          \
        before();                                                                                  \
        errno = code;                                                                              \
        return r;                                                                                  \
    }
WRAP(renameat, (int a, const char *b, int c, const char *d), (a, b, c, d))
WRAP(linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
WRAP(unlinkat, (int a, const char *b, int c), (a, b, c))
WRAP(mkdirat, (int a, const char *b, mode_t c), (a, b, c))

/* A kill needs no disk that is in step, and thousands of syncs take minutes. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    before();
    return fd < 0 ? -1 : 0;
}

ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    before();
    ssize_t n = __real_write(fd, bytes, length);
    before();
    return n;
}

int __real_openat(int at, const char *name, int flags, ...);
int __wrap_openat(int at, const char *name, int flags, ...);
int __wrap_openat(int at, const char *name, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
        before();
    }
    int fd = __real_openat(at, name, flags, mode);
    if ((flags & O_CREAT) != 0)
        before();
    return fd;
}

/* --- the folder --- */

static char sample[SAMPLE_MAX];
static size_t sample_length;
static struct placement_place place;
static struct placement_error error;
static char id[PLACEMENT_ID_SIZE];

static char *path_of(const char *name)
{
    static char paths[4][PLACEMENT_DIR_MAX + 300];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", place.dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static size_t get(const char *name, char text[SAMPLE_MAX])
{
    FILE *f = fopen(path_of(name), "r");
    if (f == NULL) {
        text[0] = '\0';
        return 0;
    }
    size_t n = fread(text, 1, SAMPLE_MAX - 1, f);
    (void)fclose(f);
    text[n] = '\0';
    return n;
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    if (d == NULL) {
        (void)unlink(path);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char inside[PLACEMENT_DIR_MAX + 300];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(inside, sizeof inside, "%s/%s", path, e->d_name);
        remove_tree(inside);
    }
    (void)closedir(d);
    (void)rmdir(path);
}

struct layout {
    const char *name;
    enum placement_kind kind;
    bool manifest, dump, folder;
};

/* With an append-only file of a base and an increment, or dump.rdb alone. */
static void make_old(const struct layout *l)
{
    /* In memory, where there is some: thousands of them are made. */
    char made[64];
    (void)snprintf(made, sizeof made, "%s/resus-placement-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(made));
    placement_defaults(&place);
    (void)snprintf(place.dir, sizeof place.dir, "%s", made);
    (void)snprintf(place.config, sizeof place.config, "%s", path_of("redis.conf"));
    put("redis.conf", l->kind == PLACEMENT_AOF ? "appendonly yes\n" : "appendonly no\n");
    if (l->dump)
        put("dump.rdb", "old");
    if (l->folder || l->manifest)
        assert_int_equal(mkdir(path_of("appendonlydir"), 0750), 0);
    if (!l->manifest)
        return;
    put("appendonlydir/appendonly.aof.3.base.rdb", "old base,");
    put("appendonlydir/appendonly.aof.4.incr.aof", "old increment");
    put("appendonlydir/appendonly.aof.manifest", "file appendonly.aof.3.base.rdb seq 3 type b\n"
                                                 "file appendonly.aof.4.incr.aof seq 4 type i\n");
}

struct bytes {
    size_t at;
};

static int64_t from_sample(void *context, void *to, size_t size)
{
    struct bytes *b = context;
    size_t n = sample_length - b->at < size ? sample_length - b->at : size;
    n = n > 100 ? 100 : n;
    memcpy(to, sample + b->at, n);
    b->at += n;
    return (int64_t)n;
}

static enum placement_result stage(void)
{
    struct bytes b = {0};
    struct placement_stage s = {.bytes = sample_length, .source = from_sample, .context = &b};
    struct sha256 sum;
    sha256_begin(&sum);
    sha256_add(&sum, sample, sample_length);
    sha256_end(&sum, s.sha256);
    return placement_stage(&place, &s, id, &error);
}

/* What a server loads: as Redis does, by the manifest or by dump.rdb. 'o', 'n', 'e' (empty), '!'. */
static char loads(const struct layout *l)
{
    char text[SAMPLE_MAX];
    char all[2 * SAMPLE_MAX] = "";
    size_t length = 0;
    if (l->kind == PLACEMENT_RDB) {
        length = get("dump.rdb", all);
    } else {
        char manifest[SAMPLE_MAX];
        char file[300];
        (void)get("appendonlydir/appendonly.aof.manifest", manifest);
        for (char *at = strstr(manifest, "file "); at != NULL; at = strstr(at + 1, "file ")) {
            (void)snprintf(file, sizeof file, "appendonlydir/%.*s", (int)strcspn(at + 5, " "),
                           at + 5);
            if (access(path_of(file), F_OK) != 0)
                return '!';
            size_t n = get(file, text);
            memcpy(all + length, text, n);
            length += n;
        }
        all[length] = '\0';
    }
    if (length == sample_length && memcmp(all, sample, length) == 0)
        return 'n';
    if (strcmp(all, l->kind == PLACEMENT_RDB ? "old" : "old base,old increment") == 0)
        return 'o';
    return length == 0 ? 'e' : '!';
}

static enum placement_result order(const struct layout *l, bool undo)
{
    return undo ? placement_undo(&place, id, &error) : placement_place(&place, id, l->kind, &error);
}

/* The order in a child that ends itself at the call; true when it came to its end. */
static bool cut(const struct layout *l, bool undo, int at)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cut_at = at;
        _exit(order(l, undo) == PLACEMENT_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) &&
                (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CUT_STATUS));
    return WEXITSTATUS(status) == 0;
}

static const struct layout layouts[] = {
    {.name = "dump.rdb", .kind = PLACEMENT_RDB, .dump = true},
    {.name = "dump.rdb and an append-only file that is switched off",
     .kind = PLACEMENT_RDB,
     .dump = true,
     .manifest = true},
    {.name = "no file at all", .kind = PLACEMENT_RDB},
    {.name = "append-only file", .kind = PLACEMENT_AOF, .manifest = true},
    {.name = "append-only file and dump.rdb",
     .kind = PLACEMENT_AOF,
     .manifest = true,
     .dump = true},
    {.name = "append-only file that is still empty", .kind = PLACEMENT_AOF, .folder = true},
    {.name = "append-only file that was never made", .kind = PLACEMENT_AOF},
};

static char before_of(const struct layout *l)
{
    return (l->kind == PLACEMENT_RDB ? l->dump : l->manifest) ? 'o' : 'e';
}

static void old_files_are_as_they_were(const struct layout *l)
{
    assert_int_equal(loads(l), before_of(l));
    assert_int_equal(access(path_of("dump.rdb"), F_OK) == 0, l->dump);
    assert_int_equal(access(path_of("appendonlydir"), F_OK) == 0, l->manifest || l->folder);
    assert_int_equal(access(path_of("appendonlydir/appendonly.aof.manifest"), F_OK) == 0,
                     l->manifest);
    char name[100];
    (void)snprintf(name, sizeof name, "resus-aside-%s", id);
    assert_int_not_equal(access(path_of(name), F_OK), 0);
    (void)snprintf(name, sizeof name, "resus-staged-%s.rdb", id);
    assert_int_not_equal(access(path_of(name), F_OK), 0);
}

static void check(const struct layout *l, char is, const char *what, int at)
{
    if (is != 'n' && is != before_of(l))
        fail_msg("%s, %s cut at %d: a server would load '%c'", l->name, what, at, is);
}

static void place_cut_everywhere(const struct layout *l, bool undo_after)
{
    bool whole = false;
    for (int at = 1; !whole; at++) {
        make_old(l);
        placement_id_now(id);
        assert_int_equal(stage(), PLACEMENT_OK);
        whole = cut(l, false, at);
        check(l, loads(l), "place", at);
        enum placement_result r = order(l, undo_after);
        if (r != PLACEMENT_OK)
            fail_msg("%s, place cut at %d: %s", l->name, at, error.text);
        if (undo_after)
            old_files_are_as_they_were(l);
        else
            assert_int_equal(loads(l), 'n');
        assert_int_equal(order(l, undo_after), PLACEMENT_OK); /* once more changes nothing */
        assert_int_equal(loads(l), undo_after ? before_of(l) : 'n');
        remove_tree(place.dir);
    }
}

static void a_place_that_is_cut_leaves_old_or_new_and_goes_on(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        place_cut_everywhere(&layouts[i], false);
}

static void a_place_that_is_cut_can_be_undone(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        place_cut_everywhere(&layouts[i], true);
}

static void an_undo_that_is_cut_leaves_old_or_new_and_goes_on(void **context)
{
    (void)context;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const struct layout *l = &layouts[i];
        bool whole = false;
        for (int at = 1; !whole; at++) {
            make_old(l);
            placement_id_now(id);
            assert_int_equal(stage(), PLACEMENT_OK);
            assert_int_equal(order(l, false), PLACEMENT_OK);
            whole = cut(l, true, at);
            check(l, loads(l), "undo", at);
            assert_int_equal(order(l, true), PLACEMENT_OK);
            old_files_are_as_they_were(l);
            assert_int_equal(order(l, true), PLACEMENT_OK);
            remove_tree(place.dir);
        }
    }
}

static void what_was_placed_is_kept_when_it_is_undone(void **context)
{
    (void)context;
    char name[120];
    char text[SAMPLE_MAX];
    make_old(&layouts[0]);
    placement_id_now(id);
    assert_int_equal(stage(), PLACEMENT_OK);
    assert_int_equal(order(&layouts[0], false), PLACEMENT_OK);
    (void)snprintf(name, sizeof name, "resus-aside-%s/dump.rdb", id);
    (void)get(name, text);
    assert_string_equal(text, "old");
    assert_int_equal(order(&layouts[0], true), PLACEMENT_OK);
    (void)snprintf(name, sizeof name, "resus-undone-%s/dump.rdb", id);
    assert_int_equal(get(name, text), sample_length);
    assert_int_equal(placement_place(&place, id, PLACEMENT_RDB, &error), PLACEMENT_NOTHING);
    remove_tree(place.dir);
}

static void only_the_newest_restore_is_undone(void **context)
{
    (void)context;
    char first[PLACEMENT_ID_SIZE] = "20200101T000000.000Z";
    make_old(&layouts[0]);
    memcpy(id, first, sizeof id);
    assert_int_equal(stage(), PLACEMENT_OK);
    assert_int_equal(order(&layouts[0], false), PLACEMENT_OK);
    placement_id_now(id);
    assert_int_equal(stage(), PLACEMENT_OK);
    assert_int_equal(order(&layouts[0], false), PLACEMENT_OK);
    assert_int_equal(placement_undo(&place, first, &error), PLACEMENT_NOTHING);
    assert_int_equal(order(&layouts[0], true), PLACEMENT_OK);
    assert_int_equal(placement_undo(&place, first, &error), PLACEMENT_OK);
    assert_int_equal(loads(&layouts[0]), 'o');
    remove_tree(place.dir);
}

static void links_foreign_folders_and_the_wrong_kind_are_refused(void **context)
{
    (void)context;
    char other[] = "/tmp/resus-elsewhere-XXXXXX";
    make_old(&layouts[3]);
    placement_id_now(id);
    assert_int_equal(stage(), PLACEMENT_OK);
    assert_int_equal(placement_place(&place, id, PLACEMENT_RDB, &error), PLACEMENT_MISMATCH);
    assert_non_null(mkdtemp(other));
    remove_tree(path_of("appendonlydir"));
    assert_int_equal(symlink(other, path_of("appendonlydir")), 0);
    assert_int_equal(order(&layouts[3], false), PLACEMENT_UNSAFE);
    assert_int_equal(rmdir(other), 0); /* nothing was written there */
    (void)unlink(path_of("appendonlydir"));
    put("redis.conf", "appendonly no\n");
    assert_int_equal(symlink("/etc/passwd", path_of("dump.rdb")), 0);
    assert_int_equal(placement_place(&place, id, PLACEMENT_RDB, &error), PLACEMENT_UNSAFE);
    char *linked = path_of("");
    linked[strlen(linked) - 1] = '\0';
    (void)snprintf(other, sizeof other, "/tmp/resus-link-%06d", (int)getpid() % 1000000);
    assert_int_equal(symlink(linked, other), 0);
    struct placement_place by_link = place;
    (void)snprintf(by_link.dir, sizeof by_link.dir, "%s", other);
    assert_int_equal(placement_place(&by_link, id, PLACEMENT_RDB, &error), PLACEMENT_UNSAFE);
    (void)unlink(other);
    remove_tree(place.dir);
}

static void a_process_in_the_folder_refuses_everything(void **context)
{
    (void)context;
    int ready[2];
    char c = 0;
    make_old(&layouts[0]);
    placement_id_now(id);
    assert_int_equal(stage(), PLACEMENT_OK); /* beside a server that runs */
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        bool there = chdir(place.dir) == 0 && __real_write(ready[1], "x", 1) == 1;
        (void)pause();
        _exit(there);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(order(&layouts[0], false), PLACEMENT_RUNNING);
    assert_int_equal(order(&layouts[0], true), PLACEMENT_RUNNING);
    assert_int_equal(loads(&layouts[0]), 'o');
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    assert_int_equal(order(&layouts[0], false), PLACEMENT_OK);
    (void)close(ready[0]);
    (void)close(ready[1]);
    remove_tree(place.dir);
}

static void a_server_that_wrote_in_between_is_not_overwritten(void **context)
{
    (void)context;
    const struct layout *l = &layouts[0];
    bool refused = false;
    bool whole = false;
    for (int at = 1; !whole; at++) {
        make_old(l);
        placement_id_now(id);
        assert_int_equal(stage(), PLACEMENT_OK);
        whole = cut(l, false, at);
        if (loads(l) == 'o') {
            put("temp.rdb", "old"); /* as a BGSAVE of a server that was started meanwhile */
            assert_int_equal(rename(path_of("temp.rdb"), path_of("dump.rdb")), 0);
            enum placement_result r = order(l, false);
            assert_true(r == PLACEMENT_OK || r == PLACEMENT_FAILED);
            refused = refused || r == PLACEMENT_FAILED;
            assert_int_equal(loads(l), r == PLACEMENT_OK ? 'n' : 'o');
            assert_int_equal(order(l, true), PLACEMENT_OK);
            assert_int_equal(loads(l), 'o');
        }
        remove_tree(place.dir);
    }
    assert_true(refused);
}

static void damaged_bytes_are_not_staged(void **context)
{
    (void)context;
    make_old(&layouts[0]);
    placement_id_now(id);
    size_t whole = sample_length;
    struct bytes b = {0};
    struct placement_stage s = {.bytes = sample_length, .source = from_sample, .context = &b};
    memset(s.sha256, '0', 64);
    assert_int_equal(placement_stage(&place, &s, id, &error), PLACEMENT_DAMAGED);
    sample[100] ^= 1; /* the SHA-256 is right, the CRC is not */
    assert_int_equal(stage(), PLACEMENT_DAMAGED);
    sample[100] ^= 1;
    sample_length--;
    assert_int_equal(stage(), PLACEMENT_DAMAGED);
    sample_length = whole;
    place.bytes_max = whole - 1;
    assert_int_equal(stage(), PLACEMENT_NO_ROOM);
    place.bytes_max = whole;
    place.reserve_bytes = UINT64_C(1) << 62;
    assert_int_equal(stage(), PLACEMENT_NO_ROOM);
    assert_int_equal(placement_place(&place, id, PLACEMENT_RDB, &error), PLACEMENT_NOTHING);
    assert_int_equal(loads(&layouts[0]), 'o');
    remove_tree(place.dir);
}

static int read_sample(void **context)
{
    (void)context;
    FILE *f = fopen(SAMPLE, "r");
    sample_length = f == NULL ? 0 : fread(sample, 1, sizeof sample, f);
    if (f != NULL)
        (void)fclose(f);
    return sample_length > 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_that_is_cut_leaves_old_or_new_and_goes_on),
        cmocka_unit_test(a_place_that_is_cut_can_be_undone),
        cmocka_unit_test(an_undo_that_is_cut_leaves_old_or_new_and_goes_on),
        cmocka_unit_test(what_was_placed_is_kept_when_it_is_undone),
        cmocka_unit_test(only_the_newest_restore_is_undone),
        cmocka_unit_test(links_foreign_folders_and_the_wrong_kind_are_refused),
        cmocka_unit_test(a_process_in_the_folder_refuses_everything),
        cmocka_unit_test(a_server_that_wrote_in_between_is_not_overwritten),
        cmocka_unit_test(damaged_bytes_are_not_staged),
    };
    return cmocka_run_group_tests(tests, read_sample, NULL);
}
