#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "placement/aside.h"
#include "placement/redis_conf.h"

static const struct placement_place *place_of(const struct exchange *x)
{
    return x->f.place;
}

/* With the wrong kind of file the server would start without the data. */
static enum placement_result check_config(const struct exchange *x, enum placement_kind kind,
                                          enum redis_conf_aof aof)
{
    if (aof == REDIS_CONF_AOF_UNKNOWN || (aof == REDIS_CONF_AOF_ON) == (kind == PLACEMENT_AOF))
        return PLACEMENT_OK;
    return refuse(
        &x->f, PLACEMENT_MISMATCH,
        "%s switches the append-only file %s: with place-%s the server would not load the "
        "backup",
        place_of(x)->config, aof == REDIS_CONF_AOF_ON ? "on" : "off",
        kind == PLACEMENT_AOF ? "aof" : "rdb");
}

static bool exchanged(const struct exchange *x)
{
    char text[FOLDER_TEXT_MAX];
    char wanted[FOLDER_TEXT_MAX];
    if (x->was.kind == PLACEMENT_RDB)
        return same_file(x->f.fd, x->staged, x->f.fd, place_of(x)->dump);
    manifest_text(x, wanted);
    return x->aof >= 0 && same_file(x->f.fd, x->staged, x->aof, x->base) &&
           read_text(&x->f, x->aof, x->manifest, text) == PLACEMENT_OK && strcmp(text, wanted) == 0;
}

/* Did a server write while the exchange was interrupted? The old names then mean other files. */
static bool untouched(const struct exchange *x)
{
    const char *dump = place_of(x)->dump;
    if (x->was.kind == PLACEMENT_AOF && !x->was.manifest)
        return kind_of(x->aof, x->manifest) == KIND_ABSENT;
    if (x->was.kind == PLACEMENT_RDB)
        return x->was.dump ? same_file(x->f.fd, dump, x->aside, dump)
                           : kind_of(x->f.fd, dump) == KIND_ABSENT;
    return same_file(x->aof, x->manifest, x->aside_aof, x->manifest);
}

/* Links from an attempt before may mean files that a server has replaced since. */
static enum placement_result clear_links(struct exchange *x)
{
    enum placement_result r = remove_file(&x->f, x->aside, place_of(x)->dump);
    if (r != PLACEMENT_OK)
        return r;
    (void)close(x->aside_aof);
    x->aside_aof = -1;
    r = remove_folder(&x->f, x->aside, AOF_IN_ASIDE);
    return r == PLACEMENT_OK ? open_folder(&x->f, x->aside, AOF_IN_ASIDE, true, &x->aside_aof) : r;
}

static enum placement_result keep_old(struct exchange *x, enum placement_kind kind)
{
    enum placement_result r = remove_prepared(x);
    if (r == PLACEMENT_OK)
        r = clear_links(x);
    x->was.kind = kind;
    if (r == PLACEMENT_OK)
        r = was_write(x);
    if (r == PLACEMENT_OK && x->was.dump)
        r = link_to(&x->f, x->f.fd, place_of(x)->dump, x->aside, place_of(x)->dump);
    if (r == PLACEMENT_OK && x->was.kind == PLACEMENT_AOF && x->aof >= 0)
        r = link_all(x, x->aof, x->aside_aof);
    return r == PLACEMENT_OK ? sync_folder(&x->f, x->aside) : r;
}

/* The backup as base, and an empty increment of the same number: the server appends to that one and
 * never to a file of the old data. */
static enum placement_result prepare_aof(struct exchange *x)
{
    enum placement_result r = PLACEMENT_OK;
    if (x->aof < 0)
        r = open_folder(&x->f, x->f.fd, place_of(x)->aof_folder, true, &x->aof);
    if (r == PLACEMENT_OK)
        r = sync_folder(&x->f, x->f.fd);
    if (r == PLACEMENT_OK)
        r = link_to(&x->f, x->f.fd, x->staged, x->aof, x->base);
    if (r == PLACEMENT_OK)
        r = write_text(&x->f, x->aof, x->increment, "");
    return r;
}

static enum placement_result exchange_files(const struct exchange *x)
{
    char text[FOLDER_TEXT_MAX];
    if (x->was.kind == PLACEMENT_RDB)
        return replace(x, x->f.fd, x->staged, x->f.fd, place_of(x)->dump);
    manifest_text(x, text);
    return write_text(&x->f, x->aof, x->manifest, text);
}

struct tidying {
    const struct exchange *x;
};

static enum placement_result remove_old(void *context, const char *name)
{
    const struct exchange *x = ((const struct tidying *)context)->x;
    if (!same_file(x->aof, name, x->aside_aof, name))
        return PLACEMENT_OK;
    return remove_file(&x->f, x->aof, name);
}

/* The append-only file beside a server that does not use it would be loaded on the day on which it
 * is switched on. When redis.conf cannot be read it stays: an empty start would be worse. */
static enum placement_result tidy(const struct exchange *x, enum redis_conf_aof aof)
{
    struct tidying t = {.x = x};
    enum placement_result r = PLACEMENT_OK;
    if (x->was.kind == PLACEMENT_AOF) {
        r = each_file(&x->f, x->aof, remove_old, &t);
        if (r == PLACEMENT_OK)
            r = sync_folder(&x->f, x->aof);
        if (r == PLACEMENT_OK)
            r = replace(x, x->f.fd, x->staged, x->f.fd, place_of(x)->dump);
    } else if (x->was.folder && aof == REDIS_CONF_AOF_OFF &&
               kind_of(x->f.fd, place_of(x)->aof_folder) == KIND_FOLDER) {
        r = move_over(&x->f, x->f.fd, place_of(x)->aof_folder, x->aside, place_of(x)->aof_folder);
    }
    if (r == PLACEMENT_OK)
        r = aside_mark(x, MARK_PLACED);
    if (r == PLACEMENT_OK)
        r = remove_file(&x->f, x->f.fd, x->staged);
    return r == PLACEMENT_OK ? sync_folder(&x->f, x->f.fd) : r;
}

static enum placement_result place_once(struct exchange *x, enum placement_kind kind,
                                        enum redis_conf_aof aof)
{
    bool staged = kind_of(x->f.fd, x->staged) == KIND_FILE;
    enum placement_result r = PLACEMENT_OK;
    if (!staged)
        return refuse(&x->f, PLACEMENT_NOTHING, "no staged backup %s in %s: stage it first", x->id,
                      place_of(x)->dir);
    r = aside_open(x, true);
    bool ready = r == PLACEMENT_OK && aside_marked(x, MARK_READY);
    if (ready && x->was.kind != kind)
        return refuse(&x->f, PLACEMENT_MISMATCH, "this restore began with the other kind of file");
    if (r == PLACEMENT_OK && !ready) {
        r = keep_old(x, kind);
        if (r == PLACEMENT_OK && kind == PLACEMENT_AOF)
            r = prepare_aof(x);
        if (r == PLACEMENT_OK)
            r = aside_mark(x, MARK_READY);
    }
    if (r == PLACEMENT_OK && !exchanged(x)) {
        if (!untouched(x))
            return refuse(&x->f, PLACEMENT_FAILED,
                          "a server has written to %s since this restore was interrupted: undo it, "
                          "then restore again",
                          place_of(x)->dir);
        r = exchange_files(x);
    }
    return r == PLACEMENT_OK ? tidy(x, aof) : r;
}

enum placement_result placement_place(const struct placement_place *place, const char *id,
                                      enum placement_kind kind, struct placement_error *err)
{
    struct exchange x;
    enum redis_conf_aof aof = redis_conf_aof_of(place->config);
    enum placement_result r = exchange_open(place, id, &x, err);
    if (r != PLACEMENT_OK)
        return r;
    r = refuse_older(&x);
    if (r == PLACEMENT_OK)
        r = check_config(&x, kind, aof);
    if (r == PLACEMENT_OK && kind_of(x.f.fd, x.undone_name) != KIND_ABSENT)
        r = refuse(&x.f, PLACEMENT_NOTHING, "the restore %s was undone", id);
    bool complete = false;
    if (r == PLACEMENT_OK && kind_of(x.f.fd, x.staged) == KIND_ABSENT) {
        r = aside_open(&x, false);
        complete = r == PLACEMENT_OK && aside_marked(&x, MARK_PLACED) && x.was.kind == kind;
    }
    if (r == PLACEMENT_OK && !complete)
        r = place_once(&x, kind, aof);
    if (r == PLACEMENT_OK && folder_running(&x.f))
        r = refuse(&x.f, PLACEMENT_RUNNING, "a process began to work in %s meanwhile", place->dir);
    exchange_close(&x);
    return r;
}
