#include "web/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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

/* ── files ── */

/* All that the first version of Landlock knows, and REFER and TRUNCATE where the kernel has them.
 */
#define LANDLOCK_FIRST ((UINT64_C(1) << 13) - 1)
#define LANDLOCK_REFER (UINT64_C(1) << 13)
#define LANDLOCK_TRUNCATE (UINT64_C(1) << 14)

static int give_up_files(struct error *err)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        log_warning("web", "this kernel has no Landlock: seccomp alone keeps files away");
        return 0;
    }
    struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_FIRST};
    if (version >= 2)
        all.handled_access_fs |= LANDLOCK_REFER;
    if (version >= 3)
        all.handled_access_fs |= LANDLOCK_TRUNCATE;
    long ruleset = syscall(SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0);
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
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        syscall(SYS_capset, &header, none) != 0)
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

/* What libuv, OpenSSL and the C library need to serve connections that are there or
 * are accepted. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(close),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(fcntl),
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
    SCMP_SYS(rt_sigaction),
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

static int add_rules(scmp_filter_ctx filter)
{
    int r = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(allowed) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    /* Memory, but none that can be run. */
    const int memory[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    for (size_t i = 0; i < ARRAY_LENGTH(memory) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory[i], 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    const scmp_datum_t requests[] = {FIONBIO, FIONREAD};
    for (size_t i = 0; i < ARRAY_LENGTH(requests) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
    /* abort() signals itself. */
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
    return r;
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
        r = give_up_files(err);
    if (r == 0)
        r = filter_calls(SCMP_ACT_ERRNO(EPERM), add_rules, err);
    return r;
}
