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

/* After a mapping was read: `found` says which of its keys were there, by key_index(). */
void reader_check(struct reader *r, enum place place, const yaml_node_t *map,
                  const struct found found[KEYS_MAX]);
/* Does a service before it run its Redis at the same address or in the same folder? `mark` is its
 * own place. */
void reader_check_shared(struct reader *r, yaml_mark_t mark,
                         const struct service_settings *service);

#endif
