/* A row of the database as an alert: what is taken is written again as the same, and trouble that is
 * over ends it. */
#include "alerts/book.h"
#include "base/json.h"
#include "support.h"

static const struct now now = {.mono = {INT64_C(1) << 40}, .wall = {INT64_C(1796522400000)}};

/* The wait for the end is not taken over, so the first writing may differ. */
static void check_round(const json_t *body, const struct plan *plan)
{
    struct book_entry e;
    json_t *before JSON_CLEANUP = json_incref((json_t *)body);
    for (int i = 0; i < 3; i++) {
        PROMISE(book_read(before, plan, now, &e, NULL) == 0);
        json_t *after = book_record(&e, plan, now);
        PROMISE(after != NULL);
        PROMISE(i < 2 || json_equal(before, after));
        json_decref(before);
        before = after;
        json_decref(e.facts);
        json_decref(e.messages);
        json_decref(e.deliveries);
    }
}

/* It is well from now on: in a bounded number of steps it is resolved. Nothing goes to a channel that
 * was not told of it. */
static void check_life(struct alert *a, const struct plan *plan)
{
    static const struct route_set routes;
    const struct alert_input well = {.event = ALERT_WELL, .routes = &routes};
    struct alert_effects out;
    channel_set notified = a->notified;
    struct now at = now;
    for (int steps = 0; alert_open(a); steps++) {
        PROMISE(steps < 8);
        alert_step(a, &plan->policy, &well, at, &out);
        for (size_t i = 0; i < out.count; i++)
            PROMISE((out.items[i].channels & ~notified) == 0);
        if (!alert_open(a))
            break;
        PROMISE(out.wake.ms != MONO_NEVER.ms);
        int64_t wait = mono_since(out.wake, at.mono);
        at.mono = mono_add(at.mono, wait);
        at.wall = wall_add(at.wall, wait);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct plan plan = {
        .channels = {{.name = "mail"}, {.name = "pager"}}, .count = 2, .policy = {60000, 120000}};
    json_t *body JSON_CLEANUP = json_loadb((const char *)data, size, JSON_READ_FLAGS, NULL);
    struct book_entry e;
    struct error err = {0};
    if (!json_is_object(body))
        return 0;
    if (book_read(body, &plan, now, &e, &err) < 0) {
        PROMISE(err.text[0] != '\0');
        return 0;
    }
    check_round(body, &plan);
    check_life(&e.alert, &plan);
    json_decref(e.facts);
    json_decref(e.messages);
    json_decref(e.deliveries);
    return 0;
}
