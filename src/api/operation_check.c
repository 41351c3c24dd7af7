/* Are the arguments of a call what the table of operations says? */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/operations.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/time.h"

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static int check_text(const struct field *f, const json_t *value, struct error *err)
{
    const char *text = json_string_value(value);
    if (text == NULL || (int64_t)characters(text) < f->min || (int64_t)characters(text) > f->max)
        return error_set(err, -EINVAL,
                         "`%s` must be a text of %" PRId64 " to %" PRId64 " characters", f->name,
                         f->min, f->max);
    uint32_t c = 0;
    for (const char *p = text; *p != '\0'; p += str_code_point(p, &c))
        if (str_code_point(p, &c) > 0 && str_misleading(c) && c != '\n' && c != '\t')
            return error_set(err, -EINVAL, "`%s` must not have control characters", f->name);
    return 0;
}

static int check_number(const struct field *f, const json_t *value, struct error *err)
{
    bool good = f->type == FIELD_INT ? json_is_integer(value) : json_is_number(value);
    if (!good || json_number_value(value) < (double)f->min ||
        json_number_value(value) > (double)f->max)
        return error_set(err, -EINVAL, "`%s` must be a %snumber from %" PRId64 " to %" PRId64,
                         f->name, f->type == FIELD_INT ? "whole " : "", f->min, f->max);
    return 0;
}

static int check_choice(const struct field *f, const json_t *value, struct error *err)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    char wanted[128] = "";
    for (size_t i = 0; f->choices[i] != NULL; i++) {
        if (str_equal(f->choices[i], text))
            return 0;
        (void)str_append(wanted, sizeof wanted, "%s%s", i == 0 ? "" : ", ", f->choices[i]);
    }
    return error_set(err, -EINVAL, "`%s` must be one of %s", f->name, wanted);
}

/* Seconds as a number, or "2h". */
static int check_duration(const struct field *f, const json_t *value, struct error *err)
{
    int64_t ms;
    if (json_is_string(value) && parse_duration(json_string_value(value), &ms, NULL) == 0 &&
        ms >= f->min * 1000 && ms <= f->max * 1000)
        return 0;
    if (json_is_number(value))
        return check_number(f, value, err);
    return error_set(err, -EINVAL,
                     "`%s` must be a time such as 30s or 2h, from %" PRId64 " to %" PRId64
                     " seconds",
                     f->name, f->min, f->max);
}

/* Any bytes that are UTF-8 and not NUL: a password may have control characters. */
static int check_secret(const struct field *f, const json_t *value, struct error *err)
{
    int64_t length = json_is_string(value) ? (int64_t)json_string_length(value) : -1;
    if (length < f->min || length > f->max ||
        memchr(json_string_value(value), '\0', (size_t)length))
        return error_set(err, -EINVAL, "`%s` must be a text of %" PRId64 " to %" PRId64 " bytes",
                         f->name, f->min, f->max);
    return 0;
}

static int check_texts(const struct field *f, const json_t *value, struct error *err)
{
    size_t i;
    json_t *text;
    if (!json_is_array(value) || json_array_size(value) > OPERATION_TEXTS_MAX)
        return error_set(err, -EINVAL, "`%s` must be a list of at most %d texts", f->name,
                         OPERATION_TEXTS_MAX);
    json_array_foreach(value, i, text) {
        int r = check_text(f, text, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_value(const struct field *f, const json_t *value, struct error *err)
{
    wall_ms ignored;
    switch (f->type) {
    case FIELD_TEXT:
        return check_text(f, value, err);
    case FIELD_SECRET:
        return check_secret(f, value, err);
    case FIELD_TEXTS:
        return check_texts(f, value, err);
    case FIELD_INT:
    case FIELD_REAL:
        return check_number(f, value, err);
    case FIELD_BOOL:
        return json_is_boolean(value)
                   ? 0
                   : error_set(err, -EINVAL, "`%s` must be true or false", f->name);
    case FIELD_CHOICE:
        return check_choice(f, value, err);
    case FIELD_DURATION:
        return check_duration(f, value, err);
    case FIELD_TIME:
        return json_is_string(value) && wall_parse(json_string_value(value), &ignored) == 0
                   ? 0
                   : error_set(err, -EINVAL, "`%s` must be a time such as 2025-10-10T14:30:00Z",
                               f->name);
    case FIELD_OBJECT:
        return json_is_object(value) ? 0
                                     : error_set(err, -EINVAL, "`%s` must be an object", f->name);
    }
    return error_set(err, -EINVAL, "`%s` is of no known type", f->name);
}

static int unknown_field(const struct operation *operation, const char *name, struct error *err)
{
    const char *names[OPERATION_FIELDS_MAX] = {NULL};
    size_t count = 0;
    for (const struct field *f = operation->fields; f->name != NULL; f++)
        names[count++] = f->name;
    const char *nearest = str_nearest(names, count, name);
    char shown[64], known[256] = "";
    for (size_t i = 0; nearest == NULL && i < count; i++)
        (void)str_append(known, sizeof known, "%s%s", i == 0 ? ": it takes " : ", ", names[i]);
    (void)str_copy_clean(shown, sizeof shown, name, strlen(name));
    return error_set(err, -EINVAL, "%s takes no field `%s`%s%s%s", operation->name, shown,
                     nearest == NULL ? known : "; did you mean `", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "`?");
}

int operation_check(const struct operation *operation, const json_t *args, struct error *err)
{
    const char *name;
    json_t *ignored;
    if (args != NULL && !json_is_object(args))
        return error_set(err, -EINVAL, "the arguments of %s must be an object", operation->name);
    json_object_foreach((json_t *)args, name, ignored) /* the macro's iterator is not const */
    {
        const struct field *f = operation->fields;
        while (f->name != NULL && !str_equal(f->name, name))
            f++;
        if (f->name == NULL)
            return unknown_field(operation, name, err);
    }
    for (const struct field *f = operation->fields; f->name != NULL; f++) {
        const json_t *value = json_object_get(args, f->name);
        bool absent = value == NULL || json_is_null(value);
        if (absent && f->required)
            return error_set(err, -EINVAL, "%s needs the field `%s`", operation->name, f->name);
        int r = absent ? 0 : check_value(f, value, err);
        if (r < 0)
            return r;
    }
    return 0;
}
