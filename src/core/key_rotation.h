/* The rotation of an SSH key, as one table of phase and event.
 *
 * A new key is made beside the old one (FILE.new), a person installs its line on the hosts, and it
 * is proved on every one of them before it takes the old one's name. The old key stays beside it
 * for a while and goes once no host accepts it. Pure: the caller carries out the act and reports
 * how it went. */
#ifndef RESUS_CORE_KEY_ROTATION_H
#define RESUS_CORE_KEY_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/time.h"

#define KEY_ASK_EVERY_MS (INT64_C(3600) * 1000)       /* whether hosts still accept the old key */
#define KEY_WARN_EVERY_MS (INT64_C(24) * 3600 * 1000) /* that one does */

enum key_phase {
    KEY_IDLE,      /* one key, nothing under way */
    KEY_MAKING,    /* the new key is being written */
    KEY_MADE,      /* it stands beside the old one: a person installs its line */
    KEY_PROVING,   /* it logs in on every host */
    KEY_SWITCHING, /* the files are being renamed */
    KEY_SWITCHED,  /* the new key is in use, the old one is kept beside it */
    KEY_ASKING,    /* every host is asked whether it accepts the old key */
    KEY_REMOVING,  /* the old key is being removed */
    KEY_PHASE_COUNT
};

enum key_event {
    KEY_BEGIN,         /* a person wants a new key */
    KEY_CONTINUE,      /* a person says that the line is installed, or removed */
    KEY_DUE,           /* the old key has been kept long enough */
    KEY_DONE,          /* the act under way succeeded */
    KEY_FAILED,        /* it failed */
    KEY_OLD_ACCEPTED,  /* a host still accepts the old key */
    KEY_FOUND_NOTHING, /* what the files show (key_rotation_found) */
    KEY_FOUND_NEW,
    KEY_FOUND_OLD,
    KEY_EVENT_COUNT
};

enum key_act {
    KEY_NO_ACT,
    KEY_MAKE,
    KEY_SHOW_LINE,
    KEY_PROVE,
    KEY_SWITCH,
    KEY_REMIND, /* that the old line must go */
    KEY_ASK_OLD,
    KEY_REMOVE_OLD,
    KEY_WARN,     /* the old key still logs in */
    KEY_TELL_END, /* the old key is gone */
    KEY_KEEP_OLD, /* the step failed and the old key stays in use */
    KEY_ASK_LATER,
    KEY_REFUSE_BUSY,
    KEY_REFUSE_NOTHING, /* there is no new key to go on with */
    KEY_REFUSE_KEPT,    /* the key before is still kept */
    KEY_ACT_COUNT
};

struct key_step {
    enum key_phase next;
    enum key_act act;
};

struct key_step key_rotation_step(enum key_phase phase, enum key_event event);

/* Is a step under way, of which the end is still to come? */
bool key_rotation_busy(enum key_phase phase);

/* What the files say after a start or before a person's order. `recorded` is the phase that was
 * written down last, before the files were touched: KEY_IDLE, KEY_MAKING, KEY_MADE, KEY_SWITCHING
 * or KEY_SWITCHED. `fresh`: the new key stands whole beside the old one. `kept`: the old key that
 * the record names is there and is another file than the one in use. */
enum key_event key_rotation_found(enum key_phase recorded, bool fresh, bool kept);

/* When the hosts are to be asked about the old key. `asked` WALL_NONE = not yet. */
wall_ms key_rotation_due(wall_ms switched, int64_t keep_ms, wall_ms asked);

const char *key_phase_word(enum key_phase phase); /* "made" */

#endif
