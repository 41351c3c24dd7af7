/* Connects the audit log to the rest of the daemon: records its heads in the state database, sends
 * them to a syslog server, and turns missing lines and lack of room into notices. */
#ifndef RESUS_DAEMON_AUDIT_NEWS_H
#define RESUS_DAEMON_AUDIT_NEWS_H

#include "daemon/head_sender.h"
#include "store/audit.h"

struct world;

struct audit_news {
    struct head_sender *sender; /* NULL: no syslog server */
    uint64_t sent;              /* seq of the last head that was sent */
    bool crowded;
    char finding[ERROR_TEXT_MAX]; /* the last one that administrators were notified of */
};

/* Call before opening the log. Fills in the recorded head. */
int audit_news_open(struct world *w, struct audit_guard *ret, struct error *err) ATTR_MUST_USE;
/* Call once the engine has services. */
void audit_news_begin(struct world *w);
void audit_news_close(struct world *w);

#endif
