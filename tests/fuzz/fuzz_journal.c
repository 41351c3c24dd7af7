/* What journalctl prints, and Redis' own log. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/systemctl.h"

static void check(void *context, const struct journal_line *line)
{
    (void)context;
    size_t length = strnlen(line->message, sizeof line->message);
    if (length == sizeof line->message || !str_utf8(line->message, length) || line->priority < 0 ||
        line->priority > 7)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)journal_parse((const char *)data, size, check, NULL);
    (void)redis_log_parse((const char *)data, size, check, NULL);
    return 0;
}
