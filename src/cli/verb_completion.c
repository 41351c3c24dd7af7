#include "base/str.h"
#include "cli/cli.h"
#include "cli/completion.h"
#include "cli/verb.h"
#include "io/clock.h"

static int run_completion(const struct invocation *in)
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

static const char *const subs[] = {"bash", "zsh", "fish", NULL};

const struct verb verbs_completion[] = {
    {"completion", GROUP_SETUP, "completion bash|zsh|fish",
     "print the script that completes this in a shell",
     "The package installs all three. For this shell alone:\n"
     "  source <(resus completion bash)\n"
     "  source <(resus completion zsh)\n"
     "  resus completion fish | source\n",
     .subs = subs, .local = true, .run = run_completion},
    {0},
};
