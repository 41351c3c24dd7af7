#include "web/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/log.h"

/* Connections at their limit, a console of full size and answers on their way take a third. */
#define MEMORY_BYTES_MAX ((rlim_t)1024 * 1024 * 1024)

/* AddressSanitizer and ThreadSanitizer reserve terabytes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_LIMIT RLIM_INFINITY
#else
#define MEMORY_LIMIT MEMORY_BYTES_MAX
#endif

/* ── files, connections, signals ── */

/* The ruleset as the newest known version of Landlock has it. Debian 12's headers end at `fs`. */
struct landlock_attributes {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

/* What each version of Landlock added to what can be given up. */
#define LANDLOCK_FS_FIRST ((UINT64_C(1) << 13) - 1)
#define LANDLOCK_FS_REFER (UINT64_C(1) << 13)
#define LANDLOCK_FS_TRUNCATE (UINT64_C(1) << 14)
#define LANDLOCK_FS_IOCTL_DEVICE (UINT64_C(1) << 15)
#define LANDLOCK_NET_BIND_AND_CONNECT UINT64_C(3)
#define LANDLOCK_SCOPED_ABSTRACT_SOCKETS_AND_SIGNALS UINT64_C(3)

/* The kernel refuses a ruleset that is longer than it knows, so each version gets its own size. */
static size_t fill_ruleset(long version, struct landlock_attributes *all)
{
    *all = (struct landlock_attributes){.fs = LANDLOCK_FS_FIRST};
    if (version >= 2)
        all->fs |= LANDLOCK_FS_REFER;
    if (version >= 3)
        all->fs |= LANDLOCK_FS_TRUNCATE;
    if (version >= 5)
        all->fs |= LANDLOCK_FS_IOCTL_DEVICE;
    if (version >= 4)
        all->net = LANDLOCK_NET_BIND_AND_CONNECT;
    if (version >= 6)
        all->scoped = LANDLOCK_SCOPED_ABSTRACT_SOCKETS_AND_SIGNALS;
    return version >= 6   ? sizeof *all
           : version >= 4 ? offsetof(struct landlock_attributes, scoped)
                          : offsetof(struct landlock_attributes, net);
}

static int give_up_surroundings(struct error *err)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        log_warning("web", "this kernel has no Landlock: seccomp alone keeps files away");
        return 0;
    }
    struct landlock_attributes all;
    size_t size = fill_ruleset(version, &all);
    long ruleset = syscall(SYS_landlock_create_ruleset, &all, size, 0);
    if (ruleset < 0)
        return error_set_errno(err, -errno, "Landlock");
    int r = syscall(SYS_landlock_restrict_self, (int)ruleset, 0) == 0 ? 0 : -errno;
    (void)close((int)ruleset);
    return r < 0 ? error_set_errno(err, r, "Landlock") : 0;
}

/* ── capabilities, limits ── */

static int give_up_rights(struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    /* The death signal comes last: a change of capabilities may clear it. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        syscall(SYS_capset, &header, none) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return error_set_errno(err, -errno, "rights could not be given up");
    return 0;
}

static int set_limits(struct error *err)
{
    const struct {
        __rlimit_resource_t resource;
        rlim_t limit;
    } rows[] = {{RLIMIT_CORE, 0}, {RLIMIT_NPROC, 0}, {RLIMIT_DATA, MEMORY_LIMIT}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct rlimit limit;
        if (getrlimit(rows[i].resource, &limit) != 0)
            return error_set_errno(err, -errno, "limits");
        limit.rlim_cur = rows[i].limit < limit.rlim_max ? rows[i].limit : limit.rlim_max;
        limit.rlim_max = limit.rlim_cur;
        if (setrlimit(rows[i].resource, &limit) != 0)
            return error_set_errno(err, -errno, "limits");
    }
    return 0;
}

/* ── system calls ── */

/* What libuv, OpenSSL and the C library need to serve connections that exist or are accepted,
 * whatever the arguments. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(close),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(futex),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(membarrier),
};

/* Calls that are allowed with certain arguments only. */
static int add_narrow_rules(scmp_filter_ctx filter)
{
    const struct {
        int call;
        unsigned count;
        struct scmp_arg_cmp arguments[2];
    } rules[] = {
        /* Memory, but none that can be run. */
        {SCMP_SYS(mmap), 1, {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)}},
        {SCMP_SYS(mprotect), 1, {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)}},
        {SCMP_SYS(ioctl), 1, {SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0)}},
        {SCMP_SYS(ioctl), 1, {SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0)}},
        /* F_SETOWN, F_SETSIG and O_ASYNC would have the kernel signal another process. */
        {SCMP_SYS(fcntl), 1, {SCMP_A1(SCMP_CMP_EQ, F_GETFD, 0)}},
        {SCMP_SYS(fcntl), 1, {SCMP_A1(SCMP_CMP_EQ, F_SETFD, 0)}},
        {SCMP_SYS(fcntl), 1, {SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0)}},
        {SCMP_SYS(fcntl),
         2,
         {SCMP_A1(SCMP_CMP_EQ, F_SETFL, 0), SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0)}},
        /* Without an address: MSG_FASTOPEN and datagrams reach strangers with one. */
        {SCMP_SYS(sendto),
         2,
         {SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0), SCMP_A4(SCMP_CMP_EQ, 0, 0)}},
        /* The reading side of a listener would make it a socket that can connect. */
        {SCMP_SYS(shutdown), 1, {SCMP_A1(SCMP_CMP_EQ, SHUT_WR, 0)}},
        {SCMP_SYS(setsockopt),
         2,
         {SCMP_A1(SCMP_CMP_EQ, IPPROTO_TCP, 0), SCMP_A2(SCMP_CMP_EQ, TCP_NODELAY, 0)}},
        /* abort() signals itself. */
        {SCMP_SYS(tgkill), 1, {SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)}},
    };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rules) && r == 0; i++)
        r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].count,
                                   rules[i].arguments);
    return r;
}

static int add_rules(scmp_filter_ctx filter)
{
    int r = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(allowed) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    return r == 0 ? add_narrow_rules(filter) : r;
}

static int no_ring(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
}

static int filter_calls(uint32_t otherwise, int (*add)(scmp_filter_ctx filter), struct error *err)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    if (filter == NULL)
        return error_set(err, -ENOMEM, "seccomp: out of memory");
    int r = add(filter);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r < 0 ? error_set_errno(err, r, "seccomp") : 0;
}

int sandbox_prepare(struct error *err)
{
    return filter_calls(SCMP_ACT_ALLOW, no_ring, err);
}

int sandbox_enter(struct error *err)
{
    int r = give_up_rights(err);
    if (r == 0)
        r = set_limits(err);
    if (r == 0)
        r = give_up_surroundings(err);
    if (r == 0)
        r = filter_calls(SCMP_ACT_ERRNO(EPERM), add_rules, err);
    return r;
}
