/* Any lines of any log, one after the other: what they mean together, and each by itself. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "redis/reply.h"
#include "support.h"

static void check(const struct log_facts *facts)
{
    PROMISE(facts->class < LOG_CLASS_COUNT);
    PROMISE(strnlen(facts->line, sizeof facts->line) < sizeof facts->line);
    PROMISE(str_utf8(facts->line, strlen(facts->line)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log_reading reading = {0};
    struct input in = input_of(data, size);
    size_t lines = 0;
    while (in.left > 0) {
        struct input line = input_until(&in, '\n');
        char *text = input_text(line);
        int weight = log_class_weight(log_classify(text, line.left));
        log_read(&reading, text, line.left);
        PROMISE(reading.lines == ++lines && weight >= 0);
        check(&reading.facts);
        check(&reading.saving);
        PROMISE(str_utf8(reading.restart.ended, strlen(reading.restart.ended)));
        mem_free(text);
    }
    return 0;
}
