#include "daemon/bounded_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "io/clock.h"
#include "io/log.h"

void bounded_log_warning(struct bounded_log *log, const char *area, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    mono_ms now = clock_mono();
    if (log->since.ms == 0 || mono_since(now, log->since) >= BOUNDED_LOG_MS) {
        if (log->unwritten > 0)
            log_warning(area, "%zu more lines like the last ones were not written", log->unwritten);
        *log = (struct bounded_log){.since = now};
    }
    if (log->lines >= BOUNDED_LOG_LINES_MAX) {
        log->unwritten++;
        return;
    }
    log->lines++;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_warning(area, "%s", text);
}
