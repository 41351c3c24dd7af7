/* The head and the end of the pages that people open by a link of a message: plain HTML, which has to
 * work in the browser of any phone, without a login and without the console. */
#ifndef RESUS_API_LINK_PAGE_H
#define RESUS_API_LINK_PAGE_H

#include "base/attr.h"
#include "base/buf.h"

/* Up to the heading, which is `title`. */
int link_page_begin(struct buf *to, const char *title) ATTR_MUST_USE;
int link_page_end(struct buf *to) ATTR_MUST_USE;

#endif
