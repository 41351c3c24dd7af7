#include "report/log_lines.h"

#include <string.h>

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static const char *level_of(int priority)
{
    return priority <= 3 ? "error" : priority == 4 ? "warning" : "info";
}

int log_lines_least(const char *level)
{
    return str_equal(level, "error") ? 3 : str_equal(level, "warning") ? 4 : 7;
}

void log_lines_collect(void *context, const struct journal_line *line)
{
    struct log_lines *c = context;
    if (line->priority > c->least || (c->since.ms != 0 && line->at.ms < c->since.ms))
        return;
    json_t *entry = json_object();
    (void)json_put_wall(entry, "timestamp", line->at);
    (void)json_put_text(entry, "level", level_of(line->priority));
    (void)json_put_text(entry, "message", line->message);
    (void)json_put_int(entry, "at_ms", line->at.ms);
    if (c->zone_assumed && line->at.ms != WALL_NONE.ms)
        (void)json_put_bool(entry, "zone_assumed", true);
    (void)json_array_append_new(c->lines, entry);
}

static int newest_first(const void *a, const void *b)
{
    json_t *const *x = a;
    json_t *const *y = b;
    int64_t p = json_int_or(*x, "at_ms", 0);
    int64_t q = json_int_or(*y, "at_ms", 0);
    return (p < q) - (p > q);
}

json_t *log_lines_sorted(json_t *lines)
{
    size_t count = json_array_size(lines);
    json_t **all = mem_calloc(count + 1, sizeof *all);
    json_t *out = json_array();
    for (size_t i = 0; all != NULL && i < count; i++)
        all[i] = json_array_get(lines, count - 1 - i);
    if (all != NULL)
        qsort(all, count, sizeof *all, newest_first);
    for (size_t i = 0; all != NULL && i < count; i++)
        (void)json_array_append(out, all[i]);
    mem_free(all);
    return out;
}

void host_first_words(const struct host_result *r, char *to, size_t size)
{
    const char *end = r->err_length == 0 ? NULL : memchr(r->err, '\n', r->err_length);
    size_t length = end == NULL ? r->err_length : (size_t)(end - r->err);
    if (length > 0)
        (void)str_copy_clean(to, size, r->err, length);
    else
        (void)str_format(to, size, "it ended with status %d", r->exit_code);
}
