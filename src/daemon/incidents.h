/* The files of recorded incidents: state_dir/incidents/SERVICE-NUMBER.jsonl, one an incident
 * (engine/recording.h), played again by `resus replay`. Written on libuv's threads, one write at a
 * time, so that a slow disk holds nothing up; what it cannot take is dropped, and the file ends
 * there. */
#ifndef RESUS_DAEMON_INCIDENTS_H
#define RESUS_DAEMON_INCIDENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "settings/settings.h"

#define INCIDENTS_FILES_MAX 64 /* the oldest are removed */
#define INCIDENTS_WAITING_MAX                                                                      \
    ((size_t)128 *                                                                                 \
     1024) /* bytes of one service that wait for the disk                            \
                          */

struct incidents;

int incidents_open(uv_loop_t *loop, const struct settings *settings, struct incidents **ret,
                   struct error *err) ATTR_MUST_USE;
/* As port.h's `incident`. */
void incidents_line(struct incidents *i, int service, uint64_t number, const char *line, bool last);
/* Writes what waits. Memory goes when libuv has let go: run the loop until it is empty. Takes NULL.
 */
void incidents_close(struct incidents *i);

#endif
