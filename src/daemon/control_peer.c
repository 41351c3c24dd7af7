#include "daemon/control_peer.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define NOBODYS_GROUP ((gid_t)-1)
/* One group entry with thousands of members still fits; a larger one counts as unknown. */
#define ENTRY_BYTES_MAX (256 * 1024)

enum access control_access(uid_t peer, uid_t own, const gid_t *groups, size_t count, gid_t admin,
                           gid_t monitor)
{
    if (peer == 0 || peer == own)
        return ACCESS_ADMIN;
    enum access best = ACCESS_ANONYMOUS;
    for (size_t i = 0; i < count; i++) {
        if (admin != NOBODYS_GROUP && groups[i] == admin)
            return ACCESS_ADMIN;
        if (monitor != NOBODYS_GROUP && groups[i] == monitor)
            best = ACCESS_VIEWER;
    }
    return best;
}

static gid_t group_id(const char *name, char *room, size_t size)
{
    struct group entry, *found = NULL;
    if (getgrnam_r(name, &entry, room, size, &found) != 0 || found == NULL)
        return NOBODYS_GROUP;
    return entry.gr_gid;
}

void control_peer(uid_t uid, gid_t gid, struct control_principal *ret)
{
    struct control_principal who = {.uid = uid};
    gid_t groups[CONTROL_PEER_GROUPS_MAX] = {gid};
    int count = 0;
    char *room = mem_calloc(ENTRY_BYTES_MAX, 1);
    gid_t admin = NOBODYS_GROUP, monitor = NOBODYS_GROUP;
    struct passwd entry, *found = NULL;
    if (room != NULL && getpwuid_r(uid, &entry, room, ENTRY_BYTES_MAX, &found) == 0 &&
        found != NULL) {
        (void)str_copy_clean(who.name, sizeof(who.name), entry.pw_name, strlen(entry.pw_name));
        count = CONTROL_PEER_GROUPS_MAX - 1;
        /* Too many groups: glibc filled what fits and tells the whole number. */
        if (getgrouplist(entry.pw_name, entry.pw_gid, groups + 1, &count) < 0)
            count = CONTROL_PEER_GROUPS_MAX - 1;
    } else {
        (void)str_format(who.name, sizeof(who.name), "uid:%lu", (unsigned long)uid);
    }
    if (room != NULL) {
        admin = group_id(CONTROL_ADMIN_GROUP, room, ENTRY_BYTES_MAX);
        monitor = group_id(CONTROL_MONITOR_GROUP, room, ENTRY_BYTES_MAX);
    }
    mem_free(room);
    who.access = control_access(uid, geteuid(), groups, (size_t)count + 1, admin, monitor);
    *ret = who;
}
