/* A row of the database as an occurrence of a maintenance window: what is taken is written again as
 * the same, and goes on to an end. */
#include "alerts/window_json.h"
#include "base/json.h"
#include "support.h"

#define HOUR_MS INT64_C(3600000)

/* Whatever its state, time alone brings it to an end, in a bounded number of steps. */
static void check_life(struct window *w)
{
    const struct window_policy policy = {{48, 24, 1}, 3};
    struct now now = {.mono = {HOUR_MS}, .wall = w->starts};
    struct window_effects out;
    window_resume(w, &now, &out);
    for (int steps = 0;; steps++) {
        PROMISE(steps < 16);
        window_tick(w, &policy, &now, &out);
        if (out.wake_ms == WINDOW_NO_WAKE)
            break;
        now.mono.ms += out.wake_ms;
        now.wall.ms += out.wake_ms;
    }
    PROMISE(w->phase == WINDOW_ENDED || w->phase == WINDOW_CANCELLED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *o JSON_CLEANUP = json_loadb((const char *)data, size, JSON_READ_FLAGS, NULL);
    struct window_record record;
    struct window_record again;
    struct error err = {0};
    if (o == NULL)
        return 0;
    if (window_json_read(o, &record, &err) < 0) {
        PROMISE(err.text[0] != '\0');
        return 0;
    }
    json_t *once JSON_CLEANUP = window_json_make(&record);
    PROMISE(once != NULL && window_json_read(once, &again, NULL) == 0);
    json_t *twice JSON_CLEANUP = window_json_make(&again);
    PROMISE(json_equal(once, twice));
    check_life(&record.state);
    window_record_clear(&record);
    window_record_clear(&again);
    return 0;
}
