/* /etc/resus-restore-helper.conf: which folders the helper may work in. Only root may write it.
 *
 *     [redis-server]                          # the name on the command line
 *     dir /var/lib/redis
 *     config /etc/redis/redis.conf
 *     dbfilename dump.rdb
 *     appenddirname appendonlydir
 *     appendfilename appendonly.aof
 *     max_bytes 17179869184
 *     reserve_bytes 268435456
 *
 * All but `dir` may be left out. Fuzzed. */
#ifndef RESUS_PLACEMENT_SETTINGS_H
#define RESUS_PLACEMENT_SETTINGS_H

#include "placement/placement.h"

#define SETTINGS_FILE "/etc/resus-restore-helper.conf"
#define SETTINGS_BYTES_MAX ((size_t)64 * 1024)
#define SETTINGS_LINE_MAX (PLACEMENT_DIR_MAX + 64)

/* PLACEMENT_SETTINGS with the line when the text or the name is wrong. */
enum placement_result settings_parse(const char *text, size_t length, const char *name,
                                     struct placement_place *ret, struct placement_error *err);
/* Refuses a file that is not `owner`'s alone to write. */
enum placement_result settings_read(const char *path, unsigned owner, const char *name,
                                    struct placement_place *ret, struct placement_error *err);

#endif
