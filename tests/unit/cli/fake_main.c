/* The fake daemon by hand: fake-daemon SOCKET SCENARIO-NUMBER. For looking at the command line. */
#include <stdlib.h>

#include "fake_daemon.h"

int main(int argc, char **argv)
{
    if (argc != 3 || atoi(argv[2]) < 0 || atoi(argv[2]) >= FAKE_COUNT)
        return 64;
    return fake_daemon_run(argv[1], (enum fake_scenario)atoi(argv[2]), -1);
}
