/* Foreign text for a terminal: one text, and the same bytes as JSON. Nothing that is left moves a
 * cursor, recolours or turns the reading direction. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/page.h"
#include "support.h"

static void check(const char *text)
{
    static const char *const banned[] = {"\xD8\x9C",     "\xE2\x80\x8E", "\xE2\x80\x8F",
                                         "\xE2\x80\xA8", "\xE2\x80\xAE", "\xE2\x81\xA6",
                                         "\xE2\x81\xA9", "\xEF\xBB\xBF"};
    PROMISE(str_utf8(text, strlen(text)));
    for (size_t i = 0; i < ARRAY_LENGTH(banned); i++)
        PROMISE(strstr(text, banned[i]) == NULL);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        PROMISE(*c >= 0x20 && *c != 0x7F && !(c[0] == 0xC2 && c[1] < 0xA0));
}

static void check_json(const json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value))
        check(json_string_value(value));
    json_object_foreach((json_t *)value, key, member) {
        check(key);
        check_json(member);
    }
    json_array_foreach(value, i, member) {
        check_json(member);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = input_text(input_of(data, size));
    char *clean = mem_must(page_clean_text(text));
    check(clean);
    (void)page_width(clean);
    char *again = mem_must(page_clean_text(clean));
    PROMISE(str_equal(again, clean));
    JSON_CLEANUP json_t *value = json_loadb(text, size, JSON_READ_FLAGS | JSON_DECODE_ANY, NULL);
    JSON_CLEANUP json_t *made = value == NULL ? NULL : page_clean(value);
    if (value != NULL) {
        PROMISE(made != NULL && json_typeof(made) == json_typeof(value));
        check_json(made);
    }
    mem_free(again);
    mem_free(clean);
    mem_free(text);
    return 0;
}
