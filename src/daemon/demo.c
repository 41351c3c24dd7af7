/* The demonstration: a private Redis under Resus' own process controller. */
#include "daemon/demo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "daemon/daemon.h"
#include "io/file.h"

#define CONFIG_MAX 8192
#define CONFIG_KEPT_MAX ((size_t)256 * 1024)
#define LISTEN "listen: \"127.0.0.1:"
#define ADDRESS "address: \"127.0.0.1:"
#define PASSWORD_CHARACTERS 16 /* 80 bits */
#define PASSWORD_MAX 1024

/* 0 and the port that was bound a moment ago (0 asks for any), negative errno otherwise. */
static int try_port(int port, int *ret)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* As the web process does: connections of the last one that linger do not count. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int r = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &size) == 0
                ? 0
                : -errno;
    (void)close(fd);
    if (r == 0)
        *ret = ntohs(address.sin_port);
    return r;
}

/* Both ports, before anything is started: the console's as requested, one for Redis that takes it
 * right after. */
static int look_for_ports(int https_port, int *ret_redis_port, struct error *err)
{
    int port;
    int r = try_port(https_port, &port);
    if (r == -EADDRINUSE)
        return error_set(err, r,
                         "port %d of 127.0.0.1 is taken (does a demonstration run already?): "
                         "choose another with --port, or PORT=... ./dev run",
                         https_port);
    if (r < 0)
        return error_set_errno(err, r, "port %d of 127.0.0.1: choose another with --port",
                               https_port);
    r = try_port(0, ret_redis_port);
    return r < 0 ? error_set_errno(err, r, "no free port on 127.0.0.1") : 0;
}

/* The part of `text` up to the digits of the port that follows `before` goes to `to`, and then `port`.
 * Where it goes on; NULL: there is none. */
static const char *put_port(struct buf *to, const char *text, const char *before, int port)
{
    const char *at = strstr(text, before);
    if (at == NULL)
        return NULL;
    at += strlen(before);
    int r = buf_append(to, text, (size_t)(at - text));
    if (r == 0)
        r = buf_printf(to, "%d", port);
    return r == 0 ? at + strspn(at, "0123456789") : NULL;
}

/* What a person has added to the settings of the last demonstration in this folder stays: only both
 * ports are new. -ENOENT: there was none. */
static int keep_config(const char *path, int redis_port, int https_port, struct error *err)
{
    struct buf old = BUF_LIMIT(CONFIG_KEPT_MAX), text = BUF_LIMIT(CONFIG_KEPT_MAX);
    int r = file_read(path, &old, err);
    if (r == 0) {
        const char *rest = put_port(&text, buf_text(&old), LISTEN, https_port);
        if (rest != NULL)
            rest = put_port(&text, rest, ADDRESS, redis_port);
        if (rest != NULL && buf_append(&text, rest, strlen(rest)) == 0)
            r = file_write_atomic(path, buf_text(&text), text.length, 0640, err);
        else
            r = error_set(err, -EINVAL,
                          "%s has no `" LISTEN "PORT\"` and then `" ADDRESS
                          "PORT\"`: put them back, "
                          "or remove the file",
                          path);
    }
    buf_free(&text);
    buf_free(&old);
    return r;
}

static int write_config(const char *dir, int redis_port, int https_port, char *path,
                        size_t path_size, struct error *err)
{
    struct buf text = BUF_LIMIT(CONFIG_MAX);
    (void)str_format(path, path_size, "%s/resus.yaml", dir);
    if (access(path, F_OK) == 0)
        return keep_config(path, redis_port, https_port, err);
    int r = buf_printf(
        &text,
        "# The demonstration: a private Redis that Resus runs itself. Made by `resus demo`.\n"
        "server:\n"
        "  " LISTEN "%d\"\n"
        "  state_dir: \"%s/state\"\n"
        "  control_socket: \"%s/control.sock\"\n"
        "services:\n"
        "  redis:\n"
        "    name: Redis Service\n"
        "    vm_name: this machine\n"
        "    " ADDRESS "%d\"\n"
        "    control: process\n"
        "    process: {directory: \"%s/redis\"}\n"
        "# For trying: it goes on to recover where the usual 3 attempts, or 3 recoveries in 5 "
        "minutes,\n"
        "# would call a person.\n"
        "auto_recovery: {max_attempts: 10, circuit_breaker: {recoveries: 8, window_seconds: 60}}\n"
        "audit: {file: \"%s/audit.log\"}\n",
        https_port, dir, dir, redis_port, dir, dir);
    if (r == 0)
        r = file_make_folders(dir, 0755, err);
    if (r == 0)
        r = file_write_atomic(path, buf_text(&text), text.length, 0640, err);
    buf_free(&text);
    return r;
}

/* The same password at every start: it stays in the folder, for its owner alone. */
static int read_or_make_password(const char *dir, struct buf *ret, struct error *err)
{
    static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32, none alike */
    char path[1100];
    unsigned char bytes[PASSWORD_CHARACTERS];
    *ret = BUF_LIMIT(PASSWORD_MAX);
    (void)str_format(path, sizeof path, "%s/admin-password", dir);
    if (access(path, F_OK) == 0)
        return file_read_secret(path, ret, err);
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_set_errno(err, -errno, "no random numbers");
    int r = 0;
    for (size_t i = 0; i < sizeof bytes && r == 0; i++)
        r = buf_append(ret, &alphabet[bytes[i] % 32], 1);
    return r < 0 ? r : file_write_atomic(path, buf_text(ret), ret->length, 0600, err);
}

int demo_run(int port, const char *dir)
{
    struct error err = {0};
    char whole[1024];
    char path[1100];
    char *absolute = NULL;
    if (file_make_folders(dir, 0755, &err) < 0 || (absolute = realpath(dir, NULL)) == NULL) {
        (void)fprintf(stderr, "resus: %s\n", err.code != 0 ? err.text : strerror(errno));
        return EXIT_FAILURE;
    }
    (void)str_copy(whole, sizeof whole, absolute);
    free(absolute);
    int redis_port = 0;
    if (look_for_ports(port, &redis_port, &err) < 0 ||
        write_config(whole, redis_port, port, path, sizeof path, &err) < 0) {
        (void)fprintf(stderr, "resus: %s\n", err.text);
        return EXIT_FAILURE;
    }
    struct buf password;
    int status = EXIT_FAILURE;
    if (read_or_make_password(whole, &password, &err) < 0)
        (void)fprintf(stderr, "resus: %s\n", err.text);
    else
        status = daemon_serve_demo(path, redis_port, buf_text(&password));
    buf_free(&password);
    return status;
}
