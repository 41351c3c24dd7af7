/* What the restore helper reads: its settings, redis.conf, the first line of its input, names. What it accepts
 * stays within one folder. */
#include <string.h>

#include "base/mem.h"
#include "placement/order.h"
#include "placement/redis_conf.h"
#include "placement/settings.h"
#include "support.h"

static void line(void *context, const char *name, const char *value)
{
    (void)context;
    PROMISE(strlen(name) > 0 && strlen(name) < REDIS_CONF_LINE_MAX);
    PROMISE(strlen(value) < REDIS_CONF_LINE_MAX);
    for (const char *at = value; *at != '\0'; at++)
        PROMISE(*at >= 32 && *at < 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct placement_place place;
    struct placement_error err = {0};
    struct placement_stage stage = {0};
    char *text = input_text(in);
    if (settings_parse(text, in.left, "redis-server", &place, &err) == PLACEMENT_OK) {
        PROMISE(placement_dir_valid(place.dir) && strstr(place.dir, "/../") == NULL);
        PROMISE(strchr(place.dump, '/') == NULL && strchr(place.aof_folder, '/') == NULL);
        PROMISE(strchr(place.aof_name, '/') == NULL && place.dump[0] != '.');
    } else {
        PROMISE(err.text[0] != '\0');
    }
    (void)redis_conf_read(text, in.left, line, NULL);
    if (order_stage(text, &stage))
        PROMISE(strlen(stage.sha256) == 64);
    PROMISE(!placement_id_valid(text) || strchr(text, '/') == NULL);
    mem_free(text);
    return 0;
}
