/* The console's files, read into memory at the start (afterwards the process can open nothing). */
#ifndef RESUS_WEB_CONSOLE_H
#define RESUS_WEB_CONSOLE_H

#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "web/server.h"

#define CONSOLE_FILES_MAX 512
#define CONSOLE_FILE_MAX ((size_t)8 * 1024 * 1024)
#define CONSOLE_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of all */
#define CONSOLE_DEPTH_MAX 8                          /* folders within each other */

struct console;

/* A folder that is not there gives a console of one page that says how to get it. `NAME.gz` and
 * `NAME.br` beside NAME are its compressed forms. */
int console_load(const char *folder, struct console **ret, struct error *err) ATTR_MUST_USE;
void console_free(struct console *c); /* takes NULL */
/* A GET of a path that is not the API's: the file, or index.html for the console's own routes. */
void console_answer(const struct console *c, struct exchange *x);

#endif
