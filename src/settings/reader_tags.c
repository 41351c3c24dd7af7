/* The tags of a service: what lists are filtered by. */
#include <string.h>

#include "base/str.h"
#include "settings/reader_state.h"

static void take_tag(struct reader *r, const struct key *row, const yaml_node_t *node,
                     const char *text)
{
    struct tag_list *list = (void *)((char *)r->base[row->base] + row->offset);
    char shown[SETTINGS_TAG_MAX];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->tags[i], text))
            return;
    if (text[0] == '\0' || !str_equal(shown, text))
        reader_fail(r, node->start_mark,
                    "`%s` must be texts of 1 to %d printable characters, not \"%s\"", row->name,
                    SETTINGS_TAG_MAX - 1, shown);
    else if (list->count == SETTINGS_TAGS_MAX)
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_TAGS_MAX);
    else
        (void)str_copy(list->tags[list->count++], SETTINGS_TAG_MAX, text);
}

void reader_tags(struct reader *r, const struct key *row, yaml_node_t *value)
{
    struct tag_list *list = (void *)((char *)r->base[row->base] + row->offset);
    list->count = 0;
    reader_list(r, row, value, take_tag);
}
