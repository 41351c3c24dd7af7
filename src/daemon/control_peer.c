#include "daemon/control_peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define NO_GROUP ((gid_t)-1)
/* One group entry with thousands of members still fits; a larger one counts as unknown. */
#define ENTRY_BYTES_MAX (256 * 1024)

enum access control_access(uid_t peer, uid_t own, const gid_t *groups, size_t count, gid_t admin,
                           gid_t monitor)
{
    if (peer == 0 || peer == own)
        return ACCESS_ADMIN;
    enum access best = ACCESS_ANONYMOUS;
    for (size_t i = 0; i < count; i++) {
        if (admin != NO_GROUP && groups[i] == admin)
            return ACCESS_ADMIN;
        if (monitor != NO_GROUP && groups[i] == monitor)
            best = ACCESS_VIEWER;
    }
    return best;
}

int control_peer(int fd, gid_t admin, gid_t monitor, struct control_peer *ret)
{
    gid_t groups[CONTROL_PEER_GROUPS_MAX + 1];
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return -errno;
    groups[0] = peer.gid;
    length = CONTROL_PEER_GROUPS_MAX * sizeof groups[0];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups + 1, &length) != 0)
        length = 0;
    *ret = (struct control_peer){
        .uid = peer.uid,
        .gid = peer.gid,
        .access = control_access(peer.uid, geteuid(), groups, 1 + length / sizeof groups[0], admin,
                                 monitor),
    };
    return 0;
}

gid_t control_group(const char *name)
{
    struct group entry, *found = NULL;
    gid_t id = NO_GROUP;
    char *room = mem_calloc(ENTRY_BYTES_MAX, 1);
    if (room != NULL && getgrnam_r(name, &entry, room, ENTRY_BYTES_MAX, &found) == 0 &&
        found != NULL)
        id = entry.gr_gid;
    mem_free(room);
    return id;
}

void control_peer_name(uid_t uid, char *ret, size_t size)
{
    struct passwd entry, *found = NULL;
    char *room = mem_calloc(ENTRY_BYTES_MAX, 1);
    if (room != NULL && getpwuid_r(uid, &entry, room, ENTRY_BYTES_MAX, &found) == 0 &&
        found != NULL)
        (void)str_copy_clean(ret, size, entry.pw_name, strlen(entry.pw_name));
    else
        (void)str_format(ret, size, "uid:%lu", (unsigned long)uid);
    mem_free(room);
}
