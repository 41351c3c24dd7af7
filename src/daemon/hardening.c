#include "daemon/hardening.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer) ||                             \
    HAS_FEATURE(memory_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

void hardening_close_inherited(void)
{
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* Linux 5.9: both Debians have it */
}

int hardening_hide_memory(struct error *err)
{
    const struct rlimit none = {0, 0};
    if (SANITIZED)
        return 0;
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_set_errno(err, -errno, "cannot switch core files off");
    return 0;
}
