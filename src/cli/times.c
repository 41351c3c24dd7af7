#include "cli/times.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"

int times_read(const char *text, wall_ms now, wall_ms *ret, struct error *err)
{
    int64_t ago = 0;
    struct tm day = {.tm_isdst = -1};
    if (wall_parse(text, ret) == 0)
        return 0;
    if (strlen(text) == strlen("2025-10-10")) {
        const char *end = strptime(text, "%Y-%m-%d", &day);
        int wanted = day.tm_mday; /* mktime() makes the 3rd of March of the 31st of February */
        time_t at = end != NULL && *end == '\0' ? mktime(&day) : (time_t)-1;
        if (at != (time_t)-1 && day.tm_mday == wanted) {
            *ret = (wall_ms){(int64_t)at * 1000};
            return 0;
        }
    }
    if (parse_duration(text, &ago, NULL) == 0 && ago >= 0 && ago < now.ms) {
        *ret = wall_add(now, -ago);
        return 0;
    }
    return error_set(err, -EINVAL,
                     "\"%s\" is no time: write 2h (ago), 2025-10-10 or 2025-10-10T14:30:00Z", text);
}
