#include "placement/redis_conf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

bool redis_conf_secret(const char *name)
{
    static const char *const names[] = {"requirepass",
                                        "masterauth",
                                        "primaryauth",
                                        "user",
                                        "rename-command",
                                        "tls-key-file-pass",
                                        "tls-client-key-file-pass"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Cuts one line into name and value, without quotes around the whole value. */
static bool cut(const char *line, size_t length, char *name, char *value)
{
    size_t at = 0;
    size_t n = 0;
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    if (at == length || line[at] == '#')
        return false;
    for (; at < length && line[at] != ' ' && line[at] != '\t'; at++)
        if (n < REDIS_CONF_LINE_MAX - 1)
            name[n++] = line[at];
    name[n] = '\0';
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    while (length > at &&
           (line[length - 1] == ' ' || line[length - 1] == '\t' || line[length - 1] == '\r'))
        length--;
    bool quoted =
        length > at + 1 && (line[at] == '"' || line[at] == '\'') && line[length - 1] == line[at];
    at += quoted ? 1 : 0;
    length -= quoted ? 1 : 0;
    for (n = 0; at < length && n < REDIS_CONF_LINE_MAX - 1; at++)
        value[n++] = line[at];
    value[n] = '\0';
    return true;
}

static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 32 || (unsigned char)*text >= 127)
            *text = '?';
}

enum redis_conf_aof redis_conf_read(const char *text, size_t length, redis_conf_line *each,
                                    void *context)
{
    enum redis_conf_aof aof = REDIS_CONF_AOF_OFF; /* Redis' default */
    size_t lines = 0;
    while (length > 0) {
        char name[REDIS_CONF_LINE_MAX];
        char value[REDIS_CONF_LINE_MAX];
        const char *end = memchr(text, '\n', length);
        size_t line = end == NULL ? length : (size_t)(end - text);
        if (memchr(text, '\0', line) == NULL && cut(text, line, name, value)) {
            if (strcasecmp(name, "include") == 0)
                aof = REDIS_CONF_AOF_UNKNOWN;
            else if (strcasecmp(name, "appendonly") == 0)
                aof = strcasecmp(value, "yes") == 0  ? REDIS_CONF_AOF_ON
                      : strcasecmp(value, "no") == 0 ? REDIS_CONF_AOF_OFF
                                                     : REDIS_CONF_AOF_UNKNOWN;
            clean(name);
            clean(value);
            if (each != NULL && lines++ < REDIS_CONF_LINES_MAX)
                each(context, name, redis_conf_secret(name) ? "(not shown)" : value);
        }
        size_t used = end == NULL ? line : line + 1;
        text += used;
        length -= used;
    }
    return aof;
}

char *redis_conf_load(const char *path, size_t *ret_length)
{
    struct stat s;
    char *text = NULL;
    int fd = path[0] == '\0' ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && (size_t)s.st_size <= REDIS_CONF_BYTES_MAX)
        text = malloc((size_t)s.st_size + 1);
    ssize_t n = text == NULL ? -1 : read(fd, text, (size_t)s.st_size);
    (void)close(fd);
    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    *ret_length = (size_t)n;
    return text;
}

enum redis_conf_aof redis_conf_aof_of(const char *path)
{
    size_t length = 0;
    char *text = redis_conf_load(path, &length);
    if (text == NULL)
        return REDIS_CONF_AOF_UNKNOWN;
    enum redis_conf_aof aof = redis_conf_read(text, length, NULL, NULL);
    free(text);
    return aof;
}
