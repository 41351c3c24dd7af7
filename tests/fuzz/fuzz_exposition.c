/* INFO from a hostile server, for the figures of /metrics. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "redis/exposition.h"
#include "support.h"

static void check_word(const char *word, size_t size)
{
    PROMISE(strnlen(word, size) < size && str_utf8(word, strlen(word)));
    for (; *word != '\0'; word++)
        PROMISE((unsigned char)*word >= 0x20 && *word != 0x7F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exposition e;
    char *text = input_text(input_of(data, size));
    exposition_read(text, size, &e);
    PROMISE(e.database_count >= 0 && e.database_count <= EXPOSITION_DATABASES_MAX);
    PROMISE(exposition_metric_count <= EXPOSITION_METRICS_MAX);
    for (size_t i = 0; i < exposition_metric_count; i++)
        PROMISE(!isinf(e.values[i]));
    check_word(e.version, sizeof e.version);
    check_word(e.mode, sizeof e.mode);
    check_word(e.role, sizeof e.role);
    check_word(e.os, sizeof e.os);
    check_word(e.policy, sizeof e.policy);
    check_word(e.build, sizeof e.build);
    mem_free(text);
    return 0;
}
