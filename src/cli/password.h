/* Reading a password: from the terminal without echo, from a file, or from standard input. Never
 * from the command line: ps shows that to everybody. */
#ifndef RESUS_CLI_PASSWORD_H
#define RESUS_CLI_PASSWORD_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"

#define PASSWORD_INPUT_MAX 1024

/* `file`: NULL asks on the terminal (twice), or reads a line of standard input when that is no
 * terminal; "-" is standard input. One trailing newline is taken away. The caller frees `ret` with
 * buf_free (which wipes). */
int password_read(const char *file, struct buf *ret, struct error *err) ATTR_MUST_USE;

/* The same for a password that is known already: asks once, with `text`. */
int password_read_known(const char *file, const char *text, struct buf *ret,
                        struct error *err) ATTR_MUST_USE;

#endif
