/* Rotations of SSH keys as they are written down: STATE_DIR/key-rotations.json, one record a key
 * file, each written before the files it speaks of are touched. Which key is in use is never read
 * from here but from the files themselves (core/key_rotation.h, key_rotation_found()).
 *
 * All of it waits for the disk: on a worker, with a copy of the book. */
#ifndef RESUS_SSHKEYS_KEY_BOOK_H
#define RESUS_SSHKEYS_KEY_BOOK_H

#include "base/error.h"
#include "core/key_rotation.h"
#include "host/keypair.h"
#include "settings/settings.h"

#define KEY_ROTATIONS_MAX 32 /* key files that are being exchanged at a time */
#define KEY_BOOK_FILE "key-rotations.json"
#define KEY_BOOK_SIZE_MAX (256 * 1024)
#define KEY_PLACE_MAX (SETTINGS_HOST_MAX + 80) /* "user@host:port" */

struct key_record {
    char key[SETTINGS_PATH_MAX];
    enum key_phase recorded;         /* KEY_MAKING, KEY_MADE, KEY_SWITCHING, KEY_SWITCHED */
    char by[256];                    /* who asked for it */
    wall_ms made, switched;          /* WALL_NONE = not yet */
    wall_ms asked;                   /* when the hosts were asked about the old key last */
    wall_ms warned;                  /* when an event said that one accepts it */
    char accepted_by[KEY_PLACE_MAX]; /* the host that did at the last question; "" = none */
    char old[SETTINGS_PATH_MAX];     /* where the old key is kept */
    char old_tail[KEYPAIR_TAIL + 1], old_fingerprint[64];
};

struct key_book {
    char file[SETTINGS_PATH_MAX];
    size_t count;
    struct key_record records[KEY_ROTATIONS_MAX];
};

/* A file that is not there is an empty book. */
int key_book_open(struct key_book *b, const char *state_dir, struct error *err) ATTR_MUST_USE;
int key_book_write(const struct key_book *b, struct error *err) ATTR_MUST_USE;
struct key_record *key_book_find(struct key_book *b, const char *key); /* NULL = none */

/* In this order, and a kill may come between any two. */
enum key_book_step {
    STEP_RECORD_MAKING,
    STEP_WRITE_PART,
    STEP_PLACE_NEW,
    STEP_RECORD_MADE,
    STEP_RECORD_SWITCHING,
    STEP_KEEP_OLD,
    STEP_PUT_NEW,
    STEP_PUT_PUBLIC,
    STEP_RECORD_SWITCHED,
    STEP_WIPE_OLD,
    STEP_RECORD_ENDED,
    KEY_BOOK_STEP_COUNT
};
struct key_order {
    char key[SETTINGS_PATH_MAX];
    enum keypair_kind kind;
    char by[256];
    wall_ms now;
    char proved[64]; /* fingerprint of the new key that every host accepted; for the switch */
};
int key_book_step(struct key_book *b, const struct key_order *o, enum key_book_step step,
                  struct error *err) ATTR_MUST_USE;
/* All steps of the three acts, until one fails. */
int key_book_make(struct key_book *b, const struct key_order *o, struct error *err) ATTR_MUST_USE;
/* 0 once the new key has the configured name, whatever failed afterwards (`err` says what). */
int key_book_switch(struct key_book *b, const struct key_order *o, struct error *err) ATTR_MUST_USE;
int key_book_remove(struct key_book *b, const struct key_order *o, struct error *err) ATTR_MUST_USE;

/* After a start and before an order: what the files say. Finishes or cleans up what a kill left,
 * and says so in `ret_note` ("" = there was nothing). */
enum key_event key_book_look(struct key_book *b, const struct key_order *o, char *ret_note,
                             size_t size);

/* "resus-20251010" */
void key_book_comment(wall_ms made, char ret[32]);

#endif
