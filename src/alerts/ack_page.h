/* The page behind the link of a message, as plain HTML. */
#ifndef RESUS_ALERTS_ACK_PAGE_H
#define RESUS_ALERTS_ACK_PAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/time.h"

struct ack_page {
    const char *title, *text;
    const json_t *incident; /* NULL = none */
    const char *channel;
    wall_ms expires;
    bool button;
};

/* NULL on lack of memory. */
json_t *ack_page_html(const struct ack_page *page, wall_ms now);

#endif
