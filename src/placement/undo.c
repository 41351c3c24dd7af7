#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "placement/aside.h"

static const struct placement_place *place_of(const struct exchange *x)
{
    return x->f.place;
}

static enum placement_result open_undone(struct exchange *x)
{
    enum placement_result r = open_folder(&x->f, x->f.fd, x->undone_name, true, &x->undone);
    if (r == PLACEMENT_OK)
        r = open_folder(&x->f, x->undone, AOF_IN_ASIDE, true, &x->undone_aof);
    return r;
}

struct walk {
    const struct exchange *x;
};

#define KEPT_MAX 100

/* Under another name when an undo before this one kept a file of that name. */
static enum placement_result keep_as(const struct exchange *x, int from, const char *name, int to)
{
    char as[ASIDE_FILE_SIZE];
    (void)snprintf(as, sizeof as, "%s", name);
    for (int i = 1; i < KEPT_MAX && kind_of(to, as) != KIND_ABSENT; i++) {
        if (same_file(from, name, to, as))
            return PLACEMENT_OK;
        (void)snprintf(as, sizeof as, "%.150s.%d", name, i);
    }
    return link_to(&x->f, from, name, to, as);
}

/* Keeps a file of the restored server, unless it is one of the old ones. */
static enum placement_result keep_new(void *context, const char *name)
{
    const struct exchange *x = ((const struct walk *)context)->x;
    if (strncmp(name, "resus-", 6) == 0 || same_file(x->aof, name, x->aside_aof, name))
        return PLACEMENT_OK;
    return keep_as(x, x->aof, name, x->undone_aof);
}

/* Gives an old file its name back; the manifest comes last. */
static enum placement_result put_back(void *context, const char *name)
{
    const struct exchange *x = ((const struct walk *)context)->x;
    if (strcmp(name, x->manifest) == 0)
        return PLACEMENT_OK;
    return replace(x, x->aside_aof, name, x->aof, name);
}

static enum placement_result remove_new(void *context, const char *name)
{
    const struct exchange *x = ((const struct walk *)context)->x;
    if (same_file(x->aof, name, x->aside_aof, name))
        return PLACEMENT_OK;
    return remove_file(&x->f, x->aof, name);
}

static enum placement_result take_back_aof(const struct exchange *x)
{
    struct walk w = {.x = x};
    enum placement_result r = each_file(&x->f, x->aof, keep_new, &w);
    if (r == PLACEMENT_OK)
        r = sync_folder(&x->f, x->undone_aof);
    if (r == PLACEMENT_OK)
        r = each_file(&x->f, x->aside_aof, put_back, &w);
    if (r == PLACEMENT_OK)
        r = sync_folder(&x->f, x->aof);
    if (r == PLACEMENT_OK && x->was.manifest)
        r = replace(x, x->aside_aof, x->manifest, x->aof, x->manifest);
    else if (r == PLACEMENT_OK)
        r = remove_file(&x->f, x->aof, x->manifest);
    if (r == PLACEMENT_OK)
        r = each_file(&x->f, x->aof, remove_new, &w);
    if (r == PLACEMENT_OK && !x->was.folder &&
        unlinkat(x->f.fd, place_of(x)->aof_folder, AT_REMOVEDIR) < 0 && errno != ENOENT)
        r = failed(&x->f, "remove", place_of(x)->aof_folder);
    return r;
}

static enum placement_result take_back_dump(const struct exchange *x)
{
    const char *dump = place_of(x)->dump;
    enum placement_result r = PLACEMENT_OK;
    bool there = kind_of(x->f.fd, dump) != KIND_ABSENT;
    if (there && !(x->was.dump && same_file(x->f.fd, dump, x->aside, dump)))
        r = keep_as(x, x->f.fd, dump, x->undone);
    if (r == PLACEMENT_OK)
        r = sync_folder(&x->f, x->undone);
    if (r == PLACEMENT_OK && x->was.dump)
        r = replace(x, x->aside, dump, x->f.fd, dump);
    else if (r == PLACEMENT_OK)
        r = remove_file(&x->f, x->f.fd, dump);
    return r;
}

/* An append-only file that was switched off all the time. */
static enum placement_result take_back_folder(const struct exchange *x)
{
    const char *name = place_of(x)->aof_folder;
    enum placement_result r = PLACEMENT_OK;
    if (kind_of(x->aside, name) != KIND_FOLDER)
        return PLACEMENT_OK;
    if (kind_of(x->f.fd, name) == KIND_FOLDER)
        r = move_over(&x->f, x->f.fd, name, x->undone, name);
    return r == PLACEMENT_OK ? move_over(&x->f, x->aside, name, x->f.fd, name) : r;
}

static enum placement_result take_back(struct exchange *x)
{
    enum placement_result r = open_undone(x);
    if (r == PLACEMENT_OK && x->was.kind == PLACEMENT_AOF && x->aof >= 0)
        r = take_back_aof(x);
    if (r == PLACEMENT_OK)
        r = take_back_dump(x);
    if (r == PLACEMENT_OK && x->was.kind == PLACEMENT_RDB)
        r = take_back_folder(x);
    return r == PLACEMENT_OK ? sync_folder(&x->f, x->f.fd) : r;
}

static enum placement_result undo(struct exchange *x)
{
    enum placement_result r = aside_open(x, false);
    if (r != PLACEMENT_OK)
        return r;
    if (aside_marked(x, MARK_READY))
        r = take_back(x);
    else
        r = remove_prepared(x);
    /* From this rename on the undo is complete; what follows only makes room. */
    if (r == PLACEMENT_OK && x->aside >= 0)
        r = move_over(&x->f, x->f.fd, x->aside_name, x->f.fd, x->trash);
    if (r == PLACEMENT_OK)
        r = remove_folder(&x->f, x->f.fd, x->trash);
    if (r == PLACEMENT_OK)
        r = remove_file(&x->f, x->f.fd, x->part);
    if (r == PLACEMENT_OK)
        r = remove_file(&x->f, x->f.fd, x->staged);
    return r == PLACEMENT_OK ? sync_folder(&x->f, x->f.fd) : r;
}

enum placement_result placement_undo(const struct placement_place *place, const char *id,
                                     struct placement_error *err)
{
    struct exchange x;
    enum placement_result r = exchange_open(place, id, &x, err);
    if (r != PLACEMENT_OK)
        return r;
    r = refuse_older(&x);
    if (r == PLACEMENT_OK)
        r = undo(&x);
    if (r == PLACEMENT_OK && folder_running(&x.f))
        r = refuse(&x.f, PLACEMENT_RUNNING, "a process began to work in %s meanwhile", place->dir);
    exchange_close(&x);
    return r;
}
