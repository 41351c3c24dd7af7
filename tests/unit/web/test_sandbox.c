/* From inside the sandbox nothing is reached: tried for real, each in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "web/sandbox.h"

enum { REFUSED = 0, ALLOWED = 1, NO_SANDBOX = 2 };

/* A child that its parent's end does not end says so after this time. */
#define OUTLIVED_MS 20000

/* True: the deed could be done. */
typedef bool deed(int before);

/* `before` is a socket that was made outside. */
static bool open_a_file(int before)
{
    (void)before;
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}
static bool make_a_file(int before)
{
    (void)before;
    return open("/tmp/resus-sandbox", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 ||
           mkdir("/tmp/resus-sandbox-folder", 0700) == 0;
}
static bool remove_a_file(int before)
{
    (void)before;
    return unlink("/tmp/resus-sandbox-missing") == 0 || errno == ENOENT;
}
static bool run_a_program(int before)
{
    (void)before;
    char *const arguments[] = {(char[]){"/bin/true"}, NULL};
    char *const environment[] = {NULL};
    (void)execve(arguments[0], arguments, environment);
    return errno == ENOENT;
}
static bool fork_a_child(int before)
{
    (void)before;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0;
}
static void *nothing(void *context)
{
    return context;
}
static bool start_a_thread(int before)
{
    pthread_t thread;
    (void)before;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}
static bool make_a_socket(int before)
{
    (void)before;
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ||
           socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}
static bool connect_somewhere(int before)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(9)};
    return connect(before, (struct sockaddr *)&to, sizeof to) == 0 || errno == ECONNREFUSED;
}
static bool kill_the_parent(int before)
{
    (void)before;
    return kill(getppid(), 0) == 0;
}
static bool trace_the_parent(int before)
{
    (void)before;
    return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}
static bool make_code(int before)
{
    (void)before;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}
static bool become_another(int before)
{
    (void)before;
    return setuid(getuid()) == 0;
}
/* The kernel sends the signal, and to whom it belongs the sender's rights do not matter. */
static bool signal_by_owner_of_a_socket(int before)
{
    return fcntl(before, F_SETOWN, getppid()) == 0;
}
static bool signal_by_asynchronous_input(int before)
{
    return fcntl(before, F_SETFL, O_ASYNC) == 0;
}
/* A listener whose reading side is shut down can connect again, and MSG_FASTOPEN does it. */
static bool connect_by_sending(int before)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(9)};
    const struct sockaddr *address = (const struct sockaddr *)&to;
    return sendto(before, "x", 1, MSG_FASTOPEN, address, sizeof to) == 1 || errno != EPERM;
}
static bool connect_by_message(int before)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(9)};
    struct iovec bytes = {.iov_base = (char[]){"x"}, .iov_len = 1};
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &bytes, .msg_iovlen = 1};
    return sendmsg(before, &message, MSG_FASTOPEN) == 1 || errno != EPERM;
}
static bool free_a_listener(int before)
{
    return shutdown(before, SHUT_RD) == 0 || errno == ENOTCONN;
}
static bool load_a_protocol(int before)
{
    return setsockopt(before, IPPROTO_TCP, TCP_ULP, "tls", 4) == 0 || errno != EPERM;
}
static bool ignore_an_order_to_end(int before)
{
    (void)before;
    return signal(SIGTERM, SIG_IGN) != SIG_ERR;
}
static bool outlive_the_engine(int before)
{
    int sent = 0;
    (void)before;
    return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0 || prctl(PR_GET_PDEATHSIG, &sent) == 0;
}
static bool send_on_a_connection(int before)
{
    (void)before;
    return send(before, "x", 1, MSG_NOSIGNAL) == 1 || errno == EPIPE || errno == ENOTCONN;
}
static bool set_a_socket_up(int before)
{
    int on = 1;
    return setsockopt(before, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           fcntl(before, F_SETFL, O_NONBLOCK) == 0 && fcntl(before, F_SETFD, FD_CLOEXEC) == 0;
}
static bool allocate_memory(int before)
{
    (void)before;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static int outcome(deed *try, bool sandboxed)
{
    int before = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t child = fork();
    if (child == 0) {
        struct error err = {0};
        if (sandboxed && sandbox_enter(&err) < 0)
            _exit(NO_SANDBOX);
        _exit(try(before) ? ALLOWED : REFUSED);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(before);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), NO_SANDBOX);
    return WEXITSTATUS(status);
}

static int outcome_of(deed *try)
{
    return outcome(try, true);
}

/* Otherwise the refusals below would say nothing. */
static void outside_of_it_the_same_deeds_are_done(void **state)
{
    (void)state;
    assert_int_equal(outcome(open_a_file, false), ALLOWED);
    assert_int_equal(outcome(remove_a_file, false), ALLOWED);
    assert_int_equal(outcome(fork_a_child, false), ALLOWED);
    assert_int_equal(outcome(start_a_thread, false), ALLOWED);
    assert_int_equal(outcome(make_code, false), ALLOWED);
    assert_int_equal(outcome(make_a_socket, false), ALLOWED);
    assert_int_equal(outcome(connect_somewhere, false), ALLOWED);
    assert_int_equal(outcome(kill_the_parent, false), ALLOWED);
    assert_int_equal(outcome(become_another, false), ALLOWED);
    assert_int_equal(outcome(signal_by_owner_of_a_socket, false), ALLOWED);
    assert_int_equal(outcome(signal_by_asynchronous_input, false), ALLOWED);
    assert_int_equal(outcome(connect_by_sending, false), ALLOWED);
    assert_int_equal(outcome(connect_by_message, false), ALLOWED);
    assert_int_equal(outcome(free_a_listener, false), ALLOWED);
    assert_int_equal(outcome(load_a_protocol, false), ALLOWED);
    assert_int_equal(outcome(ignore_an_order_to_end, false), ALLOWED);
    assert_int_equal(outcome(outlive_the_engine, false), ALLOWED);
}

static void files_cannot_be_opened_made_or_removed(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(open_a_file), REFUSED);
    assert_int_equal(outcome_of(make_a_file), REFUSED);
    assert_int_equal(outcome_of(remove_a_file), REFUSED);
}

static void nothing_can_be_run(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(run_a_program), REFUSED);
    assert_int_equal(outcome_of(fork_a_child), REFUSED);
    assert_int_equal(outcome_of(make_code), REFUSED);
}

/* So what it does while it serves is done by one thread, and needs no lock. */
static void no_thread_can_be_started(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(start_a_thread), REFUSED);
}

static void nobody_can_be_reached(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(make_a_socket), REFUSED);
    assert_int_equal(outcome_of(connect_somewhere), REFUSED);
    assert_int_equal(outcome_of(connect_by_sending), REFUSED);
    assert_int_equal(outcome_of(connect_by_message), REFUSED);
    assert_int_equal(outcome_of(free_a_listener), REFUSED);
    assert_int_equal(outcome_of(load_a_protocol), REFUSED);
}

static void other_processes_cannot_be_touched(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(kill_the_parent), REFUSED);
    assert_int_equal(outcome_of(trace_the_parent), REFUSED);
    assert_int_equal(outcome_of(become_another), REFUSED);
    assert_int_equal(outcome_of(signal_by_owner_of_a_socket), REFUSED);
    assert_int_equal(outcome_of(signal_by_asynchronous_input), REFUSED);
}

static void it_cannot_refuse_to_end(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(ignore_an_order_to_end), REFUSED);
    assert_int_equal(outcome_of(outlive_the_engine), REFUSED);
}

/* A parent that dies takes the sandboxed child with it: the pipe that only the child holds ends. */
static void it_ends_when_its_parent_ends(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0) {
        int ready[2];
        if (pipe2(ready, O_CLOEXEC) != 0)
            _exit(NO_SANDBOX);
        pid_t child = fork();
        if (child == 0) {
            struct error err = {0};
            if (sandbox_enter(&err) < 0)
                _exit(NO_SANDBOX);
            (void)!write(ready[1], "x", 1);
            (void)poll(NULL, 0, OUTLIVED_MS);
            _exit((int)write(ends[1], "x", 1));
        }
        (void)close(ready[1]);
        bool sandboxed = child > 0 && read(ready[0], &byte, 1) == 1;
        _exit(sandboxed ? ALLOWED : NO_SANDBOX);
    }
    (void)close(ends[1]);
    int status = 0;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(WEXITSTATUS(status), ALLOWED);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    (void)close(ends[0]);
}

static void what_serving_needs_goes_on(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(allocate_memory), ALLOWED);
    assert_int_equal(outcome_of(send_on_a_connection), ALLOWED);
    assert_int_equal(outcome_of(set_a_socket_up), ALLOWED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_of_it_the_same_deeds_are_done),
        cmocka_unit_test(files_cannot_be_opened_made_or_removed),
        cmocka_unit_test(nothing_can_be_run),
        cmocka_unit_test(no_thread_can_be_started),
        cmocka_unit_test(nobody_can_be_reached),
        cmocka_unit_test(other_processes_cannot_be_touched),
        cmocka_unit_test(it_cannot_refuse_to_end),
        cmocka_unit_test(it_ends_when_its_parent_ends),
        cmocka_unit_test(what_serving_needs_goes_on),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
