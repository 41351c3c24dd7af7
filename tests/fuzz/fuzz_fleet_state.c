/* What another engine stored of a service: what is taken is within the bounds of the settings, and is
 * written again as the same. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"
#include "support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct service_state state;
    struct service_state other;
    char *text = input_text(input_of(data, size));
    bool good = fleet_state_read(text, &state);
    mem_free(text);
    if (!good)
        return 0;
    const struct recovery_policy *p = &state.recovery;
    PROMISE(p->max_attempts >= 1 && p->max_attempts <= 10 && state.attempts >= 0);
    PROMISE(p->backoff_multiplier >= 1 && p->backoff_multiplier <= 10);
    PROMISE(p->breaker_recoveries >= 1 && p->breaker_recoveries <= STORE_RECOVERY_TIMES_MAX);
    PROMISE(state.start_seconds <= 86400 && state.role_keys >= -1);
    PROMISE(str_utf8(state.stopped_by, strlen(state.stopped_by)));
    char *once = fleet_state_text(&state);
    PROMISE(once != NULL && fleet_state_read(once, &other));
    char *twice = fleet_state_text(&other);
    PROMISE(str_equal(once, twice));
    mem_free(once);
    mem_free(twice);
    return 0;
}
