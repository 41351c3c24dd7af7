/* Hostile bytes as the recording of an incident: it is refused or played, and nothing else. */
#include <stdlib.h>

#include "engine/recording.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct replay report;
    struct error err = {0};
    int r = recording_replay((const char *)data, size, NULL, NULL, &report, &err);
    if (r < 0 && err.text[0] == '\0')
        abort();
    return 0;
}
