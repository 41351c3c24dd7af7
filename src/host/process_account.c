#include "host/process_account.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define ENTRY_BYTES_MAX (64 * 1024)

/* To start it as another account, to end it, and to see which program it is. */
static bool has_rights(void)
{
    static const unsigned needed[] = {CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_SYS_PTRACE};
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &head, sets) != 0)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
        if ((sets[CAP_TO_INDEX(needed[i])].effective & CAP_TO_MASK(needed[i])) == 0)
            return false;
    return true;
}

static int read_entry(const char *name, char *room, struct process_account *ret, struct error *err)
{
    struct passwd entry, *found = NULL;
    int count = PROCESS_GROUPS_MAX;
    int r = getpwnam_r(name, &entry, room, ENTRY_BYTES_MAX, &found);
    if (r != 0)
        return error_set_errno(err, -r, "cannot look up the account %s", name);
    if (found == NULL)
        return error_set(err, -ENOENT,
                         "there is no account %s: make it with `useradd --system %s`, or name "
                         "another in `process.user`",
                         name, name);
    ret->uid = entry.pw_uid;
    ret->gid = entry.pw_gid;
    if (getgrouplist(name, entry.pw_gid, ret->groups, &count) < 0)
        return error_set(err, -E2BIG, "the account %s is in more than %d groups", name,
                         PROCESS_GROUPS_MAX);
    ret->group_count = (size_t)count;
    return 0;
}

int process_account_find(const char *name, struct process_account *ret, struct error *err)
{
    *ret = (struct process_account){.uid = geteuid(), .gid = getegid()};
    if (name[0] == '\0')
        return 0;
    (void)str_copy(ret->name, sizeof ret->name, name);
    char *room = mem_calloc(ENTRY_BYTES_MAX, 1);
    int r =
        room == NULL ? error_set(err, -ENOMEM, "out of memory") : read_entry(name, room, ret, err);
    mem_free(room);
    if (r < 0)
        return r;
    ret->other = ret->uid != geteuid();
    if (ret->other && !has_rights())
        return error_set(err, -EPERM,
                         "Redis cannot run as %s: Resus runs as user %u and may not start programs "
                         "of another account: run Resus as root, or leave `process.user` out",
                         name, (unsigned)geteuid());
    return 0;
}

/* The system calls themselves: the library's functions also signal all other threads, which a child
 * does not have. */
int process_account_become(const struct process_account *a)
{
    if (!a->other)
        return 0;
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_setgroups, a->group_count, a->groups) != 0 ||
        syscall(SYS_setresgid, a->gid, a->gid, a->gid) != 0 ||
        syscall(SYS_setresuid, a->uid, a->uid, a->uid) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return 0;
}
