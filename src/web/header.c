#include "web/header.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

#define LENGTH_DIGITS_MAX 18
#define BLANKS " \t"

static bool is_token_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '+' || c == '/' || c == '=';
}

static bool copy_token(const char *text, size_t length, char *to, size_t size)
{
    if (length == 0 || length >= size)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_token_byte(text[i]))
            return false;
    return str_copy_n(to, size, text, length);
}

bool header_cookie(const char *cookies, const char *name, char *to, size_t size)
{
    size_t name_length = strlen(name);
    const char *value = NULL;
    size_t value_length = 0;
    for (const char *at = cookies; *at != '\0';) {
        at += strspn(at, BLANKS ";");
        size_t length = strcspn(at, ";");
        if (length > name_length && at[name_length] == '=' && memcmp(at, name, name_length) == 0) {
            if (value != NULL)
                return false;
            value = at + name_length + 1;
            value_length = length - name_length - 1;
        }
        at += length;
    }
    while (value_length > 0 && strchr(BLANKS, value[value_length - 1]) != NULL)
        value_length--;
    return value != NULL && copy_token(value, value_length, to, size);
}

bool header_bearer(const char *authorization, char *to, size_t size)
{
    static const char scheme[] = "bearer";
    size_t length = sizeof scheme - 1;
    if (strncasecmp(authorization, scheme, length) != 0)
        return false;
    size_t blanks = strspn(authorization + length, BLANKS);
    const char *token = authorization + length + blanks;
    size_t token_length = strlen(token);
    while (token_length > 0 && strchr(BLANKS, token[token_length - 1]) != NULL)
        token_length--;
    return blanks > 0 && copy_token(token, token_length, to, size);
}

bool header_same_origin(const char *origin, const char *scheme, const char *host)
{
    static const char behind[] = "://";
    size_t length = strlen(scheme);
    size_t whole = length + sizeof behind - 1;
    return host[0] != '\0' && strncasecmp(origin, scheme, length) == 0 &&
           strncmp(origin + length, behind, sizeof behind - 1) == 0 &&
           strcasecmp(origin + whole, host) == 0;
}

static bool is_zero_weight(const char *parameters, size_t length)
{
    const char *q = NULL;
    for (size_t i = 0; i + 1 < length && q == NULL; i++)
        if ((parameters[i] == 'q' || parameters[i] == 'Q') && parameters[i + 1] == '=')
            q = parameters + i + 2;
    if (q == NULL)
        return false;
    const char *end = parameters + length;
    for (; q < end && strchr(BLANKS ";", *q) == NULL; q++)
        if (*q != '0' && *q != '.')
            return false;
    return true;
}

bool header_accepts(const char *accept, const char *coding)
{
    size_t name_length = strlen(coding);
    for (const char *at = accept; *at != '\0';) {
        at += strspn(at, BLANKS ",");
        size_t length = strcspn(at, ",");
        size_t word = strcspn(at, BLANKS ",;");
        if (word == name_length && strncasecmp(at, coding, word) == 0)
            return !is_zero_weight(at + word, length - word);
        at += length;
    }
    return false;
}

bool header_matches(const char *list, const char *tag)
{
    size_t tag_length = strlen(tag);
    for (const char *at = list; *at != '\0';) {
        at += strspn(at, BLANKS ",");
        size_t length = strcspn(at, ",");
        size_t word = strcspn(at, BLANKS ",");
        const char *begin = at;
        if (word >= 2 && begin[0] == 'W' && begin[1] == '/') {
            begin += 2;
            word -= 2;
        }
        if ((word == 1 && *begin == '*') ||
            (word == tag_length && memcmp(begin, tag, tag_length) == 0))
            return true;
        at += length;
    }
    return false;
}

bool header_length(const char *text, size_t *ret)
{
    size_t digits = strspn(text, "0123456789");
    size_t value = 0;
    if (digits == 0 || digits > LENGTH_DIGITS_MAX || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (size_t)(text[i] - '0');
    *ret = value;
    return true;
}

bool header_is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t length = sizeof json - 1;
    return strncasecmp(type, json, length) == 0 &&
           (type[length] == '\0' || strchr(BLANKS ";", type[length]) != NULL);
}
