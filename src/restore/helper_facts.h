/* What `resus-restore-helper facts` printed on another host. It is foreign text: every member is
 * checked, and names have to be plain. */
#ifndef RESUS_RESTORE_HELPER_FACTS_H
#define RESUS_RESTORE_HELPER_FACTS_H

#include "base/attr.h"
#include "base/error.h"
#include "placement/placement.h"
#include "placement/redis_conf.h"

#define HELPER_FACTS_LINES_MAX 2000

/* Fills what the answer says of `place` and `facts`; `line` is called for each line of redis.conf.
 * -EBADMSG names the member that is missing or wrong. */
int helper_facts_read(const char *text, struct placement_place *place,
                      struct placement_facts *facts, enum redis_conf_aof *aof,
                      redis_conf_line *line, void *context, struct error *err) ATTR_MUST_USE;

#endif
