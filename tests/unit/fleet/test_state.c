/* What one engine stores of a service, another one reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"

/* Every member has a value that is not its default. */
static void fill(struct service_state *s)
{
    memset(s, 0, sizeof *s); /* padding, too: they are compared whole */
    (void)str_copy(s->id, sizeof s->id, "cache");
    s->stopped_on_purpose = s->ever_answered = s->start_cancelled = s->empty_primary = true;
    s->exhausted = s->breaker_open = s->recovery_set = true;
    (void)str_copy(s->stopped_by, sizeof s->stopped_by, "ada@example.org");
    (void)str_copy(s->stopped_reason, sizeof s->stopped_reason, "a \"test\"");
    s->stop_seen = STOP_SEEN_INACTIVE;
    s->stopped_at.ms = 1700000000001;
    (void)str_copy(s->address, sizeof s->address, "10.0.0.9:6379");
    (void)str_copy(s->role, sizeof s->role, "primary");
    (void)str_copy(s->role_source, sizeof s->role_source, "10.0.0.8:6379");
    (void)str_copy(s->role_run_id, sizeof s->role_run_id, "abc");
    s->role_keys = 12;
    s->attempts = 2;
    s->last_attempt_at.ms = 1700000000002;
    s->breaker_opened_at.ms = 1700000000003;
    for (size_t i = 0; i < STORE_RECOVERY_TIMES_MAX; i++)
        s->recoveries_at[i].ms = 1700000000010 + (int64_t)i;
    s->paused_until.ms = 1700000000004;
    (void)str_copy(s->paused_by, sizeof s->paused_by, "bob@example.org");
    (void)str_copy(s->pause_reason, sizeof s->pause_reason, "work");
    s->event_seq = 1700000001234;
    s->start_seconds = 1.5;
    s->recovery.enabled = false;
    s->recovery.max_attempts = 4;
    s->recovery.retry_delay_ms = 11000;
    s->recovery.backoff_multiplier = 1.5;
    s->recovery.external_stop = EXTERNAL_STOP_RESPECT;
    s->recovery.external_stop_grace_ms = 91000;
    s->recovery.breaker_recoveries = 5;
    s->recovery.breaker_window_ms = 301000;
    s->failure_threshold = 7;
}

static void all_of_it_comes_back(void **state)
{
    (void)state;
    struct service_state one, other;
    fill(&one);
    memset(&other, 0, sizeof other);
    char *text = fleet_state_text(&one);
    assert_non_null(text);
    assert_true(fleet_state_read(text, &other));
    char *again = fleet_state_text(&other);
    assert_string_equal(text, again);
    assert_string_equal(other.stopped_reason, "a \"test\"");
    assert_int_equal(other.recoveries_at[7].ms, 1700000000017);
    assert_int_equal(other.event_seq, 1700000001234);
    assert_int_equal(other.recovery.external_stop, EXTERNAL_STOP_RESPECT);
    mem_free(text);
    mem_free(again);
}

static void what_is_not_understood_is_not_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "{}",
                                        "[]",
                                        "{\"form\":2,\"recoveries_at\":[]}",
                                        "{\"form\":1}",
                                        "{\"form\":1,\"recoveries_at\":[],\"recovery\":{}}",
                                        "{\"form\":1,\"recoveries_at\":[],\"recovery\":{"
                                        "\"max_attempts\":0,\"external_stop\":\"recover\"}}"};
    struct service_state s;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_false(fleet_state_read(texts[i], &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_comes_back),
        cmocka_unit_test(what_is_not_understood_is_not_taken),
    };
    return cmocka_run_group_tests_name("fleet/state", tests, NULL, NULL);
}
