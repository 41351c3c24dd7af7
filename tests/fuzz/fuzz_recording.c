/* Hostile bytes as the recording of an incident: it is refused or played, and nothing else. What
 * was played is played the same again. */
#include "base/mem.h"
#include "base/str.h"
#include "engine/recording.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replay report, again;
    struct error err = {0};
    char *text = input_text(input_of(data, size));
    int r = recording_replay(text, size, NULL, NULL, &report, &err);
    PROMISE(r == 0 || err.text[0] != '\0');
    PROMISE(recording_replay(text, size, NULL, NULL, &again, &err) == r);
    PROMISE(report.steps == again.steps && report.decisions == again.decisions &&
            report.different == again.different && str_equal(report.difference, again.difference));
    mem_free(text);
    return 0;
}
