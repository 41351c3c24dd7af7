/* Sentences that say more than the cause's row: by the reply, the unit and what is known of both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/cause.h"

static const struct cause_place place = {"redis-server", "10.0.0.5:6379", false, false};

static struct observations observations_of(enum reply_class reply, const char *text)
{
    struct observations s = {.fresh = {.reply = reply, .asked = {1}, .at = {2}}};
    facts_unit_reset(&s.unit);
    facts_info_reset(&s.info);
    (void)str_copy(s.fresh.text, sizeof s.fresh.text, text);
    return s;
}

static void expect(enum cause cause, const struct observations *s, const char *summary,
                   const char *advice)
{
    char words[CAUSE_WORDS_MAX];
    const char *seen = cause_summary(cause, s, place, words);
    if (strstr(seen, summary) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", seen, summary);
    seen = cause_advice(cause, s, place, words);
    if (strstr(seen, advice) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", seen, advice);
}

static void refused_access_is_named_by_the_reply(void **state)
{
    (void)state;
    static const struct {
        enum reply_class reply;
        const char *text, *summary, *advice;
    } rows[] = {
        {REPLY_NOAUTH, "", "wants a password", "redis.password_file"},
        {REPLY_WRONGPASS, "", "refuses the user name or the password", "redis.username"},
        {REPLY_NOPERM, "", "ACL", "ACL SETUSER"},
        {REPLY_DENIED, "", "protected mode", "bind"},
        {REPLY_TLS_FAILED, "TLS: certificate has expired", "certificate of Redis has expired",
         "CONFIG SET tls-cert-file"},
        {REPLY_TLS_FAILED, "TLS: self-signed certificate", "handshake", "redis.tls"},
        {REPLY_REFUSED, "", "Nothing listens at 10.0.0.5:6379", "via: ssh"},
        {REPLY_CLOSED, "", "10.0.0.5:6379 closes", "TLS"},
        {REPLY_NO_CONNECT, "", "takes no connection", "firewall"},
        {REPLY_ERROR, "", "Redis refuses Resus", "resus doctor"},
        {REPLY_ERROR, "ERR unknown command 'PING', with args beginning with: ",
         "does not know PING", "rename-command"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct observations s = observations_of(rows[i].reply, rows[i].text);
        expect(CAUSE_ACCESS_REFUSED, &s, rows[i].summary, rows[i].advice);
    }
}

static void only_the_certificate_of_redis_counts_as_expired(void **state)
{
    (void)state;
    struct observations ours = observations_of(REPLY_TLS_FAILED, "sslv3 alert certificate expired");
    struct observations theirs = observations_of(REPLY_TLS_FAILED, "TLS: certificate has expired");
    struct observations plain = observations_of(REPLY_ERROR, "certificate has expired");
    assert_false(cause_certificate_expired(&ours));
    assert_true(cause_certificate_expired(&theirs));
    assert_false(cause_certificate_expired(&plain));
}

static void a_unit_that_cannot_be_started_is_named(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_REFUSED, "");
    s.unit.active = UNIT_INACTIVE;
    s.unit.masked = true;
    expect(CAUSE_CONFIG_ERROR, &s, "redis-server is masked", "systemctl unmask redis-server");
    s.unit.active = UNIT_NOT_FOUND;
    expect(CAUSE_CONFIG_ERROR, &s, "does not know the unit redis-server", "resus.yaml");
    s.unit = (struct unit_facts){.active = UNIT_FAILED};
    expect(CAUSE_CONFIG_ERROR, &s, cause_row(CAUSE_CONFIG_ERROR)->summary,
           cause_row(CAUSE_CONFIG_ERROR)->advice);
}

static void a_host_that_refuses_us_was_reached(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_SILENT, "");
    expect(CAUSE_HOST_UNREACHABLE, &s, "can be reached", "");
    s.unit.control_denied = true;
    expect(CAUSE_HOST_UNREACHABLE, &s, "refuses the control", "resus doctor");
}

static void a_unit_that_could_not_be_asked_is_not_called_active(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_PONG, "");
    s.unit.control_reached = TRI_YES;
    expect(CAUSE_OK, &s, "its unit is active", "");
    s.unit.control_reached = TRI_NO;
    expect(CAUSE_OK, &s, "could not be asked", "");
}

static void nobody_is_said_to_have_stopped_a_unit_of_which_systemd_knows_no_stop(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_REFUSED, "");
    s.unit.active = UNIT_INACTIVE;
    s.unit.since = (wall_ms){1};
    expect(CAUSE_UNIT_STOPPED, &s, "was stopped, and not through Resus", "who stopped it");
    s.unit.since = WALL_NONE; /* told in the host's zone, which is not read: no sign of a boot */
    expect(CAUSE_UNIT_STOPPED, &s, "was stopped, and not through Resus", "who stopped it");
    s.unit.undated = true;
    expect(CAUSE_UNIT_STOPPED, &s, "its host was booted since, or the unit is not enabled",
           "systemctl enable");
}

static void a_redis_that_listens_elsewhere_is_named(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_REFUSED, "");
    expect(CAUSE_PATH_BROKEN, &s, cause_row(CAUSE_PATH_BROKEN)->summary, "bind");
    s.witness.possible = true;
    s.witness.reply = REPLY_NOAUTH;
    (void)str_copy(s.witness.address, sizeof s.witness.address, "127.0.0.1:6379");
    expect(CAUSE_PATH_BROKEN, &s,
           "Nothing listens at 10.0.0.5:6379; on its own host Redis answers at 127.0.0.1:6379",
           "If a proxy, stunnel or firewall stands in between, repair that. Else");
    s.witness.paused = true;
    s.witness.reply = REPLY_ERROR;
    expect(CAUSE_PATH_BROKEN, &s, "makes all its clients wait", "failover");
    s.witness.paused = false;
    s.fresh.reply = REPLY_SILENT;
    s.witness.reply = REPLY_NOAUTH;
    expect(CAUSE_PATH_BROKEN, &s, "paused (CLIENT PAUSE), or the path is broken", "redis-cli PING");
    s.witness.reply = REPLY_PONG;
    expect(CAUSE_PATH_BROKEN, &s, cause_row(CAUSE_PATH_BROKEN)->summary, "");
}

static void a_refusal_that_nobody_could_confirm_says_why_and_what_would_allow_it(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_REFUSED, "");
    expect(CAUSE_CONNECTION_REFUSED, &s, "refused from here", "permitopen");
    (void)str_copy(s.witness.text, sizeof s.witness.text, "no session");
    expect(CAUSE_CONNECTION_REFUSED, &s,
           "could not be asked whether Redis serves there: no session.", "via: ssh");
    expect(CAUSE_CONNECTION_REFUSED, &s, "10.0.0.5:6379", "commands: extended");
    s.witness.possible = true; /* and never proven */
    s.witness.reply = REPLY_REFUSED;
    (void)str_copy(s.witness.address, sizeof s.witness.address, "127.0.0.1:6379");
    expect(CAUSE_CONNECTION_REFUSED, &s, "never found it at 127.0.0.1:6379", "address");
    s.witness_proven = true;
    s.witness.reply = REPLY_CLOSED;
    expect(CAUSE_CONNECTION_REFUSED, &s, "got at 127.0.0.1:6379 does not show", "address");
    s.witness = (struct witness_facts){.possible = false};
    char words[CAUSE_WORDS_MAX];
    struct cause_place here = {"redis-server", "127.0.0.1:6379", true, false};
    assert_null(strstr(cause_advice(CAUSE_CONNECTION_REFUSED, &s, here, words), "permitopen"));
}

static void a_redis_that_takes_no_new_clients_is_named(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_REFUSED, "");
    s.kept.reply = REPLY_PONG;
    s.shut_out = CAUSE_SHUT_OUT_REFUSALS;
    expect(CAUSE_PATH_BROKEN, &s, "new clients are cut off", cause_row(CAUSE_PATH_BROKEN)->advice);
}

static void a_systemd_of_this_machine_that_does_not_answer_is_named(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_PONG, "");
    struct cause_place here = {"redis-server", "127.0.0.1:6379", true, false};
    char words[CAUSE_WORDS_MAX];
    expect(CAUSE_CONTROL_LOST, &s, "the host cannot be controlled", "resus doctor");
    assert_non_null(strstr(cause_summary(CAUSE_CONTROL_LOST, &s, here, words), "systemd"));
    assert_non_null(strstr(cause_advice(CAUSE_CONTROL_LOST, &s, here, words), "this machine"));
}

static void a_redis_that_resus_runs_itself_is_told_without_systemd(void **state)
{
    (void)state;
    static const struct cause_place own = {"redis", "127.0.0.1:6379", true, true};
    static const enum cause causes[] = {CAUSE_OK, CAUSE_UNIT_STOPPED, CAUSE_UNIT_FAILED,
                                        CAUSE_SYSTEMD_RESTARTING, CAUSE_STOP_HANGING};
    struct observations s = observations_of(REPLY_REFUSED, "");
    char words[CAUSE_WORDS_MAX];
    for (size_t i = 0; i < ARRAY_LENGTH(causes); i++) {
        const char *seen = cause_summary(causes[i], &s, own, words);
        if (strstr(seen, "systemd") != NULL || strstr(seen, "unit") != NULL)
            fail_msg("\"%s\" of a process without a unit", seen);
    }
    expect(CAUSE_UNIT_FAILED, &s, "systemd reports the unit as failed", "resus logs");
}

/* A unit can be masked while it runs. */
static void a_changed_role_says_more_than_a_masked_unit(void **state)
{
    (void)state;
    struct observations s = observations_of(REPLY_PONG, "");
    s.unit.active = UNIT_ACTIVE;
    s.unit.masked = true;
    s.role_changed = true;
    expect(CAUSE_WRONG_INSTANCE, &s, "has become a replica", "REPLICAOF NO ONE");
}

static void a_long_name_is_cut_and_not_overrun(void **state)
{
    (void)state;
    char name[2 * CAUSE_WORDS_MAX], words[CAUSE_WORDS_MAX];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct observations s = observations_of(REPLY_REFUSED, "");
    const char *seen = cause_summary(CAUSE_ACCESS_REFUSED, &s,
                                     (struct cause_place){name, name, false, false}, words);
    assert_true(strlen(seen) < CAUSE_WORDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_access_is_named_by_the_reply),
        cmocka_unit_test(only_the_certificate_of_redis_counts_as_expired),
        cmocka_unit_test(a_unit_that_cannot_be_started_is_named),
        cmocka_unit_test(a_host_that_refuses_us_was_reached),
        cmocka_unit_test(a_unit_that_could_not_be_asked_is_not_called_active),
        cmocka_unit_test(nobody_is_said_to_have_stopped_a_unit_of_which_systemd_knows_no_stop),
        cmocka_unit_test(a_redis_that_listens_elsewhere_is_named),
        cmocka_unit_test(a_refusal_that_nobody_could_confirm_says_why_and_what_would_allow_it),
        cmocka_unit_test(a_redis_that_takes_no_new_clients_is_named),
        cmocka_unit_test(a_systemd_of_this_machine_that_does_not_answer_is_named),
        cmocka_unit_test(a_redis_that_resus_runs_itself_is_told_without_systemd),
        cmocka_unit_test(a_changed_role_says_more_than_a_masked_unit),
        cmocka_unit_test(a_long_name_is_cut_and_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
