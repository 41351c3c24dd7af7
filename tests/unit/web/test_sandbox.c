/* From inside the sandbox nothing is reached: tried for real, each in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "web/sandbox.h"

enum { REFUSED = 0, ALLOWED = 1, NO_SANDBOX = 2 };

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
}

static void other_processes_cannot_be_touched(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(kill_the_parent), REFUSED);
    assert_int_equal(outcome_of(trace_the_parent), REFUSED);
    assert_int_equal(outcome_of(become_another), REFUSED);
}

static void what_serving_needs_goes_on(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(allocate_memory), ALLOWED);
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
        cmocka_unit_test(what_serving_needs_goes_on),
    };
    return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
