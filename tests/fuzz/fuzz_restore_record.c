/* A row of the database as a restore: what is taken is written again as the same, and its copy of the data is
 * found within one folder. */
#include "base/json.h"
#include "base/mem.h"
#include "restore/restores_inside.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    static struct entry one;
    static struct entry two;
    json_t *o JSON_CLEANUP = json_loadb((const char *)data, size, JSON_READ_FLAGS, NULL);
    if (!json_is_object(o))
        return 0;
    one = two = (struct entry){.target = -1};
    if (entry_read(&one, o, &err) < 0) {
        PROMISE(err.text[0] != '\0');
    } else {
        json_t *once JSON_CLEANUP = entry_body(&one);
        PROMISE(once != NULL && entry_read(&two, once, NULL) == 0);
        json_t *twice JSON_CLEANUP = entry_body(&two);
        PROMISE(json_equal(once, twice));
        PROMISE(one.job.staged[0] == '\0' || placement_id_valid(one.job.staged));
        PROMISE(one.database_count <= CHECK_DATABASES_MAX);
    }
    mem_free(one.databases);
    mem_free(two.databases);
    return 0;
}
