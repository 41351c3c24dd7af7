#include "api/link_page.h"

int link_page_begin(struct buf *to, const char *title)
{
    int r = buf_printf(to, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                           "<meta name=\"viewport\" content=\"width=device-width, "
                           "initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>");
    if (r == 0)
        r = buf_append_html(to, title);
    if (r == 0)
        r = buf_printf(to, "</title><link rel=\"stylesheet\" href=\"/docs/acknowledge.css\"></head>"
                           "<body><main><h1>");
    if (r == 0)
        r = buf_append_html(to, title);
    return r == 0 ? buf_printf(to, "</h1>") : r;
}

int link_page_end(struct buf *to)
{
    return buf_printf(to, "</main></body></html>\n");
}
