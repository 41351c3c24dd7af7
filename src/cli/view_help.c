#include "cli/view_help.h"

#include "base/str.h"
#include "cli/usage.h"

#define NAME_WIDTH 12
#define OPTION_WIDTH 24

/* What only matters to a verb that asks a daemon is left out for the others. */
static void global_options(struct page *p, bool local)
{
    for (size_t i = 0; i < GLOBAL_COUNT; i++) {
        const struct global_row *row = &global_rows[i];
        if (row->help[0] == '\0' || (local && row->remote))
            continue;
        char head[64];
        (void)str_format(head, sizeof head, "%s %s", row->name,
                         row->argument == NULL ? "" : row->argument);
        page_put(p, "  %s", head);
        page_pad(p, page_width(head), OPTION_WIDTH);
        page_put(p, "%s\n", row->help);
    }
    page_put(p, "  --help, --version\n");
}

void view_verbs(struct page *p)
{
    page_put(p, "resus %s: watches over Redis and helps it up\n\n", RESUS_VERSION);
    page_put(p, "usage: resus VERB [SERVICE] [options]\n\n");
    for (size_t i = 0; i < verb_count; i++) {
        page_put(p, "  ");
        page_tone(p, TONE_BOLD, "%s", verbs[i].name);
        page_pad(p, page_width(verbs[i].name), NAME_WIDTH);
        page_put(p, "%s\n", verbs[i].summary);
    }
    page_put(p, "\nEverywhere:\n");
    global_options(p, false);
    page_put(p, "\nSERVICE may be left out when only one is configured.\n"
                "`resus help VERB` explains a verb and its options.\n");
}

void view_verb(struct page *p, const struct verb *verb)
{
    usage_put(p, verb->usage);
    page_put(p, "\n%s\n", verb->summary);
    if (verb->more != NULL)
        page_put(p, "\n%s", verb->more);
    page_put(p, "\n");
    for (int id = 0; id < OPTION_COUNT; id++) {
        if ((verb->options & OPTION_BIT(id)) == 0)
            continue;
        const struct option_row *row = &option_rows[id];
        char head[64];
        (void)str_format(head, sizeof(head), "%s%s%s%s%s", row->letter == NULL ? "" : row->letter,
                         row->letter == NULL ? "" : ", ", row->name,
                         row->argument == NULL ? "" : " ",
                         row->argument == NULL ? "" : row->argument);
        page_put(p, "  %s", head);
        page_pad(p, page_width(head), OPTION_WIDTH);
        page_put(p, "%s\n", row->help);
    }
    global_options(p, verb->local);
}
