/* The program `resus`: hands over to the command line, or to the copier that the daemon starts. */
#include "cli/cli.h"
#include "copies/copier.h"

#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], COPIER_WORD) == 0)
        return copier_main(argv[2]);
    return cli_main(argc, argv);
}
