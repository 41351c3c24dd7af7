/* resus-web as it is shipped, but as if a stranger's code ran in it: once the sandbox is up, it
 * does the deed that is named in the file `deed` beside the program, and reports on stderr whether
 * it could. Linked with --wrap=sandbox_enter. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/link.h"
#include "base/attr.h"
#include "base/error.h"

int __real_sandbox_enter(struct error *err);
int __wrap_sandbox_enter(struct error *err);

#define DESCRIPTORS_MAX 64

/* Sends `request` to the engine, `times` times or until it cuts the link. */
static void send_to_engine(const char *request, int64_t times)
{
    char frame[8192];
    size_t length = strlen(request);
    for (int i = 0; i < 4; i++)
        frame[i] = (char)(length >> (8 * (3 - i)));
    memcpy(frame + 4, request, length);
    for (size_t at = 0; times > 0;) {
        ssize_t n = write(LINK_FD, frame + at, length + 4 - at);
        at += n > 0 ? (size_t)n : 0;
        if (at == length + 4) {
            at = 0;
            times--;
        }
        struct pollfd link = {.fd = LINK_FD, .events = POLLIN | POLLOUT};
        char answers[65536];
        if (poll(&link, 1, -1) < 0 ||
            ((link.revents & POLLIN) != 0 && read(LINK_FD, answers, sizeof answers) == 0))
            return;
    }
}

/* With a token that does not hold. */
static const char request[] = "{\"id\": 1, \"op\": \"users\", \"source_ip\": \"192.0.2.1\", "
                              "\"credential\": {\"token\": \"eyJhbGciOiJFUzI1NiJ9.e30.x\"}}";

/* The kernel shall signal the engine as soon as its answer is there. */
static bool stop_the_engine(void)
{
    bool done = fcntl(LINK_FD, F_SETOWN, getppid()) == 0 &&
                fcntl(LINK_FD, F_SETSIG, SIGSTOP) == 0 &&
                fcntl(LINK_FD, F_SETFL, O_ASYNC | O_NONBLOCK) == 0;
    send_to_engine(request, 2);
    return done;
}

static bool kill_the_engine(void)
{
    return kill(getppid(), SIGKILL) == 0;
}

static int listener(void)
{
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
        int listens = 0;
        socklen_t size = sizeof listens;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens)
            return fd;
    }
    return -1;
}

/* To the discard port of this machine: who may try has left the sandbox. */
static bool open_a_connection(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(9)};
    const struct sockaddr *address = (const struct sockaddr *)&to;
    int fd = listener();
    bool freed = shutdown(fd, SHUT_RD) == 0;
    bool sent = sendto(fd, "x", 1, MSG_FASTOPEN, address, sizeof to) == 1 || errno != EPERM;
    bool connected = connect(fd, address, sizeof to) == 0 || errno != EPERM;
    bool made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
    return freed || sent || connected || made;
}

static bool refuse_to_end(void)
{
    int wanted = 0;
    bool ignored = signal(SIGTERM, SIG_IGN) != SIG_ERR;
    bool freed = prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
    bool seen = prctl(PR_GET_PDEATHSIG, &wanted) == 0;
    return ignored || freed || seen;
}

static bool flood_with_requests(void)
{
    send_to_engine(request, INT64_MAX);
    return false;
}

static bool flood_with_readiness(void)
{
    send_to_engine("{\"ready\": true}", INT64_MAX);
    return false;
}

/* As many names of sessions as one message may hold. */
static bool flood_with_used(void)
{
    static char text[8000] = "{\"used\": [\"1\"";
    size_t length = strlen(text);
    for (int i = 1; i < LINK_USED_MAX; i++, length += 4)
        memcpy(text + length, ",\"1\"", 4);
    memcpy(text + length, "]}", 3);
    send_to_engine(text, INT64_MAX);
    return false;
}

static const struct {
    const char *name;
    bool (*try)(void);
} deeds[] = {
    {"stop_the_engine", stop_the_engine},         {"kill_the_engine", kill_the_engine},
    {"open_a_connection", open_a_connection},     {"refuse_to_end", refuse_to_end},
    {"flood_with_requests", flood_with_requests}, {"flood_with_readiness", flood_with_readiness},
    {"flood_with_used", flood_with_used},
};

/* The name in the file `deed` beside the program. */
static void read_deed(char *name, size_t size)
{
    char path[4096] = "";
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "deed");
    char *slash = length > 0 ? strrchr(path, '/') : NULL;
    FILE *file = NULL;
    name[0] = '\0';
    if (slash != NULL) {
        memcpy(slash + 1, "deed", sizeof "deed");
        file = fopen(path, "re");
    }
    if (file == NULL || fgets(name, (int)size, file) == NULL)
        name[0] = '\0';
    if (file != NULL)
        (void)fclose(file);
}

int __wrap_sandbox_enter(struct error *err)
{
    char name[64];
    read_deed(name, sizeof name);
    int r = __real_sandbox_enter(err);
    for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(deeds); i++)
        if (strcmp(name, deeds[i].name) == 0) {
            (void)dprintf(STDERR_FILENO, "deed: begins\n");
            bool done = deeds[i].try();
            (void)dprintf(STDERR_FILENO, "deed: %s\n", done ? "done" : "refused");
        }
    return r;
}
