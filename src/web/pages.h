/* Pages of the documentation that messages link to, made from docs/ by pages/make_pages.py. */
#ifndef RESUS_WEB_PAGES_H
#define RESUS_WEB_PAGES_H

#include <stddef.h>

struct page {
    const char *path; /* "/docs/causes.html" */
    const char *data; /* no NUL at its end */
    size_t length;
};
extern const struct page pages[];
extern const size_t page_count;

#endif
