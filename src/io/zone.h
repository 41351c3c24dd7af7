/* Time zones by name, read from the system's zone files: `localtime` would need TZ in the
 * environment, which all threads share. */
#ifndef RESUS_IO_ZONE_H
#define RESUS_IO_ZONE_H

#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "base/zone_table.h"

#define ZONE_FILE_MAX (256 * 1024)
#define ZONE_FOLDER "/usr/share/zoneinfo" /* tzdata; $TZDIR is not asked */

struct zone;

/* "Europe/Berlin"; "" and "UTC" need no file. -ENOENT with a sentence when there is no such zone
 * (or tzdata is not installed), -EINVAL for a file that holds no time zone. */
int zone_load(const char *name, struct zone **ret, struct error *err) ATTR_MUST_USE;
/* The same from a file's bytes (RFC 8536). For tests and fuzzing. */
int zone_parse(const void *bytes, size_t length, struct zone **ret) ATTR_MUST_USE;
void zone_free(struct zone *z); /* takes NULL */

/* Seconds to add to UTC at `t`. */
int zone_offset_s(const struct zone *z, wall_ms t);
/* The offset at `from` and all changes after it, up to and with `until`. -E2BIG when they are more
 * than ZONE_CHANGES_MAX. */
int zone_changes(const struct zone *z, wall_ms from, wall_ms until,
                 struct zone_table *ret) ATTR_MUST_USE;

#endif
