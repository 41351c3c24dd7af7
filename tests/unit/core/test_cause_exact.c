/* Sentences that say more than the row of a cause: by the log and by what is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/cause.h"

static const struct cause_place place = {"redis-server", "10.0.0.5:6379", false, false};

static struct observations seen(enum log_class class, const char *line)
{
    struct observations s = {.log = {.class = class}};
    facts_unit_reset(&s.unit);
    facts_info_reset(&s.info);
    (void)str_copy(s.log.line, sizeof s.log.line, line);
    return s;
}

static struct observations saving(enum log_class class, const char *line)
{
    struct observations s = seen(LOG_NONE, "");
    s.saving_log.class = class;
    (void)str_copy(s.saving_log.line, sizeof s.saving_log.line, line);
    return s;
}

static void expect(enum cause cause, const struct observations *s, const char *has,
                   const char *has_not)
{
    char text[1024];
    char summary[CAUSE_WORDS_MAX], advice[CAUSE_WORDS_MAX];
    (void)snprintf(text, sizeof text, "%s %s", cause_summary(cause, s, place, summary),
                   cause_advice(cause, s, place, advice));
    if (strstr(text, has) == NULL || strstr(text, has_not) != NULL)
        fail_msg("%s: %s", cause_row(cause)->code, text);
}

static void without_evidence_the_table_speaks(void **state)
{
    (void)state;
    struct observations s = seen(LOG_NONE, "");
    for (int c = 0; c < CAUSE_COUNT; c++) {
        if (c == CAUSE_START_TIMEOUT)
            continue; /* nothing was loaded */
        char words[CAUSE_WORDS_MAX];
        assert_string_equal(cause_summary((enum cause)c, &s, place, words),
                            cause_row((enum cause)c)->summary);
        assert_string_equal(cause_advice((enum cause)c, &s, place, words),
                            cause_row((enum cause)c)->advice);
    }
}

static void a_start_that_timed_out_names_a_load_only_after_a_load(void **state)
{
    (void)state;
    struct observations s =
        seen(LOG_START_TIMEOUT, "redis-server.service: start operation timed out.");
    expect(CAUSE_START_TIMEOUT, &s, "was not ready", "because loading");
    s.never_ready = true;
    expect(CAUSE_START_TIMEOUT, &s, "supervised systemd", "because loading");
    s.never_ready = false;
    s.loading_seen = true;
    expect(CAUSE_START_TIMEOUT, &s, "because loading", "supervised");
}

static void what_cannot_be_loaded_may_lack_memory(void **state)
{
    (void)state;
    struct observations s =
        seen(LOG_DATA_CORRUPT, "Short read or OOM loading DB. Unrecoverable error, aborting now.");
    expect(CAUSE_DATA_CORRUPT, &s, "Check the memory limits first", "restore a backup");
    s = seen(LOG_DATA_CORRUPT, "Internal error in RDB reading offset 8388607, function at "
                               "rdb.c:3241 -> Unexpected EOF reading RDB file");
    expect(CAUSE_DATA_CORRUPT, &s, "Check the memory limits first", "restore a backup");
    s = seen(LOG_DATA_CORRUPT, "Wrong RDB checksum");
    expect(CAUSE_DATA_CORRUPT, &s, "redis-check-aof", "memory");
    s.info.known = s.info.valkey = true;
    expect(CAUSE_DATA_CORRUPT, &s, "valkey-check-aof", "redis-check-aof");
    s = seen(LOG_OUT_OF_MEMORY, "Out Of Memory allocating 1000 bytes!");
    expect(CAUSE_OOM_KILLED, &s, "ended itself", "kernel killed");
}

static void a_setting_is_called_named_only_when_it_is(void **state)
{
    (void)state;
    struct observations s = seen(LOG_CONFIG_ERROR, "*** FATAL CONFIG FILE ERROR *** Reading the "
                                                   "configuration file, at line 9 >>> 'x yes' Bad");
    expect(CAUSE_CONFIG_ERROR, &s, "the named line", "log line");
    s = seen(LOG_CONFIG_ERROR, "Failed to load certificate: /x.crt: error");
    expect(CAUSE_CONFIG_ERROR, &s, "the log line names", "the named line");
}

static void a_save_fails_for_its_own_reason(void **state)
{
    (void)state;
    struct observations s =
        saving(LOG_SAVE_FAILED, "Can't save in background: fork: Cannot allocate memory");
    expect(CAUSE_PERSISTENCE_FAILING, &s, "overcommit_memory", "disk is full");
    s = saving(LOG_DISK_FULL, "Write error: No space left on device");
    expect(CAUSE_PERSISTENCE_FAILING, &s, "Free space", "overcommit");
    s = saving(LOG_SAVE_FAILED, "Failed opening the temp RDB file: Permission denied");
    expect(CAUSE_PERSISTENCE_FAILING, &s, "data folder back", "overcommit");
}

static void a_replica_that_never_ends_its_sync_names_both_settings(void **state)
{
    (void)state;
    struct observations s = seen(LOG_NONE, "");
    s.info.known = true;
    s.info.role = ROLE_REPLICA;
    expect(CAUSE_REPLICA_LINK_DOWN, &s, "network", "backlog");
    s.info.sync_seen = true;
    expect(CAUSE_REPLICA_LINK_DOWN, &s, "client-output-buffer-limit", "network");
    expect(CAUSE_REPLICA_LINK_DOWN, &s, "repl-backlog-size", "network");
}

static void a_primary_that_became_a_replica_is_the_wrong_instance(void **state)
{
    (void)state;
    struct observations s = seen(LOG_NONE, "");
    expect(CAUSE_WRONG_INSTANCE, &s, "holds the port", "REPLICAOF");
    s.role_changed = true;
    expect(CAUSE_WRONG_INSTANCE, &s, "REPLICAOF", "holds the port");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_evidence_the_table_speaks),
        cmocka_unit_test(a_start_that_timed_out_names_a_load_only_after_a_load),
        cmocka_unit_test(what_cannot_be_loaded_may_lack_memory),
        cmocka_unit_test(a_setting_is_called_named_only_when_it_is),
        cmocka_unit_test(a_save_fails_for_its_own_reason),
        cmocka_unit_test(a_replica_that_never_ends_its_sync_names_both_settings),
        cmocka_unit_test(a_primary_that_became_a_replica_is_the_wrong_instance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
