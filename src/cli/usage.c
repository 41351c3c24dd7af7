#include "cli/usage.h"

#include <stdio.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/page.h"
#include "cli/verb.h"

#define PLUGIN_UNKNOWN 3

int usage_error(const struct invocation *in, const char *why)
{
    char *clean = page_clean_text(why);
    (void)fprintf(stderr, "resus: %s\nusage: resus %s\n", clean == NULL ? "" : clean,
                  in->verb == NULL ? "VERB [SERVICE] [options]" : in->verb->usage);
    mem_free(clean);
    return in->verb != NULL && in->verb->run == verb_check ? PLUGIN_UNKNOWN : CLI_USAGE;
}
