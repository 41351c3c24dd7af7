/* redis.conf as far as a restore needs it. Foreign bytes: fuzzed. */
#ifndef RESUS_PLACEMENT_REDIS_CONF_H
#define RESUS_PLACEMENT_REDIS_CONF_H

#include <stdbool.h>
#include <stddef.h>

#define REDIS_CONF_BYTES_MAX ((size_t)1024 * 1024)
#define REDIS_CONF_LINE_MAX 1024
#define REDIS_CONF_LINES_MAX 1024 /* directives that are passed on */

enum redis_conf_aof { REDIS_CONF_AOF_UNKNOWN, REDIS_CONF_AOF_OFF, REDIS_CONF_AOF_ON };

/* `line` is "name value", cleaned; the value of a secret is "(not shown)". */
typedef void redis_conf_line(void *context, const char *name, const char *value);

/* Has the setting of this name, of Redis or Valkey and in any case of letters, a secret in its value? */
bool redis_conf_secret(const char *name);
/* Passes on each directive. Answers how the append-only file is switched by this text: an
 * `include` may switch it, so that with one it is only known when the text does so after it. */
enum redis_conf_aof redis_conf_read(const char *text, size_t length, redis_conf_line *each,
                                    void *context);
/* The file at the path; UNKNOWN when it is "" or cannot be read. */
enum redis_conf_aof redis_conf_aof_of(const char *path);
/* NULL when it cannot be read; the caller's to free. */
char *redis_conf_load(const char *path, size_t *ret_length);

#endif
