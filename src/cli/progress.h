/* The line that moves while a start or restart runs, on a terminal's stderr. */
#ifndef RESUS_CLI_PROGRESS_H
#define RESUS_CLI_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>

struct progress {
    bool shown, drawn;
    const char *verb;
};

struct progress progress_new(bool shown, const char *verb);
/* {"phase", "percent", "eta_seconds"}; an ask_line. */
void progress_line(void *progress, json_t *line);
/* Takes the line away. */
void progress_end(struct progress *p);

#endif
