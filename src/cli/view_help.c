#include "cli/view_help.h"

#include "base/str.h"

#define NAME_WIDTH 12
#define OPTION_WIDTH 24
#define FIRST_REMOTE 2 /* of global_options' rows: --url ... --pin */
#define LAST_REMOTE 5

/* What only matters to a verb that asks a daemon is left out for the others. */
static void global_options(struct page *p, bool local)
{
    static const char *const rows[][2] = {
        {"--json", "the API's JSON and nothing else on stdout"},
        {"--config FILE", "else $RESUS_CONFIG, else /etc/resus/resus.yaml"},
        {"--url URL", "a daemon elsewhere: https://HOST:8443"},
        {"--token-file FILE", "its API token, readable by you alone"},
        {"--ca-file FILE", "the certificate that signs its own"},
        {"--pin sha256/BASE64", "the SHA-256 of its public key, instead or as well"},
        {"--help, --version", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (local && i >= FIRST_REMOTE && i <= LAST_REMOTE)
            continue;
        page_put(p, "  %s", rows[i][0]);
        if (rows[i][1][0] != '\0')
            page_pad(p, page_width(rows[i][0]), OPTION_WIDTH);
        page_put(p, "%s\n", rows[i][1]);
    }
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
    page_put(p, "\nSERVICE may be left out when only one is configured. "
                "`resus help VERB` tells more.\n");
}

void view_verb(struct page *p, const struct verb *verb)
{
    page_put(p, "usage: resus %s\n\n%s\n", verb->usage, verb->summary);
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
