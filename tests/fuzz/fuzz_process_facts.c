/* What `cat /proc/PID/stat /proc/PID/status` prints, and the durations of systemctl. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "host/process_facts.h"
#include "host/timespan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct process_facts p;
    const char *text = (const char *)data;
    process_facts_parse(text, size, 812, &p);
    if (p.state >= TASK_STATE_COUNT || p.cpu_ms < FACT_UNKNOWN || p.tracer_pid < FACT_UNKNOWN ||
        (p.pid != 0 && p.pid != 812))
        abort();
    if (p.pid == 0 &&
        (p.state != TASK_UNKNOWN || p.cpu_ms != FACT_UNKNOWN || p.tracer_pid != FACT_UNKNOWN))
        abort();
    if (timespan_us(text, size) < FACT_UNKNOWN)
        abort();
    return 0;
}
