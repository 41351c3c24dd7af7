#include "settings/position.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "io/file.h"
#include "settings/document.h"

/* The pair with this key, or NULL. */
static const yaml_node_pair_t *find(yaml_document_t *document, const yaml_node_t *map,
                                    const char *word, size_t length)
{
    if (map == NULL || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = yaml_document_get_node(document, p->key);
        if (key->type == YAML_SCALAR_NODE && key->data.scalar.length == length &&
            memcmp(key->data.scalar.value, word, length) == 0)
            return p;
    }
    return NULL;
}

/* The mapping under `word`, or NULL. */
static const yaml_node_t *under(yaml_document_t *document, const yaml_node_t *map, const char *word)
{
    const yaml_node_pair_t *p = find(document, map, word, strlen(word));
    return p == NULL ? NULL : yaml_document_get_node(document, p->value);
}

/* The mapping that `key` is looked for in, past the forms that the documents give the file; moves
 * `key` on by what they stand for. */
static const yaml_node_t *start(yaml_document_t *document, const char **key)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    const yaml_node_t *wrapped = under(document, root, "redis_service_management");
    const yaml_node_t *top = wrapped != NULL ? wrapped : root;
    const yaml_node_t *only = under(document, top, "service");
    static const char default_service[] = "services.redis.";
    if (only == NULL || !str_starts(*key, default_service))
        return top;
    *key += sizeof default_service - 1;
    return only;
}

static bool locate(yaml_document_t *document, const char *key, yaml_mark_t *ret)
{
    bool found = false;
    const yaml_node_t *map = start(document, &key);
    while (*key != '\0') {
        size_t length = strcspn(key, ".");
        const yaml_node_pair_t *p = find(document, map, key, length);
        if (p == NULL)
            return found;
        *ret = yaml_document_get_node(document, p->key)->start_mark;
        found = true;
        map = yaml_document_get_node(document, p->value);
        key += length + (key[length] == '.');
    }
    return found;
}

void settings_position(const struct settings *settings, const char *key, char *ret, size_t size)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(SETTINGS_FILE_MAX);
    struct error ignored = {0};
    yaml_document_t document;
    yaml_mark_t mark = {0};
    (void)str_copy(ret, size, settings->path);
    if (file_read(settings->path, &text, &ignored) < 0 ||
        document_load(settings->path, buf_text(&text), text.length, &document, &ignored) < 0)
        return;
    if (locate(&document, key, &mark))
        (void)str_format(ret, size, "%s:%zu:%zu", settings->path, mark.line + 1, mark.column + 1);
    yaml_document_delete(&document);
}
