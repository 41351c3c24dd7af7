#include "report/inspect_json.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "redis/reply.h"

#define SLOWLOG_ENTRIES 128
#define CLIENT_ENTRIES 1000
#define COMMAND_ENTRIES 512

/* What a server is too old to report is null. */
static void put_known(json_t *item, const char *key, int64_t value)
{
    (void)(value == FACT_UNKNOWN ? json_put_null(item, key) : json_put_int(item, key, value));
}

/* Whatever the server says, its seconds are milliseconds here; wall_text() ends with the year 9999.
 */
static wall_ms moment(int64_t unix_seconds)
{
    const int64_t most = INT64_MAX / 1000;
    return (wall_ms){1000 * (unix_seconds > most    ? most
                             : unix_seconds < -most ? -most
                                                    : unix_seconds)};
}

static json_t *slowlog_json(const struct redis_answer *a, bool with_arguments)
{
    json_t *items = json_array();
    struct slowlog_entry *entries = mem_calloc(SLOWLOG_ENTRIES, sizeof *entries);
    size_t count =
        entries == NULL || a->reply == NULL ? 0 : slowlog_parse(a->reply, entries, SLOWLOG_ENTRIES);
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_object();
        (void)json_put_int(item, "id", entries[i].id);
        (void)json_put_wall(item, "timestamp", moment(entries[i].unix_seconds));
        (void)json_put(item, "duration_ms",
                       json_rounded((double)entries[i].duration_us / 1000.0, 3));
        char brief[sizeof entries[i].brief + 4];
        (void)str_format(brief, sizeof brief, "%s%s", entries[i].brief,
                         entries[i].more ? " ..." : "");
        (void)json_put_text(item, "command", with_arguments ? entries[i].command : brief);
        (void)json_put_text(item, "client", entries[i].client);
        (void)json_array_append_new(items, item);
    }
    mem_free(entries);
    return items;
}

static json_t *clients_json(const struct redis_answer *a)
{
    json_t *items = json_array();
    struct client_entry *entries = mem_calloc(CLIENT_ENTRIES, sizeof *entries);
    size_t count =
        entries == NULL ? 0 : clients_parse(a->text, a->text_length, entries, CLIENT_ENTRIES);
    for (size_t i = 0; i < count; i++) {
        const struct client_entry *e = &entries[i];
        json_t *item = json_object();
        (void)json_put_int(item, "id", e->id);
        (void)json_put_text(item, "address", e->address);
        (void)json_put_text(item, "name", e->name);
        (void)json_put_text(item, "user", e->user);
        put_known(item, "age_seconds", e->age_seconds);
        put_known(item, "idle_seconds", e->idle_seconds);
        put_known(item, "db", e->db);
        (void)json_put_text(item, "command", e->command);
        put_known(item, "memory_bytes", e->memory_bytes);
        (void)json_array_append_new(items, item);
    }
    mem_free(entries);
    return items;
}

static json_t *commands_json(const struct redis_answer *a)
{
    json_t *items = json_array();
    struct command_stat *entries = mem_calloc(COMMAND_ENTRIES, sizeof *entries);
    size_t count =
        entries == NULL ? 0 : commandstats_parse(a->text, a->text_length, entries, COMMAND_ENTRIES);
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_object();
        (void)json_put_text(item, "command", entries[i].command);
        (void)json_put_int(item, "calls", entries[i].calls);
        (void)json_put_int(item, "usec", entries[i].usec);
        (void)json_put(item, "usec_per_call", json_rounded(entries[i].usec_per_call, 2));
        put_known(item, "rejected", entries[i].rejected);
        put_known(item, "failed", entries[i].failed);
        (void)json_array_append_new(items, item);
    }
    mem_free(entries);
    return items;
}

/* "key:value" lines under "# Section" headings, as one object per section. */
static json_t *info_json(const char *text, size_t length)
{
    json_t *body = json_object();
    json_t *section = NULL;
    char name[64];
    char value[512];
    for (const char *p = text, *end = text + length; p < end;) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        size_t size = (size_t)((line_end == NULL ? end : line_end) - p);
        size_t used = size > 0 && p[size - 1] == '\r' ? size - 1 : size;
        const char *colon = memchr(p, ':', used);
        if (used > 2 && p[0] == '#') {
            (void)str_copy_clean(name, sizeof name, p + 2, used - 2);
            section = json_object();
            (void)json_put(body, name, section);
        } else if (colon != NULL && section != NULL) {
            (void)str_copy_clean(name, sizeof name, p, (size_t)(colon - p));
            (void)str_copy_clean(value, sizeof value, colon + 1, used - (size_t)(colon - p) - 1);
            (void)json_put_text(section, name, value);
        }
        p += size + 1;
    }
    return body;
}

size_t inspect_clients(const struct redis_answer *a)
{
    size_t lines = 0;
    for (const char *p = a->text, *end = p + a->text_length; p < end; p++)
        lines += *p == '\n';
    return lines;
}

json_t *inspect_json(const struct redis_answer *a, bool with_arguments)
{
    return a->request == REDIS_INFO          ? info_json(a->text, a->text_length)
           : a->request == REDIS_SLOWLOG     ? slowlog_json(a, with_arguments)
           : a->request == REDIS_CLIENT_LIST ? clients_json(a)
                                             : commands_json(a);
}
