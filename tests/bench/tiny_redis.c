/* As much of a Redis as the watch looks at, for a thousand of them on one machine: a real one wakes
 * up ten times a second for itself, and a thousand of those leave nothing to measure. It takes
 * redis-server's own words `--port N --bind ADDRESS` and passes over the rest.
 *
 * Answers PING, INFO and CONFIG GET; everything else with +OK. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 16
#define INPUT_MAX 4096
#define INFO_MAX 8192
#define WORD_MAX 16
/* Bytes of a plain INFO of Redis 7.0: what is not told below is made up to this length. */
#define INFO_BYTES 5200

static struct {
    int fd; /* -1 = free */
    char in[INPUT_MAX];
    size_t used;
} clients[CLIENTS_MAX];

static time_t started;

static void reply(int fd, const char *text, size_t length)
{
    if (write(fd, text, length) != (ssize_t)length)
        (void)shutdown(fd, SHUT_RDWR);
}

static void reply_info(int fd)
{
    char body[INFO_MAX];
    char whole[INFO_MAX + 64];
    int n = snprintf(body, sizeof body,
                     "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
                     "process_id:%d\r\nrun_id:%040d\r\nuptime_in_seconds:%lld\r\n"
                     "# Clients\r\nconnected_clients:1\r\nmaxclients:10000\r\nblocked_clients:0\r\n"
                     "# Memory\r\nused_memory:1115152\r\nused_memory_rss:12242944\r\n"
                     "maxmemory:0\r\nmaxmemory_policy:noeviction\r\n"
                     "# Persistence\r\nloading:0\r\nrdb_changes_since_last_save:0\r\n"
                     "rdb_bgsave_in_progress:0\r\nrdb_last_save_time:%lld\r\n"
                     "rdb_last_bgsave_status:ok\r\naof_enabled:0\r\n"
                     "# Stats\r\ntotal_commands_processed:1000\r\ninstantaneous_ops_per_sec:1\r\n"
                     "rejected_connections:0\r\nevicted_keys:0\r\ntotal_error_replies:0\r\n"
                     "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"
                     "# CPU\r\nused_cpu_sys:0.1\r\nused_cpu_user:0.1\r\n# Errorstats\r\n",
                     (int)getpid(), (int)getpid(), (long long)(time(NULL) - started),
                     (long long)started);
    for (int i = 0; n < INFO_BYTES; i++)
        n += snprintf(body + n, sizeof body - (size_t)n, "filler_%03d:0123456789\r\n", i);
    int m = snprintf(whole, sizeof whole, "$%d\r\n%s\r\n", n, body);
    reply(fd, whole, (size_t)m);
}

static void answer(int fd, const char *word)
{
    static const char pong[] = "+PONG\r\n";
    static const char ok[] = "+OK\r\n";
    static const char config[] =
        "*6\r\n$10\r\nmaxclients\r\n$5\r\n10000\r\n$9\r\nmaxmemory\r\n$1\r\n"
        "0\r\n$4\r\nsave\r\n$0\r\n\r\n";
    if (strcasecmp(word, "PING") == 0)
        reply(fd, pong, sizeof pong - 1);
    else if (strcasecmp(word, "INFO") == 0)
        reply_info(fd);
    else if (strcasecmp(word, "CONFIG") == 0)
        reply(fd, config, sizeof config - 1);
    else
        reply(fd, ok, sizeof ok - 1);
}

/* The length of the first whole command of `in` and its first word, or 0: more is needed. The
 * bytes are trusted: they come from the program that is measured. */
static size_t command(const char *in, size_t used, char word[WORD_MAX])
{
    const char *end = in + used;
    const char *line = memchr(in, '\n', used);
    long words = used > 0 && in[0] == '*' ? strtol(in + 1, NULL, 10) : 1;
    const char *at = line == NULL ? NULL : line + 1;
    for (long i = 0; i < words && at != NULL; i++) {
        line = memchr(at, '\n', (size_t)(end - at));
        if (line == NULL)
            return 0;
        long length = strtol(at + 1, NULL, 10);
        if (end - line - 1 < length + 2)
            return 0;
        if (i == 0)
            (void)snprintf(word, WORD_MAX, "%.*s", (int)length, line + 1);
        at = line + 1 + length + 2;
    }
    return at == NULL ? 0 : (size_t)(at - in);
}

static void serve(int i)
{
    int fd = clients[i].fd;
    ssize_t n = read(fd, clients[i].in + clients[i].used, INPUT_MAX - clients[i].used);
    if (n <= 0) {
        (void)close(fd);
        clients[i].fd = -1;
        return;
    }
    clients[i].used += (size_t)n;
    char word[WORD_MAX];
    size_t taken;
    while ((taken = command(clients[i].in, clients[i].used, word)) > 0) {
        answer(fd, word);
        clients[i].used -= taken;
        memmove(clients[i].in, clients[i].in + taken, clients[i].used);
    }
}

static void accept_client(int listener)
{
    int fd = accept(listener, NULL, NULL);
    int on = 1;
    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (clients[i].fd < 0) {
            clients[i].fd = fd;
            clients[i].used = 0;
            return;
        }
    (void)close(fd);
}

static int listen_on(const char *address, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, CLIENTS_MAX) < 0) {
        perror("tiny-redis");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    const char *address = "127.0.0.1";
    int port = 6379;
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--port") == 0)
            port = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--bind") == 0)
            address = argv[i + 1];
    }
    (void)signal(SIGPIPE, SIG_IGN);
    started = time(NULL);
    int listener = listen_on(address, port);
    for (int i = 0; i < CLIENTS_MAX; i++)
        clients[i].fd = -1;
    for (;;) {
        struct pollfd polled[CLIENTS_MAX + 1];
        for (int i = 0; i < CLIENTS_MAX; i++)
            polled[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
        polled[CLIENTS_MAX] = (struct pollfd){.fd = listener, .events = POLLIN};
        if (poll(polled, CLIENTS_MAX + 1, -1) < 0 && errno != EINTR)
            return 1;
        for (int i = 0; i < CLIENTS_MAX; i++)
            if (polled[i].fd >= 0 && polled[i].revents != 0)
                serve(i);
        if (polled[CLIENTS_MAX].revents != 0)
            accept_client(listener);
    }
}
