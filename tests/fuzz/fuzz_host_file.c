/* host.json of a backup, which a place for copies may have given back: what is taken has members of the right
 * types, and is read again as the same when it is written. */
#include <string.h>

#include "backups/host_file.h"
#include "base/json.h"
#include "base/mem.h"
#include "support.h"

static void check_list(const json_t *list, bool texts)
{
    size_t i;
    const json_t *one;
    PROMISE(list == NULL || json_is_null(list) || json_is_array(list));
    json_array_foreach(list, i, one) {
        PROMISE(texts ? json_is_string(one) : json_is_object(one));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    char *text = input_text(in);
    json_t *host JSON_CLEANUP = host_file_parse(text, in.left);
    mem_free(text);
    if (host == NULL)
        return 0;
    const char *name;
    json_t *value;
    PROMISE(json_is_object(json_object_get(host, "server")));
    json_object_foreach(json_object_get(host, "config"), name, value) {
        PROMISE(json_is_string(value));
    }
    check_list(json_object_get(host, "changed"), true);
    check_list(json_object_get(host, "secrets"), true);
    check_list(json_object_get(host, "acl"), false);
    host_file_compare(host, json_object_get(host, "config"));
    char *again = json_dumps(host, JSON_WRITE_FLAGS);
    PROMISE(again != NULL);
    json_t *twice JSON_CLEANUP = host_file_parse(again, strlen(again));
    PROMISE(json_equal(host, twice));
    mem_free(again);
    return 0;
}
