#include "daemon/audit_news.h"

#include <errno.h>
#include <inttypes.h>

#include "base/str.h"
#include "daemon/world_inside.h"
#include "io/clock.h"
#include "io/log.h"
#include "store/anchor.h"

static void keep(void *context, const struct audit_anchor *anchor)
{
    struct world *w = context;
    store_save_anchor(w->store, anchor);
}

static void kept(void *context, struct audit_anchor *ret)
{
    struct world *w = context;
    store_kept_anchor(w->store, ret);
}

static void notify_services(struct world *w, const char *message)
{
    for (int i = 0; i < w->count && w->engine != NULL; i++)
        engine_notice(w->engine, i, "security", access_name(ACCESS_ADMIN), message, clock_now());
}

static void report_room(struct world *w, const struct error *crowded)
{
    bool now = crowded->code != 0;
    if (now == w->news.crowded)
        return;
    w->news.crowded = now;
    if (now)
        log_error("audit", "%s. People's operations are refused meanwhile", crowded->text);
    else
        log_info("audit", "the audit log has room again");
    notify_services(w, now ? crowded->text : "The audit log has room again.");
}

/* At the start, and when another program has cut the open file. */
static void report_finding(struct world *w)
{
    char finding[ERROR_TEXT_MAX], text[ERROR_TEXT_MAX + 100];
    audit_finding(w->audit, finding, sizeof finding);
    if (str_equal(finding, w->news.finding))
        return;
    (void)str_copy(w->news.finding, sizeof w->news.finding, finding);
    (void)str_format(text, sizeof text, "Lines of the audit log are missing or changed: %s",
                     finding);
    notify_services(w, text);
}

static void on_news(void *context)
{
    struct world *w = context;
    struct audit_state now;
    char text[200];
    audit_look(w->audit, &now);
    report_room(w, &now.crowded);
    report_finding(w);
    if (now.reported.seq == 0 || now.reported.seq == w->news.sent)
        return;
    w->news.sent = now.reported.seq;
    (void)str_format(text, sizeof text, "audit-head %" PRIu64 ":%s seal %s", now.reported.seq,
                     now.reported.hash, now.seal_key[0] == '\0' ? "none" : now.seal_key);
    if (now.seal_key[0] != '\0')
        (void)str_append(text, sizeof text, "/%" PRIu64, now.seal_number);
    head_sender_send(w->news.sender, clock_wall(), text);
}

int audit_news_open(struct world *w, struct audit_guard *ret, struct error *err)
{
    struct error why = {0};
    *ret = (struct audit_guard){.state_dir = w->settings->server.state_dir,
                                .context = w,
                                .keep = keep,
                                .kept = kept,
                                .news = on_news};
    int r = store_load_anchor(w->store, &ret->anchor, &why);
    if (r == -EBADMSG) /* no reason to watch nothing */
        log_error("audit", "%s/resus.db: %s", ret->state_dir, why.text);
    else if (r < 0)
        return error_set(err, r, "%s", why.text);
    /* A broken syslog configuration must not stop the watch. */
    if (w->settings->audit.syslog[0] != '\0' &&
        head_sender_new(w->loop, &w->settings->audit, &w->news.sender, &why) < 0)
        log_error("audit", "Cannot send audit heads to audit.syslog: %s", why.text);
    return 0;
}

void audit_news_begin(struct world *w)
{
    report_finding(w);
}

void audit_news_close(struct world *w)
{
    head_sender_close(w->news.sender);
    w->news.sender = NULL;
}
