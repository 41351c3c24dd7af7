/* A page of a bucket's list, and the text of an error. The keys that come out stand in the bytes, have
 * no markup, and come in their order. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "copies/s3_page.h"
#include "support.h"

struct seen {
    const char *text;
    size_t length, at, count;
};

static int on_key(void *context, const char *key, struct error *err)
{
    struct seen *s = context;
    size_t length = strlen(key);
    PROMISE(length > 0 && length <= S3_KEY_MAX && strpbrk(key, "&<>") == NULL);
    const char *found = str_find(s->text + s->at, s->length - s->at, key);
    PROMISE(found != NULL);
    s->at = (size_t)(found - s->text) + length;
    return ++s->count == 100 ? error_set(err, -1, "enough") : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    char *text = input_text(in);
    struct seen seen = {.text = text, .length = in.left};
    struct error err = {0};
    char token[S3_TOKEN_MAX];
    char said[64];
    int r = s3_page_read(text, in.left, on_key, &seen, token, &err);
    PROMISE(r == 0 || err.text[0] != '\0');
    PROMISE(strpbrk(token, "<>") == NULL || r < 0);
    s3_error_text(text, in.left, said, sizeof said);
    PROMISE(str_utf8(said, strlen(said)));
    mem_free(text);
    return 0;
}
