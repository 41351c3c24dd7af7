#include "base/json.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static void wipe_and_free(void *p)
{
    if (p != NULL)
        mem_wipe(p, malloc_usable_size(p));
    free(p);
}

/* Before main: jansson keeps passwords and tokens in values, in its reader's buffer and in its
 * writer's, and only its own allocator sees all three go. */
__attribute__((constructor)) static void wipe_what_jansson_frees(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
}

bool json_put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

bool json_put_text(json_t *object, const char *key, const char *text)
{
    if (text == NULL)
        return json_put_null(object, key);
    size_t length = strlen(text);
    if (str_utf8(text, length))
        return json_put(object, key, json_stringn(text, length));
    char *clean = mem_calloc(length + 1, 1);
    if (clean == NULL)
        return false;
    (void)str_copy_clean(clean, length + 1, text, length);
    bool ok = json_put(object, key, json_string(clean));
    mem_free(clean);
    return ok;
}

bool json_put_int(json_t *object, const char *key, int64_t value)
{
    return json_put(object, key, json_integer(value));
}

bool json_put_real(json_t *object, const char *key, double value)
{
    return json_put(object, key, isfinite(value) ? json_real(value) : json_null());
}

bool json_put_bool(json_t *object, const char *key, bool value)
{
    return json_put(object, key, json_boolean(value));
}

bool json_put_null(json_t *object, const char *key)
{
    return json_put(object, key, json_null());
}

bool json_put_wall(json_t *object, const char *key, wall_ms t)
{
    char text[WALL_TEXT_SIZE];
    return t.ms == 0 ? json_put_null(object, key) : json_put_text(object, key, wall_text(t, text));
}

const char *json_text_or(const json_t *object, const char *key, const char *otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : otherwise;
}

int64_t json_int_or(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

double json_real_or(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool json_bool_or(const json_t *object, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

json_t *json_rounded(double value, int digits)
{
    if (!isfinite(value))
        return json_null();
    double scale = pow(10, digits);
    return json_real(round(value * scale) / scale);
}
