#include "support/etcd_server.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "support/redis_server.h"

#define START_TRIES 600

static const char *folder_of_etcd(void)
{
    static char found[256];
    const char *cache = getenv("RESUS_TEST_CACHE"), *home = getenv("HOME");
    char paths[3][256] = {"", "/var/cache/resus-test/etcd-trixie", ""};
    if (cache != NULL)
        (void)str_format(paths[0], sizeof paths[0], "%s/etcd-trixie", cache);
    if (home != NULL)
        (void)str_format(paths[2], sizeof paths[2], "%s/.cache/resus-test/etcd-trixie", home);
    for (size_t i = 0; i < 3; i++) {
        (void)str_format(found, sizeof found, "%s/etcd", paths[i]);
        if (paths[i][0] != '\0' && access(found, X_OK) == 0) {
            (void)str_copy(found, sizeof found, paths[i]);
            return found;
        }
    }
    return NULL;
}

bool etcd_server_there(void)
{
    if (folder_of_etcd() != NULL)
        return true;
    print_message(
        "skipped: no etcd 3.5 here; tests/etcd-root makes one, which needs the network\n");
    return false;
}

static void make_certificates(const struct etcd_server *server)
{
    char ca[128], ca_key[128], node[128], key[128], request[128], extensions[128];
    (void)str_copy(ca, sizeof ca, test_folder_path(&server->folder, "ca.pem"));
    (void)str_copy(ca_key, sizeof ca_key, test_folder_path(&server->folder, "ca.key"));
    (void)str_copy(node, sizeof node, test_folder_path(&server->folder, "node.pem"));
    (void)str_copy(key, sizeof key, test_folder_path(&server->folder, "node.key"));
    (void)str_copy(request, sizeof request, test_folder_path(&server->folder, "node.csr"));
    (void)str_copy(extensions, sizeof extensions, test_folder_path(&server->folder, "ext"));
    test_folder_write(&server->folder, "ext",
                      "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n",
                      0600);
    const char *const authority[] = {
        "openssl", "req",   "-x509", "-newkey", "ec",     "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-days", "2",     "-subj",   "/CN=ca", "-keyout",  ca_key,
        "-out",    ca,      NULL};
    const char *const node_request[] = {
        "openssl", "req",   "-newkey",  "ec",      "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-subj", "/CN=node", "-keyout", key,        "-out",
        request,   NULL};
    const char *const sign[] = {
        "openssl",         "x509",  "-req", "-in",      request,    "-CA",  ca,   "-CAkey", ca_key,
        "-CAcreateserial", "-days", "2",    "-extfile", extensions, "-out", node, NULL};
    test_run(authority);
    test_run(node_request);
    test_run(sign);
}

static void run_server(const struct etcd_server *server, pid_t parent)
{
    char binary[300], peer[64], cluster[96], data[300];
    (void)str_format(binary, sizeof binary, "%s/etcd", folder_of_etcd());
    (void)str_format(peer, sizeof peer, "http://127.0.0.1:%d", server->peer_port);
    (void)str_format(cluster, sizeof cluster, "n=%s", peer);
    (void)str_format(data, sizeof data, "%s/data", server->folder.path);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || chdir(server->folder.path) < 0)
        _exit(127);
    int log = open("etcd.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)dup2(log, 1);
    (void)dup2(log, 2);
    const char *arguments[32] = {"etcd",      "--name",
                                 "n",         "--data-dir",
                                 data,        "--listen-peer-urls",
                                 peer,        "--initial-advertise-peer-urls",
                                 peer,        "--initial-cluster",
                                 cluster,     "--listen-client-urls",
                                 server->url, "--advertise-client-urls",
                                 server->url, "--unsafe-no-fsync"};
    static const char *const tls[] = {"--cert-file",       "node.pem",          "--key-file",
                                      "node.key",          "--trusted-ca-file", "ca.pem",
                                      "--client-cert-auth"};
    for (size_t i = 0, n = 16; server->tls && i < sizeof tls / sizeof tls[0]; i++)
        arguments[n++] = tls[i];
    (void)execv(binary, (char *const *)arguments);
    _exit(127);
}

static void run_etcdctl(const struct etcd_server *server, char *words, int output)
{
    char binary[300];
    char *arguments[32] = {"etcdctl", "--endpoints", (char *)server->url};
    static char *const tls[] = {"--cacert", "ca.pem", "--cert", "node.pem", "--key", "node.key"};
    size_t n = 3;
    for (size_t i = 0; server->tls && i < sizeof tls / sizeof tls[0]; i++)
        arguments[n++] = tls[i];
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL && n < 31;
         word = strtok_r(NULL, " ", &rest))
        arguments[n++] = word;
    (void)str_format(binary, sizeof binary, "%s/etcdctl", folder_of_etcd());
    (void)dup2(output, 1);
    (void)dup2(output, 2);
    if (chdir(server->folder.path) == 0)
        (void)execv(binary, arguments);
    _exit(127);
}

const char *etcd_server_say(const struct etcd_server *server, const char *words)
{
    static char out[4096];
    char copy[512];
    int ends[2];
    (void)str_copy(copy, sizeof copy, words);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_etcdctl(server, copy, ends[1]);
    (void)close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while (length < sizeof out - 1 &&
           (got = read(ends[0], out + length, sizeof out - 1 - length)) > 0)
        length += (size_t)got;
    out[length] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return out;
}

void etcd_server_start_again(struct etcd_server *server)
{
    pid_t parent = getpid();
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0)
        run_server(server, parent);
    for (int i = 0; i < START_TRIES; i++) {
        const char *said = etcd_server_say(server, "--dial-timeout=500ms endpoint health");
        if (strstr(said, "is healthy") != NULL)
            return;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            break;
        (void)poll(NULL, 0, 50);
    }
    fail_msg("etcd does not answer: see %s/etcd.log", server->folder.path);
}

void etcd_server_start(struct etcd_server *server, bool tls)
{
    *server = (struct etcd_server){.tls = tls};
    test_folder_make(&server->folder);
    server->port = redis_server_free_port();
    server->peer_port = redis_server_free_port();
    (void)str_format(server->url, sizeof server->url, "http%s://127.0.0.1:%d", tls ? "s" : "",
                     server->port);
    if (tls)
        make_certificates(server);
    etcd_server_start_again(server);
}

void etcd_server_signal(struct etcd_server *server, int number)
{
    int status = 0;
    assert_int_equal(kill(server->pid, number), 0);
    if (number == SIGSTOP) /* its threads run on for a moment */
        assert_int_equal(waitpid(server->pid, &status, WUNTRACED), server->pid);
}

void etcd_server_kill(struct etcd_server *server)
{
    if (server->pid == 0)
        return;
    (void)kill(server->pid, SIGKILL);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    server->pid = 0;
}

void etcd_server_end(struct etcd_server *server)
{
    etcd_server_kill(server);
    test_folder_remove(&server->folder);
}
