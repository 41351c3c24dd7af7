/* What the restore helper of another host printed: a folder and names that are taken are plain. */
#include <string.h>

#include "base/mem.h"
#include "restore/helper_facts.h"
#include "support.h"

static void line(void *context, const char *name, const char *value)
{
    size_t *lines = context;
    PROMISE(name != NULL && value != NULL && ++*lines <= HELPER_FACTS_LINES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct placement_place place;
    struct placement_facts facts;
    enum redis_conf_aof aof;
    struct error err = {0};
    size_t lines = 0;
    char *text = input_text(input_of(data, size));
    placement_defaults(&place);
    if (helper_facts_read(text, &place, &facts, &aof, line, &lines, &err) == 0) {
        PROMISE(placement_dir_valid(place.dir) && placement_name_valid(place.dump));
        PROMISE(placement_name_valid(place.aof_folder) && placement_name_valid(place.aof_name));
        PROMISE(facts.newest_aside[0] == '\0' || placement_id_valid(facts.newest_aside));
    } else {
        PROMISE(err.text[0] != '\0');
    }
    mem_free(text);
    return 0;
}
