/* The daemon: reads the configuration, assembles every floor and runs until it is asked to end. */
#ifndef RESUS_DAEMON_DAEMON_H
#define RESUS_DAEMON_DAEMON_H

/* `resus serve`: returns the exit status: 0 ok; 2 what only a change of the settings or of the
 * host can help, or another daemon runs; 1 anything else. */
int daemon_serve(const char *config_path);

/* The same for the demonstration: the one service's Redis (on 127.0.0.1:redis_port) is started with
 * the daemon and ended with it, DAEMON_DEMO_EMAIL can log in with `password`; "Login:" and "Redis:"
 * lines go to stdout when it answers. */
#define DAEMON_DEMO_EMAIL "admin@localhost"
int daemon_serve_demo(const char *config_path, int redis_port, const char *password);

#endif
