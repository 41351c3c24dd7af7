#include "base/str.h"
#include "cli/cli.h"
#include "cli/completion.h"
#include "cli/verb.h"
#include "io/clock.h"

int verb_completion(const struct invocation *in)
{
    struct page p = page_new(false, clock_wall());
    if (str_equal(in->sub, "bash"))
        completion_bash(&p);
    else if (str_equal(in->sub, "zsh"))
        completion_zsh(&p);
    else
        completion_fish(&p);
    page_print(&p, stdout);
    return CLI_DONE;
}
