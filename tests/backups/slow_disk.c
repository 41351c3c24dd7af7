/* LD_PRELOADed into the driver: each write to a regular file takes SLOW_DISK_MS longer, as on a disk
 * that is slower than the network. */
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t write(int fd, const void *bytes, size_t length)
{
    static ssize_t (*next)(int, const void *, size_t);
    struct stat st;
    const char *delay = getenv("SLOW_DISK_MS");
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "write");
    if (delay != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        (void)poll(NULL, 0, atoi(delay));
    return next(fd, bytes, length);
}
