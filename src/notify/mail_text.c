#include "notify/mail_text.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

#define LINE_MAX_BYTES 76
#define WORD_BYTES 42 /* of text in one encoded word: 56 of base64, 68 with its frame */

static bool ascii(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x7F)
            return false;
    return true;
}

/* How many of the next bytes fit into a word without cutting a character. */
static size_t word_length(const char *text)
{
    size_t length = strnlen(text, WORD_BYTES);
    if (length < WORD_BYTES)
        return length;
    while (length > 1 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return length;
}

static int encoded_words(struct buf *to, const char *text)
{
    char base64[sodium_base64_ENCODED_LEN(WORD_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    int r = 0;
    for (bool first = true; r == 0 && text[0] != '\0'; first = false) {
        size_t length = word_length(text);
        (void)sodium_bin2base64(base64, sizeof base64, (const unsigned char *)text, length,
                                sodium_base64_VARIANT_ORIGINAL);
        r = buf_printf(to, "%s=?utf-8?B?%s?=", first ? "" : "\r\n ", base64);
        text += length;
    }
    return r;
}

int mail_header(struct buf *to, const char *name, const char *value, struct error *err)
{
    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            return error_set(err, -EINVAL, "the mail header %s would have a control byte", name);
    if (!str_utf8(value, strlen(value)))
        return error_set(err, -EINVAL, "the mail header %s would not be UTF-8", name);
    int r = buf_printf(to, "%s: ", name);
    if (r == 0)
        r = ascii(value) ? buf_printf(to, "%s", value) : encoded_words(to, value);
    if (r == 0)
        r = buf_printf(to, "\r\n");
    return r < 0 ? error_set(err, r, "the mail is too long") : 0;
}

/* Not strftime(): names of days and months are English, whatever the locale. */
int mail_date(struct buf *to, wall_ms when)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(when.ms / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL)
        return -EINVAL;
    return buf_printf(to, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
                      tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                      tm.tm_sec);
}

/* A blank at the end of a line would be lost on the way; "From " and "." at its beginning would be
 * taken for something else. */
static bool as_it_is(const char *p, size_t column)
{
    unsigned char c = (unsigned char)*p;
    if (c == ' ')
        return p[1] != '\n' && p[1] != '\0';
    return c > ' ' && c < 0x7F && c != '=' && !(column == 0 && (c == '.' || c == 'F'));
}

int mail_quoted_printable(struct buf *to, const char *text)
{
    int r = 0;
    size_t column = 0;
    for (const char *p = text; r == 0 && *p != '\0'; p++) {
        if (*p == '\n') {
            r = buf_append(to, "\r\n", 2);
            column = 0;
            continue;
        }
        bool plain = as_it_is(p, column);
        size_t width = plain ? 1 : 3;
        if (column + width > LINE_MAX_BYTES - 1) { /* one is for the "=" */
            r = buf_append(to, "=\r\n", 3);
            column = 0;
            plain = plain && as_it_is(p, column);
            width = plain ? 1 : 3;
        }
        if (r == 0)
            r = plain ? buf_append(to, p, 1) : buf_printf(to, "=%02X", (unsigned char)*p);
        column += width;
    }
    if (r == 0 && column > 0)
        r = buf_append(to, "\r\n", 2);
    return r;
}
