/* Daemons elsewhere by name: a file of the user's own with where each is and which files prove it
 * and the user. It holds paths of secrets, never a secret. */
#ifndef RESUS_CLI_CONTEXTS_H
#define RESUS_CLI_CONTEXTS_H

#include <jansson.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "cli/arguments.h"

#define CONTEXTS_MAX 64
#define CONTEXTS_FILE_MAX ((size_t)256 * 1024) /* bytes */
#define CONTEXT_LOCAL "local"                  /* the name of this machine's own daemon */

/* "$XDG_CONFIG_HOME/resus/contexts.json", in ~/.config without that variable. -ENOENT: there is no
 * home to look in. */
int contexts_path(char *to, size_t size, struct error *err) ATTR_MUST_USE;
/* {"current": NAME or null, "contexts": {NAME: {"url", "token_file"?, "ca_file"?, "pin"?}}}; empty
 * when there is no file. Refuses a file that others may read or write: it says where a token is
 * sent. */
int contexts_read(json_t **ret, struct error *err) ATTR_MUST_USE;
int contexts_write(const json_t *all, struct error *err) ATTR_MUST_USE;

/* -EINVAL: no name, or a reserved one. */
int context_check_name(const char *name, struct error *err) ATTR_MUST_USE;

/* Which daemon is asked, where the command line does not say it with --url: --context; else, unless
 * --config names one of this machine, $RESUS_URL (with $RESUS_TOKEN_FILE, $RESUS_CA_FILE and
 * $RESUS_PIN), $RESUS_CONTEXT, and unless $RESUS_CONFIG is set the current context of the file.
 * Fills the invocation; its texts live as long as *ret_kept (NULL: none needed), and an option
 * overrides the member of a context. *ret_saved: it comes from the file's current context, which
 * the command line does not show. */
int context_choose(struct invocation *in, json_t **ret_kept, bool *ret_saved,
                   struct error *err) ATTR_MUST_USE;

#endif
