#include "store/audit_syslog.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/str.h"

bool audit_syslog(const char *socket_path, const char *why, const char *line)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char text[AUDIT_SYSLOG_MAX];
    if (!str_copy(to.sun_path, sizeof to.sun_path, socket_path))
        return false;
    /* The journal adds the time. */
    (void)str_format(text, sizeof text, "<%d>resus[%ld]: audit line not written (%s): %s",
                     LOG_AUTH | LOG_WARNING, (long)getpid(), why, line);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    ssize_t n = sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
                       sizeof to);
    (void)close(fd);
    return n > 0;
}
