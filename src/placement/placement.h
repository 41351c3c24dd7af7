/* Exchanges the data files of a Redis that does not run: the old files are kept aside, a backup
 * takes their place, and back. Needs libc alone: it is the whole of resus-restore-helper, which runs
 * as the owner of the data, and Resus calls it for a Redis of its own.
 *
 *   DIR/resus-staged-ID.part    a backup on its way
 *   DIR/resus-staged-ID.rdb     complete, checked and synced
 *   DIR/resus-aside-ID/         the old files (hard links first, so that no name is ever missing),
 *                               `was`: what there was; `placed`: the exchange is complete
 *   DIR/resus-undone-ID/        what the backup had become when it was undone
 *
 * One rename decides which data a server finds: of dump.rdb, or, with an append-only file, of its
 * manifest, which names a new base file (the backup) and a new, empty increment. Before it the old data are
 * complete under their names, after it the new ones. Placing and undoing may be repeated after
 * a kill at any point. No link is followed and nothing outside of DIR is touched. All calls block. */
#ifndef RESUS_PLACEMENT_PLACEMENT_H
#define RESUS_PLACEMENT_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACEMENT_ID_SIZE 21   /* "20261129T023000.123Z", and the NUL */
#define PLACEMENT_NAME_MAX 128 /* of a file or folder that the settings name */
#define PLACEMENT_DIR_MAX 1024
#define PLACEMENT_TEXT_MAX 512
#define PLACEMENT_FILES_MAX 1024 /* in the data folder, and in that of the append-only file */
#define PLACEMENT_BLOCK ((size_t)128 * 1024)

/* Which server, as the settings say. */
struct placement_place {
    char dir[PLACEMENT_DIR_MAX];         /* absolute; none of its parts may be a link */
    char dump[PLACEMENT_NAME_MAX];       /* dbfilename */
    char aof_folder[PLACEMENT_NAME_MAX]; /* appenddirname */
    char aof_name[PLACEMENT_NAME_MAX];   /* appendfilename */
    char config[PLACEMENT_DIR_MAX];      /* redis.conf; "" = unknown */
    uint64_t bytes_max;                  /* of a backup */
    uint64_t reserve_bytes;              /* stays free on the disk */
};

/* Also the exit status of the helper. */
enum placement_result {
    PLACEMENT_OK = 0,
    PLACEMENT_FAILED = 1,   /* the system refused: the text has its words */
    PLACEMENT_SETTINGS = 2, /* the helper's settings are missing, unsafe or wrong */
    PLACEMENT_RUNNING = 3,  /* a process works in the folder: stop Redis first */
    PLACEMENT_DAMAGED =
        4, /* the bytes are not those that were announced, or no complete RDB file */
    PLACEMENT_NO_ROOM = 5,
    PLACEMENT_NOTHING = 6,  /* no such staged backup, nothing to undo */
    PLACEMENT_UNSAFE = 7,   /* a link, a foreign owner, a name that leaves the folder */
    PLACEMENT_BUSY = 8,     /* another helper works in the folder */
    PLACEMENT_MISMATCH = 9, /* redis.conf says that the server would read the other kind of file */
    PLACEMENT_USAGE = 64
};
const char *placement_result_word(enum placement_result result); /* "running" */

struct placement_error {
    char text[PLACEMENT_TEXT_MAX];
};

enum placement_kind { PLACEMENT_RDB, PLACEMENT_AOF };

/* Fills `place` with the names that Redis has by default. */
void placement_defaults(struct placement_place *place);
/* Is it a plain name of a file, and an absolute path of plain parts? */
bool placement_name_valid(const char *name);
bool placement_dir_valid(const char *path);
/* "20261129T023000.123Z" and nothing else. */
bool placement_id_valid(const char *id);
/* The id for a backup that is staged now. */
void placement_id_now(char id[PLACEMENT_ID_SIZE]);

/* Takes the next bytes of the backup: more than 0, 0 at the end, -errno. */
typedef int64_t placement_source(void *context, void *to, size_t size);

struct placement_stage {
    uint64_t bytes; /* announced */
    char sha256[65];
    placement_source *source;
    void *context;
};

/* Copies a backup into the folder and checks it: length, SHA-256, magic, 0xFF and CRC-64. Removes
 * what earlier attempts left. */
enum placement_result placement_stage(const struct placement_place *place,
                                      const struct placement_stage *stage, const char *id,
                                      struct placement_error *err);
enum placement_result placement_place(const struct placement_place *place, const char *id,
                                      enum placement_kind kind, struct placement_error *err);
/* Also of a placement that was never complete. When nothing of it was placed, removes the staged
 * copy; PLACEMENT_OK too. */
enum placement_result placement_undo(const struct placement_place *place, const char *id,
                                     struct placement_error *err);
/* Removes a staged copy that is not wanted. */
enum placement_result placement_drop(const struct placement_place *place, const char *id,
                                     struct placement_error *err);

struct placement_facts {
    uint64_t free_bytes;
    int64_t dump_bytes, aof_bytes; /* -1 = not there */
    bool manifest;                 /* of the append-only file */
    bool running;
    char newest_aside[PLACEMENT_ID_SIZE]; /* "" = none */
};
enum placement_result placement_facts(const struct placement_place *place,
                                      struct placement_facts *ret, struct placement_error *err);

#endif
