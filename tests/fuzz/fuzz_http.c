/* A stranger's bytes as the head of a request and as frames of a WebSocket. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "web/http.h"
#include "web/proxy.h"
#include "web/wsframe.h"

#define LIMIT 512

static void inside(struct http_text text, const char *bytes, size_t length)
{
    if (text.at != NULL && (text.at < bytes || text.at + text.length > bytes + length))
        abort();
    if (text.at != NULL && memchr(text.at, '\r', text.length) != NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_head head;
    struct wsframe frame;
    /* A copy of its own size: a byte too far is found. */
    char *bytes = size == 0 ? NULL : mem_calloc(1, size);
    if (bytes == NULL)
        return 0;
    memcpy(bytes, data, size);
    int n = http_read(bytes, size, LIMIT, &head);
    if (n > 0) {
        if ((size_t)n > size || n > LIMIT || memcmp(bytes + n - 4, "\r\n\r\n", 4) != 0)
            abort();
        inside(head.method, bytes, (size_t)n);
        inside(head.path, bytes, (size_t)n);
        inside(head.query, bytes, (size_t)n);
        for (size_t i = 0; i < FIELD_COUNT; i++) {
            inside(head.fields[i], bytes, (size_t)n);
            (void)http_lists(head.fields[i], "close");
        }
        /* Everybody is trusted: all that is there is read. */
        static const struct proxies all = {.count = 1};
        char client[NETWORK_TEXT_MAX];
        proxies_client(&all, &head, "127.0.0.1", client);
        if (!network_plain(client, client, sizeof client))
            abort();
        /* What is read is read the same however it is cut. */
        if (http_read(bytes, (size_t)n, LIMIT, &head) != n ||
            http_read(bytes, (size_t)n - 1, LIMIT, &head) != 0)
            abort();
    } else if (n == 0 && size >= LIMIT) {
        abort();
    }
    n = wsframe_read((const unsigned char *)bytes, size, &frame);
    if (n > 0 && ((size_t)n > size || frame.length > WSFRAME_LENGTH_MAX))
        abort();
    mem_free(bytes);
    return 0;
}
