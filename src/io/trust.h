/* Whether other accounts can change what a path leads to. An account that can write the settings,
 * the keys or a program of Resus acts as Resus. */
#ifndef RESUS_IO_TRUST_H
#define RESUS_IO_TRUST_H

#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"

/* An account that is trusted besides root and our own. */
struct trust_also {
    uid_t user;
    gid_t group;
};

/* The file or folder (behind symbolic links), the folder that holds it, and the folder that holds
 * the link must belong to root or to us, and no other account or group may write them; a folder
 * further up may not be writable by everybody. Sticky folders such as /tmp are as good as closed
 * ones. -EPERM with the command that helps. 0 for what cannot be found or looked at: that is
 * reported when it is opened. `also` may be NULL. */
int trust_check(const char *path, const struct trust_also *also, struct error *err) ATTR_MUST_USE;
/* The owner alone, of a file that is open: root or our own account. */
int trust_check_owner(const char *path, uid_t owner, struct error *err) ATTR_MUST_USE;

#endif
