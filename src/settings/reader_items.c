/* Entries of lists of words. */
#include <string.h>

#include "base/str.h"
#include "settings/reader_state.h"

void reader_take_any_role(struct reader *r, const struct key *row, const yaml_node_t *node,
                          const char *text)
{
    static const char *const roles[] = {"viewer", "operator", "admin"};
    struct role_set *set = (void *)((char *)r->base[row->base] + row->offset);
    bool *const members[] = {&set->viewer, &set->operator, & set->admin };
    char shown[64];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    int role = str_index(roles, ARRAY_LENGTH(roles), text);
    if (role < 0)
        reader_fail(r, node->start_mark,
                    "`%s` must be a list of viewer, operator and admin, not \"%s\"", row->name,
                    shown);
    else
        *members[role] = true;
}

void reader_take_network(struct reader *r, const struct key *row, const yaml_node_t *node,
                         const char *text)
{
    struct network_list *list = (void *)((char *)r->base[row->base] + row->offset);
    struct network network;
    char shown[64];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    if (!network_read(text, &network))
        reader_fail(r, node->start_mark,
                    "`%s` must be addresses or networks such as 10.0.0.0/8, not \"%s\"", row->name,
                    shown);
    else if (list->count == SETTINGS_NETWORKS_MAX)
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_NETWORKS_MAX);
    else
        list->networks[list->count++] = network;
}
