/* YAML text to libyaml's tree, with the limits that libyaml does not have: one document, bounded
 * depth and number of nodes, no alias that contains itself. */
#ifndef RESUS_SETTINGS_DOCUMENT_H
#define RESUS_SETTINGS_DOCUMENT_H

#include <stddef.h>
#include <yaml.h>

#include "base/attr.h"
#include "base/error.h"

#define DOCUMENT_DEPTH_MAX 32
#define DOCUMENT_NODES_MAX 500000
#define DOCUMENT_ANCHOR_MAX 128

/* "name:line:column: message" (1-based), for yaml's marks. Returns -EINVAL. */
int document_error(struct error *err, const char *name, yaml_mark_t mark, const char *format, ...)
    ATTR_PRINTF(4, 5);

/* On success `ret` needs yaml_document_delete(). An empty text gives a document without a root. */
int document_load(const char *name, const char *text, size_t length, yaml_document_t *ret,
                  struct error *err) ATTR_MUST_USE;

#endif
