/* Answers questions about time zones, one a line on standard input, for zones.py:
 *
 *     changes ZONE FROM UNTIL     the offset at FROM, then AT:OFFSET of every change to UNTIL
 *     local ZONE NOW LOCAL        the instant of a local time near NOW, and its enum local_kind
 *
 * Times are Unix seconds. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "io/zone.h"

#define YEAR_S (INT64_C(366) * 86400)
#define DAY_S INT64_C(86400)

static wall_ms seconds(int64_t s)
{
    return (wall_ms){s * 1000};
}

/* Year by year: a table holds no more. */
static int print_changes(const struct zone *z, int64_t from, int64_t until)
{
    printf("%d", zone_offset_s(z, seconds(from)));
    for (; from < until; from += YEAR_S) {
        int64_t to = from + YEAR_S < until ? from + YEAR_S : until;
        struct zone_table table;
        if (zone_changes(z, seconds(from), seconds(to), &table) < 0)
            return -E2BIG;
        for (size_t i = 0; i < table.count; i++)
            printf(" %" PRId64 ":%d", table.changes[i].at_s, table.changes[i].offset_s);
    }
    printf("\n");
    return 0;
}

/* Over the span of a window's occurrences. */
static int print_instant(const struct zone *z, int64_t now, int64_t local_s)
{
    struct zone_table table;
    enum local_kind kind;
    int r = zone_changes(z, seconds(now - 5 * DAY_S), seconds(now + 63 * DAY_S), &table);
    if (r < 0)
        return r;
    int64_t utc_s = zone_table_utc_s(&table, local_s, &kind);
    printf("%" PRId64 " %d\n", utc_s, (int)kind);
    return 0;
}

static int answer(char *line, struct zone **zone, char loaded[64])
{
    char *words[4];
    int64_t a;
    int64_t b;
    size_t count = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *word; count < ARRAY_LENGTH(words) && (word = strsep(&line, " ")) != NULL; count++)
        words[count] = word;
    if (count != ARRAY_LENGTH(words) ||
        parse_int(words[2], INT32_MIN * 4LL, UINT32_MAX, &a, NULL) ||
        parse_int(words[3], INT32_MIN * 4LL, UINT32_MAX, &b, NULL))
        return -EINVAL;
    if (!str_equal(loaded, words[1])) {
        zone_free(*zone);
        *zone = NULL;
        int r = zone_load(words[1], zone, NULL);
        if (r < 0)
            return r;
        (void)str_copy(loaded, 64, words[1]);
    }
    return str_equal(words[0], "changes") ? print_changes(*zone, a, b) : print_instant(*zone, a, b);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    struct zone *zone = NULL;
    char loaded[64] = "";
    int r = 0;
    while (r == 0 && getline(&line, &size, stdin) > 0)
        r = answer(line, &zone, loaded);
    zone_free(zone);
    free(line);
    return r == 0 ? 0 : 1;
}
