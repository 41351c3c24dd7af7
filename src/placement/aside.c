#include "placement/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "placement/staged.h"

#define ASIDE_PREFIX "resus-aside-"
#define UNDONE_PREFIX "resus-undone-"
#define TRASH_PREFIX "resus-trash-"

enum placement_result exchange_open(const struct placement_place *place, const char *id,
                                    struct exchange *ret, struct placement_error *err)
{
    struct exchange x = {
        .id = id, .aside = -1, .aside_aof = -1, .aof = -1, .undone = -1, .undone_aof = -1};
    enum placement_result r = folder_open(place, &x.f, err);
    if (r != PLACEMENT_OK)
        return r;
    x.f.err = err;
    staged_name(id, false, x.staged);
    (void)snprintf(x.aside_name, sizeof x.aside_name, ASIDE_PREFIX "%.20s", id);
    (void)snprintf(x.undone_name, sizeof x.undone_name, UNDONE_PREFIX "%.20s", id);
    (void)snprintf(x.trash, sizeof x.trash, TRASH_PREFIX "%.20s", id);
    (void)snprintf(x.part, sizeof x.part, "resus-new-%.20s", id);
    (void)snprintf(x.manifest, sizeof x.manifest, "%s.manifest", place->aof_name);
    if (!placement_id_valid(id))
        r = refuse(&x.f, PLACEMENT_USAGE, "this is not an id: %.30s", id);
    else if (folder_running(&x.f))
        r = refuse(&x.f, PLACEMENT_RUNNING, "a process works in %s: stop Redis first", place->dir);
    if (r == PLACEMENT_OK && kind_of(x.f.fd, place->aof_folder) != KIND_ABSENT)
        r = open_folder(&x.f, x.f.fd, place->aof_folder, false, &x.aof);
    if (r != PLACEMENT_OK)
        folder_close(&x.f);
    else
        *ret = x;
    return r;
}

static void close_one(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

void exchange_close(struct exchange *x)
{
    close_one(x->aside);
    close_one(x->aside_aof);
    close_one(x->aof);
    close_one(x->undone);
    close_one(x->undone_aof);
    folder_close(&x->f);
}

bool aside_marked(const struct exchange *x, const char *mark)
{
    return x->aside >= 0 && kind_of(x->aside, mark) == KIND_FILE;
}

enum placement_result aside_mark(const struct exchange *x, const char *mark)
{
    return write_text(&x->f, x->aside, mark, "");
}

static void name_files(struct exchange *x)
{
    const char *name = x->f.place->aof_name;
    (void)snprintf(x->base, sizeof x->base, "%s.%llu.base.rdb", name, x->was.sequence);
    (void)snprintf(x->increment, sizeof x->increment, "%s.%llu.incr.aof", name, x->was.sequence);
}

static enum placement_result was_read(struct exchange *x)
{
    char text[FOLDER_TEXT_MAX];
    enum placement_result r = read_text(&x->f, x->aside, MARK_WAS, text);
    if (r != PLACEMENT_OK || text[0] == '\0')
        return r;
    const char *sequence = strstr(text, "sequence ");
    x->was = (struct was){
        .kind = strstr(text, "kind aof\n") != NULL ? PLACEMENT_AOF : PLACEMENT_RDB,
        .dump = strstr(text, "dump yes\n") != NULL,
        .folder = strstr(text, "folder yes\n") != NULL,
        .manifest = strstr(text, "manifest yes\n") != NULL,
        .sequence = sequence == NULL ? 0 : strtoull(sequence + strlen("sequence "), NULL, 10),
    };
    name_files(x);
    return x->was.sequence > 0
               ? PLACEMENT_OK
               : refuse(&x->f, PLACEMENT_FAILED, "%s/%s is damaged", x->aside_name, MARK_WAS);
}

/* The greatest number in the names and in the manifest of the append-only file. */
struct numbers {
    const struct exchange *x;
    unsigned long long most;
};

static enum placement_result take_number(void *context, const char *name)
{
    struct numbers *n = context;
    size_t length = strlen(n->x->f.place->aof_name);
    if (strncmp(name, n->x->f.place->aof_name, length) == 0 && name[length] == '.') {
        unsigned long long number = strtoull(name + length + 1, NULL, 10);
        n->most = number > n->most && number < UINT64_MAX / 2 ? number : n->most;
    }
    return PLACEMENT_OK;
}

enum placement_result was_write(struct exchange *x)
{
    char text[FOLDER_TEXT_MAX];
    struct numbers numbers = {.x = x};
    enum placement_result r = PLACEMENT_OK;
    x->was.dump = kind_of(x->f.fd, x->f.place->dump) != KIND_ABSENT;
    x->was.folder = x->aof >= 0;
    x->was.manifest = x->aof >= 0 && kind_of(x->aof, x->manifest) != KIND_ABSENT;
    if (x->aof >= 0)
        r = each_file(&x->f, x->aof, take_number, &numbers);
    if (r != PLACEMENT_OK)
        return r;
    if (x->was.manifest) {
        r = read_text(&x->f, x->aof, x->manifest, text);
        for (const char *at = strstr(text, " seq "); at != NULL; at = strstr(at + 1, " seq ")) {
            unsigned long long number = strtoull(at + 5, NULL, 10);
            if (number > numbers.most && number < UINT64_MAX / 2)
                numbers.most = number;
        }
    }
    x->was.sequence = numbers.most + 1;
    name_files(x);
    (void)snprintf(text, sizeof text, "kind %s\ndump %s\nfolder %s\nmanifest %s\nsequence %llu\n",
                   x->was.kind == PLACEMENT_AOF ? "aof" : "rdb", x->was.dump ? "yes" : "no",
                   x->was.folder ? "yes" : "no", x->was.manifest ? "yes" : "no", x->was.sequence);
    return r == PLACEMENT_OK ? write_text(&x->f, x->aside, MARK_WAS, text) : r;
}

enum placement_result aside_open(struct exchange *x, bool make)
{
    if (!make && kind_of(x->f.fd, x->aside_name) == KIND_ABSENT)
        return PLACEMENT_OK;
    enum placement_result r = open_folder(&x->f, x->f.fd, x->aside_name, make, &x->aside);
    if (r == PLACEMENT_OK && (make || kind_of(x->aside, AOF_IN_ASIDE) != KIND_ABSENT))
        r = open_folder(&x->f, x->aside, AOF_IN_ASIDE, make, &x->aside_aof);
    return r == PLACEMENT_OK ? was_read(x) : r;
}

struct newest {
    char *id;
};

static enum placement_result take_aside(void *context, const char *name)
{
    struct newest *n = context;
    const char *id = name + strlen(ASIDE_PREFIX);
    if (strncmp(name, ASIDE_PREFIX, strlen(ASIDE_PREFIX)) == 0 && placement_id_valid(id) &&
        strcmp(id, n->id) > 0)
        (void)snprintf(n->id, PLACEMENT_ID_SIZE, "%s", id);
    return PLACEMENT_OK;
}

enum placement_result newest_aside(const struct folder *f, char id[PLACEMENT_ID_SIZE])
{
    struct newest n = {.id = id};
    id[0] = '\0';
    return each_file(f, f->fd, take_aside, &n);
}

enum placement_result refuse_older(const struct exchange *x)
{
    char newest[PLACEMENT_ID_SIZE];
    enum placement_result r = newest_aside(&x->f, newest);
    if (r == PLACEMENT_OK && strcmp(newest, x->id) > 0)
        r = refuse(&x->f, PLACEMENT_NOTHING,
                   "the restore %s was placed after this one: undo that one first", newest);
    return r;
}

void manifest_text(const struct exchange *x, char text[FOLDER_TEXT_MAX])
{
    (void)snprintf(text, FOLDER_TEXT_MAX, "file %s seq %llu type b\nfile %s seq %llu type i\n",
                   x->base, x->was.sequence, x->increment, x->was.sequence);
}

enum placement_result replace(const struct exchange *x, int from, const char *name, int to,
                              const char *as)
{
    if (same_file(from, name, to, as))
        return PLACEMENT_OK;
    enum placement_result r = remove_file(&x->f, to, x->part);
    if (r == PLACEMENT_OK)
        r = link_to(&x->f, from, name, to, x->part);
    if (r == PLACEMENT_OK)
        r = move_over(&x->f, to, x->part, to, as);
    return r == PLACEMENT_OK ? sync_folder(&x->f, to) : r;
}

struct link_all {
    const struct exchange *x;
    int from, to;
};

static enum placement_result link_each(void *context, const char *name)
{
    const struct link_all *l = context;
    if (strncmp(name, "resus-", 6) == 0)
        return PLACEMENT_OK; /* our own parts */
    return link_to(&l->x->f, l->from, name, l->to, name);
}

enum placement_result link_all(const struct exchange *x, int from, int to)
{
    struct link_all l = {.x = x, .from = from, .to = to};
    enum placement_result r = each_file(&x->f, from, link_each, &l);
    return r == PLACEMENT_OK ? sync_folder(&x->f, to) : r;
}

static enum placement_result remove_part(void *context, const char *name)
{
    const struct exchange *x = context;
    return strncmp(name, "resus-", 6) == 0 ? remove_file(&x->f, x->aof, name) : PLACEMENT_OK;
}

enum placement_result remove_prepared(struct exchange *x)
{
    char text[FOLDER_TEXT_MAX];
    if (x->was.sequence == 0 || x->was.kind != PLACEMENT_AOF || x->aof < 0)
        return PLACEMENT_OK;
    enum placement_result r = read_text(&x->f, x->aof, x->manifest, text);
    if (r == PLACEMENT_OK)
        r = each_file(&x->f, x->aof, remove_part, x);
    if (r == PLACEMENT_OK && strstr(text, x->base) == NULL)
        r = remove_file(&x->f, x->aof, x->base);
    if (r == PLACEMENT_OK && strstr(text, x->increment) == NULL)
        r = remove_file(&x->f, x->aof, x->increment);
    /* Unless it is in use. */
    if (r == PLACEMENT_OK && !x->was.folder &&
        unlinkat(x->f.fd, x->f.place->aof_folder, AT_REMOVEDIR) == 0) {
        (void)close(x->aof);
        x->aof = -1;
    }
    return r;
}

struct remove_all {
    const struct folder *f;
    int fd;
};

static enum placement_result remove_each(void *context, const char *name)
{
    const struct remove_all *a = context;
    if (kind_of(a->fd, name) == KIND_FOLDER)
        return remove_folder(a->f, a->fd, name);
    return remove_file(a->f, a->fd, name);
}

/* At most a folder in a folder: the ones that are removed were made here. */
enum placement_result remove_folder(const struct folder *f, int at, const char *name)
{
    struct remove_all a = {.f = f, .fd = -1};
    if (kind_of(at, name) == KIND_ABSENT)
        return PLACEMENT_OK;
    enum placement_result r = open_folder(f, at, name, false, &a.fd);
    if (r != PLACEMENT_OK)
        return r;
    r = each_file(f, a.fd, remove_each, &a);
    (void)close(a.fd);
    if (r == PLACEMENT_OK && unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        r = failed(f, "remove", name);
    return r;
}
