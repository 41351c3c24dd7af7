/* What accounts do by themselves: grants end, expired sessions go, the signing key changes, what
 * the disk did not take is written again. */
#ifndef RESUS_ACCOUNTS_UPKEEP_H
#define RESUS_ACCOUNTS_UPKEEP_H

#include "accounts/book.h"

#define ACCOUNT_TIMER_MS 60000     /* at least so often: the clock may have been stepped */
#define ACCOUNT_SAVE_AGAIN_MS 5000 /* after a write that failed */
#define ACCOUNT_ROTATE_AGAIN_MS (INT64_C(3600) * 1000)
#define ACCOUNT_REQUESTS_KEPT_MS (INT64_C(90) * 86400 * 1000) /* decided ones */

int upkeep_start(struct accounts *a, struct error *err) ATTR_MUST_USE;
/* Something that ends by itself was changed: looks soon. */
void upkeep_look(struct accounts *a);
void upkeep_stop(struct accounts *a);

#endif
