#include "client_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "io/clock.h"
#include "redis/reply.h"

static void on_answer(void *context, const struct redis_answer *answer)
{
    struct client_fixture *f = context;
    assert_true(f->count < ANSWERS_MAX);
    const struct redis_reply *list = answer->reply;
    f->told[f->count++] = (struct told){
        .id = answer->id,
        .request = answer->request,
        .probe = answer->probe,
        .own_errors = answer->own_errors,
        .canary = answer->canary,
        .info = answer->info,
        .text_length = answer->text_length,
        .items = list == NULL ? 0 : list->count,
    };
    if (f->on_answer != NULL)
        f->on_answer(f, answer);
    uv_stop(&f->loop);
}

static void on_lost(void *context, const char *why)
{
    struct client_fixture *f = context;
    f->lost++;
    f->lost_after = f->count;
    (void)str_copy(f->why, sizeof f->why, why);
    uv_stop(&f->loop);
}

/* Not UV_RUN_ONCE: that runs a due timer and then waits for the next event. */
void fixture_run(struct client_fixture *f)
{
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
}

void fixture_start(struct client_fixture *f, int port)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    (void)str_copy(f->service.redis.host, sizeof f->service.redis.host, "127.0.0.1");
    f->service.redis.port = port;
}

void fixture_connect(struct client_fixture *f)
{
    fixture_connect_through(f, NULL);
}

void fixture_connect_through(struct client_fixture *f, const struct redis_tunnel *tunnel)
{
    const struct redis_client_events events = {f, on_answer, on_lost};
    struct error err = {0};
    if (redis_client_new(&f->loop, tunnel, &f->service, &events, &f->client, &err) < 0)
        fail_msg("%s", err.text);
}

void fixture_end(struct client_fixture *f)
{
    redis_client_free(f->client);
    f->client = NULL;
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

void fixture_ask(struct client_fixture *f, uint64_t id, enum redis_request request, bool fresh,
                 int64_t ms)
{
    size_t before = f->count;
    redis_client_request(f->client, id, request, NULL, fresh, mono_add(clock_mono(), ms));
    assert_int_equal(f->count, before); /* never on the caller's stack */
}

void fixture_wait(struct client_fixture *f, size_t count)
{
    while (f->count < count)
        fixture_run(f);
}

const struct told *fixture_answer(struct client_fixture *f, enum redis_request request, bool fresh,
                                  int64_t ms)
{
    uint64_t id = 1000 + f->count;
    fixture_ask(f, id, request, fresh, ms);
    for (;;) {
        for (size_t i = 0; i < f->count; i++)
            if (f->told[i].id == id)
                return &f->told[i];
        fixture_run(f);
    }
}

const struct told *fixture_told(const struct client_fixture *f, uint64_t id)
{
    const struct told *found = NULL;
    for (size_t i = 0; i < f->count; i++) {
        if (f->told[i].id != id)
            continue;
        assert_null(found);
        found = &f->told[i];
    }
    assert_non_null(found);
    return found;
}
