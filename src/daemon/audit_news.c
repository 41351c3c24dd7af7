#include "daemon/audit_news.h"

#include <inttypes.h>

#include "base/str.h"
#include "daemon/world_inside.h"
#include "io/clock.h"
#include "io/log.h"

static void keep(void *context, const struct audit_anchor *anchor)
{
    struct world *w = context;
    store_save_anchor(w->store, anchor);
}

static void tell_services(struct world *w, const char *message)
{
    for (int i = 0; i < w->count && w->engine != NULL; i++)
        engine_notice(w->engine, i, "security", access_name(ACCESS_ADMIN), message, clock_now());
}

static void tell_room(struct world *w, const struct error *crowded)
{
    bool now = crowded->code != 0;
    if (now == w->news.crowded)
        return;
    w->news.crowded = now;
    if (now)
        log_error("audit", "people's operations are refused: %s", crowded->text);
    else
        log_info("audit", "there is room in the audit log again");
    tell_services(w, now ? crowded->text : "There is room in the audit log again.");
}

static void on_news(void *context)
{
    struct world *w = context;
    struct audit_state now;
    char text[200];
    audit_look(w->audit, &now);
    tell_room(w, &now.crowded);
    if (now.told.seq == 0 || now.told.seq == w->news.told)
        return;
    w->news.told = now.told.seq;
    (void)str_format(text, sizeof text, "audit-head %" PRIu64 ":%s seal %s", now.told.seq,
                     now.told.hash, now.seal_key[0] == '\0' ? "none" : now.seal_key);
    if (now.seal_key[0] != '\0')
        (void)str_append(text, sizeof text, "/%" PRIu64, now.seal_number);
    head_sender_tell(w->news.sender, clock_wall(), text);
}

int audit_news_open(struct world *w, struct audit_guard *ret, struct error *err)
{
    struct error why = {0};
    *ret = (struct audit_guard){
        .state_dir = w->settings->server.state_dir, .context = w, .keep = keep, .news = on_news};
    int r = store_load_anchor(w->store, &ret->anchor, err);
    if (r < 0)
        return r;
    /* Nothing that is about telling keeps the watch from its work. */
    if (w->settings->audit.syslog[0] != '\0' &&
        head_sender_new(w->loop, &w->settings->audit, &w->news.sender, &why) < 0)
        log_error("audit", "audit.syslog is not told the log's heads: %s", why.text);
    return 0;
}

void audit_news_begin(struct world *w)
{
    char text[ERROR_TEXT_MAX + 100];
    const char *finding = audit_finding(w->audit);
    if (finding[0] == '\0')
        return;
    (void)str_format(text, sizeof text, "The audit log is not what was written: %s", finding);
    tell_services(w, text);
}

void audit_news_close(struct world *w)
{
    head_sender_close(w->news.sender);
    w->news.sender = NULL;
}
