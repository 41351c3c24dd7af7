/* Pours keys from one server into another one, for figures; not installed.
 *
 *   pour-one SOURCE_SOCKET TARGET_SOCKET exact|overwrite|missing
 *
 * Prints the keys that were restored, removed and kept; the status is 1 when it failed. */
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/str.h"
#include "restore/pour.h"

static int status = 1;

static void on_poured(void *context, const struct pour_result *result)
{
    (void)context;
    (void)printf("%lld %lld %lld\n", (long long)result->restored, (long long)result->removed,
                 (long long)result->kept);
    if (result->error.code != 0)
        (void)fprintf(stderr, "pour-one: %s\n", result->error.text);
    else
        status = 0;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"exact", "overwrite", "missing"};
    static struct redis_settings source;
    static struct redis_settings target;
    uv_loop_t loop;
    struct pour *p = NULL;
    struct error err;
    int mode = argc == 4 ? str_index(modes, ARRAY_LENGTH(modes), argv[3]) : -1;
    if (mode < 0 || uv_loop_init(&loop) < 0) {
        (void)fprintf(stderr, "usage: pour-one SOURCE_SOCKET TARGET_SOCKET MODE\n");
        return 2;
    }
    (void)str_copy(source.socket, sizeof source.socket, argv[1]);
    (void)str_copy(target.socket, sizeof target.socket, argv[2]);
    const struct pour_options options = {.permit = &permit_alone,
                                         .source = &source,
                                         .target = &target,
                                         .mode = (enum restore_mode)mode,
                                         .db = -1,
                                         .pattern = "",
                                         .silence_ms = 60000};
    if (pour_start(&loop, &options, on_poured, NULL, &p, &err) < 0) {
        (void)fprintf(stderr, "pour-one: %s\n", err.text);
        return 2;
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    return status;
}
