#include "host/unit_file.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

/* systemd's own words: small letters and '-'. Anything else is not one and says nothing. */
static void take_word(char *to, size_t size, const char *p, size_t length)
{
    size_t n = 0;
    while (n < length && ((p[n] >= 'a' && p[n] <= 'z') || p[n] == '-'))
        n++;
    if (n > 0 && n < size)
        (void)str_copy_n(to, size, p, n);
}

static const char *line_end(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    return newline == NULL ? end : newline;
}

static bool begins(const char *p, const char *end, const char *with)
{
    size_t n = strlen(with);
    return (size_t)(end - p) >= n && memcmp(p, with, n) == 0;
}

/* "     Loaded: loaded (/lib/systemd/system/redis-server.service; enabled; preset: enabled)" */
void unit_file_parse_status(const char *out, size_t length, struct unit_file *unit)
{
    const char *end = out + length;
    for (const char *p = out, *stop; p < end; p = stop + 1) {
        stop = line_end(p, end);
        while (p < stop && *p == ' ')
            p++;
        if (!begins(p, stop, "Loaded: "))
            continue;
        if (begins(p, stop, "Loaded: masked"))
            (void)str_copy(unit->state, sizeof unit->state, "masked");
        const char *semicolon = memchr(p, ';', (size_t)(stop - p));
        if (semicolon != NULL && stop - semicolon > 2)
            take_word(unit->state, sizeof unit->state, semicolon + 2,
                      (size_t)(stop - semicolon) - 2);
        return;
    }
}

void unit_file_parse_show(const char *out, size_t length, struct unit_file *unit)
{
    static const char restart[] = "Restart=";
    static const char state[] = "UnitFileState=";
    const char *end = out + length;
    for (const char *p = out, *stop; p < end; p = stop + 1) {
        stop = line_end(p, end);
        if (begins(p, stop, restart)) {
            p += sizeof restart - 1;
            take_word(unit->restart, sizeof unit->restart, p, (size_t)(stop - p));
        } else if (begins(p, stop, state)) {
            p += sizeof state - 1;
            take_word(unit->state, sizeof unit->state, p, (size_t)(stop - p));
        }
    }
}
