/* The folder of the old files, and what both directions of the exchange share. */
#ifndef RESUS_PLACEMENT_ASIDE_H
#define RESUS_PLACEMENT_ASIDE_H

#include "placement/folder.h"

#define ASIDE_NAME_SIZE 64
#define ASIDE_FILE_SIZE (PLACEMENT_NAME_MAX + 64)

/* Empty files in the folder. */
#define MARK_READY                                                                                 \
    "resus-ready" /* all old files have a second name here: the exchange may happen */
#define MARK_PLACED "resus-placed" /* the exchange is complete */
#define MARK_WAS "resus-was"       /* not empty: what there was before */
#define AOF_IN_ASIDE "resus-aof"   /* a folder: the old files of the append-only file */

/* What there was before, as `was` says. */
struct was {
    enum placement_kind kind;
    bool dump, folder, manifest;
    unsigned long long sequence; /* of the new base and increment */
};

/* One exchange at work. */
struct exchange {
    struct folder f;
    const char *id;
    struct was was;
    int aside, aside_aof; /* -1 = not there */
    int aof;              /* the folder of the append-only file; likewise */
    int undone, undone_aof;
    char staged[ASIDE_NAME_SIZE], aside_name[ASIDE_NAME_SIZE], undone_name[ASIDE_NAME_SIZE];
    char trash[ASIDE_NAME_SIZE]; /* an aside folder that is of no more use, being removed */
    char part[ASIDE_NAME_SIZE];  /* a new file before its rename */
    char base[ASIDE_FILE_SIZE], increment[ASIDE_FILE_SIZE], manifest[ASIDE_FILE_SIZE];
};

/* Opens and locks the data folder, and refuses while a server runs. */
enum placement_result exchange_open(const struct placement_place *place, const char *id,
                                    struct exchange *ret, struct placement_error *err);
void exchange_close(struct exchange *x);
/* Opens what is there of the aside folder; with `make`, makes it. Its `was` is read. */
enum placement_result aside_open(struct exchange *x, bool make);
bool aside_marked(const struct exchange *x, const char *mark);
enum placement_result aside_mark(const struct exchange *x, const char *mark);
enum placement_result was_write(struct exchange *x);
/* PLACEMENT_NOTHING when a restore after this one was placed: its old files are this one's. */
enum placement_result refuse_older(const struct exchange *x);
/* The greatest id of an aside folder, "" = none. */
enum placement_result newest_aside(const struct folder *f, char id[PLACEMENT_ID_SIZE]);
/* The lines of the new manifest. */
void manifest_text(const struct exchange *x, char text[FOLDER_TEXT_MAX]);
/* Gives the file of `from` the name `as` in `to` by one rename; the name in `from` stays. */
enum placement_result replace(const struct exchange *x, int from, const char *name, int to,
                              const char *as);
/* Links every file of one folder into another. */
enum placement_result link_all(const struct exchange *x, int from, int to);
/* Removes the base and the increment of an attempt, unless a server uses files of these names. */
enum placement_result remove_prepared(struct exchange *x);
/* Removes every file of a folder, then the folder. */
enum placement_result remove_folder(const struct folder *f, int at, const char *name);

#endif
