/* manifest.json: what is read can be written, and is read again as the same text. */
#include <string.h>

#include "backups/manifest.h"
#include "base/mem.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct manifest m;
    struct input in = input_of(data, size);
    struct buf once = BUF_LIMIT(MANIFEST_BYTES_MAX);
    struct buf twice = BUF_LIMIT(MANIFEST_BYTES_MAX);
    struct error err = {0};
    char *text = input_text(in);
    if (manifest_read(text, in.left, &m, &err) < 0) {
        PROMISE(err.code < 0 && err.text[0] != '\0');
    } else {
        PROMISE(manifest_id_valid(m.id));
        PROMISE(manifest_write(&m, &once, NULL) == 0);
        PROMISE(manifest_read(once.data, once.length, &m, &err) == 0);
        PROMISE(manifest_write(&m, &twice, NULL) == 0);
        PROMISE(strcmp(once.data, twice.data) == 0);
    }
    mem_free(text);
    buf_free(&once);
    buf_free(&twice);
    return 0;
}
