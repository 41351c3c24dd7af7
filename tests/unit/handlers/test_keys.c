/* A rotation from order to end, against a real sshd, with a clock that the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../host/sshd_fixture.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "io/clock.h"
#include "sshkeys/key_book.h"
#include "sshkeys/key_run.h"
#include "sshkeys/sshkeys.h"

#define LINES_MAX 32
#define HOUR_MS (INT64_C(3600) * 1000)

struct scene {
    struct sshd_fixture sshd;
    uv_loop_t loop;
    uv_timer_t awake;
    struct ssh_pool *pool;
    struct service_settings services[2];
    struct settings settings;
    struct sshkeys *keys;
    struct handlers *handlers;
    int64_t ahead_ms; /* of the wall clock */
    struct audit_line lines[LINES_MAX];
    int line_count, notices, answers, status;
    char notice[1024];
    json_t *body;
};

static struct now now_of(void *context)
{
    const struct scene *s = context;
    struct now now = clock_now();
    now.wall.ms += s->ahead_ms;
    return now;
}

static const struct settings *settings_of(void *context)
{
    const struct scene *s = context;
    return &s->settings;
}

static void on_audit(void *context, const struct audit_line *line)
{
    struct scene *s = context;
    assert_true(s->line_count < LINES_MAX);
    assert_string_equal(line->operation, "key-rotate");
    s->lines[s->line_count++] = *line;
}

static void on_notice(void *context, int service, const char *message)
{
    struct scene *s = context;
    assert_in_range(service, 0, 1);
    s->notices++;
    (void)str_copy(s->notice, sizeof s->notice, message);
}

static void audit_look_of(void *context, struct audit_state *ret)
{
    (void)context;
    *ret = (struct audit_state){0};
}

static void keep_awake(uv_timer_t *timer)
{
    (void)timer;
}

static void open_keys(struct scene *s)
{
    struct sshkeys_ports ports = {.context = s,
                                  .now = now_of,
                                  .settings = settings_of,
                                  .audit = on_audit,
                                  .notice = on_notice,
                                  .ssh = s->pool,
                                  .loop = &s->loop};
    struct error err = {0};
    assert_int_equal(sshkeys_open(&ports, s->sshd.folder, &s->keys, &err), 0);
    struct handlers_ports handlers = {
        .context = s, .now = now_of, .audit_look = audit_look_of, .keys = s->keys};
    assert_int_equal(handlers_new(NULL, &handlers, &s->handlers, &err), 0);
}

static void close_keys(struct scene *s)
{
    handlers_free(s->handlers);
    sshkeys_close(s->keys);
    s->keys = NULL;
}

static struct scene *begin(void)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    sshd_fixture_start(&s->sshd, "");
    (void)str_copy(s->sshd.service.unit, sizeof s->sshd.service.unit, "proved");
    s->sshd.service.ssh.old_key_hours = 24;
    s->sshd.service.redis.port = 6379;
    (void)str_copy(s->sshd.service.redis.host, sizeof s->sshd.service.redis.host, "127.0.0.1");
    s->services[0] = s->services[1] = s->sshd.service;
    (void)str_copy(s->services[1].id, sizeof s->services[1].id, "second");
    s->settings.services = s->services;
    s->settings.service_count = 2;
    assert_int_equal(uv_loop_init(&s->loop), 0);
    (void)uv_timer_init(&s->loop, &s->awake);
    (void)uv_timer_start(&s->awake, keep_awake, 20, 20);
    struct error err = {0};
    assert_int_equal(ssh_pool_new(&s->loop, &s->pool, &err), 0);
    open_keys(s);
    return s;
}

static void end(struct scene *s)
{
    close_keys(s);
    ssh_pool_free(s->pool);
    uv_close((uv_handle_t *)&s->awake, NULL);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    sshd_fixture_end(&s->sshd);
    json_decref(s->body);
    free(s);
}

static void on_answer(struct call *call, int status, json_t *body)
{
    struct scene *s = call->owner;
    json_decref(s->body);
    s->body = body;
    s->status = status;
    s->answers++;
    json_decref((json_t *)call->args);
    mem_free(call);
}

static void order(struct scene *s, const char *args)
{
    struct call *call = mem_calloc(1, sizeof *call);
    assert_non_null(call);
    call->operation = &operations[OP_KEY_ROTATE];
    call->service = -1;
    call->args = json_loads(args, 0, NULL);
    assert_non_null(call->args);
    call->access = ACCESS_ADMIN;
    call->user = (struct engine_user){"7", "alice@example.org", "admin", "10.0.0.9"};
    call->owner = s;
    call->answer = on_answer;
    resource_key_rotate.rows[0].run(s->handlers, call);
}

static int ask(struct scene *s, const char *args)
{
    int wanted = s->answers + 1;
    order(s, args);
    while (s->answers < wanted)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    return s->status;
}

#define BEGIN "{}"
#define CONTINUE "{\"step\": \"continue\", \"confirmation\": true}"

static const char *code_of(const struct scene *s)
{
    return json_text_or(s->body, "code", "");
}

static const char *phase_of(const struct scene *s)
{
    return json_text_or(s->body, "phase", "");
}

static void set_lines(struct scene *s, const char *text)
{
    char path[512];
    (void)str_format(path, sizeof path, "%s/authorized_keys", s->sshd.folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void get_lines(struct scene *s, char *ret, size_t size)
{
    char path[512];
    (void)str_format(path, sizeof path, "%s/authorized_keys", s->sshd.folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    ret[fread(ret, 1, size - 1, f)] = '\0';
    assert_int_equal(fclose(f), 0);
}

/* What the person does whom the answer asks to. `alone`: the old line is removed at once. */
static void install(struct scene *s, bool alone)
{
    char lines[16384] = "";
    const json_t *host = json_array_get(json_object_get(s->body, "hosts"), 0);
    if (!alone)
        get_lines(s, lines, sizeof lines);
    (void)str_append(lines, sizeof lines, "\n%s\n", json_text_or(host, "line", "?"));
    set_lines(s, lines);
}

static void remove_old(struct scene *s, const char *new_lines)
{
    set_lines(s, new_lines);
}

static bool audited(const struct scene *s, const char *text, bool success)
{
    for (int i = 0; i < s->line_count; i++)
        if (s->lines[i].success == success &&
            (strstr(s->lines[i].reason, text) != NULL || strstr(s->lines[i].error, text) != NULL))
            return true;
    return false;
}

static void test_old_key_is_kept_a_day_warned_of_once_a_day_and_removed_when_refused(void **state)
{
    (void)state;
    struct scene *s = begin();
    char new_lines[8192];
    struct sshkeys_note note;
    assert_int_equal(ask(s, BEGIN), 200);
    assert_string_equal(phase_of(s), "made");
    install(s, true); /* for later: the new line alone */
    get_lines(s, new_lines, sizeof new_lines);
    char both[16384], public[1024];
    struct keypair_public old;
    struct error err = {0};
    assert_int_equal(keypair_read(s->services[0].ssh.key, &old, &err), 0);
    (void)str_format(public, sizeof public, "%s %s\n", old.type, old.base64);
    (void)str_format(both, sizeof both, "%s%s", public, new_lines);
    set_lines(s, both);
    sshkeys_look(s->keys, &s->services[1], &note);
    assert_int_equal(note.state, SSHKEYS_NEW_WAITS);
    assert_int_equal(ask(s, CONTINUE), 200);
    assert_string_equal(phase_of(s), "switched");
    assert_int_equal(s->notices, 2); /* one for each service */
    sshkeys_look(s->keys, &s->services[1], &note);
    assert_int_equal(note.state, SSHKEYS_OLD_KEPT);
    assert_non_null(strstr(note.fix, "grep -vF"));
    char kept[SETTINGS_PATH_MAX];
    (void)str_copy(kept, sizeof kept, json_text_or(s->body, "old_file", ""));

    s->ahead_ms = 23 * HOUR_MS; /* not over: nobody is asked */
    unsigned logins = sshd_fixture_logged(&s->sshd, "Accepted publickey");
    assert_int_equal(ask(s, CONTINUE), 200);
    assert_string_equal(phase_of(s), "switched");
    assert_int_equal(sshd_fixture_logged(&s->sshd, "Accepted publickey"), logins);

    s->ahead_ms = 24 * HOUR_MS + 1000;
    sshkeys_reloaded(s->keys); /* looks at the clock again */
    while (s->notices < 4)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_non_null(strstr(s->notice, "still accepts the old SSH key"));
    while (sshkeys_look(s->keys, &s->services[0], &note), note.state != SSHKEYS_OLD_ACCEPTED)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    while (ask(s, CONTINUE), str_equal(code_of(s), "operation_running"))
        (void)uv_run(&s->loop, UV_RUN_ONCE); /* the clock's own question is being written down */
    assert_string_equal(code_of(s), "old_key_accepted");
    assert_int_equal(s->notices, 4); /* said today already */
    assert_int_equal(access(kept, F_OK), 0);
    s->ahead_ms = 48 * HOUR_MS + 2000;
    assert_int_equal(ask(s, CONTINUE), 409);
    assert_int_equal(s->notices, 6); /* another day */

    sshd_fixture_stop_listener(&s->sshd); /* a host that is away has refused nothing */
    assert_int_equal(ask(s, CONTINUE), 503);
    assert_int_equal(access(kept, F_OK), 0);
    sshd_fixture_resume_listener(&s->sshd);

    remove_old(s, new_lines);
    assert_int_equal(ask(s, CONTINUE), 200);
    assert_string_equal(phase_of(s), "idle");
    assert_int_equal(access(kept, F_OK), -1);
    sshkeys_look(s->keys, &s->services[0], &note);
    assert_int_equal(note.state, SSHKEYS_QUIET);
    assert_true(audited(s, "start", true) && audited(s, "made", true) &&
                audited(s, "proof", true) && audited(s, "switch", true) &&
                audited(s, "still accepts", true) && audited(s, "end", true));
    assert_string_equal(s->lines[0].user_email, "alice@example.org");
    end(s);
}

static void test_a_key_that_is_not_accepted_leaves_the_old_one_in_use(void **state)
{
    (void)state;
    struct scene *s = begin();
    struct keypair_public before, after;
    struct error err = {0};
    assert_int_equal(keypair_read(s->services[0].ssh.key, &before, &err), 0);
    assert_int_equal(ask(s, CONTINUE), 409);
    assert_string_equal(code_of(s), "no_new_key");
    assert_int_equal(ask(s, BEGIN), 200);
    assert_int_equal(ask(s, CONTINUE), 409);
    assert_string_equal(code_of(s), "key_not_accepted");
    assert_non_null(strstr(json_text_or(s->body, "message", ""), "127.0.0.1"));
    assert_true(audited(s, "refused the key", false));
    sshd_fixture_stop_listener(&s->sshd);
    assert_int_equal(ask(s, CONTINUE), 503);
    assert_string_equal(code_of(s), "host_unreachable");
    sshd_fixture_resume_listener(&s->sshd);
    assert_int_equal(keypair_read(s->services[0].ssh.key, &after, &err), 0);
    assert_string_equal(after.base64, before.base64);
    end(s);
}

static void test_what_may_not_be_done_is_refused_before_anything_is_touched(void **state)
{
    (void)state;
    struct scene *s = begin();
    assert_int_equal(ask(s, "{\"step\": \"continue\"}"), 400);
    assert_true(json_bool_or(s->body, "confirmation_required", false));
    assert_int_equal(ask(s, "{\"target\": \"nobody\"}"), 404);
    order(s, "{\"target\": \"127.0.0.1\"}"); /* a host */
    assert_int_equal(ask(s, BEGIN), 409);    /* at the same time */
    assert_string_equal(code_of(s), "operation_running");
    while (s->answers < 4)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(s->status, 200);
    (void)str_copy(s->services[1].ssh.key, sizeof s->services[1].ssh.key, "/another");
    assert_int_equal(ask(s, BEGIN), 400);
    assert_string_equal(code_of(s), "service_required");
    end(s);
}

static void test_settings_that_change_during_the_proof_stop_the_switch(void **state)
{
    (void)state;
    struct scene *s = begin();
    assert_int_equal(ask(s, BEGIN), 200);
    install(s, false);
    int wanted = s->answers + 1;
    order(s, CONTINUE);
    unsigned logins = sshd_fixture_logged(&s->sshd, "Accepted publickey");
    while (sshd_fixture_logged(&s->sshd, "Accepted publickey") == logins)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    sshkeys_reloaded(s->keys);
    while (s->answers < wanted)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_int_equal(s->status, 409);
    assert_string_equal(code_of(s), "settings_changed");
    assert_int_equal(ask(s, CONTINUE), 200); /* and again it works */
    end(s);
}

static void test_an_end_of_the_daemon_at_any_step_answers_the_call_and_can_be_resumed(void **state)
{
    (void)state;
    struct scene *s = begin();
    order(s, BEGIN); /* the worker is at it */
    close_keys(s);
    assert_int_equal(s->status, 503);
    (void)uv_run(&s->loop, UV_RUN_ONCE);
    open_keys(s);
    assert_int_equal(ask(s, BEGIN), 200);
    install(s, false);
    order(s, CONTINUE);
    unsigned logins = sshd_fixture_logged(&s->sshd, "Accepted publickey");
    while (sshd_fixture_logged(&s->sshd, "Accepted publickey") == logins)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    close_keys(s); /* in the middle of a login */
    assert_int_equal(s->status, 503);
    open_keys(s);
    assert_int_equal(ask(s, CONTINUE), 200);
    assert_string_equal(phase_of(s), "switched");
    close_keys(s);
    open_keys(s);
    assert_int_equal(ask(s, BEGIN), 409);
    assert_string_equal(code_of(s), "rotation_unfinished");
    end(s);
}

static void test_an_old_key_that_was_removed_by_hand_ends_the_rotation(void **state)
{
    (void)state;
    struct scene *s = begin();
    assert_int_equal(ask(s, BEGIN), 200);
    install(s, false);
    assert_int_equal(ask(s, CONTINUE), 200);
    assert_int_equal(unlink(json_text_or(s->body, "old_file", "?")), 0);
    s->ahead_ms = 25 * HOUR_MS;
    assert_int_equal(ask(s, CONTINUE), 409);
    assert_string_equal(code_of(s), "no_new_key");
    assert_non_null(strstr(json_text_or(s->body, "message", ""), "removed by hand"));
    assert_int_equal(ask(s, BEGIN), 200); /* the way is free */
    end(s);
}

static void test_a_stray_new_file_does_not_hold_up_the_end_of_a_rotation(void **state)
{
    (void)state;
    struct scene *s = begin();
    char stray[SETTINGS_PATH_MAX];
    assert_int_equal(ask(s, BEGIN), 200);
    install(s, true);
    assert_int_equal(ask(s, CONTINUE), 200);
    keypair_fresh_path(s->services[0].ssh.key, stray);
    FILE *f = fopen(stray, "w");
    assert_non_null(f);
    assert_true(fputs("no key\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    s->ahead_ms = 25 * HOUR_MS;
    assert_int_equal(ask(s, CONTINUE), 200);
    assert_string_equal(phase_of(s), "idle");
    assert_int_equal(unlink(stray), 0);
    end(s);
}

static void test_a_question_that_cannot_be_asked_is_not_asked_again_at_once(void **state)
{
    (void)state;
    struct scene *s = begin();
    assert_int_equal(ask(s, BEGIN), 200);
    install(s, false);
    assert_int_equal(ask(s, CONTINUE), 200);
    s->keys->ports.ssh = NULL;
    s->ahead_ms = 25 * HOUR_MS;
    sshkeys_reloaded(s->keys); /* looks at the clock again */
    while (s->keys->run == NULL)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    while (s->keys->run != NULL)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    assert_true(uv_timer_get_due_in(s->keys->timer) > 1000);
    s->keys->ports.ssh = s->pool;
    end(s);
}

int main(void)
{
    if (!sshd_fixture_available()) {
        (void)printf("1..0 # skipped: no sshd\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_key_is_kept_a_day_warned_of_once_a_day_and_removed_when_refused),
        cmocka_unit_test(test_a_key_that_is_not_accepted_leaves_the_old_one_in_use),
        cmocka_unit_test(test_what_may_not_be_done_is_refused_before_anything_is_touched),
        cmocka_unit_test(test_settings_that_change_during_the_proof_stop_the_switch),
        cmocka_unit_test(test_an_end_of_the_daemon_at_any_step_answers_the_call_and_can_be_resumed),
        cmocka_unit_test(test_an_old_key_that_was_removed_by_hand_ends_the_rotation),
        cmocka_unit_test(test_a_stray_new_file_does_not_hold_up_the_end_of_a_rotation),
        cmocka_unit_test(test_a_question_that_cannot_be_asked_is_not_asked_again_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
