/* The console's files, read into memory at the start (afterwards the process can open nothing), and the
 * pages that are in the program (web/pages.h). */
#ifndef RESUS_WEB_STATIC_FILES_H
#define RESUS_WEB_STATIC_FILES_H

#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "web/server.h"

#define STATIC_FILES_MAX 512
#define STATIC_FILE_MAX ((size_t)8 * 1024 * 1024)
#define STATIC_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of all */
#define STATIC_DEPTH_MAX 8                          /* folders within each other */

struct static_files;

/* A folder that is not there gives a console of one page that says how to get it. `NAME.gz` and
 * `NAME.br` beside NAME are its compressed forms. */
int static_files_load(const char *folder, struct static_files **ret,
                      struct error *err) ATTR_MUST_USE;
void static_files_free(struct static_files *c); /* takes NULL */
/* A GET of a path that is not the API's: the file, or index.html for the console's own routes. */
void static_files_answer(const struct static_files *c, struct request *x);

#endif
