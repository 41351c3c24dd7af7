#include "alerts/ack_page.h"

#include <inttypes.h>

#include "api/link_page.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

#define PAGE_MAX 8192

static int put_incident(struct buf *to, const struct ack_page *p, wall_ms now)
{
    char at[WALL_TEXT_SIZE], length[DURATION_TEXT_SIZE];
    const json_t *i = p->incident;
    wall_ms opened = WALL_NONE;
    const char *place = json_text_or(i, "service", json_text_or(i, "host", NULL));
    (void)wall_parse(json_text_or(i, "opened_at", ""), &opened);
    (void)wall_text(opened, at);
    int r =
        buf_printf(to, "<dl><dt>Incident</dt><dd>%" PRId64 ", %s, %s</dd>", json_int_or(i, "id", 0),
                   json_text_or(i, "severity", "?"), json_text_or(i, "status", "?"));
    if (r == 0 && place != NULL)
        r = buf_printf(to, "<dt>%s</dt><dd>",
                       json_text_or(i, "service", NULL) != NULL ? "Service" : "Host");
    if (r == 0 && place != NULL)
        r = buf_append_html(to, place);
    if (r == 0 && place != NULL)
        r = buf_printf(to, "</dd>");
    return r == 0 ? buf_printf(to, "<dt>Since</dt><dd>%.10s %.8s UTC (%s)</dd></dl>", at, at + 11,
                               duration_text(wall_since(now, opened), length))
                  : r;
}

static int put_button(struct buf *to, const struct ack_page *p)
{
    char until[WALL_TEXT_SIZE];
    (void)wall_text(p->expires, until);
    return buf_printf(to,
                      "<form method=\"post\"><button type=\"submit\">Acknowledge</button></form>"
                      "<p>After that nobody else is called, until 30 minutes (P1) or 2 hours pass "
                      "without a status update.</p>"
                      "<p class=\"small\">The audit log will name the link in the channel %s. The "
                      "link ends at %.5s UTC.</p>",
                      p->channel, until + 11);
}

json_t *ack_page_html(const struct ack_page *p, wall_ms now)
{
    struct buf to = BUF_LIMIT(PAGE_MAX);
    int r = link_page_begin(&to, p->title);
    if (r == 0 && p->incident != NULL)
        r = put_incident(&to, p, now);
    if (r == 0 && p->text != NULL)
        r = buf_printf(&to, "<p>%s</p>", p->text);
    if (r == 0 && p->button)
        r = put_button(&to, p);
    if (r == 0)
        r = link_page_end(&to);
    json_t *html = r == 0 ? json_stringn(buf_text(&to), to.length) : NULL;
    buf_free(&to);
    return html;
}
