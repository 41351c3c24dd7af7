#include "cli/progress.h"

#include <stdio.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/page.h"

#define WIDTH_MAX 78 /* a longer line would wrap and could not be taken back */

struct progress progress_new(bool shown, const char *verb)
{
    return (struct progress){.shown = shown, .verb = verb};
}

void progress_line(void *context, json_t *raw)
{
    struct progress *p = context;
    if (!p->shown)
        return;
    json_t *line JSON_CLEANUP = page_clean(raw);
    char text[WIDTH_MAX + 1];
    (void)str_format(text, sizeof(text), "%s: %s", p->verb, json_text_or(line, "phase", "running"));
    double percent = json_real_or(line, "percent", -1), eta = json_real_or(line, "eta_seconds", -1);
    if (percent >= 0)
        (void)str_append(text, sizeof(text), " %.0f %%", percent);
    if (eta >= 0)
        (void)str_append(text, sizeof(text), ", about %.0f s left", eta);
    (void)fprintf(stderr, "\r\x1b[K%s", text);
    (void)fflush(stderr);
    p->drawn = true;
}

void progress_end(struct progress *p)
{
    if (p->drawn)
        (void)fputs("\r\x1b[K", stderr);
    p->drawn = false;
}
