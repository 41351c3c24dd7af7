/* The demonstration: a private Redis under Resus' own process controller, and the console. */
#ifndef RESUS_DAEMON_DEMO_H
#define RESUS_DAEMON_DEMO_H

/* `resus demo`: HTTPS on `port`, state in `dir`; returns the exit status after Ctrl-C. */
int demo_run(int port, const char *dir);

#endif
