/* A real redis-server as a child of the test: on a free loopback port, in a folder of its own, with
 * no persistence unless the test's own configuration lines say so. Failures fail the test. */
#ifndef RESUS_TEST_REDIS_SERVER_H
#define RESUS_TEST_REDIS_SERVER_H

#include <sys/types.h>

#include "support/test_folder.h"

struct redis_server {
    pid_t pid; /* 0 = not running */
    int port;
    struct test_folder folder; /* holds redis.conf, redis.sock, redis.log */
    char socket[128];
};

/* Makes the folder and chooses a port: files may be put there before redis_server_start. */
void redis_server_prepare(struct redis_server *server);
/* `config` are lines of redis.conf after the usual ones (NULL = none). Returns when the server
 * accepts connections on its Unix socket. The server dies with the test. */
void redis_server_start(struct redis_server *server, const char *config);
/* kill -9 and waited for; the folder stays, so that it can be started again. */
void redis_server_kill(struct redis_server *server);
/* Kills and removes the folder. */
void redis_server_end(struct redis_server *server);
/* Sends one line ("CONFIG SET maxclients 1") over the Unix socket and gives the reply's first
 * bytes, in a static buffer. Blocks; for preparing, not for measuring. */
const char *redis_server_say(const struct redis_server *server, const char *line);
/* Sends the line on a connection of its own that stays open, without waiting for the reply.
 * Returns the socket, the caller's to close. */
int redis_server_send(const struct redis_server *server, const char *line);
/* A TCP port of 127.0.0.1 that nobody uses at this moment. */
int redis_server_free_port(void);

#endif
