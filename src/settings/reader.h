/* From libyaml's tree to the structs, by the key table. Of several problems the first in the file
 * is reported. */
#ifndef RESUS_SETTINGS_READER_H
#define RESUS_SETTINGS_READER_H

#include <yaml.h>

#include "base/attr.h"
#include "base/error.h"
#include "settings/settings.h"

#define READER_MERGES_MAX 8       /* `<<` inside `<<` */
#define READER_VISITS_MAX 2000000 /* pairs looked at, aliases counted each time */

/* Fills `settings` (zeroed; its path is set); it owns the services also on failure. */
int reader_run(yaml_document_t *document, struct settings *settings,
               struct error *err) ATTR_MUST_USE;

#endif
