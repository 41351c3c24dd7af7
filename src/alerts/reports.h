/* The daily summary and the weekly report of the audit log, by mail: when each is due, and what is in
 * it. When one was sent last is a record that is written together with its message, so a start
 * sends none twice, and sends the newest that was missed. Inside alerts/ only. */
#ifndef RESUS_ALERTS_REPORTS_H
#define RESUS_ALERTS_REPORTS_H

#include <jansson.h>

#include "base/attr.h"
#include "base/error.h"
#include "io/zone.h"
#include "notify/message.h"

#define REPORT_ITEMS_MAX 8    /* of each list in a mail */
#define REPORT_DAYS_SHOWN 7   /* of the trend */
#define REPORT_DOUBT_MS 30000 /* a clock that is in doubt is asked again after this */

struct alerts;
struct reports;

int reports_open(struct alerts *a, struct reports **ret, struct error *err) ATTR_MUST_USE;
void reports_start(struct reports *r);
void reports_reload(struct reports *r);
/* Before the store is closed; the loop must run once more. Takes NULL. */
void reports_close(struct reports *r);

/* report_text.c: the title and the text of a mail about `body`, which is what audit_summary() (of
 * a day) or audit_report() (of a week) says. */
struct report_zone {
    const struct zone *zone; /* NULL = UTC */
    const char *name;
};
void report_text(const json_t *body, bool weekly, const struct report_zone *zone,
                 struct message *m);

#endif
