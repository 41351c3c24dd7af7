/* Copies for everybody, with an engine that answers when the test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "web/snapshot.h"

/* ── doubles ── */

struct request {
    struct request_info info;
    int answers, status;
};

static struct {
    bool full; /* as many calls are under way as may be */
    uint64_t asked;
    engine_link_answer *answer;
    void *context;
} engine;

uint64_t engine_link_ask(struct engine_link *link, json_t *request, engine_link_answer *answer,
                         void *context)
{
    (void)link;
    json_decref(request);
    if (engine.full)
        return 0;
    engine.answer = answer;
    engine.context = context;
    return ++engine.asked;
}

void engine_link_forget(struct engine_link *link, uint64_t id)
{
    (void)link;
    (void)id;
}

struct request_info *request_info(struct request *x)
{
    return &x->info;
}

bool request_header(struct request *x, enum server_header header, char *to, size_t size)
{
    (void)x;
    (void)header;
    (void)size;
    to[0] = '\0';
    return false;
}

void request_answer(struct request *x, const struct answer *answer)
{
    x->answers++;
    x->status = answer->status;
}

static void engine_answers(void)
{
    json_t *frame = json_pack("{s:i, s:i, s:{s:{s:s}, s:{s:s}}}", "id", 1, "status", 200, "body",
                              "status", "status", "running", "health", "overall_status", "healthy");
    assert_non_null(frame);
    engine.answer(engine.context, frame);
    json_decref(frame);
}

/* They live as long as their process: there is nothing to free them with. */
static struct snapshots *all[2];
static size_t count;

static struct snapshots *open_one(void)
{
    json_t *services = json_pack("{s:[{s:s}]}", "items", "id", "redis");
    struct snapshots *s = snapshots_new(NULL, services);
    json_decref(services);
    assert_non_null(s);
    all[count++] = s;
    memset(&engine, 0, sizeof engine);
    return s;
}

/* ── promises ── */

static void whoever_the_engine_had_no_time_for_is_answered_once(void **state)
{
    (void)state;
    struct snapshots *s = open_one();
    struct request refused = {.info.id = "a"}, served = {.info.id = "b"};
    engine.full = true;
    snapshots_answer(s, &refused, SNAPSHOT_STATUS, 0, ACCESS_ADMIN, NULL, "");
    assert_int_equal(refused.status, 503);
    engine.full = false;
    snapshots_answer(s, &served, SNAPSHOT_STATUS, 0, ACCESS_ADMIN, NULL, "");
    engine_answers();
    assert_int_equal(served.status, 200);
    assert_int_equal(served.answers, 1);
    assert_int_equal(refused.answers, 1);
}

static void those_who_ask_meanwhile_share_one_fetch(void **state)
{
    (void)state;
    struct snapshots *s = open_one();
    struct request first = {.info.id = "a"}, second = {.info.id = "b"}, gone = {.info.id = "c"};
    snapshots_answer(s, &first, SNAPSHOT_STATUS, 0, ACCESS_ADMIN, NULL, "");
    snapshots_answer(s, &gone, SNAPSHOT_HEALTH, 0, ACCESS_ADMIN, NULL, "");
    snapshots_answer(s, &second, SNAPSHOT_HEALTH, 0, ACCESS_ADMIN, NULL, "");
    snapshots_forget(s, &gone);
    assert_int_equal(engine.asked, 1);
    engine_answers();
    assert_int_equal(first.answers, 1);
    assert_int_equal(second.answers, 1);
    assert_int_equal(gone.answers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_the_engine_had_no_time_for_is_answered_once),
        cmocka_unit_test(those_who_ask_meanwhile_share_one_fetch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
