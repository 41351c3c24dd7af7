/* A session of its own: it ends when it is told to, also while it is being opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "host/ssh_run.h"
#include "io/clock.h"
#include "support/test_folder.h"

/* Takes connections, and says nothing. */
static int silent_port(int *ret_fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    *ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*ret_fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(*ret_fd, 4), 0);
    assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&at, &size), 0);
    return ntohs(at.sin_port);
}

static void a_login_that_hangs_ends_when_it_is_to(void **state)
{
    struct test_folder folder;
    static struct ssh_settings ssh;
    char out[64], text[64];
    int fd;
    atomic_bool stop = true;
    struct error err = {0};
    (void)state;
    test_folder_make(&folder);
    test_folder_write(&folder, "known_hosts", "", 0600);
    ssh.port = silent_port(&fd);
    (void)str_copy(ssh.host, sizeof ssh.host, "127.0.0.1");
    (void)str_copy(ssh.user, sizeof ssh.user, "someone");
    (void)str_copy(ssh.known_hosts, sizeof ssh.known_hosts,
                   test_folder_path(&folder, "known_hosts"));
    const struct ssh_run run = {.ssh = &ssh,
                                .unit = "redis-server",
                                .command = HOST_HELPER_FACTS,
                                .line = "",
                                .fd = -1,
                                .within_ms = 60000,
                                .stop = &stop};
    struct ssh_ran ran = {.out = out, .err = text, .size = sizeof out};
    mono_ms began = clock_mono();
    assert_int_equal(ssh_run(&run, &ran, &err), -EINTR);
    assert_true(mono_since(clock_mono(), began) < 10000); /* half of what it waits for else */
    (void)close(fd);
    test_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_that_hangs_ends_when_it_is_to),
    };
    return cmocka_run_group_tests_name("host/ssh_login", tests, NULL, NULL);
}
