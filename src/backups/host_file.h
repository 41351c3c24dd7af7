/* host.json of a backup: what was known of the Redis and of its host when it was made, to build both
 * again when the host is lost. Without secrets: their names are noted, their values are not. */
#ifndef RESUS_BACKUPS_HOST_FILE_H
#define RESUS_BACKUPS_HOST_FILE_H

#include <jansson.h>

#include "backups/manifest.h"
#include "backups/query.h"
#include "base/attr.h"
#include "base/error.h"

#define HOST_FILE "host.json"
#define HOST_FILE_FORMAT 1
#define HOST_FILE_BYTES_MAX ((size_t)1024 * 1024)

#define HOST_COMMANDS 3
extern const struct query_command host_commands[HOST_COMMANDS];

/* A new reference; NULL on lack of memory. `replies` as query_done gives them, or NULL: then `why` says
 * why nothing is known of the server. `known`: what Resus itself knows of the host; copied by
 * reference, may be NULL. */
json_t *host_file_new(const struct manifest *m, struct redis_reply *const *replies, const char *why,
                      const json_t *known);
/* Notes which settings differ from those of a server that was started without any: `plain` is its
 * CONFIG GET *. NULL: nothing is noted, and each counts as changed. */
void host_file_compare(json_t *host, const json_t *plain);
/* Writes it into the folder and adds it to the files of the manifest. Users, then settings, that make
 * it longer than HOST_FILE_BYTES_MAX are left out, and it says so. Blocks. */
int host_file_write(const json_t *host, const char *folder, struct manifest *m,
                    struct error *err) ATTR_MUST_USE;
/* NULL: it is another file. What is taken has members of the right types; their texts are whatever a server said, or a
 * place for copies. A new reference. */
json_t *host_file_parse(const char *text, size_t length);
/* Reads one. A new reference; NULL: `err` says why. Blocks. */
json_t *host_file_read(const char *path, struct error *err);

/* Pairs of CONFIG GET as an object; NULL when the reply is no such list. A new reference. */
json_t *host_config_of(const struct redis_reply *reply);

#endif
