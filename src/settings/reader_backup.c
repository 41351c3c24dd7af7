/* The section `backup`: its lists, and what one key alone cannot say. */
#include <string.h>

#include "base/mem.h"
#include "base/service_id.h"
#include "base/str.h"
#include "settings/channel_url.h"
#include "settings/reader_state.h"

static const struct found *found_at(const struct found found[KEYS_MAX], enum place place,
                                    const char *name)
{
    const struct found *f = &found[key_index(key_find(place, name))];
    return f->key == NULL ? NULL : f;
}

void reader_check_backup(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX])
{
    struct service_settings *service = r->base[BASE_SERVICE];
    const struct found *schedule = found_at(found, PLACE_BACKUP, "schedule");
    const struct found *every = found_at(found, PLACE_BACKUP, "every");
    (void)map;
    if (schedule != NULL && every != NULL)
        reader_fail(r, every->key->start_mark,
                    "`every` does not go with `schedule` (line %zu): remove one of them",
                    schedule->key->start_mark.line + 1);
    else if (schedule != NULL) /* a service replaces what the top level says */
        service->backup.every_ms = 0;
    else if (every != NULL)
        service->backup.minute = 0;
}

/* ── places for copies ── */

#define TYPE(name) (1u << COPY_##name)

/* Keys that not every type has: whose they are, and who cannot do without them. */
static const struct {
    const char *key;
    unsigned may, must;
} members[] = {
    {"path", TYPE(FOLDER) | TYPE(SFTP) | TYPE(S3), TYPE(FOLDER) | TYPE(SFTP)},
    {"host", TYPE(SFTP), TYPE(SFTP)},
    {"port", TYPE(SFTP), 0},
    {"user", TYPE(SFTP), TYPE(SFTP)},
    {"key", TYPE(SFTP), TYPE(SFTP)},
    {"known_hosts", TYPE(SFTP), TYPE(SFTP)},
    {"endpoint", TYPE(S3), TYPE(S3)},
    {"bucket", TYPE(S3), TYPE(S3)},
    {"region", TYPE(S3), 0},
    {"access_key_file", TYPE(S3), TYPE(S3)},
    {"secret_key_file", TYPE(S3), TYPE(S3)},
    {"ca_file", TYPE(S3), 0},
};

static const char *type_word(enum copy_type type)
{
    return key_find(PLACE_BACKUP_COPY, "type")->choices[type];
}

static void check_members(struct reader *r, const yaml_node_t *map,
                          const struct found found[KEYS_MAX], enum copy_type type)
{
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        const struct found *f = found_at(found, PLACE_BACKUP_COPY, members[i].key);
        if (f == NULL && (members[i].must & (1u << type)) != 0)
            reader_fail(r, map->start_mark, "a copy of type %s needs `%s`", type_word(type),
                        members[i].key);
        else if (f != NULL && (members[i].may & (1u << type)) == 0)
            reader_fail(r, f->key->start_mark, "`%s` is not for a copy of type %s", members[i].key,
                        type_word(type));
    }
}

/* One before it in the same list, or NULL. */
static const struct copy_settings *namesake(const struct reader *r, const struct copy_settings *c)
{
    const struct service_settings *service = r->base[BASE_SERVICE];
    const struct copy_settings *other = &r->settings->copies[service->backup.copy_first];
    for (; other < c; other++)
        if (str_equal(other->name, c->name))
            return other;
    return NULL;
}

/* Keys of the bucket that are no plain path would be signed in another way by each service. */
static bool plain_prefix(const char *path)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-/";
    return path[strspn(path, allowed)] == '\0' && path[0] != '/' && strstr(path, "..") == NULL &&
           strstr(path, "//") == NULL;
}

/* The data of a backup do not cross a network in the clear. */
static bool encrypted(const char *endpoint)
{
    char host[SETTINGS_HOST_MAX] = "";
    const char *begin = strstr(endpoint, "://");
    if (begin == NULL || str_starts(endpoint, "https://"))
        return begin != NULL;
    begin += 3;
    size_t length = begin[0] == '[' ? strcspn(begin, "]") + 1 : strcspn(begin, ":/");
    return str_copy_n(host, sizeof host, begin, length) && channel_host_loopback(host);
}

void reader_check_copy(struct reader *r, const yaml_node_t *map, const struct found found[KEYS_MAX])
{
    const struct copy_settings *c = r->base[BASE_COPY];
    const struct found *name = found_at(found, PLACE_BACKUP_COPY, "name");
    const struct found *path = found_at(found, PLACE_BACKUP_COPY, "path");
    char shown[SETTINGS_COPY_NAME_MAX];
    (void)str_copy_clean(shown, sizeof shown, c->name, strlen(c->name));
    if (name == NULL || found_at(found, PLACE_BACKUP_COPY, "type") == NULL) {
        reader_fail(r, map->start_mark, "a copy needs `name` and `type`: `%s` is missing",
                    name == NULL ? "name" : "type");
        return;
    }
    check_members(r, map, found, c->type);
    if (!service_id_good(c->name))
        reader_fail(r, name->value->start_mark,
                    "\"%s\" cannot be a copy's name: a-z, 0-9, _ and -, at most %d, a letter or "
                    "digit in front",
                    shown, SETTINGS_COPY_NAME_MAX - 1);
    else if (namesake(r, c) != NULL)
        reader_fail(r, name->value->start_mark,
                    "there is another copy `%s` before: give one of them another `name`", shown);
    if (c->type == COPY_S3 && !encrypted(c->endpoint))
        reader_fail(r, map->start_mark,
                    "`endpoint` must begin with https://: http:// is for a server on this machine");
    if (path != NULL && c->type != COPY_S3 && c->path[0] != '/')
        reader_fail(r, path->value->start_mark, "`path` must be an absolute path");
    if (path != NULL && c->type == COPY_S3 && !plain_prefix(c->path))
        reader_fail(r, path->value->start_mark,
                    "`path` of a copy of type s3 must be a plain prefix such as `resus/prod`: "
                    "letters, digits, `.`, `_`, `-` and `/`");
}

/* `array` with zeroed room for `more` entries of `size` bytes behind `count`; NULL = no memory. */
static void *grown(struct reader *r, void *array, size_t count, size_t more, size_t size)
{
    char *larger = mem_realloc(array, (count + more) * size);
    if (larger == NULL)
        reader_fail_memory(r);
    else
        memset(larger + count * size, 0, more * size);
    return larger;
}

static void read_copies(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct settings *s = r->settings;
    struct backup_settings *b = &((struct service_settings *)r->base[BASE_SERVICE])->backup;
    yaml_node_item_t *items = NULL;
    int count = reader_list_of_mappings(r, row, value, SETTINGS_COPIES_MAX, &items);
    b->copy_first = (uint16_t)s->copy_count;
    b->copy_count = 0;
    if (count <= 0)
        return;
    if (s->copy_count + (size_t)count > SETTINGS_COPIES_ALL_MAX) {
        reader_fail(r, value->start_mark, "this file has more than %d copies",
                    SETTINGS_COPIES_ALL_MAX);
        return;
    }
    void *larger = grown(r, s->copies, s->copy_count, (size_t)count, sizeof s->copies[0]);
    if (larger == NULL)
        return;
    s->copies = larger;
    b->copy_count = (uint16_t)count;
    for (int i = 0; i < count && !r->stopped; i++) {
        r->base[BASE_COPY] = &s->copies[s->copy_count++];
        if (key_set_defaults(BASE_COPY, r->base[BASE_COPY], r->err) == 0)
            reader_mapping(r, reader_node(r, items[i]), PLACE_BACKUP_COPY);
    }
}

/* ── recipients ── */

static void take_recipient(struct reader *r, const struct key *row, const yaml_node_t *node,
                           const char *text)
{
    struct settings *s = r->settings;
    struct backup_settings *b = &((struct service_settings *)r->base[BASE_SERVICE])->backup;
    if (b->recipient_count == SETTINGS_RECIPIENTS_OF_MAX ||
        s->recipient_count == SETTINGS_RECIPIENTS_ALL_MAX) {
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_RECIPIENTS_OF_MAX);
        return;
    }
    if (strlen(text) >= SETTINGS_PATH_MAX || text[0] == '\0' || text[0] == '~') {
        reader_fail(r, node->start_mark, "`%s` must be a list of files (`~` is not expanded)",
                    row->name);
        return;
    }
    void *larger = grown(r, s->recipients, s->recipient_count, 1, sizeof s->recipients[0]);
    if (larger == NULL)
        return;
    s->recipients = larger;
    struct recipient_settings *to = &s->recipients[s->recipient_count++];
    b->recipient_count++;
    (void)str_copy(to->file, sizeof to->file, text);
    reader_resolve(r, row, node->start_mark, to->file, sizeof to->file);
}

void reader_backup(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct backup_settings *b = &((struct service_settings *)r->base[BASE_SERVICE])->backup;
    if (row->type == KEY_COPIES) {
        read_copies(r, row, value);
        return;
    }
    b->recipient_first = (uint16_t)r->settings->recipient_count;
    b->recipient_count = 0;
    reader_list(r, row, value, take_recipient);
}
