/* A real etcd 3.5 of one node as a child of the test, with mTLS on request: its own CA, made in its
 * folder. Failures fail the test. */
#ifndef RESUS_TEST_ETCD_SERVER_H
#define RESUS_TEST_ETCD_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "support/test_folder.h"

struct etcd_server {
    pid_t pid; /* 0 = not running */
    bool tls;
    int port, peer_port;
    char url[64];
    struct test_folder folder; /* with TLS it has ca.pem, node.pem, node.key */
};

/* False: there is no etcd 3.5 on this machine (tests/etcd-root makes one), and it says so. */
bool etcd_server_there(void);
/* Returns when it answers. */
void etcd_server_start(struct etcd_server *server, bool tls);
/* Again, with its data and its ports. */
void etcd_server_start_again(struct etcd_server *server);
void etcd_server_kill(struct etcd_server *server);
void etcd_server_signal(struct etcd_server *server, int number);
void etcd_server_end(struct etcd_server *server);
/* etcdctl with these words; its output in a static buffer. */
const char *etcd_server_say(const struct etcd_server *server, const char *words);

#endif
