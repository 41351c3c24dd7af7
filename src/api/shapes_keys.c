/* Shapes of the rotation of SSH keys. */
#include "api/shape_words.h"
#include "api/shapes.h"

const struct shape_member shape_key_host[] = {
    {"host", "text", NULL},
    {"port", "whole", NULL},
    {"user", "text", NULL},
    {"services", "[text]", "Those that log in there with this key."},
    {"line?", "text", "For the account's authorized_keys."},
    {"command?", "text", "Installs the new key's line, or removes the old one's; for a person."},
    END};
const struct shape_member shape_key_rotation[] = {
    {"key", "text", "The configured file."},
    {"phase", "=idle|made|switched",
     "idle: one key; made: a new one waits; switched: the one before is kept."},
    {"message", "text", "What was done and what is to do now."},
    {"new_file?", "text", NULL},
    {"new_fingerprint?", "text", NULL},
    {"old_file?", "text", NULL},
    {"old_fingerprint?", "text", NULL},
    {"switched_at?", "time", NULL},
    {"old_kept_until?", "time", NULL},
    {"hosts", "[KeyHost]", NULL},
    END};
