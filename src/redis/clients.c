#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "redis/number.h"
#include "redis/reply.h"

/* One line of CLIENT LIST: blanks between name=value; no value holds a blank (Redis refuses names
 * with one). */
static const struct {
    const char *name;
    size_t offset;
    size_t size; /* of a text; 0: a number */
} fields[] = {
#define NUMBER(name, member)                                                                       \
    {                                                                                              \
        name, offsetof(struct client_entry, member), 0                                             \
    }
#define TEXT(name, member)                                                                         \
    {                                                                                              \
        name, offsetof(struct client_entry, member), sizeof((struct client_entry *)0)->member      \
    }
    NUMBER("id", id),
    NUMBER("age", age_seconds),
    NUMBER("idle", idle_seconds),
    NUMBER("db", db),
    NUMBER("tot-mem", memory_bytes),
    NUMBER("omem", output_bytes),
    TEXT("addr", address),
    TEXT("name", name),
    TEXT("cmd", command),
    TEXT("flags", flags),
    TEXT("user", user),
#undef NUMBER
#undef TEXT
};

static void read_word(const char *word, size_t length, struct client_entry *entry)
{
    const char *equals = memchr(word, '=', length);
    if (equals == NULL)
        return;
    size_t name = (size_t)(equals - word);
    size_t value = length - name - 1;
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        if (strlen(fields[i].name) != name || memcmp(fields[i].name, word, name) != 0)
            continue;
        char *field = (char *)entry + fields[i].offset;
        if (fields[i].size > 0)
            (void)str_copy_clean(field, fields[i].size, equals + 1, value);
        else
            (void)number_int(equals + 1, value, (int64_t *)(void *)field);
        return;
    }
}

static bool read_client(const char *line, size_t length, struct client_entry *entry)
{
    *entry = (struct client_entry){
        .id = FACT_UNKNOWN,
        .age_seconds = FACT_UNKNOWN,
        .idle_seconds = FACT_UNKNOWN,
        .db = FACT_UNKNOWN,
        .memory_bytes = FACT_UNKNOWN,
        .output_bytes = FACT_UNKNOWN,
    };
    const char *end = line + length;
    while (line < end) {
        const char *blank = memchr(line, ' ', (size_t)(end - line));
        const char *stop = blank == NULL ? end : blank;
        read_word(line, (size_t)(stop - line), entry);
        line = stop + 1;
    }
    return entry->id != FACT_UNKNOWN;
}

size_t clients_parse(const char *text, size_t length, struct client_entry *entries, size_t max)
{
    size_t count = 0;
    const char *end = text + length;
    while (text < end && count < max) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline == NULL ? end : newline;
        count += read_client(text, (size_t)(stop - text), &entries[count]) ? 1 : 0;
        text = stop + 1;
    }
    return count;
}
