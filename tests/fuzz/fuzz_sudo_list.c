/* What a host prints as the answer to `sudo -n -l`, `systemctl status` and `systemctl show`. */
#include <stdint.h>
#include <stdlib.h>

#include "host/sudo_list.h"
#include "host/unit_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sudo_list list;
    struct unit_file unit = {0};
    struct host_right rights[HOST_RIGHTS_MAX];
    size_t count = host_rights("redis-server", "/var/log/redis/redis-server.log", rights);
    const char *text = (const char *)data;
    sudo_list_parse(text, size, &list);
    if (list.count > SUDO_RULES_MAX)
        abort();
    for (size_t i = 0; i < list.count; i++)
        if (sudo_rule_judge(&list.rules[i], rights, count) >= SUDO_VERDICT_COUNT)
            abort();
    for (size_t i = 0; i < count; i++)
        (void)sudo_list_allows(&list, &rights[i]);
    unit_file_parse_status(text, size, &unit);
    unit_file_parse_show(text, size, &unit);
    return 0;
}
