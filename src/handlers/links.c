/* acknowledge/{link}: the page behind the link of a message. Opening it does nothing, because programs
 * that look through mail open every link; its button acknowledges. Plain HTML: it has to work in
 * the browser of any phone, without a login. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "alerts/ack_page.h"
#include "alerts/alerts.h"
#include "alerts/incidents.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/inside.h"
#include "handlers/resources.h"

static void answer_page(struct handlers *h, struct call *call, int status,
                        const struct ack_page *page)
{
    json_t *html = ack_page_html(page, handlers_now(h).wall);
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
                &(struct ack_page){.title = title,
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

static void link_show(struct handlers *h, struct call *call)
{
    struct opened o;
    if (!open_link(h, call, &o))
        return;
    bool known = json_text_or(o.incident, "acknowledged_by", NULL) != NULL;
    answer_page(h, call, 200,
                &(struct ack_page){.title = json_text_or(o.incident, "title", "Incident"),
                                   .text = known ? "It is acknowledged already." : NULL,
                                   .incident = o.incident,
                                   .channel = o.channel,
                                   .expires = o.link.expires,
                                   .button = !known});
    json_decref(o.incident);
}

static void link_acknowledge(struct handlers *h, struct call *call)
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
        handlers_unwait(h, call);
        refuse_link(h, call, 409, "This incident cannot be acknowledged");
    } else {
        if (h->ports.accounts != NULL)
            account_done(h, call, reason);
        call->kept = ack_page_html(
            &(struct ack_page){.title = "Acknowledged",
                               .incident = o.incident,
                               .channel = o.channel,
                               .text =
                                   "You are the one who works on it now: give a status update in "
                                   "the console, or with <code>resus incident update</code>."},
            handlers_now(h).wall);
    }
    json_decref(o.incident);
}

static const struct handling rows[] = {
    {OP_LINK_SHOW, .run = link_show},
    {OP_LINK_ACKNOWLEDGE, .run = link_acknowledge, WRITES(INCIDENT, MODERATE)},
    {0},
};

const struct resource resource_links = {NEEDS_ALERTS, rows};
