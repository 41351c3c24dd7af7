/* The daemon: reads the configuration, assembles every floor and runs until it is told to end. */
#ifndef RESUS_DAEMON_DAEMON_H
#define RESUS_DAEMON_DAEMON_H

/* `resus serve`: returns the exit status (0 ok, 2 configuration error). */
int daemon_serve(const char *config_path);

#endif
