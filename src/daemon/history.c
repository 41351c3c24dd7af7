#include "daemon/history.h"

#include "base/json.h"
#include "base/str.h"
#include "base/ticket.h"
#include "io/clock.h"
#include "io/log.h"

#define ID_SEED 1 /* TICKET_ENGINE */

static void ask_next(struct history *h)
{
    if (h->seeding >= engine_service_count(h->engine))
        return;
    struct series_question q = {.now = clock_wall()};
    (void)str_copy(q.service, sizeof q.service, engine_settings(h->engine, h->seeding)->id);
    series_store_ask_lows(h->series, ID_SEED, &q);
}

static void on_answer(void *context, uint64_t id, json_t *answer, const struct error *error)
{
    struct history *h = context;
    if (ticket_is_of(id, TICKET_HANDLERS)) {
        handlers_rows(h->handlers, id, answer, error);
        return;
    }
    int64_t lows[SERIES_LOWS_HOURS];
    const json_t *array = json_object_get(answer, "lows");
    for (size_t i = 0; i < SERIES_LOWS_HOURS; i++) {
        const json_t *low = json_array_get(array, i);
        lows[i] = json_is_integer(low) ? (int64_t)json_integer_value(low) : SERIES_UNKNOWN;
    }
    if (error == NULL)
        engine_seed_memory(h->engine, h->seeding, json_int_or(answer, "hour", 0), lows);
    h->seeding++;
    ask_next(h);
}

void history_open(struct history *h, uv_loop_t *loop, const char *state_dir)
{
    struct error err = {0};
    const char *note = NULL;
    if (series_store_open(loop, state_dir, on_answer, h, &h->series, &note, &err) < 0)
        log_error("series", "no history of figures is kept: %s", err.text);
    else if (note != NULL)
        log_warning("series", "%s", note);
}

void history_begin(struct history *h, struct engine *engine, struct handlers *handlers)
{
    h->engine = engine;
    h->handlers = handlers;
    if (h->series != NULL)
        ask_next(h);
}

void history_close(struct history *h, int64_t wait_ms)
{
    series_store_close(h->series, wait_ms);
    h->series = NULL;
}

void history_sample(struct history *h, const struct series_sample *sample)
{
    if (h->series != NULL)
        series_store_add(h->series, sample);
}

void history_outage(struct history *h, const struct outage_record *outage)
{
    if (h->series != NULL)
        series_store_outage(h->series, outage);
}
