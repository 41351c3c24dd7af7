/* What people read about a key's rotation: the answer, the commands to copy, the reminder. */
#ifndef RESUS_SSHKEYS_KEY_ANSWER_H
#define RESUS_SSHKEYS_KEY_ANSWER_H

#include <jansson.h>

#include "sshkeys/key_book.h"
#include "sshkeys/sshkeys.h"

struct key_view {
    const struct settings *settings;
    const char *key;                    /* path */
    const struct key_record *record;    /* NULL: no rotation is under way */
    const struct keypair_public *fresh; /* the new key while it waits, else NULL */
};

/* How long the key before is kept: the longest that a service says. */
int64_t key_keep_ms(const struct settings *settings, const char *key);
/* A shape KeyRotation; takes no reference. NULL without memory. */
json_t *key_answer(const struct key_view *v, const char *message);
/* The command that takes the old key's line out of authorized_keys on the host of `s`. */
void key_removal(const struct service_settings *s, const struct key_record *r, char *ret,
                 size_t size);
void key_note(const struct service_settings *s, const struct key_record *r, wall_ms until,
              struct sshkeys_note *ret);

#endif
