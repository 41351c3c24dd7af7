/* A service: its state, its health, and the words and tones that other pages share. */
#ifndef RESUS_CLI_VIEW_SERVICE_H
#define RESUS_CLI_VIEW_SERVICE_H

#include <jansson.h>

#include "cli/page.h"

/* What is shown of one service at a time; members may be NULL when not known. */
struct view_subject {
    const char *id, *name;
    const json_t *status, *health;
};

void view_status(struct page *p, const struct view_subject *s);
void view_health(struct page *p, const struct view_subject *s);
/* The tone of an overall status. */
enum tone view_tone(const char *overall);
/* "Running" for "running". Returns buffer. */
const char *view_title(const char *word, char buffer[64]);
/* `cause` with evidence and advice; nothing when it is `ok`. */
void view_cause(struct page *p, const json_t *cause);

#endif
