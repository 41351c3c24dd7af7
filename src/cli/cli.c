#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/usage.h"
#include "cli/verb.h"

int cli_main(int argc, char **argv)
{
    struct invocation in;
    struct error err = {0};
    /* A reader that went away (`resus logs | head`) ends a write with EPIPE, not the program. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (arguments_parse(argc, argv, &in, &err) < 0)
        return usage_error(&in, err.text);
    if (in.version) {
        (void)printf("resus %s\n", RESUS_VERSION);
        return CLI_DONE;
    }
    if (in.help)
        return verb_help(&in);
    if (in.verb == NULL)
        return usage_error(&in, "a verb is missing; `resus help` lists them");
    return in.verb->run(&in);
}
