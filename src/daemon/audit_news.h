/* What the audit log has to say to the rest: its heads go to the state database and to a syslog
 * server, what it lacks becomes a notice. */
#ifndef RESUS_DAEMON_AUDIT_NEWS_H
#define RESUS_DAEMON_AUDIT_NEWS_H

#include "daemon/head_sender.h"
#include "store/audit.h"

struct world;

struct audit_news {
    struct head_sender *sender; /* NULL: no server is told */
    uint64_t told;              /* seq of the last head that was */
    bool crowded;
};

/* Before the log is opened: with the head that the database knows. */
int audit_news_open(struct world *w, struct audit_guard *ret, struct error *err) ATTR_MUST_USE;
/* When there are services to tell. */
void audit_news_begin(struct world *w);
void audit_news_close(struct world *w);

#endif
