/* Recordings of incidents: what was decided is decided again, and what differs is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/recording.h"

struct tape {
    struct buf text;
    struct recovery recovery;
    struct recovery_policy policy;
    int64_t now;
};

static void add(struct tape *t, json_t *line)
{
    char *text = json_dumps(line, JSON_WRITE_FLAGS);
    assert_non_null(text);
    assert_int_equal(buf_append(&t->text, text, strlen(text)), 0);
    assert_int_equal(buf_append(&t->text, "\n", 1), 0);
    mem_free(text);
    json_decref(line);
}

static void begin(struct tape *t)
{
    *t = (struct tape){.text = BUF_LIMIT(RECORDING_BYTES_MAX),
                       .policy = recovery_policy_default(),
                       .now = 1000000};
    recovery_init(&t->recovery);
    json_t *line = json_object();
    (void)json_put_int(line, "v", RECORDING_VERSION);
    (void)json_put(line, "recovery", recording_encode_recovery(&t->recovery));
    add(t, line);
}

static struct observations dead_redis(int64_t now)
{
    struct observations s = {
        .fresh = {.reply = REPLY_REFUSED, .asked = {now}, .at = {now}},
        .unit = {.active = UNIT_FAILED,
                 .asked = {now},
                 .at = {now},
                 .result = RESULT_SIGNAL,
                 .control_reached = TRI_YES,
                 .restarts = FACT_UNKNOWN},
        .probing_since = {now - 1},
        .unit_same_since = {now - 1},
        .ever_answered = true,
        .failure_threshold = 3,
        .confirm_interval_ms = 500,
    };
    facts_info_reset(&s.info);
    return s;
}

/* One input as the engine would give it, and write it down. */
static void step(struct tape *t, enum recovery_event event, enum action_end end)
{
    struct observations observations = dead_redis(t->now);
    struct recovery_effects out;
    mono_ms now = {t->now};
    struct recovery_input in = {.event = event,
                                .action_id = t->recovery.action_id,
                                .end = end,
                                .wall = {t->now + 5},
                                .facts = {.verdict = cause_judge(&observations, now),
                                          .unit = UNIT_FAILED,
                                          .progress = FACT_UNKNOWN,
                                          .learned = now}};
    recovery_step(&t->recovery, &t->policy, &in, now, &out);
    json_t *line = json_object();
    (void)json_put_int(line, "mono", t->now);
    (void)json_put_int(line, "wall", t->now + 5);
    (void)json_put_text(line, "event", recording_event_word(event));
    (void)json_put_int(line, "id", (int64_t)in.action_id);
    (void)json_put_text(line, "end", recording_end_word(end));
    (void)json_put(line, "policy", recording_encode_policy(&t->policy));
    (void)json_put(line, "sight", recording_encode_observations(&observations));
    (void)json_put(line, "verdict", recording_encode_verdict(&in.facts.verdict));
    (void)json_put(line, "facts", recording_encode_facts(&in.facts));
    (void)json_put(line, "effects", recording_encode_effects(&out));
    (void)json_put_int(line, "wake", out.wake.ms);
    (void)json_put_text(line, "phase", recovery_phase_word(t->recovery.phase));
    add(t, line);
}

static void record_a_crash(struct tape *t)
{
    begin(t);
    step(t, EVENT_FACTS, ACTION_DONE);
    t->now += 5;
    step(t, EVENT_INTENT_ENDED, ACTION_DONE);
    assert_int_equal(t->recovery.phase, PHASE_ACTING);
    t->now += 1000;
    step(t, EVENT_ACTION_ENDED, ACTION_FAILED);
    t->now += 2000;
    step(t, EVENT_WAKE, ACTION_DONE);
}

static void a_recording_plays_equal(void **state)
{
    (void)state;
    struct tape t;
    struct replay report;
    struct error err = {0};
    record_a_crash(&t);
    assert_int_equal(recording_replay(buf_text(&t.text), t.text.length, NULL, NULL, &report, &err),
                     0);
    assert_false(report.different);
    assert_int_equal(report.steps, 4);
    assert_true(report.decisions >= 4);
    buf_free(&t.text);
}

static void a_file_that_was_cut_plays_as_far_as_it_goes(void **state)
{
    (void)state;
    struct tape t;
    struct replay report;
    struct error err = {0};
    record_a_crash(&t);
    assert_int_equal(
        recording_replay(buf_text(&t.text), t.text.length - 20, NULL, NULL, &report, &err), 0);
    assert_false(report.different);
    assert_int_equal(report.steps, 3);
    assert_true(report.cut);
    buf_free(&t.text);
}

static void a_decision_that_is_another_one_now_is_named(void **state)
{
    (void)state;
    struct tape t;
    struct replay report;
    struct error err = {0};
    record_a_crash(&t);
    char *word = strstr(t.text.data, "\"action\": \"restart\", \"level\"");
    assert_non_null(word);
    memcpy(word, "\"action\": \"relaunc\"", strlen("\"action\": \"relaunc\""));
    assert_int_equal(recording_replay(buf_text(&t.text), t.text.length, NULL, NULL, &report, &err),
                     0);
    assert_true(report.different);
    assert_non_null(strstr(report.difference, "line 2: effects was"));
    buf_free(&t.text);
}

static void refused(const char *text, const char *why)
{
    struct replay report;
    struct error err = {0};
    assert_int_equal(recording_replay(text, strlen(text), NULL, NULL, &report, &err), -EINVAL);
    assert_non_null(strstr(err.text, why));
}

#define HEAD "{\"v\": 1, \"recovery\": {}}\n"

static void what_is_no_recording_is_refused_with_its_line(void **state)
{
    (void)state;
    refused("", "empty");
    refused("hello", "no whole line");
    refused("hello\n", "line 1 is no JSON object");
    refused("{\"v\": 2, \"recovery\": {}}\n", "version 2");
    refused("{\"v\": 1}\n", "line 1");
    refused("{\"v\": 1, \"recovery\": {\"phase\": \"asleep\"}}\n", "line 1");
    refused("{\"v\": 1, \"recovery\": {\"attempts\": 99999}}\n", "line 1");
    refused(HEAD "[]\n", "line 2 is no JSON object");
    refused(HEAD "{\"mono\": 1, \"wall\": 1, \"event\": \"nap\"}\n", "line 2");
    refused(HEAD "{\"mono\": -1, \"wall\": 1}\n", "line 2 has no time");
    refused(HEAD "{\"mono\": 9223372036854775806, \"wall\": 1}\n", "line 2 has no time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_plays_equal),
        cmocka_unit_test(a_file_that_was_cut_plays_as_far_as_it_goes),
        cmocka_unit_test(a_decision_that_is_another_one_now_is_named),
        cmocka_unit_test(what_is_no_recording_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
