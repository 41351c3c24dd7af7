#include "web/gzip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#include "base/mem.h"

#define WINDOW_GZIP (15 + 16) /* the largest window, and gzip's own head and end */
#define MEMORY_LEVEL 8        /* zlib's usual one */
#define STEP 16384

struct gzip {
    z_stream stream;
};

/* Level 1: this text shrinks to a tenth by it, and the others cost the loop more than the wire. */
struct gzip *gzip_new(void)
{
    struct gzip *z = mem_calloc(1, sizeof *z);
    if (z == NULL)
        return NULL;
    if (deflateInit2(&z->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) == Z_OK)
        return z;
    mem_free(z);
    return NULL;
}

void gzip_free(struct gzip *z)
{
    if (z == NULL)
        return;
    (void)deflateEnd(&z->stream);
    mem_free(z);
}

int gzip_put(struct gzip *z, const char *text, size_t length, bool end, struct buf *out)
{
    char step[STEP];
    int r = 0;
    if (length > UINT_MAX)
        return -ENOBUFS;
    z->stream.next_in = (z_const Bytef *)text;
    z->stream.avail_in = (uInt)length;
    do {
        z->stream.next_out = (Bytef *)step;
        z->stream.avail_out = sizeof step;
        (void)deflate(&z->stream, end ? Z_FINISH : Z_NO_FLUSH);
        r = buf_append(out, step, sizeof step - z->stream.avail_out);
    } while (r == 0 && z->stream.avail_out == 0);
    return r;
}
