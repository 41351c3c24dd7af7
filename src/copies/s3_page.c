#include "copies/s3_page.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* The text of the next element of that name at or after *at, which moves behind it; false = none. */
static bool element(const char *text, size_t length, size_t *at, const char *name, char *to,
                    size_t size)
{
    char open[32];
    char close[32];
    if (!str_format(open, sizeof open, "<%s>", name) ||
        !str_format(close, sizeof close, "</%s>", name))
        return false;
    const char *begin = str_find(text + *at, length - *at, open);
    if (begin == NULL)
        return false;
    begin += strlen(open);
    const char *end = str_find(begin, length - (size_t)(begin - text), close);
    if (end == NULL)
        return false;
    *at = (size_t)(end - text) + strlen(close);
    if (!str_copy_n(to, size, begin, (size_t)(end - begin)))
        to[0] = '\0'; /* too long for what is looked for */
    return true;
}

int s3_page_read(const char *text, size_t length, s3_page_key *key, void *context,
                 char token[S3_TOKEN_MAX], struct error *err)
{
    char found[S3_KEY_MAX + 1];
    char truncated[8] = "";
    size_t at = 0;
    token[0] = '\0';
    if (str_find(text, length, "<ListBucketResult") == NULL ||
        str_find(text, length, "</ListBucketResult>") == NULL)
        return error_set(err, -EBADMSG, "the answer is no list of a bucket");
    while (element(text, length, &at, "Key", found, sizeof found)) {
        if (found[0] == '\0' || strpbrk(found, "&<>") != NULL)
            continue;
        int r = key(context, found, err);
        if (r < 0)
            return r;
    }
    at = 0;
    if (!element(text, length, &at, "IsTruncated", truncated, sizeof truncated) ||
        !str_equal(truncated, "true"))
        return 0;
    at = 0;
    if (!element(text, length, &at, "NextContinuationToken", token, S3_TOKEN_MAX) ||
        token[0] == '\0' || strpbrk(token, "&<>") != NULL)
        return error_set(err, -EBADMSG, "the list goes on, and how is missing");
    return 0;
}

void s3_error_text(const char *text, size_t length, char *to, size_t size)
{
    char code[64] = "";
    char message[256] = "";
    char whole[sizeof code + sizeof message + 2];
    size_t at = 0;
    (void)element(text, length, &at, "Code", code, sizeof code);
    at = 0;
    (void)element(text, length, &at, "Message", message, sizeof message);
    (void)str_format(whole, sizeof whole, "%s%s%s", code, message[0] == '\0' ? "" : ": ", message);
    (void)str_copy_clean(to, size, whole, strlen(whole));
}
