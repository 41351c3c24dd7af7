/* A private sshd on a loopback port for the account that runs the tests, with a script in place of
 * the commands: the last word of the command line says what it shall do (sshd_fixture.c). */
#ifndef RESUS_TESTS_SSHD_FIXTURE_H
#define RESUS_TESTS_SSHD_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "host/controller.h"

struct sshd_fixture {
    char folder[256];
    int port;
    pid_t pid;  /* 0: not running */
    int log_fd; /* its stderr */
    char log[65536];
    size_t log_length;
    struct service_settings service; /* control ssh, unit "ok" */
};

/* False when no sshd is installed. */
bool sshd_fixture_available(void);
/* `extra`: lines of sshd_config, or "". */
void sshd_fixture_start(struct sshd_fixture *f, const char *extra);
/* The listener alone; sessions go on. */
void sshd_fixture_stop_listener(struct sshd_fixture *f);
void sshd_fixture_resume_listener(struct sshd_fixture *f);
/* Lets commands that hang ("hang") end. */
void sshd_fixture_release(struct sshd_fixture *f);
/* How often this text is in its log. */
unsigned sshd_fixture_logged(struct sshd_fixture *f, const char *text);
/* Ends everything and removes the folder. */
void sshd_fixture_end(struct sshd_fixture *f);

#endif
