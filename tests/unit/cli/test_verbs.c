/* Whole command lines in a child process, against the fake daemon: what comes out, where, and the
 * exit status. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/cli.h"
#include "daemon/control.h"
#include "fake_daemon.h"
#include "io/clock.h"
#include "io/file.h"
#include "store/audit.h"

#define WORDS_MAX 16
#define OUTPUT_MAX 65536
#define NO_LINE_BEFORE "0000000000000000000000000000000000000000000000000000000000000000"

struct world {
    char folder[64], config[128], socket[128];
    pid_t daemon;
    char out[OUTPUT_MAX], err[OUTPUT_MAX];
    struct buf log; /* the audit file's text: reachable from here in every child, too */
};

static void write_config(struct world *w)
{
    char text[1024];
    struct error err = {0};
    (void)str_format(text, sizeof(text),
                     "server: {control_socket: %s}\n"
                     "audit: {file: %s/audit.log}\n"
                     "services:\n"
                     "  redis: {name: Redis Service, unit: redis-server, "
                     "address: \"127.0.0.1:6379\"}\n",
                     w->socket, w->folder);
    assert_int_equal(file_write_atomic(w->config, text, strlen(text), 0644, &err), 0);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    (void)str_copy(w->folder, sizeof(w->folder), "/tmp/resus-cli-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)str_format(w->config, sizeof(w->config), "%s/resus.yaml", w->folder);
    (void)str_format(w->socket, sizeof(w->socket), "%s/control.sock", w->folder);
    write_config(w);
    (void)setenv("RESUS_CONFIG", w->config, 1);
    *state = w;
    return 0;
}

static void play(struct world *w, enum fake_scenario scenario)
{
    if (w->daemon > 0)
        fake_daemon_stop(w->daemon);
    w->daemon = fake_daemon_start(w->socket, scenario);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    if (w->daemon > 0)
        fake_daemon_stop(w->daemon);
    (void)unlink(w->config);
    char monitor[128];
    assert_true(control_monitor_path(w->socket, monitor, sizeof monitor));
    (void)unlink(w->socket);
    (void)unlink(monitor); /* a daemon that was killed leaves them */
    buf_free(&w->log);
    assert_int_equal(rmdir(w->folder), 0);
    free(w);
    return 0;
}

static void gather(int out, int err, struct world *w)
{
    struct pollfd p[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    char *to[] = {w->out, w->err};
    size_t used[] = {0, 0};
    for (int open = 2; open > 0;) {
        assert_true(poll(p, 2, -1) > 0);
        for (int i = 0; i < 2; i++) {
            if (p[i].fd < 0 || p[i].revents == 0)
                continue;
            ssize_t n = read(p[i].fd, to[i] + used[i], OUTPUT_MAX - 1 - used[i]);
            if (n > 0) {
                used[i] += (size_t)n;
                continue;
            }
            p[i].fd = -1;
            open--;
        }
    }
    w->out[used[0]] = w->err[used[1]] = '\0';
}

/* Runs `line` (words parted by blanks) and returns the exit status. */
static int run(struct world *w, const char *line)
{
    char text[1024], resus[] = "resus", *words[WORDS_MAX + 1] = {resus};
    int count = 1, out[2], err[2], status = 0;
    (void)str_copy(text, sizeof(text), line);
    for (char *rest = text, *word; (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] == '\0')
            continue;
        assert_true(count < WORDS_MAX);
        words[count++] = word;
    }
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(err[1], STDERR_FILENO);
        for (int i = 0; i < 2; i++) {
            (void)close(out[i]);
            (void)close(err[i]);
        }
        exit(cli_main(count, words));
    }
    (void)close(out[1]);
    (void)close(err[1]);
    gather(out[0], err[0], w);
    (void)close(out[0]);
    (void)close(err[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status))
        fail_msg("%s: ended by signal %d\n%s", line, WTERMSIG(status), w->err);
    return WEXITSTATUS(status);
}

struct row {
    const char *line;
    int status;
    const char *out, *err; /* parts; NULL = must be empty */
};

static void expect_rows(struct world *w, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        int status = run(w, row->line);
        bool out = row->out == NULL ? w->out[0] == '\0' : strstr(w->out, row->out) != NULL;
        bool err = row->err == NULL ? w->err[0] == '\0' : strstr(w->err, row->err) != NULL;
        if (status != row->status || !out || !err)
            fail_msg("resus %s\nstatus %d, wanted %d\nstdout: %s\nstderr: %s", row->line, status,
                     row->status, w->out, w->err);
    }
}

static void a_healthy_service_is_shown_and_operated(void **state)
{
    static const struct row rows[] = {
        {"status", 0, "● Running   Redis Service (redis) on Redis VM 172.16.168.23   healthy\n",
         NULL},
        {"status redis", 0, "Redis Service (redis)", NULL},
        {"health", 0, "Health Status: HEALTHY", NULL},
        {"services", 0, "Redis Service", NULL},
        {"refresh", 0, "● Running", NULL},
        {"check", 0, "REDIS OK - answering in 0.21 ms, up 1d 4h 32m | ping=0.21ms;50;100;0 ", NULL},
        {"restart --reason x", 0, "✓ restart: Restarted. (15.7 s)\n", NULL},
        {"start", 0, "✓ start: It was running already.", NULL},
        {"reload", 0, "✓ reload", NULL},
        {"stop --confirm STOP --force --reason x", 0, "✓ stop: Stopped.", NULL},
        {"stop --confirm STOP --emergency --message x", 0, "✓ stop", NULL},
        {"preflight restart", 0, "41,203 changes", NULL},
        {"pause --for 30m --reason x", 0, "✓ paused", NULL},
        {"pause --reason x", 0, "✓ paused", NULL},
        {"resume", 0, "✓ resumed", NULL},
        {"logs -n 2 --since 2h --level info", 0,
         "2025-10-10 14:01:00~info    the older\n2025-10-10 14:02:11 warning the newer?[0m\n",
         NULL},
        {"logs -f", 0, "error   pushed one\n", NULL},
        {"events -n 5", 0, "restart by alice success: Restarted.\n", NULL},
        {"recovery status", 0, "Last Recovery      Never\n", NULL},
        {"recovery history", 0, "crashed: Killed by signal 9.\n", NULL},
        {"recovery explain", 0, "Resus would do nothing now.\n", NULL},
        {"recovery enable --reason x", 0, "Auto-Recovery", NULL},
        {"recovery disable", 0, "Auto-Recovery", NULL},
        {"recovery reset", 0, "Auto-Recovery", NULL},
        {"recovery set max_attempts=2 external_stop=respect enabled=true", 0, "Auto-Recovery",
         NULL},
        {"inspect slowlog", 0, "id  duration_us  command\n 1        12000  KEYS *\n", NULL},
        {"doctor", 1, "fix: resus sudoers", NULL},
        {"restart nope", 1, NULL, "resus: restart refused: there is no service of that id\n"},
        {"stop", 1, NULL, "  to do it: resus stop --confirm STOP\n"},
        {"stop redis", 1, NULL, "  - backend\n"},
    };
    play(*state, FAKE_HEALTHY);
    expect_rows(*state, rows, ARRAY_LENGTH(rows));
}

static void of_several_services_the_worst_comes_first(void **state)
{
    static const char order[] = "● sessions  critical  crashed\n"
                                "● queue     degraded  memory_high\n"
                                "● mail      healthy   not guarded: paused\n"
                                "● batch     critical  stopped_on_purpose\n"
                                "● cache     healthy\n";
    static const struct row rows[] = {
        {"status", 0,
         "5 services: 1 critical, 1 degraded, 1 not guarded, 1 down as planned, 1 healthy;\n",
         NULL},
        {"list --state critical", 0, "2 of them match:\n", NULL},
        {"list --state critical,stopped", 0, "● batch ", NULL},
        {"list --group SHOP --tag gold", 0, "1 of them matches:\n", NULL},
        {"list CRASH", 0, "● sessions ", NULL},
        {"list nothing-of-this", 0, "0 of them match\n", NULL},
        {"services", 0, "● sessions ", NULL},
        {"top", 0, "● sessions ", NULL}, /* no terminal: once */
        {"status --state healthy --json", 0, "{\"items\": [{\"id\": \"mail\"", NULL},
        {"list --state crtical", 64, NULL, "did you mean critical?"},
        {"list --state ,", 64, NULL, "--state needs a word"},
        {"status redis --state critical", 64, NULL, "leave out SERVICE"},
        {"status redis", 0, "● Running", NULL},
    };
    struct world *w = *state;
    play(w, FAKE_SEVERAL);
    expect_rows(w, rows, ARRAY_LENGTH(rows));
    (void)setenv("COLUMNS", "44", 1);
    assert_int_equal(run(w, "list"), 0);
    (void)unsetenv("COLUMNS");
    if (strstr(w->out, order) == NULL)
        fail_msg("%s", w->out);
}

static void both_versions_are_said(void **state)
{
    static const struct row there[] = {
        {"version", 0, "  Daemon             9.9.9 (abc), database schema 99\n", NULL},
        {"version", 0, "  systemctl restart resus\n", NULL},
        {"version --json", 0, "\"daemon\": {\"name\": \"resus\"", NULL},
    };
    static const struct row none[] = {
        {"version", 3, "  Command line       " RESUS_VERSION, "the daemon does not run here"},
        {"version --json", 3, "\"daemon\": null", NULL},
    };
    expect_rows(*state, none, ARRAY_LENGTH(none));
    play(*state, FAKE_HEALTHY);
    expect_rows(*state, there, ARRAY_LENGTH(there));
}

static void json_is_the_body_and_nothing_else(void **state)
{
    struct world *w = *state;
    static const char *const lines[] = {
        "--json status",          "health --json",       "services --json", "restart --json",
        "recovery status --json", "check --json",        "--json refresh",  "logs --json",
        "audit list --json",      "audit verify --json",
    };
    static const char *const errors[] = {"stop --json", "--json restart nope", "check nope --json"};
    play(w, FAKE_HEALTHY);
    char log[160];
    struct error err = {0};
    (void)str_format(log, sizeof(log), "%s/audit.log", w->folder);
    assert_int_equal(file_write_atomic(log, "", 0, 0600, &err), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(lines) + ARRAY_LENGTH(errors); i++) {
        bool good = i < ARRAY_LENGTH(lines);
        const char *line = good ? lines[i] : errors[i - ARRAY_LENGTH(lines)];
        int status = run(w, line);
        json_error_t error;
        json_t *body = json_loads(w->out, 0, &error);
        if (!json_is_object(body) || (status == 0) != good || w->err[0] != '\0')
            fail_msg("%s: %d\n%s\n%s", line, status, w->out, w->err);
        assert_true(good == (json_object_get(body, "code") == NULL));
        json_decref(body);
    }
    assert_int_equal(run(w, "--json status"), 0);
    json_t *body = json_loads(w->out, 0, NULL);
    assert_int_equal(json_int_or(body, "pid", 0), 4242);
    json_decref(body);
    (void)unlink(log);
}

static void trouble_is_named_with_cause_and_advice(void **state)
{
    struct world *w = *state;
    static const struct row busy[] = {
        {"check", 2,
         "REDIS CRITICAL - A script / or function has blocked it for 12 s; no automatic "
         "recovery: the script has written: a restart would lose its work\n",
         NULL},
        {"status", 0, "a restart is useless", NULL},
        {"status", 0, "(restart_useless)", NULL},
        {"health", 0, "✗ Connectivity  fail     5000 ms   BUSY\n", NULL},
    };
    static const struct row memory[] = {
        {"check", 1, "REDIS WARNING - Memory is at 85 % of its limit | ping=", NULL},
        {"health", 0, "• Consider increasing memory limit (usage at 85%)\n", NULL},
    };
    static const struct row unreachable[] = {
        {"check", 3, "REDIS UNKNOWN - The host answers neither", NULL},
        {"status", 3, "○ Unknown   Redis Service (redis)   unknown\n", "answers neither to Redis"},
        {"health", 0, "Health Status: UNKNOWN", NULL},
    };
    play(w, FAKE_BUSY_SCRIPT);
    expect_rows(w, busy, ARRAY_LENGTH(busy));
    play(w, FAKE_MEMORY_HIGH);
    expect_rows(w, memory, ARRAY_LENGTH(memory));
    play(w, FAKE_UNREACHABLE);
    expect_rows(w, unreachable, ARRAY_LENGTH(unreachable));
}

static void refusals_say_why_and_what_helps(void **state)
{
    static const struct row rows[] = {
        {"start", 1, NULL, "resus: start refused: alice has been restarting it since 14:29:50\n"},
        {"restart", 1, NULL,
         "resus: restart refused: a restart would lose data\n"
         "  - the last save failed: No space left on device\n"
         "  an admin can do it in spite of that with --force\n"},
        {"restart --force", 1, NULL, "resus: restart refused: a restart would lose data\n"},
        {"reload", 1, NULL, "  it said: Job type reload is not applicable\n"},
        {"pause --reason x", 1, NULL, "  you act as viewer; members of group resus-admin may"},
        {"logs", 1, NULL, "  try again in 17 s\n"},
        {"resume", 3, NULL, "resus: resume failed: no SSH session\n"},
    };
    play(*state, FAKE_REFUSING);
    expect_rows(*state, rows, ARRAY_LENGTH(rows));
}

static void hostile_bodies_reach_no_terminal(void **state)
{
    struct world *w = *state;
    static const char *const lines[] = {"status", "health", "check"};
    play(w, FAKE_HOSTILE);
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        (void)run(w, lines[i]);
        for (const char *c = w->out; *c != '\0'; c++)
            if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7F)
                fail_msg("%s lets byte %d through", lines[i], *c);
        assert_null(strstr(w->out, "\xc2\x9b"));
        assert_null(strstr(w->out, "\nForged"));
        assert_null(strstr(w->out, "\nREDIS OK"));
    }
    assert_null(strchr(w->out, '|')); /* of check: the bar came from the text */
}

static void without_a_daemon_the_way_to_start_it_is_told(void **state)
{
    struct world *w = *state;
    static const struct row none[] = {
        {"status", 3, NULL, "the daemon does not run here (no /tmp/"},
        {"restart", 3, NULL, "start it with `systemctl start resus`"},
        {"check", 3, "REDIS UNKNOWN - the daemon does not run here", NULL},
        {"status --json", 3, "\"code\": \"daemon_unreachable\"", NULL},
    };
    static const struct row dying[] = {
        {"status", 3, NULL, "the daemon has closed the connection"},
        {"check", 3, "REDIS UNKNOWN - the daemon has closed the connection", NULL},
    };
    expect_rows(w, none, ARRAY_LENGTH(none));
    static const struct row misnamed = {"status", 3, NULL, "cannot open /nonexistent"};
    (void)setenv("RESUS_CONFIG", "/nonexistent", 1);
    expect_rows(w, &misnamed, 1);
    (void)setenv("RESUS_CONFIG", w->config, 1);
    play(w, FAKE_DYING);
    expect_rows(w, dying, 1);
    play(w, FAKE_DYING);
    expect_rows(w, dying + 1, 1);
}

static void wrong_use_ends_with_64_and_the_usage_line(void **state)
{
    static const struct row rows[] = {
        {"", 64, NULL, "usage: resus VERB"},
        {"restrat", 64, NULL, "did you mean restart?\nusage: resus VERB"},
        {"stop --confirm yes", 64, NULL, "takes the word STOP"},
        {"stop --emergency", 64, NULL, "needs --message"},
        {"stop --message x", 64, NULL, "goes with --emergency"},
        {"pause", 64, NULL, "needs --reason"},
        {"pause --reason x --for soon", 64, NULL, "--for: "},
        {"token create x --role viewer --expires 1y", 64, NULL, "--expires: "},
        {"pause --reason x --for 0", 64, NULL, "at least one second"},
        {"logs -n 0", 64, NULL, "-n: "},
        {"logs --since 2025-02-31", 64, NULL, "--since: \"2025-02-31\" is no time"},
        {"logs --level loud", 64, NULL, "error, warning, info"},
        {"logs --since soon", 64, NULL, "--since: \"soon\" is no time"},
        {"recovery set max_attempts=99", 64, NULL, "max_attempts"},
        {"recovery set nonsense=1", 64, NULL, "nonsense"},
        {"audit list -n x", 64, NULL, "-n: "},
        {"demo --port 0", 64, NULL, "--port: "},
        {"help nonsense", 64, NULL, "there is no verb"},
        {"check --force", 3, "REDIS UNKNOWN - check does not take --force",
         "usage: resus check [SERVICE | --group NAME --tag TAG] [-t SECONDS]\n"},
        {"check a b", 3, "REDIS UNKNOWN - check: \"b\" is one word too many",
         "usage: resus check [SERVICE | --group NAME --tag TAG] [-t SECONDS]\n"},
        {"check -t 0", 3, "REDIS UNKNOWN - --timeout is 1 to 600 seconds", "--timeout"},
        {"--nonsense check", 3, "REDIS UNKNOWN - unknown option --nonsense", "unknown option"},
        {"status --url http://x", 64, NULL, "must be https://"},
    };
    expect_rows(*state, rows, ARRAY_LENGTH(rows));
}

static void the_audit_log_is_listed_reviewed_and_verified(void **state)
{
    struct world *w = *state;
    char file[160];
    struct error err = {0};
    w->log = BUF_LIMIT(65536);
    (void)str_format(file, sizeof(file), "%s/audit.log", w->folder);
    struct audit_line line = {
        .event = AUDIT_SERVICE_OPERATION,
        .service = "redis",
        .operation = "restart",
        .user_id = "alice",
        .user_email = "alice@example.org",
        .user_role = "admin",
        .source_ip = "10.0.0.9",
        .has_result = true,
        .duration_seconds = 1.5,
        .ssh_key_used = -1,
        .request_id = "r1",
    };
    line.at = clock_wall();
    (void)str_copy(line.error, sizeof(line.error), "no\x1b[2J");
    assert_int_equal(audit_line_json(&line, 1, NO_LINE_BEFORE, &w->log), 0);
    assert_int_equal(buf_append(&w->log, "\n", 1), 0);
    assert_int_equal(file_write_atomic(file, w->log.data, w->log.length, 0600, &err), 0);
    static const struct row good[] = {
        {"audit list", 0,
         "restart            alice@example.org    failed   1.5 s no?[2J (from 10.0.0.9)", NULL},
        {"audit list --user bob", 0, "no line of the audit log matches\n", NULL},
        {"audit list --failed -n 5", 0, "alice@example.org", NULL},
        {"audit report", 0, "By user\n  alice@example.org            1, 1 failed (0.0 % good)",
         NULL},
        {"audit summary --since 2h", 0, "Failed operations  1\n", NULL},
        {"audit report --json", 0, "\"by_user\"", NULL},
        {"audit verify --json", 0, "{\"intact\": true, \"lines\": 1, ", NULL},
        {"audit verify", 0, "✓ intact: 1 line, seq 1 to 1\n", NULL},
    };
    expect_rows(w, good, ARRAY_LENGTH(good));
    assert_null(strchr(w->out, 0x1b));
    char *role = strstr(w->log.data, "admin");
    memcpy(role, "nimda", 5); /* tampered with */
    assert_int_equal(file_write_atomic(file, w->log.data, w->log.length, 0600, &err), 0);
    static const struct row broken[] = {
        {"audit verify", 1, "audit.log line 1: ", NULL},
        {"audit verify --json", 1, "\"intact\": false", NULL},
    };
    expect_rows(w, broken, ARRAY_LENGTH(broken));
    (void)unlink(file);
    static const struct row none[] = {{"audit verify", 1, NULL, "audit.log"}};
    expect_rows(w, none, 1);
}

static void verbs_without_a_daemon_read_the_configuration(void **state)
{
    struct world *w = *state;
    static const struct row rows[] = {
        {"serve", 0, "double: serve /tmp/", NULL},
        {"serve --check", 0, "resus.yaml: good, 1 service\n", NULL},
        {"serve --check --config /nonexistent", 2, NULL, "/nonexistent"},
        {"demo", 0, "double: demo 8443 ./.demo\n", NULL},
        {"demo --port 9443 --dir /d", 0, "double: demo 9443 /d\n", NULL},
        {"sudoers --user autobot", 0, "autobot ALL=", NULL},
        {"sudoers", 0, "resus ALL=", NULL}, /* the unit's account: the Redis is this machine's */
        {"sudoers --user bad,user", 1, NULL, "cannot stand in a sudoers file"},
        {"sudoers nope", 1, NULL, "no service \"nope\""},
        {"key check", 0, "no service is reached by SSH\n", NULL},
        {"key check nope", 1, NULL, "no service \"nope\""},
        {"key check --continue", 64, NULL, "key check takes a service and nothing else"},
        {"key rotate --type dsa", 64, NULL, "--type is ed25519 or rsa"},
        {"key rotate --type rsa --continue", 64, NULL, "--type is for the first step"},
        {"status --config /nonexistent", 2, NULL, "/nonexistent"},
        {"--version", 0, "resus " RESUS_VERSION, NULL},
        {"--version", 0, "\ndatabase schema ", NULL},
        {"help", 0, "preflight", NULL},
        {"restart --help", 0, "usage: resus restart", NULL},
        {"help restart", 0, "usage: resus restart", NULL},
    };
    expect_rows(w, rows, ARRAY_LENGTH(rows));
    static const char bad[] = "services:\n  redis: {unti: x}\n";
    struct error err = {0};
    assert_int_equal(file_write_atomic(w->config, bad, sizeof(bad) - 1, 0644, &err), 0);
    static const struct row broken[] = {
        {"serve --check", 2, NULL, "resus.yaml:2:"},
        {"sudoers", 2, NULL, "resus.yaml:2:"},
    };
    expect_rows(w, broken, ARRAY_LENGTH(broken));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    (void)setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_healthy_service_is_shown_and_operated),
        IN_WORLD(of_several_services_the_worst_comes_first),
        IN_WORLD(both_versions_are_said),
        IN_WORLD(json_is_the_body_and_nothing_else),
        IN_WORLD(trouble_is_named_with_cause_and_advice),
        IN_WORLD(refusals_say_why_and_what_helps),
        IN_WORLD(hostile_bodies_reach_no_terminal),
        IN_WORLD(without_a_daemon_the_way_to_start_it_is_told),
        IN_WORLD(wrong_use_ends_with_64_and_the_usage_line),
        IN_WORLD(the_audit_log_is_listed_reviewed_and_verified),
        IN_WORLD(verbs_without_a_daemon_read_the_configuration),
    };
    return cmocka_run_group_tests_name("verbs", tests, NULL, NULL);
}
