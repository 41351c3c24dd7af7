/* The account that a redis-server of ours runs as. Inside host/ and for the checks at start. */
#ifndef RESUS_HOST_PROCESS_ACCOUNT_H
#define RESUS_HOST_PROCESS_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"

#define PROCESS_GROUPS_MAX 64

struct process_account {
    bool other; /* not our own: the process changes to it */
    char name[64];
    uid_t uid;
    gid_t gid;
    gid_t groups[PROCESS_GROUPS_MAX];
    size_t group_count;
};

/* "" is our own. -ENOENT when there is no such account, -E2BIG when it is in too many groups,
 * -EPERM when this process may not run and end programs of another account. */
int process_account_find(const char *name, struct process_account *ret,
                         struct error *err) ATTR_MUST_USE;
/* In a child, before exec: async-signal-safe calls only. */
int process_account_become(const struct process_account *account);

#endif
