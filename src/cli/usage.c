#include "cli/usage.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/checkline.h"
#include "cli/cli.h"
#include "cli/page.h"
#include "cli/verb.h"

/* The bytes of the next piece of `text` that is not to be broken: a word, or all in brackets. */
static size_t piece_length(const char *text)
{
    size_t depth = 0, i = 0;
    for (; text[i] != '\0' && (text[i] != ' ' || depth > 0); i++) {
        if (text[i] == '[')
            depth++;
        else if (text[i] == ']' && depth > 0)
            depth--;
    }
    return i;
}

void usage_put(struct page *p, const char *usage)
{
    static const char head[] = "usage: resus ", margin[] = "       resus ";
    size_t verb = piece_length(usage), column = strlen(head);
    page_put(p, "%s", head);
    for (const char *at = usage; *at != '\0';) {
        size_t length = piece_length(at);
        bool first = at == usage;
        if (length == 1 && *at == '|') {
            page_put(p, "\n%s%.*s", margin, (int)verb, usage);
            column = strlen(margin) + verb;
        } else {
            if (!first && column + 1 + length > USAGE_COLUMNS_MAX) {
                column = strlen(margin) + verb;
                page_put(p, "\n%*s", (int)column, "");
            }
            page_put(p, "%s%.*s", first ? "" : " ", (int)length, at);
            column += length + (first ? 0 : 1);
        }
        at += length;
        while (*at == ' ')
            at++;
    }
    page_put(p, "\n");
}

/* A scheduler shows standard output alone. */
static void plugin_line(const char *why)
{
    struct buf out = BUF_LIMIT(4096);
    (void)checkline_unknown(why, &out);
    (void)fputs(buf_text(&out), stdout);
    (void)fflush(stdout);
    buf_free(&out);
}

int usage_error(const struct invocation *in, const char *why)
{
    char *clean = page_clean_text(why);
    struct page p = page_new(false, (wall_ms){0});
    page_put(&p, "resus: %s\n", clean == NULL ? "" : clean);
    usage_put(&p, in->verb == NULL ? "VERB [SERVICE] [options]" : in->verb->usage);
    page_print(&p, stderr);
    bool plugin = in->verb != NULL && in->verb->plugin;
    if (plugin && !in->json)
        plugin_line(clean == NULL ? "" : clean);
    mem_free(clean);
    return plugin ? (int)CHECK_UNKNOWN : CLI_USAGE;
}
