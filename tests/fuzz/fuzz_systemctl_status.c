/* What systemctl prints, of any of the three commands. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/systemctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct unit_facts unit;
    const char *text = (const char *)data;
    systemctl_parse_status(text, size, &unit);
    if (unit.active >= UNIT_ACTIVE_COUNT || strlen(unit.text) >= sizeof unit.text)
        abort();
    systemctl_parse_show(text, size, &unit);
    systemctl_parse_is_active(text, size, &unit);
    int port = systemctl_listening_port(text, size);
    if (port < 0 || port > UINT16_MAX)
        abort();
    (void)host_reload_unsupported(text, size);
    (void)host_job_cancelled(text, size);
    return 0;
}
