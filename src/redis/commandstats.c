#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "redis/number.h"
#include "redis/reply.h"

#define PREFIX "cmdstat_"

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* "calls=3,usec=12,usec_per_call=4.00,rejected_calls=0,failed_calls=0" (the last two since 6.2). */
static void read_value(const char *name, size_t name_length, const char *value, size_t length,
                       struct command_stat *stat)
{
    const struct {
        const char *name;
        int64_t *field;
    } fields[] = {
        {"calls", &stat->calls},
        {"usec", &stat->usec},
        {"rejected_calls", &stat->rejected},
        {"failed_calls", &stat->failed},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        if (is_word(name, name_length, fields[i].name))
            (void)number_int(value, length, fields[i].field);
    if (is_word(name, name_length, "usec_per_call"))
        (void)number_real(value, length, &stat->usec_per_call);
}

static bool read_stat(const char *line, size_t length, struct command_stat *stat)
{
    const char *colon = memchr(line, ':', length);
    size_t prefix = strlen(PREFIX);
    if (colon == NULL || (size_t)(colon - line) <= prefix || memcmp(line, PREFIX, prefix) != 0)
        return false;
    *stat = (struct command_stat){.rejected = FACT_UNKNOWN, .failed = FACT_UNKNOWN};
    (void)str_copy_clean(stat->command, sizeof stat->command, line + prefix,
                         (size_t)(colon - line) - prefix);
    const char *end = line + length;
    for (const char *word = colon + 1; word < end;) {
        const char *comma = memchr(word, ',', (size_t)(end - word));
        const char *stop = comma == NULL ? end : comma;
        const char *equals = memchr(word, '=', (size_t)(stop - word));
        if (equals != NULL)
            read_value(word, (size_t)(equals - word), equals + 1, (size_t)(stop - equals - 1),
                       stat);
        word = stop + 1;
    }
    return true;
}

size_t commandstats_parse(const char *text, size_t length, struct command_stat *entries, size_t max)
{
    size_t count = 0;
    const char *end = text + length;
    while (text < end && count < max) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (newline == NULL)
            break; /* a cut line: its numbers could be cut too */
        size_t n = (size_t)(newline - text);
        if (n > 0 && text[n - 1] == '\r')
            n--;
        count += read_stat(text, n, &entries[count]) ? 1 : 0;
        text = newline + 1;
    }
    return count;
}
