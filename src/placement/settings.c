#include "placement/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum placement_result bad(struct placement_error *err, int line, const char *what)
{
    (void)snprintf(err->text, sizeof err->text, "%s:%d: %s", SETTINGS_FILE, line, what);
    return PLACEMENT_SETTINGS;
}

static bool take_number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *ret = value;
    return errno == 0 && *end == '\0';
}

static bool take_text(const char *value, char *to, size_t size, bool valid)
{
    if (!valid || strlen(value) >= size)
        return false;
    (void)snprintf(to, size, "%s", value);
    return true;
}

static const char *take(const char *key, const char *value, struct placement_place *p)
{
    bool ok = false;
    if (strcmp(key, "dir") == 0)
        ok = take_text(value, p->dir, sizeof p->dir, placement_dir_valid(value));
    else if (strcmp(key, "config") == 0)
        ok = take_text(value, p->config, sizeof p->config, placement_dir_valid(value));
    else if (strcmp(key, "dbfilename") == 0)
        ok = take_text(value, p->dump, sizeof p->dump, placement_name_valid(value));
    else if (strcmp(key, "appenddirname") == 0)
        ok = take_text(value, p->aof_folder, sizeof p->aof_folder, placement_name_valid(value));
    else if (strcmp(key, "appendfilename") == 0)
        ok = take_text(value, p->aof_name, sizeof p->aof_name, placement_name_valid(value));
    else if (strcmp(key, "max_bytes") == 0)
        ok = take_number(value, &p->bytes_max);
    else if (strcmp(key, "reserve_bytes") == 0)
        ok = take_number(value, &p->reserve_bytes);
    else
        return "unknown setting";
    return ok ? NULL : "this value is not allowed";
}

/* One line into key and value; false when it is empty. */
static bool cut(char *line, char **ret_key, char **ret_value)
{
    size_t length = strcspn(line, "#");
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    line[length] = '\0';
    line += strspn(line, " \t");
    *ret_key = line;
    line += strcspn(line, " \t");
    if (*line != '\0')
        *line++ = '\0';
    *ret_value = line + strspn(line, " \t");
    return **ret_key != '\0';
}

enum placement_result settings_parse(const char *text, size_t length, const char *name,
                                     struct placement_place *ret, struct placement_error *err)
{
    struct placement_place place;
    bool inside = false;
    bool found = false;
    int number = 0;
    placement_defaults(&place);
    while (length > 0) {
        char line[SETTINGS_LINE_MAX];
        char *key = NULL;
        char *value = NULL;
        const char *end = memchr(text, '\n', length);
        size_t part = end == NULL ? length : (size_t)(end - text);
        number++;
        if (part >= sizeof line || memchr(text, '\0', part) != NULL)
            return bad(err, number, "the line is too long, or not text");
        memcpy(line, text, part);
        line[part] = '\0';
        size_t used = end == NULL ? part : part + 1;
        text += used;
        length -= used;
        if (!cut(line, &key, &value))
            continue;
        size_t size = strlen(key);
        if (key[0] == '[') {
            if (size < 3 || key[size - 1] != ']' || *value != '\0')
                return bad(err, number, "a section is [NAME]");
            key[size - 1] = '\0';
            inside = strcmp(key + 1, name) == 0;
            if (inside && found)
                return bad(err, number, "this section is there twice");
            found = found || inside;
            continue;
        }
        const char *why = inside ? take(key, value, &place) : NULL;
        if (why != NULL)
            return bad(err, number, why);
    }
    if (!found || place.dir[0] == '\0')
        return bad(err, number, found ? "the section has no `dir`" : "no section of this name");
    *ret = place;
    return PLACEMENT_OK;
}

enum placement_result settings_read(const char *path, unsigned owner, const char *name,
                                    struct placement_place *ret, struct placement_error *err)
{
    struct stat s;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) < 0) {
        (void)snprintf(err->text, sizeof err->text, "cannot read %s: %s", path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return PLACEMENT_SETTINGS;
    }
    char *text = NULL;
    ssize_t n = -1;
    if (S_ISREG(s.st_mode) && s.st_uid == owner && (s.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
        (size_t)s.st_size <= SETTINGS_BYTES_MAX)
        text = malloc((size_t)s.st_size + 1);
    if (text != NULL)
        n = read(fd, text, (size_t)s.st_size);
    (void)close(fd);
    if (n < 0)
        (void)snprintf(err->text, sizeof err->text,
                       "%s has to be a file that only root may write, of at most %zu bytes", path,
                       SETTINGS_BYTES_MAX);
    enum placement_result r =
        n < 0 ? PLACEMENT_SETTINGS : settings_parse(text, (size_t)n, name, ret, err);
    free(text);
    return r;
}
