#include "placement/order.h"

#include <string.h>

bool order_known(const char *command)
{
    static const char *const words[] = {"facts", "stage", "place-rdb", "place-aof", "undo", "drop"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(command, words[i]) == 0)
            return true;
    return false;
}

bool order_stage(const char *line, struct placement_stage *ret)
{
    uint64_t bytes = 0;
    size_t digits = strspn(line, "0123456789");
    if (digits == 0 || digits > 18 || line[digits] != ' ')
        return false;
    for (size_t i = 0; i < digits; i++)
        bytes = bytes * 10 + (uint64_t)(line[i] - '0');
    const char *sum = line + digits + 1;
    if (strlen(sum) != 64 || strspn(sum, "0123456789abcdef") != 64)
        return false;
    ret->bytes = bytes;
    memcpy(ret->sha256, sum, sizeof ret->sha256);
    return true;
}
