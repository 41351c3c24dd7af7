#include "settings/reader.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/service_id.h"
#include "base/str.h"
#include "settings/document.h"
#include "settings/reader_state.h"

static_assert(sizeof(struct service_settings) <= MEM_MAX / SETTINGS_SERVICES_MAX,
              "the largest fleet fits into one allocation");

void reader_fail(struct reader *r, yaml_mark_t mark, const char *format, ...)
{
    r->problems++;
    if (r->stopped || (r->failed && r->first.index <= mark.index))
        return;
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)document_error(r->err, r->settings->path, mark, "%s", text);
    r->failed = true;
    r->first = mark;
}

void reader_fail_memory(struct reader *r)
{
    (void)error_set(r->err, -ENOMEM, "%s: no memory for the settings", r->settings->path);
    r->failed = r->stopped = true;
    r->problems++;
}

void reader_warn(struct reader *r, yaml_mark_t mark, const char *format, ...)
{
    struct settings *s = r->settings;
    if (s->warning_count == SETTINGS_WARNINGS_MAX) {
        (void)str_format(s->warnings[SETTINGS_WARNINGS_MAX - 1], ERROR_TEXT_MAX,
                         "%s: more warnings than can be shown", s->path);
        return;
    }
    struct error text = {0};
    char message[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    (void)document_error(&text, s->path, mark, "%s", message);
    (void)str_copy(s->warnings[s->warning_count++], ERROR_TEXT_MAX, text.text);
}

const char *reader_kind(const yaml_node_t *node)
{
    return node->type == YAML_SEQUENCE_NODE  ? "a list"
           : node->type == YAML_MAPPING_NODE ? "a mapping"
                                             : "a single value";
}

const char *reader_text(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    return strlen(text) == node->data.scalar.length ? text : NULL;
}

bool reader_null(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    const char *text = (const char *)node->data.scalar.value;
    return text[0] == '\0' || str_equal(text, "~") || str_equal(text, "null");
}

yaml_node_t *reader_node(struct reader *r, int id)
{
    return yaml_document_get_node(r->document, id);
}

bool reader_visit(struct reader *r, const yaml_node_t *node)
{
    if (r->stopped)
        return false;
    if (++r->visits > READER_VISITS_MAX) {
        r->failed = false; /* the reason for stopping goes before what was found so far */
        reader_fail(r, node->start_mark, "the aliases of this file unfold to too much");
        r->stopped = true;
        return false;
    }
    return true;
}

void reader_resolve(struct reader *r, const struct key *row, yaml_mark_t mark, char *path,
                    size_t size)
{
    const char *slash = strrchr(r->settings->path, '/');
    if (path[0] == '/' || slash == NULL)
        return;
    char whole[SETTINGS_PATH_MAX];
    if (!str_format(whole, sizeof whole, "%.*s/%s", (int)(slash - r->settings->path),
                    r->settings->path, path))
        reader_fail(r, mark, "`%s` is too long a path", row->name);
    else
        (void)str_copy(path, size, whole);
}

static void resolve_path(struct reader *r, const struct key *row, yaml_mark_t mark)
{
    char *path = (char *)r->base[row->base] + row->offset;
    if (row->type != KEY_PROGRAM || strchr(path, '/') != NULL)
        reader_resolve(r, row, mark, path, row->size);
}

static void read_scalar(struct reader *r, const struct key *row, const yaml_node_t *value)
{
    if (value->type != YAML_SCALAR_NODE) {
        reader_fail(r, value->start_mark, "`%s` must be a single value, not %s", row->name,
                    reader_kind(value));
        return;
    }
    const char *text = reader_text(value);
    if (text == NULL) {
        reader_fail(r, value->start_mark, "`%s` has a NUL byte inside", row->name);
        return;
    }
    if (reader_null(value)) {
        reader_fail(r, value->start_mark, "`%s` has no value", row->name);
        return;
    }
    struct error err = {0};
    if (key_set(row, r->base[row->base], text, &err) < 0) {
        reader_fail(r, value->start_mark, "%s", err.text);
        return;
    }
    if (row->flag != 0)
        *((bool *)(void *)((char *)r->base[row->base] + row->flag)) = true;
    if (row->type == KEY_PATH || row->type == KEY_PROGRAM)
        resolve_path(r, row, value->start_mark);
}

void reader_list(struct reader *r, const struct key *row, yaml_node_t *value,
                 void (*item)(struct reader *, const struct key *, const yaml_node_t *,
                              const char *))
{
    yaml_node_item_t one = 0;
    const yaml_node_item_t *from = &one;
    const yaml_node_item_t *to = from + 1;
    if (value->type == YAML_SEQUENCE_NODE) {
        from = value->data.sequence.items.start;
        to = value->data.sequence.items.top;
    } else if (value->type == YAML_MAPPING_NODE) {
        reader_fail(r, value->start_mark, "`%s` must be a list, not a mapping", row->name);
        return;
    }
    for (; from < to; from++) {
        const yaml_node_t *node = *from == 0 ? value : reader_node(r, *from);
        if (!reader_visit(r, node))
            return;
        const char *text = node->type == YAML_SCALAR_NODE ? reader_text(node) : NULL;
        if (text == NULL || reader_null(node))
            reader_fail(r, node->start_mark, "`%s` must be a list of words", row->name);
        else
            item(r, row, node, text);
    }
}

static void take_role(struct reader *r, const struct key *row, const yaml_node_t *node,
                      const char *text)
{
    static const char *const roles[] = {"admin", "operator"};
    static const char *const never[] = {"viewer", "anonymous"};
    bool *operator_may = (bool *)(void *)((char *)r->base[row->base] + row->offset);
    char shown[64];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    int role = str_index(roles, ARRAY_LENGTH(roles), text);
    if (str_index(never, ARRAY_LENGTH(never), text) >= 0)
        reader_fail(r, node->start_mark, "`%s` must not name %s: only admins and operators operate",
                    row->name, shown);
    else if (role < 0)
        reader_fail(r, node->start_mark, "`%s` must be a list of admin and operator, not \"%s\"",
                    row->name, shown);
    else if (role == 1)
        *operator_may = true;
}

static void read_roles(struct reader *r, const struct key *row, yaml_node_t *value)
{
    *((bool *)(void *)((char *)r->base[row->base] + row->offset)) = false;
    if (reader_null(value) || (value->type == YAML_SEQUENCE_NODE &&
                               value->data.sequence.items.start == value->data.sequence.items.top))
        reader_fail(r, value->start_mark, "`%s` names nobody: it needs at least [admin]",
                    row->name);
    else
        reader_list(r, row, value, take_role);
}

static void read_affected_entry(struct reader *r, const struct key *row, yaml_node_t *node)
{
    struct service_settings *service = r->base[BASE_SERVICE];
    if (service->affected_count == SETTINGS_AFFECTED_MAX) {
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_AFFECTED_MAX);
        return;
    }
    struct affected_service *entry = &service->affected[service->affected_count++];
    r->base[BASE_AFFECTED] = entry;
    if (node->type == YAML_MAPPING_NODE)
        reader_mapping(r, node, PLACE_AFFECTED);
    else
        read_scalar(r, key_find(PLACE_AFFECTED, "name"), node);
    if (entry->name[0] == '\0')
        reader_fail(r, node->start_mark, "an entry of `%s` needs a `name`", row->name);
}

static void read_affected(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct service_settings *service = r->base[BASE_SERVICE];
    mem_free(service->affected);
    service->affected = NULL;
    service->affected_count = 0;
    if (value->type != YAML_SEQUENCE_NODE) {
        reader_fail(r, value->start_mark, "`%s` must be a list, not %s", row->name,
                    reader_kind(value));
        return;
    }
    const yaml_node_item_t *from = value->data.sequence.items.start;
    const yaml_node_item_t *to = value->data.sequence.items.top;
    size_t count = from == NULL ? 0 : (size_t)(to - from);
    if (count == 0)
        return;
    if (count > SETTINGS_AFFECTED_MAX)
        count = SETTINGS_AFFECTED_MAX; /* the next one is refused below */
    service->affected = mem_calloc(count, sizeof service->affected[0]);
    if (service->affected == NULL) {
        reader_fail_memory(r);
        return;
    }
    for (const yaml_node_item_t *i = from; i < to; i++) {
        yaml_node_t *node = reader_node(r, *i);
        if (!reader_visit(r, node))
            return;
        read_affected_entry(r, row, node);
    }
}

static void bind_service(struct reader *r, struct service_settings *service)
{
    r->base[BASE_SERVICE] = service;
    r->base[BASE_WATCH] = &service->watch;
    r->base[BASE_RECOVERY] = &service->recovery;
}

static void read_service(struct reader *r, yaml_node_t *key, yaml_node_t *value)
{
    struct settings *s = r->settings;
    const char *id = key->type == YAML_SCALAR_NODE ? reader_text(key) : NULL;
    if (!service_id_good(id)) {
        char shown[SETTINGS_ID_MAX] = "";
        (void)str_copy_clean(shown, sizeof shown, id == NULL ? "" : id,
                             id == NULL ? 0 : strlen(id));
        reader_fail(
            r, key->start_mark,
            "\"%s\" cannot be a service's id: a-z, 0-9, _ and -, at most %d, a letter or digit "
            "in front",
            shown, SETTINGS_ID_MAX - 1);
        return;
    }
    struct service_settings *service = &s->services[s->service_count++];
    *service = *r->standard;
    (void)str_copy(service->id, sizeof service->id, id);
    bind_service(r, service);
    if (value->type == YAML_MAPPING_NODE)
        reader_mapping(r, value, PLACE_SERVICE);
    else if (!reader_null(value))
        reader_fail(r, value->start_mark, "the service `%s` must be a mapping (key: value), not %s",
                    id, reader_kind(value));
    bind_service(r, r->standard);
    reader_finish_service(r, service);
    reader_check_shared(r, key->start_mark, service);
}

const yaml_node_t *reader_earlier_key(struct reader *r, const yaml_node_t *map,
                                      const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = reader_node(r, pair->key);
    if (key->type != YAML_SCALAR_NODE)
        return NULL;
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *other = reader_node(r, p->key);
        if (other->type == YAML_SCALAR_NODE &&
            other->data.scalar.length == key->data.scalar.length &&
            memcmp(other->data.scalar.value, key->data.scalar.value, key->data.scalar.length) == 0)
            return other;
    }
    return NULL;
}

static void read_services(struct reader *r, yaml_node_t *value)
{
    struct settings *s = r->settings;
    if (value->type != YAML_MAPPING_NODE && !reader_null(value)) {
        reader_fail(r, value->start_mark, "`services` must be a mapping of ids, not %s",
                    reader_kind(value));
        return;
    }
    yaml_node_pair_t *from = reader_null(value) ? NULL : value->data.mapping.pairs.start;
    yaml_node_pair_t *to = reader_null(value) ? NULL : value->data.mapping.pairs.top;
    size_t count = from == NULL ? 0 : (size_t)(to - from);
    if (count == 0 || count > SETTINGS_SERVICES_MAX) {
        reader_fail(r, value->start_mark,
                    count == 0
                        ? "`services` names no service; without the key there is one, `redis`"
                        : "`services` has more than 4096 entries");
        return;
    }
    s->services = mem_calloc(count, sizeof s->services[0]);
    if (s->services == NULL) {
        reader_fail_memory(r);
        return;
    }
    for (yaml_node_pair_t *pair = from; pair < to; pair++) {
        yaml_node_t *key = reader_node(r, pair->key);
        const yaml_node_t *other = reader_earlier_key(r, value, pair);
        if (!reader_visit(r, key))
            return;
        if (other != NULL)
            reader_fail(r, key->start_mark, "the service `%s` is given twice (first on line %zu)",
                        (const char *)key->data.scalar.value, other->start_mark.line + 1);
        else
            read_service(r, key, reader_node(r, pair->value));
    }
}

static void read_value(struct reader *r, const struct found *f)
{
    switch (f->row->type) {
    case KEY_MAP:
        if (f->row->child == PLACE_SERVICE)
            r->settings->services_named = true;
        if (f->row->child == PLACE_TLS)
            ((struct service_settings *)r->base[BASE_SERVICE])->redis.tls.enabled = true;
        if (f->value->type == YAML_MAPPING_NODE)
            reader_mapping(r, f->value, f->row->child);
        else if (!reader_null(f->value))
            reader_fail(r, f->value->start_mark, "`%s` must be a mapping (key: value), not %s",
                        f->row->name, reader_kind(f->value));
        break;
    case KEY_ALIEN:
        reader_warn(r, f->key->start_mark, "`%s` has no effect: %s", f->row->name, f->row->help);
        break;
    case KEY_ROLES:
        read_roles(r, f->row, f->value);
        break;
    case KEY_ROLE_SET:
        reader_list(r, f->row, f->value, reader_take_any_role);
        break;
    case KEY_NETWORKS:
        reader_list(r, f->row, f->value, reader_take_network);
        break;
    case KEY_URLS:
        reader_list(r, f->row, f->value, reader_take_url);
        break;
    case KEY_TAGS:
        reader_tags(r, f->row, f->value);
        break;
    case KEY_AFFECTED:
        read_affected(r, f->row, f->value);
        break;
    case KEY_SERVICES:
        r->settings->services_named = true;
        read_services(r, f->value);
        break;
    case KEY_COPIES:
    case KEY_RECIPIENTS:
        reader_backup(r, f->row, f->value);
        break;
    case KEY_NOTICES:
    case KEY_DATES:
    case KEY_WINDOWS:
        reader_maintenance(r, f->row, f->value);
        break;
    default:
        if (f->row->type < KEY_SCALARS)
            read_scalar(r, f->row, f->value);
        else
            reader_alerts(r, f->row, f->value);
        break;
    }
}

/* Notes one key of a mapping. `merging`: it came by `<<` and gives way to what is there. */
static void note_key(struct reader *r, yaml_node_t *key, yaml_node_t *value, enum place place,
                     struct found found[KEYS_MAX], bool merging)
{
    const char *name = reader_text(key);
    const struct key *row = name == NULL ? NULL : key_find(place, name);
    if (row == NULL) {
        char text[ERROR_TEXT_MAX];
        key_unknown(place, (const char *)key->data.scalar.value, text, sizeof text);
        reader_fail(r, key->start_mark, "%s", text);
        return;
    }
    struct found *f = &found[key_index(row)];
    if (f->key != NULL) {
        if (!merging)
            reader_fail(r, key->start_mark,
                        f->row == row ? "`%s` is given twice (first on line %zu)"
                                      : "`%s` is another name of a key on line %zu",
                        row->name, f->key->start_mark.line + 1);
        return;
    }
    *f = (struct found){row, key, value};
}

static void collect(struct reader *r, yaml_node_t *map, enum place place,
                    struct found found[KEYS_MAX], int merges);

/* `<<: *other` or a list of them: their keys, where the mapping itself has none. */
static void collect_merged(struct reader *r, yaml_node_t *value, enum place place,
                           struct found found[KEYS_MAX], int merges)
{
    if (merges > READER_MERGES_MAX) {
        reader_fail(r, value->start_mark, "`<<` is nested deeper than %d levels",
                    READER_MERGES_MAX);
    } else if (value->type == YAML_MAPPING_NODE) {
        collect(r, value, place, found, merges);
    } else if (value->type == YAML_SEQUENCE_NODE) {
        for (yaml_node_item_t *i = value->data.sequence.items.start;
             i < value->data.sequence.items.top && reader_visit(r, value); i++) {
            yaml_node_t *node = reader_node(r, *i);
            if (node->type == YAML_MAPPING_NODE)
                collect(r, node, place, found, merges);
            else
                reader_fail(r, node->start_mark, "`<<` must name mappings, not %s",
                            reader_kind(node));
        }
    } else {
        reader_fail(r, value->start_mark, "`<<` must name a mapping, not %s", reader_kind(value));
    }
}

static void collect(struct reader *r, yaml_node_t *map, enum place place,
                    struct found found[KEYS_MAX], int merges)
{
    for (int merged = 0; merged < 2; merged++) /* own keys first, then what `<<` brings */
        for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
             p++) {
            yaml_node_t *key = reader_node(r, p->key);
            yaml_node_t *value = reader_node(r, p->value);
            if (!reader_visit(r, key))
                return;
            if (key->type != YAML_SCALAR_NODE) {
                reader_fail(r, key->start_mark, "a key must be a word, not %s", reader_kind(key));
                continue;
            }
            const char *name = (const char *)key->data.scalar.value;
            bool merge = str_equal(name, "<<");
            if (merge && merged == 1)
                collect_merged(r, value, place, found, merges + 1);
            if (merge || merged == 1 || (place == PLACE_ROOT && str_starts(name, "x-")))
                continue; /* x-...: a home for anchors, as Compose has it */
            note_key(r, key, value, place, found, merges > 0);
            bool wrapper = place == PLACE_ROOT && str_equal(name, "redis_service_management");
            if (wrapper && value->type == YAML_MAPPING_NODE)
                collect(r, value, place, found, merges);
        }
}

void reader_mapping(struct reader *r, yaml_node_t *node, enum place place)
{
    struct found found[KEYS_MAX] = {0};
    size_t before = r->problems;
    collect(r, node, place, found, 0);
    for (size_t i = 0; i < key_count && !r->stopped; i++)
        if (found[i].key != NULL &&
            !(found[i].row->type == KEY_MAP && found[i].row->child == place &&
              found[i].value->type == YAML_MAPPING_NODE)) /* the wrapper: collected already */
            read_value(r, &found[i]);
    if (r->problems == before) /* else what is wrong would be called missing */
        reader_check(r, place, node, found);
}

static int set_defaults(struct settings *s, struct service_settings *standard, struct error *err)
{
    *standard = (struct service_settings){
        .start_operator = true,
        .restart_operator = true,
        .watch = watch_policy_default(),
        .recovery = recovery_policy_default(),
    };
    s->maintenance.policy = (struct window_policy){{48, 24, 1}, 3};
    int r = key_set_defaults(BASE_SETTINGS, s, err);
    return r < 0 ? r : key_set_defaults(BASE_SERVICE, standard, err);
}

/* Without `services` there is one, `redis`. */
static void add_only_service(struct reader *r)
{
    struct settings *s = r->settings;
    s->services = mem_calloc(1, sizeof s->services[0]);
    if (s->services == NULL) {
        reader_fail_memory(r);
        return;
    }
    s->services[0] = *r->standard;
    s->service_count = 1;
    (void)str_copy(s->services[0].id, sizeof s->services[0].id, "redis");
    reader_finish_service(r, &s->services[0]);
}

/* A host name that is no word (RFC 1123 allows none) becomes "resus". */
static void name_instance(struct settings *s)
{
    char host[sizeof s->server.name] = "";
    struct error ignored = {0};
    (void)gethostname(host, sizeof host - 1);
    if (key_set(key_find(PLACE_SERVER, "name"), s, host, &ignored) < 0)
        (void)str_copy(s->server.name, sizeof s->server.name, "resus");
}

static bool says_nothing(const yaml_node_t *root)
{
    if (root != NULL && root->type == YAML_MAPPING_NODE)
        return root->data.mapping.pairs.start == root->data.mapping.pairs.top;
    return root == NULL || reader_null(root);
}

int reader_run(yaml_document_t *document, struct settings *settings, struct error *err)
{
    struct error ignored = {0};
    struct service_settings *standard = mem_calloc(1, sizeof *standard);
    struct reader r = {.document = document,
                       .settings = settings,
                       .standard = standard,
                       .err = err == NULL ? &ignored : err};
    if (standard == NULL)
        return error_set(err, -ENOMEM, "%s: no memory for the settings", settings->path);
    int result = set_defaults(settings, standard, err);
    if (result == 0) {
        r.base[BASE_NONE] = r.base[BASE_SETTINGS] = settings;
        bind_service(&r, standard);
        yaml_node_t *root = yaml_document_get_root_node(document);
        settings->empty = says_nothing(root);
        if (root != NULL && root->type == YAML_MAPPING_NODE)
            reader_mapping(&r, root, PLACE_ROOT);
        else if (root != NULL && !reader_null(root))
            reader_fail(&r, root->start_mark, "the file must be a mapping (key: value), not %s",
                        reader_kind(root));
        if (!r.failed && settings->services == NULL) {
            add_only_service(&r);
            reader_check_shared_control(&r, root == NULL ? (yaml_mark_t){0} : root->start_mark);
        }
        if (settings->server.name[0] == '\0')
            name_instance(settings);
        if (settings->fleet.name[0] == '\0')
            (void)str_copy(settings->fleet.name, sizeof settings->fleet.name,
                           settings->server.name);
        result = r.failed ? r.err->code : 0;
    }
    mem_free(standard);
    return result;
}
