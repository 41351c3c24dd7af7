/* Reviews of the audit file as JSON, for the command line and the console.
 *
 * A tally is {count, succeeded, failed, success_rate, mean_duration_seconds, max_duration_seconds};
 * rates are 0..1, null where nothing was counted. An item is {timestamp, event_type, service,
 * operation, user, source_ip, recovery_level, error, reason, request_id}, newest first. */
#ifndef RESUS_STORE_AUDIT_REPORT_H
#define RESUS_STORE_AUDIT_REPORT_H

#include <jansson.h>

#include "store/audit.h"

#define AUDIT_REPORT_GROUPS_MAX 500 /* operations, users, events: what is beyond is "(others)" */
#define AUDIT_REPORT_DAYS_MAX 400   /* of the trend: the newest */
#define AUDIT_REPORT_ITEMS_MAX 100  /* the newest */

/* Weekly and monthly review. {since, until, lines, operations: tally, by_operation: [tally +
 * operation], by_user: [tally + user], by_event: [tally + event_type], failures: [items],
 * recoveries: tally + {by_level: [tally + recovery_level]}, trend: [{day, operations, failed,
 * recoveries, mean_duration_seconds}]}. Operations are service_operation lines, recoveries
 * auto_recovery lines. Days are those of `timezone`. `filter` may be NULL. */
int audit_report(const char *file, const struct audit_filter *filter,
                 const struct security_settings *security, json_t **ret,
                 struct error *err) ATTR_MUST_USE;

/* Daily summary. {since, until, recoveries: tally + {by_level, items}, failed_operations: {count,
 * items}, outside_business_hours: null | {count, business_hours, timezone, items}}. The last is
 * null when no hours are configured; what Resus does by itself is not counted in it. */
int audit_summary(const char *file, const struct audit_filter *filter,
                  const struct security_settings *security, json_t **ret,
                  struct error *err) ATTR_MUST_USE;

#endif
