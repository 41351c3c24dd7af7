/* The bytes of a stranger's header as every header that is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "web/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char value[64];
    size_t length;
    char *text = mem_strndup((const char *)data, size);
    if (text == NULL)
        return 0;
    if (header_cookie(text, "__Host-resus", value, sizeof value) && strlen(value) >= sizeof value)
        abort();
    if (header_bearer(text, value, sizeof value) && strpbrk(value, "\r\n \t;,\"") != NULL)
        abort();
    if (header_length(text, &length) && strspn(text, "0123456789") != strlen(text))
        abort();
    (void)header_same_origin(text, "https", "127.0.0.1:8443");
    (void)header_accepts(text, "br");
    (void)header_matches(text, "\"0123456789abcdef\"");
    (void)header_is_json(text);
    mem_free(text);
    return 0;
}
