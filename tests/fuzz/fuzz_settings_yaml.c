/* The configuration file: any bytes give settings or one error with a place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *s = NULL;
    struct error err = {0};
    if (settings_parse("f.yaml", (const char *)data, size, &s, &err) < 0) {
        if (s != NULL || strncmp(err.text, "f.yaml:", 7) != 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < s->service_count; i++)
        if (settings_service(s, s->services[i].id) != &s->services[i])
            abort();
    settings_free(s);
    return 0;
}
