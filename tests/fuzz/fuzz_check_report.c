/* What redis-check-rdb and a loading server print. */
#include <string.h>

#include "backups/check_report.h"
#include "base/mem.h"
#include "base/str.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct check_report check;
    struct load_report load;
    struct input in = input_of(data, size);
    char *text = input_text(in);
    check_report_read(text, in.left, &check);
    load_report_read(text, in.left, &load);
    PROMISE(check.database_count <= CHECK_DATABASES_MAX);
    PROMISE(check.sound || check.trouble != CHECK_NO_TROUBLE);
    PROMISE(check.keys >= -1 && check.expires >= -1 && check.expired >= -1);
    for (size_t i = 0; i < check.database_count; i++)
        PROMISE(check.databases[i].db >= 0 && check.offsets[i] >= 0);
    PROMISE(str_utf8(check.text, strlen(check.text)) && str_utf8(load.text, strlen(load.text)));
    PROMISE(str_utf8(check.module, strlen(check.module)));
    PROMISE((load.trouble == CHECK_NO_TROUBLE) == (load.text[0] == '\0'));
    mem_free(text);
    return 0;
}
