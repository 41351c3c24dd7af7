/* acknowledge/{link}: the page behind the link of a message. Opening it does nothing, because programs
 * that look through mail open every link; its button acknowledges. Plain HTML: it has to work in
 * the browser of any phone, without a login. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/alerts.h"
#include "alerts/incidents.h"
#include "api/link_page.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/inside.h"
#include "handlers/resources.h"

#define PAGE_MAX 8192

/* ── the page ── */

struct page {
    const char *title, *text;
    const json_t *incident; /* NULL = none */
    const char *channel;
    wall_ms expires;
    bool button;
};

static int put_incident(struct buf *to, const struct page *p, wall_ms now)
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

static int put_button(struct buf *to, const struct page *p)
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

/* NULL on lack of memory. */
static json_t *page_html(const struct page *p, wall_ms now)
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

static void answer_page(struct handlers *h, struct call *call, int status, const struct page *page)
{
    json_t *html = page_html(page, handlers_now(h).wall);
    call->answer(call, html == NULL ? 500 : status, html);
}

/* ── the link ── */

struct opened {
    struct ack_link link;
    const char *channel;
    json_t *incident; /* a reference */
};

static void refuse_link(struct handlers *h, struct call *call, int status, const char *title)
{
    answer_page(h, call, status,
                &(struct page){.title = title,
                               .text = "Log in to the console, or run <code>resus incident "
                                       "list</code> on the host of Resus."});
}

/* False: the call was answered. */
static bool open_link(struct handlers *h, struct call *call, struct opened *ret)
{
    int r = alerts_read_link(h->ports.alerts, json_text_or(call->args, "link", ""), &ret->channel,
                             &ret->link);
    if (r < 0) {
        refuse_link(h, call, r == -ETIME ? 410 : 404,
                    r == -ETIME ? "This link has ended" : "This link is not valid");
        return false;
    }
    ret->incident = incidents_one_json(h->ports.alerts, ret->link.incident);
    const char *status = json_text_or(ret->incident, "status", "closed");
    if (!str_equal(status, "resolved") && !str_equal(status, "closed"))
        return true;
    json_decref(ret->incident);
    refuse_link(h, call, 410, "This incident is over");
    return false;
}

void link_show(struct handlers *h, struct call *call)
{
    struct opened o;
    if (!open_link(h, call, &o))
        return;
    bool known = json_text_or(o.incident, "acknowledged_by", NULL) != NULL;
    answer_page(h, call, 200,
                &(struct page){.title = json_text_or(o.incident, "title", "Incident"),
                               .text = known ? "It is acknowledged already." : NULL,
                               .incident = o.incident,
                               .channel = o.channel,
                               .expires = o.link.expires,
                               .button = !known});
    json_decref(o.incident);
}

void link_acknowledge(struct handlers *h, struct call *call)
{
    struct opened o;
    struct error err = {0};
    char reason[AUDIT_REASON_MAX];
    if (!open_link(h, call, &o))
        return;
    (void)str_format(call->user.id, sizeof call->user.id, "link:%s", o.channel);
    (void)str_format(call->user.email, sizeof call->user.email, "link in channel %s", o.channel);
    (void)str_format(reason, sizeof reason, "%" PRId64 ": by link in channel %s", o.link.incident,
                     o.channel);
    const struct incident_order order = {.kind = ORDER_ACKNOWLEDGE,
                                         .person = call->user.email,
                                         .text = "By the link of a message.",
                                         .save = handlers_wait(h, call)};
    int r = incidents_order(h->ports.alerts, o.link.incident, &order, &err);
    if (r < 0) {
        list_remove(&h->waiting, call);
        refuse_link(h, call, 409, "This incident cannot be acknowledged");
    } else {
        if (h->ports.accounts != NULL)
            account_done(h, call, reason);
        call->kept = page_html(
            &(struct page){.title = "Acknowledged",
                           .incident = o.incident,
                           .channel = o.channel,
                           .text = "You are the one who works on it now: give a status update in "
                                   "the console, or with <code>resus incident update</code>."},
            handlers_now(h).wall);
    }
    json_decref(o.incident);
}
