/* How much memory a child of Resus may use: what the machine has available, and what the limits of
 * the control groups above this process leave (systemd's MemoryMax, a container). */
#ifndef RESUS_BACKUPS_MEMORY_H
#define RESUS_BACKUPS_MEMORY_H

#include <stdint.h>

/* Reads /proc and /sys/fs/cgroup below `root` ("" but in tests). INT64_MAX when nothing is known.
 * Small files of the kernel: it does not block. */
int64_t memory_available(const char *root);

#endif
