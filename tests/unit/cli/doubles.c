/* Stands in, in these tests only, for what the daemon's assembly gives. */
#include <stdio.h>

#include "daemon/daemon.h"
#include "daemon/demo.h"

int daemon_serve(const char *config_path)
{
    (void)printf("double: serve %s\n", config_path);
    return 0;
}

int demo_run(int port, const char *dir)
{
    (void)printf("double: demo %d %s\n", port, dir);
    return 0;
}
