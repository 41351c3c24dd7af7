/* Between the files of the reader only: its state, and how problems are noted. */
#ifndef RESUS_SETTINGS_READER_STATE_H
#define RESUS_SETTINGS_READER_STATE_H

#include <yaml.h>

#include "base/attr.h"
#include "settings/keys.h"
#include "settings/settings.h"

struct reader {
    yaml_document_t *document;
    struct settings *settings;
    struct service_settings *standard; /* what a service starts from */
    void *base[BASE_COUNT];
    struct error *err;
    bool failed, stopped; /* stopped: no use in reading on (memory, too much) */
    yaml_mark_t first;    /* of the reported problem */
    size_t problems, visits;
};

/* One key of a mapping, as it was found. */
struct found {
    const struct key *row;
    yaml_node_t *key, *value;
};

/* Notes a problem; the first in the file is the one that is reported. */
void reader_fail(struct reader *r, yaml_mark_t mark, const char *format, ...) ATTR_PRINTF(3, 4);
void reader_warn(struct reader *r, yaml_mark_t mark, const char *format, ...) ATTR_PRINTF(3, 4);

void reader_fail_memory(struct reader *r);

/* Reads the keys of a mapping, checks it, and reports what is wrong. */
void reader_mapping(struct reader *r, yaml_node_t *node, enum place place);
/* Calls `item` for each scalar of a list (or for the only scalar). */
void reader_list(struct reader *r, const struct key *row, yaml_node_t *value,
                 void (*item)(struct reader *, const struct key *, const yaml_node_t *,
                              const char *));
/* Counts a node; false: the reader stops. */
bool reader_visit(struct reader *r, const yaml_node_t *node);
yaml_node_t *reader_node(struct reader *r, int id);
const char *reader_kind(const yaml_node_t *node); /* "a list" */
/* The text of a scalar, or NULL: it has a NUL inside. */
const char *reader_text(const yaml_node_t *node);
bool reader_null(const yaml_node_t *node);
/* The key with the same text before `pair`, or NULL. */
const yaml_node_t *reader_earlier_key(struct reader *r, const yaml_node_t *map,
                                      const yaml_node_pair_t *pair);

/* The items of a list that holds mappings only and at most `most`; their number, -1 when it is not
 * such a list and that was reported. */
int reader_list_of_mappings(struct reader *r, const struct key *row, yaml_node_t *value, int most,
                            yaml_node_item_t **ret_items);

/* The list of `tags`; one that is named twice is kept once. */
void reader_tags(struct reader *r, const struct key *row, yaml_node_t *value);
/* Puts a relative path into the folder of the file. */
void reader_resolve(struct reader *r, const struct key *row, yaml_mark_t mark, char *path,
                    size_t size);
/* reader_items.c: one entry of a list, for reader_list(). */
void reader_take_any_role(struct reader *r, const struct key *row, const yaml_node_t *node,
                          const char *text);
void reader_take_network(struct reader *r, const struct key *row, const yaml_node_t *node,
                         const char *text);
void reader_take_url(struct reader *r, const struct key *row, const yaml_node_t *node,
                     const char *text);

/* What is wrong with `fleet`, and with services that no other engine could take. */
void reader_check_fleet(struct reader *r, const yaml_node_t *map,
                        const struct found found[KEYS_MAX]);
void reader_check_shared_control(struct reader *r, yaml_mark_t mark);

/* Fills what the service is called and where it keeps its files unless the file says so. */
void reader_finish_service(struct reader *r, struct service_settings *service);
/* The pairs of `backup` that contradict each other. */
void reader_check_backup(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX]);

/* The lists of `backup`, and what is wrong with a place for copies after its keys were read. */
void reader_backup(struct reader *r, const struct key *row, yaml_node_t *value);
void reader_check_copy(struct reader *r, const yaml_node_t *map,
                       const struct found found[KEYS_MAX]);

/* The lists of `maintenance`, and what is wrong with it or a window after the keys were read. */
void reader_maintenance(struct reader *r, const struct key *row, yaml_node_t *value);
void reader_check_maintenance(struct reader *r, const yaml_node_t *map,
                              const struct found found[KEYS_MAX]);
void reader_check_window(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX]);

/* The lists and mappings of `alerts` and `escalation`. */
void reader_alerts(struct reader *r, const struct key *row, yaml_node_t *value);
/* What is wrong with a channel, a route, a level, the heartbeat after its keys were read. */
void reader_check_channel(struct reader *r, const yaml_node_t *map,
                          const struct found found[KEYS_MAX]);
void reader_check_alerts(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX]);
void reader_check_heartbeat(struct reader *r, const yaml_node_t *map,
                            const struct found found[KEYS_MAX]);
void reader_check_route(struct reader *r, const yaml_node_t *map,
                        const struct found found[KEYS_MAX]);
void reader_check_level(struct reader *r, const yaml_node_t *map,
                        const struct found found[KEYS_MAX]);

/* After a mapping was read: `found` says which of its keys were there, by key_index(). */
void reader_check(struct reader *r, enum place place, const yaml_node_t *map,
                  const struct found found[KEYS_MAX]);
/* Does a service before it run its Redis at the same address or in the same folder? `mark` is its
 * own place. */
void reader_check_shared(struct reader *r, yaml_mark_t mark,
                         const struct service_settings *service);

#endif
