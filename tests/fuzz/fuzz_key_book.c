/* key-rotations.json: what is taken is written again as the same, and each record has a key and a phase. */
#include <string.h>

#include "base/str.h"
#include "io/file.h"
#include "sshkeys/key_book.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct key_book book;
    static struct key_book again;
    struct buf once ATTR_CLEANUP(buf_free) = BUF_LIMIT(KEY_BOOK_SIZE_MAX);
    struct buf twice ATTR_CLEANUP(buf_free) = BUF_LIMIT(KEY_BOOK_SIZE_MAX);
    struct error err = {0};
    char path[128];
    char folder[128];
    (void)fuzz_path(KEY_BOOK_FILE, path);
    (void)str_copy_n(folder, sizeof folder, path, (size_t)(strrchr(path, '/') - path));
    fuzz_write(path, data, size);
    if (key_book_open(&book, folder, &err) < 0) {
        PROMISE(err.text[0] != '\0');
        return 0;
    }
    PROMISE(book.count <= KEY_ROTATIONS_MAX);
    for (size_t i = 0; i < book.count; i++)
        PROMISE(book.records[i].key[0] == '/' && book.records[i].recorded != KEY_IDLE);
    PROMISE(key_book_write(&book, &err) == 0 && file_read(path, &once, &err) == 0);
    PROMISE(key_book_open(&again, folder, &err) == 0 && again.count == book.count);
    PROMISE(key_book_write(&again, &err) == 0 && file_read(path, &twice, &err) == 0);
    PROMISE(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
    return 0;
}
