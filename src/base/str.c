#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at p (at most `left` bytes), 0 when malformed. RFC 3629 table 3-7.
 */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF   ? 2
               : (p[0] & 0xF0) == 0xE0        ? 3
               : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4
                                              : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

bool str_utf8(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        size_t n = utf8_sequence(p + i, length - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

size_t str_code_point(const char *text, uint32_t *ret)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) {
        *ret = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    uint32_t c = p[0] & (0x7FU >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3FU);
    *ret = c;
    return n;
}

bool str_misleading(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

bool str_copy_n(char *to, size_t size, const char *text, size_t length)
{
    if (size == 0)
        return false;
    size_t n = strnlen(text, length);
    bool whole = n < size;
    if (!whole) {
        n = size - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    memmove(to, text, n);
    to[n] = '\0';
    return whole;
}

bool str_copy(char *to, size_t size, const char *text)
{
    return str_copy_n(to, size, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

bool str_copy_clean(char *to, size_t size, const char *text, size_t length)
{
    if (size == 0)
        return false;
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        uint32_t c = 0;
        size_t n = utf8_sequence((const unsigned char *)text + i, length - i);
        bool bad = n == 0 || (str_code_point(text + i, &c) > 0 && str_misleading(c));
        size_t take = bad ? 1 : n;
        if (used + take >= size) {
            to[used] = '\0';
            return false;
        }
        if (bad)
            to[used] = text[i] == '\t' || text[i] == '\n' || text[i] == '\r' ? ' ' : '?';
        else
            memcpy(to + used, text + i, n);
        used += take;
        i += n == 0 ? 1 : n;
    }
    to[used] = '\0';
    return true;
}

ATTR_PRINTF(4, 0)
static bool format_at(char *to, size_t size, size_t used, const char *format, va_list args)
{
    if (used >= size)
        return false;
    int n = vsnprintf(to + used, size - used, format, args);
    if (n >= 0 && (size_t)n < size - used)
        return true;
    if (size == 1)
        return false;
    size_t end = size - 1;
    while (end > used && ((unsigned char)to[end - 1] & 0xC0) == 0x80)
        end--;
    if (end > used && ((unsigned char)to[end - 1] & 0xC0) == 0xC0)
        end--;
    if (((unsigned char)to[size - 2] & 0x80) != 0)
        to[end] = '\0'; /* a sequence was cut: take its beginning away too */
    return false;
}

bool str_append(char *to, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool whole = format_at(to, size, strnlen(to, size), format, args);
    va_end(args);
    return whole;
}

bool str_format(char *to, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool whole = format_at(to, size, 0, format, args);
    va_end(args);
    return whole;
}

bool str_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *str_find(const char *text, size_t length, const char *needle)
{
    return memmem(text, length, needle, strlen(needle));
}

int str_index(const char *const *names, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] != NULL && str_equal(names[i], word))
            return (int)i;
    return -1;
}

#define DISTANCE_MAX 64

unsigned str_distance(const char *a, const char *b)
{
    size_t n = strnlen(a, DISTANCE_MAX);
    size_t m = strnlen(b, DISTANCE_MAX);
    unsigned row[DISTANCE_MAX + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            unsigned insert = row[j - 1] + 1;
            unsigned drop = row[j] + 1;
            row[j] =
                change < insert ? (change < drop ? change : drop) : (insert < drop ? insert : drop);
        }
    }
    return row[m];
}

const char *str_nearest(const char *const *names, size_t count, const char *word)
{
    unsigned limit = (unsigned)(strlen(word) / 3);
    if (limit < 2)
        limit = 2;
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL)
            continue;
        unsigned d = str_distance(names[i], word);
        if (d <= limit) {
            limit = d == 0 ? 0 : d - 1;
            best = names[i];
            if (d == 0)
                break;
        }
    }
    return best;
}
