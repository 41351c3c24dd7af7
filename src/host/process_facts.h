/* What the kernel reports about one process: /proc/PID/stat followed by /proc/PID/status, as `cat`
 * prints them (HOST_PROCESS). Foreign bytes, fuzzed. */
#ifndef RESUS_HOST_PROCESS_FACTS_H
#define RESUS_HOST_PROCESS_FACTS_H

#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "core/facts.h"

/* Bytes of both files together; they are about 2 KB. */
#define PROCESS_FACTS_MAX 16384

/* What the text does not say stays unknown. `pid` is 0 unless the text is about process `pid`: a
 * host that hides processes (hidepid) shows no file, which does not mean that the process ended.
 * `asked` and `at` are the caller's. */
void process_facts_parse(const char *out, size_t length, int64_t pid, struct process_facts *ret);

/* The same text about a process of this machine. -EINVAL for a number that cannot be a service's
 * process, or errno. */
int process_facts_read(int64_t pid, struct buf *out) ATTR_MUST_USE;

#endif
