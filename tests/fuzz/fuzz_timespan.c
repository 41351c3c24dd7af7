/* Durations as a host's systemctl prints them. */
#include "base/mem.h"
#include "core/facts.h"
#include "host/timespan.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = input_text(input_of(data, size));
    PROMISE(timespan_us(text, size) >= FACT_UNKNOWN);
    mem_free(text);
    return 0;
}
