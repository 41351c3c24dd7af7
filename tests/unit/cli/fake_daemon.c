#include "fake_daemon.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/json.h"
#include "base/str.h"
#include "daemon/control.h"
#include "io/log.h"

struct fake {
    enum fake_scenario scenario;
    struct control_server *server;
};

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_READ_FLAGS, &error);
    if (value == NULL) {
        (void)fprintf(stderr, "canned body: %s at %d\n", error.text, error.position);
        abort();
    }
    return value;
}

#define RECOVERY_FINE                                                                              \
    "{\"enabled\": true, \"state\": \"monitoring\", \"recent_recoveries\": 0, "                    \
    "\"last_recovery\": null, \"recovery_status\": null, \"recovery_level\": null, "               \
    "\"duration_seconds\": null, \"attempts\": 0, \"max_attempts\": 3, "                           \
    "\"requires_manual_intervention\": false, \"circuit_breaker\": {\"state\": \"closed\", "       \
    "\"recoveries_in_window\": 0, \"window_seconds\": 300, \"opened_at\": null}, "                 \
    "\"withheld\": null}"
#define METRICS(memory)                                                                            \
    "{\"memory_mb\": {\"value\": " memory ", \"warning\": 3072, \"critical\": 4096, \"max\": "     \
    "4096}, \"cpu_percent\": {\"value\": 5.2, \"warning\": 70, \"critical\": 90}, "                \
    "\"connections\": {\"value\": 42, \"warning\": 8000, \"critical\": 9500, \"max\": 10000}, "    \
    "\"response_time_ms\": {\"value\": 0.21, \"warning\": 50, \"critical\": 100}, "                \
    "\"commands_per_second\": {\"value\": 812, \"warning\": 10000, \"critical\": 50000}}"

static const char *const status_bodies[FAKE_COUNT] = {
    [FAKE_HEALTHY] =
        "{\"status\": \"running\", \"pid\": 4242, \"uptime_seconds\": 102720, \"memory_mb\": "
        "128.5, \"connections\": 42, \"commands_processed\": 1234567, \"last_check\": "
        "\"2025-10-10T14:29:58Z\", \"vm_info\": {\"host\": \"172.16.168.23\", \"name\": \"Redis "
        "VM\", \"ssh_accessible\": true}}",
    [FAKE_UNREACHABLE] =
        "{\"error\": \"Host unreachable\", \"message\": \"172.16.168.23 answers neither to Redis "
        "nor to SSH\", \"code\": \"host_unreachable\", \"details\": {\"host\": "
        "\"172.16.168.23\", \"error\": \"No route to host\"}, \"timestamp\": "
        "\"2025-10-10T14:30:00Z\", \"request_id\": \"r1\", \"status\": \"unknown\", "
        "\"last_check\": \"2025-10-10T14:20:00Z\"}",
    [FAKE_HOSTILE] =
        "{\"status\": \"running\", \"vm_info\": {\"host\": \"h\\u001b[2Jost\", \"name\": "
        "\"VM\\u009b31m\\u202e\\nForged: line\", \"ssh_accessible\": true}}",
};

static const char *const health_bodies[FAKE_COUNT] = {
    [FAKE_HEALTHY] =
        "{\"overall_status\": \"healthy\", \"service_running\": true, \"connectivity\": true, "
        "\"response_time_ms\": 0.21, \"last_successful_command\": \"2025-10-10T14:29:59Z\", "
        "\"error_count_last_hour\": 0, \"health_checks\": {\"connectivity\": {\"status\": "
        "\"pass\", \"duration_ms\": 0.21, \"message\": \"PING successful\"}, \"systemd\": "
        "{\"status\": \"pass\", \"duration_ms\": 11.4, \"message\": \"Service active and "
        "running\"}, \"performance\": {\"status\": \"pass\", \"duration_ms\": 1.5, \"message\": "
        "\"All metrics within normal ranges\", \"metrics\": " METRICS(
            "128.5") "}}, \"cause\": {\"code\": \"ok\", \"summary\": \"answering\", \"since\": "
                     "null, \"evidence\": [], \"restart\": \"unneeded\", \"advice\": \"\"}, "
                     "\"recommendations\": [], \"auto_recovery\": " RECOVERY_FINE "}",
    [FAKE_BUSY_SCRIPT] =
        "{\"overall_status\": \"critical\", \"service_running\": true, \"connectivity\": false, "
        "\"response_time_ms\": null, \"last_successful_command\": \"2025-10-10T14:29:48Z\", "
        "\"error_count_last_hour\": 3, \"health_checks\": {\"connectivity\": {\"status\": "
        "\"fail\", \"duration_ms\": 5000, \"message\": \"BUSY\", \"error\": \"BUSY Redis is "
        "busy running a script\"}, \"systemd\": {\"status\": \"pass\", \"duration_ms\": 11, "
        "\"message\": \"Service active and running\"}, \"performance\": {\"status\": "
        "\"unknown\", \"duration_ms\": null, \"message\": \"not measured\"}}, \"cause\": "
        "{\"code\": \"busy_script\", \"summary\": \"A script | or function has blocked it for 12 "
        "s.\", \"since\": \"2025-10-10T14:29:48Z\", \"evidence\": [\"PING: BUSY Redis is busy "
        "running a script\", \"unit: active (running)\"], \"restart\": \"useless\", "
        "\"advice\": \"Find who runs the script; it has written, so only SHUTDOWN NOSAVE ends "
        "it.\"}, \"recommendations\": [], \"auto_recovery\": {\"enabled\": true, \"state\": "
        "\"monitoring\", \"recent_recoveries\": 1, \"last_recovery\": \"2025-10-10T12:30:00Z\", "
        "\"recovery_status\": \"success\", \"recovery_level\": \"standard\", "
        "\"duration_seconds\": 0.31, \"attempts\": 1, \"max_attempts\": 3, "
        "\"requires_manual_intervention\": false, \"circuit_breaker\": {\"state\": \"open\", "
        "\"recoveries_in_window\": 3, \"window_seconds\": 300, \"opened_at\": "
        "\"2025-10-10T14:00:00Z\"}, \"withheld\": {\"reason_code\": \"restart_useless\", "
        "\"text\": \"the script has written: a restart would lose its work\"}}}",
    [FAKE_MEMORY_HIGH] =
        "{\"overall_status\": \"degraded\", \"service_running\": true, \"connectivity\": true, "
        "\"response_time_ms\": 0.4, \"error_count_last_hour\": 0, \"health_checks\": "
        "{\"connectivity\": {\"status\": \"pass\", \"duration_ms\": 0.4, \"message\": \"PING "
        "successful\"}, \"systemd\": {\"status\": \"pass\", \"duration_ms\": 11, \"message\": "
        "\"Service active and running\"}, \"performance\": {\"status\": \"warning\", "
        "\"duration_ms\": 2, \"message\": \"memory at 85 %\", \"metrics\": " METRICS(
            "3481.6") "}}, \"cause\": {\"code\": \"memory_high\", \"summary\": \"Memory is at 85 "
                      "% of its limit.\", \"since\": \"2025-10-10T14:00:00Z\", \"evidence\": "
                      "[\"used_memory 3650722201\"], \"restart\": \"unneeded\", \"advice\": "
                      "\"Raise maxmemory or evict.\"}, \"recommendations\": [\"Consider "
                      "increasing memory limit (usage at 85%)\"], \"auto_recovery\": " RECOVERY_FINE
                      "}",
    [FAKE_UNREACHABLE] =
        "{\"overall_status\": \"unknown\", \"service_running\": null, \"connectivity\": false, "
        "\"health_checks\": {\"connectivity\": {\"status\": \"fail\", \"message\": \"no "
        "connection\"}, \"systemd\": {\"status\": \"unknown\", \"message\": \"no session\"}, "
        "\"performance\": {\"status\": \"unknown\", \"message\": \"not measured\"}}, \"cause\": "
        "{\"code\": \"host_unreachable\", \"summary\": \"The host answers neither to Redis nor "
        "to SSH.\", \"since\": \"2025-10-10T14:20:00Z\", \"evidence\": [], \"restart\": "
        "\"useless\", \"advice\": \"Look at the network and the host itself.\"}, "
        "\"recommendations\": [], \"auto_recovery\": " RECOVERY_FINE "}",
    [FAKE_HOSTILE] =
        "{\"overall_status\": \"criti\\u001b[31mcal\", \"cause\": {\"code\": \"hung\", "
        "\"summary\": \"a\\u0007b\\u001b]0;owned\\u0007\\nREDIS OK - all fine | x=1\", "
        "\"evidence\": [\"\\u001b[2J\"], \"advice\": \"\\u009b0m\"}}",
};

static json_t *canned(const char *const bodies[FAKE_COUNT], enum fake_scenario scenario)
{
    const char *text = bodies[scenario] != NULL ? bodies[scenario] : bodies[FAKE_HEALTHY];
    return parse(text);
}

static const char *const plain_bodies[][2] = {
    {"services",
     "{\"items\": [{\"id\": \"redis\", \"name\": \"Redis Service\", \"status\": \"running\", "
     "\"overall_status\": \"healthy\", \"last_check\": \"2025-10-10T14:29:58Z\"}], "
     "\"next_cursor\": null}"},
    {"version",
     "{\"name\": \"resus\", \"version\": \"9.9.9\", \"commit\": \"abc\", \"schema\": 99}"},
    {"refresh", "{\"status\": {\"status\": \"running\"}, \"health\": {}}"},
    {"reload", "{\"success\": true, \"operation\": \"reload\", \"message\": \"Reloaded.\", "
               "\"duration_seconds\": 0.1, \"new_status\": \"running\"}"},
    {"start", "{\"success\": true, \"operation\": \"start\", \"message\": \"It was running "
              "already.\", \"duration_seconds\": 0.02, \"new_status\": \"running\"}"},
    {"preflight",
     "{\"operation\": \"restart\", \"allowed\": true, \"warnings\": [\"64 connections\"], "
     "\"connections\": 64, \"unsaved_changes\": 41203, \"last_save_age_seconds\": 372, "
     "\"last_save_ok\": true, \"aof_enabled\": false, \"replicas\": 1, "
     "\"expected_downtime_seconds\": 1.25, \"blockers\": []}"},
    {"logs", "{\"logs\": [{\"timestamp\": \"2025-10-10T14:02:11Z\", \"level\": \"warning\", "
             "\"message\": \"the newer\\u001b[0m\"}, {\"timestamp\": \"2025-10-10T14:01:00Z\", "
             "\"level\": \"info\", \"message\": \"the older\", \"zone_assumed\": true}], "
             "\"total_lines\": 2, \"service\": "
             "\"redis\", \"vm\": \"Redis VM\"}"},
    {"events_all",
     "{\"items\": [{\"type\": \"auto_recovery\", \"service\": \"redis\", \"timestamp\": "
     "\"2025-10-10T14:03:00Z\", \"seq\": 8, \"recovery_level\": \"standard\", \"status\": "
     "\"success\", \"message\": \"Service is now healthy.\"}, {\"type\": \"service_event\", "
     "\"service\": \"redis\", \"timestamp\": \"2025-10-10T14:02:00Z\", \"seq\": 7, \"event\": "
     "\"restart\", \"user\": \"alice\", \"result\": \"success\", \"message\": \"Restarted.\"}], "
     "\"next_cursor\": null}"},
    {"recovery_status", RECOVERY_FINE},
    {"recovery_set", RECOVERY_FINE},
    {"recovery_reset", RECOVERY_FINE},
    {"recovery_history",
     "{\"items\": [{\"started_at\": \"2025-10-10T12:30:00Z\", \"duration_seconds\": 0.31, "
     "\"cause\": \"crashed\", \"level\": \"standard\", \"result\": \"success\", \"attempts\": 1, "
     "\"message\": \"Killed by signal 9.\"}], \"next_cursor\": null}"},
    {"explain",
     "{\"would_act\": false, \"action\": null, \"cause\": \"ok\", \"facts\": {\"reply\": "
     "\"PONG\", \"unit\": \"active\"}, \"reasons\": [\"The service is healthy.\"], "
     "\"withheld\": null}"},
    {"pause", "{\"paused_until\": \"2025-10-10T16:30:00Z\", \"message\": \"Paused by root.\"}"},
    {"resume", "{\"message\": \"Auto-recovery goes on.\"}"},
    {"inspect",
     "{\"items\": [{\"id\": 1, \"duration_us\": 12000, \"command\": \"KEYS *\"}, {\"id\": 2, "
     "\"duration_us\": 900, \"command\": \"GET a\"}]}"},
    {"doctor",
     "{\"items\": [{\"check\": \"ssh\", \"status\": \"pass\", \"message\": \"session up\"}, "
     "{\"check\": \"sudo\", \"status\": \"fail\", \"message\": \"a wildcard lets the account "
     "read every log\", \"fix\": \"resus sudoers > /etc/sudoers.d/resus\"}]}"},
};

/* Of FAKE_SEVERAL, in the order of the settings. */
static const char several[] =
    "{\"items\": ["
    "{\"id\": \"cache\", \"name\": \"Cache\", \"group\": \"shop\", \"tags\": [\"eu\", \"gold\"], "
    "\"status\": \"running\", \"overall_status\": \"healthy\", \"cause\": \"ok\", "
    "\"response_time_ms\": 0.21, \"memory_mb\": 128.5, \"connections\": 42, "
    "\"commands_per_second\": 812.4, \"last_check\": null, \"not_guarded\": null}, "
    "{\"id\": \"batch\", \"name\": \"Batch\", \"group\": \"shop\", \"status\": \"stopped\", "
    "\"overall_status\": \"critical\", \"cause\": \"stopped_on_purpose\"}, "
    "{\"id\": \"mail\", \"name\": \"Mail\", \"status\": \"running\", \"overall_status\": "
    "\"healthy\", \"cause\": \"ok\", \"not_guarded\": {\"reason_code\": \"paused\", \"text\": "
    "\"paused\"}}, "
    "{\"id\": \"queue\", \"name\": \"Queue\", \"status\": \"running\", \"overall_status\": "
    "\"degraded\", \"cause\": \"memory_high\"}, "
    "{\"id\": \"sessions\", \"name\": \"Sessions\", \"tags\": [\"eu\"], \"status\": \"failed\", "
    "\"overall_status\": \"critical\", \"cause\": \"crashed\"}], \"next_cursor\": null}";

static const char *const refusals[][3] = {
    {"start", "409",
     "{\"error\": \"Operation running\", \"message\": \"alice has been restarting it since "
     "14:29:50\", \"code\": \"operation_running\"}"},
    {"restart", "422",
     "{\"error\": \"Blocked\", \"message\": \"a restart would lose data\", \"code\": \"blocked\", "
     "\"details\": {\"blockers\": [\"the last save failed: No space left on device\"]}}"},
    {"reload", "500",
     "{\"error\": \"Operation failed\", \"message\": \"the reload failed\", \"code\": "
     "\"operation_failed\", \"details\": {\"exit_code\": 1, \"stderr\": \"Job type reload is not "
     "applicable\", \"command\": \"sudo systemctl reload redis-server\"}}"},
    {"pause", "403",
     "{\"error\": \"Not allowed\", \"message\": \"only admins may pause\", \"code\": "
     "\"forbidden\", \"required_roles\": [\"admin\"], \"user_role\": \"viewer\"}"},
    {"logs", "429",
     "{\"error\": \"Too many\", \"message\": \"20 requests a minute\", \"code\": "
     "\"rate_limited\", \"retry_after_seconds\": 17}"},
    {"resume", "503",
     "{\"error\": \"Host unreachable\", \"message\": \"no SSH session\", \"code\": "
     "\"host_unreachable\", \"details\": {\"host\": \"h\", \"error\": \"timed out\"}}"},
};

static bool answer_refusal(struct control_call *call)
{
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++)
        if (str_equal(call->op, refusals[i][0])) {
            control_answer(call, atoi(refusals[i][1]), parse(refusals[i][2]));
            return true;
        }
    return false;
}

static void answer_stop(struct control_call *call)
{
    if (json_bool_or(call->args, "confirmation", false))
        control_answer(call, 200,
                       parse("{\"success\": true, \"operation\": \"stop\", \"message\": "
                             "\"Stopped.\", \"duration_seconds\": 1.2, \"new_status\": "
                             "\"stopped\", \"warning\": \"3 services depend on it\"}"));
    else
        control_answer(call, 400,
                       parse("{\"error\": \"Confirmation required\", \"message\": \"stopping it "
                             "affects other services\", \"code\": \"confirmation_required\", "
                             "\"confirmation_required\": true, \"affected_services\": "
                             "[\"backend\", \"cache\"]}"));
}

static void answer_restart(struct control_call *call)
{
    control_push(call, parse("{\"phase\": \"saving\"}"));
    control_push(call, parse("{\"phase\": \"loading\", \"percent\": 45.2, \"eta_seconds\": 3}"));
    json_t *body = parse("{\"success\": true, \"operation\": \"restart\", \"message\": "
                         "\"Restarted.\", \"duration_seconds\": 15.7, \"new_status\": "
                         "\"running\", \"previous_uptime_seconds\": 102720, "
                         "\"connections_terminated\": 42}");
    (void)json_object_set(body, "echo_args", (json_t *)call->args);
    control_answer(call, 200, body);
}

static void answer_follow(struct control_call *call)
{
    control_push(call, parse("{\"timestamp\": \"2025-10-10T14:05:00Z\", \"level\": \"error\", "
                             "\"message\": \"pushed one\"}"));
    control_push(call, parse("{\"timestamp\": \"2025-10-10T14:05:01Z\", \"level\": \"info\", "
                             "\"message\": \"pushed two\"}"));
    control_answer(call, 200, json_object());
}

static void answer(void *context, struct control_call *call)
{
    const struct fake *f = context;
    enum fake_scenario s = f->scenario;
    if (s == FAKE_DYING)
        _exit(0);
    if (call->service != NULL && !str_equal(call->service, "redis")) {
        control_answer(call, 404,
                       parse("{\"error\": \"Not found\", \"message\": \"there is no service of "
                             "that id\", \"code\": \"not_found\"}"));
        return;
    }
    /* What the command line sends must pass the table. */
    int known = operation_by_name(call->op);
    struct error err = {0};
    if (known < 0 || operation_check(&operations[known], call->args, &err) < 0) {
        control_answer(call, 400,
                       json_pack("{s:s,s:s,s:s}", "error", "Bad request", "message",
                                 known < 0 ? call->op : err.text, "code", "bad_request"));
        return;
    }
    if (s == FAKE_REFUSING && answer_refusal(call))
        return;
    if (s == FAKE_SEVERAL && str_equal(call->op, "services"))
        control_answer(call, 200, parse(several));
    else if (str_equal(call->op, "status"))
        control_answer(call, s == FAKE_UNREACHABLE ? 503 : 200, canned(status_bodies, s));
    else if (str_equal(call->op, "health"))
        control_answer(call, 200, canned(health_bodies, s));
    else if (str_equal(call->op, "stop"))
        answer_stop(call);
    else if (str_equal(call->op, "restart"))
        answer_restart(call);
    else if (str_equal(call->op, "logs_follow"))
        answer_follow(call);
    else {
        for (size_t i = 0; i < ARRAY_LENGTH(plain_bodies); i++)
            if (str_equal(call->op, plain_bodies[i][0])) {
                control_answer(call, 200, parse(plain_bodies[i][1]));
                return;
            }
        control_answer(call, 404,
                       parse("{\"error\": \"Not found\", \"message\": \"no such "
                             "operation\", \"code\": \"unknown_operation\"}"));
    }
}

static void on_term(uv_signal_t *signal, int number)
{
    (void)number;
    struct fake *f = signal->data;
    control_close(f->server);
    uv_close((uv_handle_t *)signal, NULL);
}

int fake_daemon_run(const char *socket, enum fake_scenario scenario, int ready_fd)
{
    struct fake f = {.scenario = scenario};
    struct error err = {0};
    uv_loop_t loop;
    uv_signal_t term;
    if (uv_loop_init(&loop) != 0 || uv_signal_init(&loop, &term) != 0)
        return 1;
    term.data = &f;
    if (uv_signal_start(&term, on_term, SIGTERM) != 0)
        return 1;
    if (control_open(&loop, socket, answer, &f, &f.server, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (ready_fd >= 0) {
        ssize_t n = write(ready_fd, "r", 1);
        (void)n;
        (void)close(ready_fd);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    return 0;
}

pid_t fake_daemon_start(const char *socket, enum fake_scenario scenario)
{
    int ready[2];
    if (pipe(ready) != 0)
        abort();
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
        (void)close(ready[0]);
        _exit(fake_daemon_run(socket, scenario, ready[1]));
    }
    (void)close(ready[1]);
    char byte;
    ssize_t n = read(ready[0], &byte, 1);
    (void)close(ready[0]);
    if (child < 0 || n != 1)
        abort();
    return child;
}

void fake_daemon_stop(pid_t child)
{
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
}
