/* A daemon without an engine: the real control server with canned bodies, in a child process. */
#ifndef RESUS_TESTS_FAKE_DAEMON_H
#define RESUS_TESTS_FAKE_DAEMON_H

#include <sys/types.h>

/* What it plays; the name of a scenario is its service's story. */
enum fake_scenario {
    FAKE_HEALTHY,
    FAKE_BUSY_SCRIPT, /* critical, withheld */
    FAKE_MEMORY_HIGH, /* degraded, with recommendations */
    FAKE_UNREACHABLE, /* unknown, status answers 503 */
    FAKE_REFUSING,    /* every operation is refused in its own way */
    FAKE_HOSTILE,     /* bodies full of terminal escapes */
    FAKE_SEVERAL,     /* five services */
    FAKE_DYING,       /* closes the connection instead of answering */
    FAKE_COUNT
};

/* Forks; returns when the socket listens. */
pid_t fake_daemon_start(const char *socket, enum fake_scenario scenario);
void fake_daemon_stop(pid_t child);
/* Runs it in this process until SIGTERM. */
int fake_daemon_run(const char *socket, enum fake_scenario scenario, int ready_fd);

#endif
