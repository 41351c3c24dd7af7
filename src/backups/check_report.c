#include "backups/check_report.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"

struct line {
    const char *at;
    size_t length;
};

static bool next_line(const char **at, size_t *left, struct line *ret)
{
    if (*left == 0)
        return false;
    const char *end = memchr(*at, '\n', *left);
    size_t length = end == NULL ? *left : (size_t)(end - *at);
    size_t taken = end == NULL ? *left : length + 1;
    *ret = (struct line){*at, length};
    if (length > 0 && (*at)[length - 1] == '\r')
        ret->length--;
    *at += taken;
    *left -= taken;
    return true;
}

static const char *find(struct line line, const char *words)
{
    return str_find(line.at, line.length, words);
}

/* The number that begins at `at`, -1 = none. */
static int64_t number_at(const struct line *line, const char *at)
{
    char digits[24];
    size_t n = 0;
    int64_t value = -1;
    size_t left = line->length - (size_t)(at - line->at);
    while (n < left && n < sizeof digits - 1 && at[n] >= '0' && at[n] <= '9') {
        digits[n] = at[n];
        n++;
    }
    digits[n] = '\0';
    return parse_int(digits, 0, INT64_MAX, &value, NULL) < 0 ? -1 : value;
}

static int64_t number_after(struct line line, const char *words)
{
    const char *found = find(line, words);
    return found == NULL ? -1 : number_at(&line, found + strlen(words));
}

/* The word between quotes behind `words`. */
static void copy_quoted(struct line line, const char *words, char *to, size_t size)
{
    const char *found = find(line, words);
    const char *end = line.at + line.length;
    if (found == NULL)
        return;
    const char *from = memchr(found, '\'', (size_t)(end - found));
    const char *until = from == NULL ? NULL : memchr(from + 1, '\'', (size_t)(end - from - 1));
    if (until != NULL)
        (void)str_copy_clean(to, size, from + 1, (size_t)(until - from - 1));
}

static const struct {
    const char *words;
    enum check_trouble trouble;
} troubles[] = {
    {"Can't handle RDB format version", CHECK_NEWER},
    {"Wrong signature trying to load DB", CHECK_NEWER},
    {"AUX module data I can't load", CHECK_MODULE},
    {"module data I can't load", CHECK_MODULE},
    {"Failed loading functions", CHECK_MODULE},
    {"Failed to load functions", CHECK_MODULE},
    {"Short read or OOM loading DB", CHECK_SHORT},
    {"Out Of Memory allocating", CHECK_SHORT},
    {"Unexpected EOF reading RDB file", CHECK_SHORT},
    {"Wrong RDB checksum", CHECK_DAMAGED},
    {"RDB CRC error", CHECK_DAMAGED},
    {"Internal error in RDB reading", CHECK_DAMAGED},
    {"Unknown RDB", CHECK_DAMAGED},
    {"Invalid object type", CHECK_DAMAGED},
    {"RDB has duplicated key", CHECK_DAMAGED},
    {"Fatal error loading the DB", CHECK_DAMAGED},
    {"Error reading the RDB", CHECK_DAMAGED},
    {"Terminating server after rdb file reading failure", CHECK_DAMAGED},
};

/* The first row that a line has; the first line that has one counts, except that "short" gives way
 * to what is said more exactly afterwards. */
static enum check_trouble trouble_of(struct line line)
{
    for (size_t i = 0; i < ARRAY_LENGTH(troubles); i++)
        if (find(line, troubles[i].words) != NULL)
            return troubles[i].trouble;
    return CHECK_NO_TROUBLE;
}

static void note_trouble(struct line line, enum check_trouble *trouble, char *text, char *module)
{
    enum check_trouble found = trouble_of(line);
    if (found == CHECK_NO_TROUBLE || (*trouble != CHECK_NO_TROUBLE && *trouble != CHECK_SHORT))
        return;
    if (*trouble == CHECK_SHORT && found != CHECK_MODULE && found != CHECK_NEWER)
        return;
    *trouble = found;
    (void)str_copy_clean(text, CHECK_TEXT_MAX, line.at, line.length);
    if (found == CHECK_MODULE)
        copy_quoted(line, "no matching module", module, 64);
}

static void note_database(struct line line, struct check_report *ret)
{
    int64_t db = number_after(line, "Selecting DB ID ");
    int64_t offset = number_after(line, "[offset ");
    if (db < 0 || offset < 0)
        return;
    if (ret->database_count == CHECK_DATABASES_MAX) {
        ret->more_databases = true;
        return;
    }
    ret->databases[ret->database_count].db = db;
    ret->offsets[ret->database_count++] = offset;
}

static void note_count(struct line line, const char *words, int64_t *ret)
{
    int64_t value = str_starts(line.at, "[info] ") ? number_after(line, "[info] ") : -1;
    if (value >= 0 && find(line, words) != NULL)
        *ret = value;
}

void check_report_read(const char *text, size_t length, struct check_report *ret)
{
    struct line line;
    *ret = (struct check_report){.keys = -1, .expires = -1, .expired = -1};
    while (next_line(&text, &length, &line)) {
        /* A field's name and value are the file's own words. */
        if (find(line, "AUX FIELD ") != NULL || line.length < sizeof "[info] ")
            continue;
        note_database(line, ret);
        note_count(line, " keys read", &ret->keys);
        note_count(line, " expires", &ret->expires);
        note_count(line, " already expired", &ret->expired);
        if (find(line, "RDB looks OK!") != NULL)
            ret->sound = true;
        note_trouble(line, &ret->trouble, ret->text, ret->module);
        /* "[offset 219] words" of an error that has no row above */
        if (!ret->sound && ret->trouble == CHECK_NO_TROUBLE && find(line, "ERROR DETECTED") != NULL)
            (void)str_copy(ret->text, sizeof ret->text, "RDB error detected");
    }
    if (!ret->sound && ret->trouble == CHECK_NO_TROUBLE)
        ret->trouble = CHECK_DAMAGED;
}

void load_report_read(const char *text, size_t length, struct load_report *ret)
{
    struct line line;
    *ret = (struct load_report){.trouble = CHECK_NO_TROUBLE};
    while (next_line(&text, &length, &line))
        note_trouble(line, &ret->trouble, ret->text, ret->module);
}
