#include "doctor/examination.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "host/host_refusal.h"
#include "host/process_facts.h"
#include "host/systemctl.h"

#define BUDGET_MS 60000
#define HOST_DEADLINE_MS 12000 /* a dial takes up to 10 s */
#define REDIS_DEADLINE_MS 3000
#define LOG_LINES 200

enum step {
    STEP_STATUS,
    STEP_ACTIVE, /* on the session that is open now: how long a command takes */
    STEP_SHOW,
    STEP_PROCESS,
    STEP_SUDO_LIST,
    STEP_JOURNAL,
    STEP_JOURNAL_SUDO,
    STEP_LOG_FILE,
    STEP_PING,
    STEP_INFO,
    STEP_WITNESS, /* at the port that INFO names */
    STEP_CONFIG,
    STEP_LOG_PATH,
    STEP_BIND,
    STEP_PROTECTED,
    STEP_STRANGER,
    STEP_TIME,
    STEP_WHOAMI,
    STEP_DRYRUN,
    STEP_DRYRUN_LAST = STEP_DRYRUN + DOCTOR_COMMAND_COUNT - 1,
    STEP_CLIENTS,
    STEP_SLOWLOG,
    STEP_COUNT
};

struct examination {
    struct doctor_facts facts;
    int step; /* the one under way, or the next one */
    mono_ms until;
    wall_ms asked;
    bool dry_runs; /* ACL DRYRUN answers us */
    bool witness;  /* there is a way to ask on the host */
};

/* ── which looks make sense ── */

static bool host_answers(const struct doctor_facts *f)
{
    return f->on_host && f->status.end == HOST_EXITED;
}

static bool redis_answers(const struct doctor_facts *f)
{
    switch (f->ping.reply) {
    case REPLY_PONG:
    case REPLY_LOADING:
    case REPLY_MISCONF:
    case REPLY_MASTERDOWN:
        return true;
    default:
        return false;
    }
}

static bool wanted(const struct examination *x, int step)
{
    const struct doctor_facts *f = &x->facts;
    switch (step) {
    case STEP_STATUS:
        return f->on_host;
    case STEP_ACTIVE:
    case STEP_JOURNAL:
        return host_answers(f);
    case STEP_SHOW:
    case STEP_LOG_FILE:
        return host_answers(f) && f->service->commands_extended;
    case STEP_PROCESS: /* this machine's own processes need no command */
        return host_answers(f) && f->unit.main_pid > 1 &&
               (f->service->commands_extended || f->service->control == CONTROL_SYSTEMD);
    case STEP_WITNESS:
        return x->witness && host_answers(f) && f->service->control == CONTROL_SSH;
    case STEP_SUDO_LIST:
        return host_answers(f) && !f->root;
    case STEP_JOURNAL_SUDO:
        return host_answers(f) && !f->root && (f->journal.exit_code != 0 || f->journal.lines == 0);
    case STEP_PING:
        return true;
    case STEP_PROTECTED:
    case STEP_LOG_PATH:
    case STEP_BIND:
        return redis_answers(f) && f->allowed[DOCTOR_CONFIG_GET] == TRI_YES;
    case STEP_DRYRUN:
        return redis_answers(f) && f->redis_user[0] != '\0';
    case STEP_CLIENTS:
        return redis_answers(f) && f->allowed[DOCTOR_CLIENT_LIST] == TRI_UNKNOWN;
    case STEP_SLOWLOG:
        return redis_answers(f) && f->allowed[DOCTOR_SLOWLOG_GET] == TRI_UNKNOWN;
    default:
        if (step > STEP_DRYRUN && step <= STEP_DRYRUN_LAST)
            return x->dry_runs;
        return redis_answers(f);
    }
}

int examination_new(const struct service_settings *service, bool root, bool witness, mono_ms now,
                    struct examination **ret, struct error *err)
{
    struct examination *x = mem_calloc(1, sizeof *x);
    if (x == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    x->until = mono_add(now, BUDGET_MS);
    x->witness = witness;
    x->facts.service = service;
    x->facts.on_host = service->control != CONTROL_PROCESS;
    x->facts.root = root;
    x->facts.command_ms = FACT_UNKNOWN;
    facts_unit_reset(&x->facts.unit);
    facts_info_reset(&x->facts.info);
    *ret = x;
    return 0;
}

void examination_free(struct examination *x)
{
    mem_free(x);
}

struct doctor_facts *examination_facts(struct examination *x)
{
    return &x->facts;
}

/* ── asking ── */

static void ask_redis(struct doctor_question *q, enum redis_request request, const char *first,
                      const char *second)
{
    q->kind = QUESTION_REDIS;
    q->redis = request;
    q->args[0] = first;
    q->args[1] = second;
    q->fresh = request == REDIS_PING; /* the login is part of what is examined */
}

static void ask_dryrun(const struct examination *x, struct doctor_question *q, size_t index)
{
    ask_redis(q, REDIS_ACL_DRYRUN, x->facts.redis_user, NULL);
    for (size_t i = 0; doctor_commands[index].words[i] != NULL; i++)
        q->args[i + 1] = doctor_commands[index].words[i];
}

static void ask_host(const struct examination *x, struct doctor_question *q)
{
    static const enum host_command commands[] = {
        [STEP_STATUS] = HOST_STATUS,
        [STEP_ACTIVE] = HOST_IS_ACTIVE,
        [STEP_SHOW] = HOST_SHOW,
        [STEP_PROCESS] = HOST_PROCESS,
        [STEP_SUDO_LIST] = HOST_SUDO_LIST,
        [STEP_JOURNAL] = HOST_JOURNAL,
        [STEP_JOURNAL_SUDO] = HOST_JOURNAL,
        [STEP_LOG_FILE] = HOST_LOG_TAIL,
    };
    static_assert(ARRAY_LENGTH(commands) == STEP_PING, "the steps before it are host commands");
    q->kind = QUESTION_HOST;
    q->command = commands[x->step];
    q->number = q->command == HOST_PROCESS ? (int)x->facts.unit.main_pid : LOG_LINES;
    q->with_sudo = x->step == STEP_JOURNAL_SUDO;
    q->wait_ms = HOST_DEADLINE_MS;
}

static void ask(const struct examination *x, struct doctor_question *q)
{
    static const struct {
        enum redis_request request;
        const char *first, *second;
    } rows[STEP_COUNT] = {
        [STEP_PING] = {REDIS_PING, NULL, NULL},
        [STEP_INFO] = {REDIS_INFO, NULL, NULL},
        [STEP_CONFIG] = {REDIS_CONFIG, NULL, NULL},
        [STEP_LOG_PATH] = {REDIS_CONFIG_GET, "logfile", NULL},
        [STEP_BIND] = {REDIS_CONFIG_GET, "bind", NULL},
        [STEP_PROTECTED] = {REDIS_CONFIG_GET, "protected-mode", NULL},
        [STEP_STRANGER] = {REDIS_STRANGER_PING, NULL, NULL},
        [STEP_TIME] = {REDIS_TIME, NULL, NULL},
        [STEP_WHOAMI] = {REDIS_ACL_WHOAMI, NULL, NULL},
        [STEP_CLIENTS] = {REDIS_CLIENT_LIST, "TYPE", "master"}, /* the right, without the list */
        [STEP_SLOWLOG] = {REDIS_SLOWLOG, NULL, NULL},
    };
    *q = (struct doctor_question){.wait_ms = REDIS_DEADLINE_MS};
    if (x->step < STEP_PING) {
        ask_host(x, q);
    } else if (x->step == STEP_WITNESS) {
        q->kind = QUESTION_WITNESS;
        q->number = (int)x->facts.info.tcp_port;
    } else if (x->step >= STEP_DRYRUN && x->step <= STEP_DRYRUN_LAST) {
        ask_dryrun(x, q, (size_t)(x->step - STEP_DRYRUN));
    } else {
        ask_redis(q, rows[x->step].request, rows[x->step].first, rows[x->step].second);
    }
}

bool examination_next(struct examination *x, const struct service_settings *service, struct now now,
                      struct doctor_question *ret)
{
    x->facts.service = service;
    while (x->step < STEP_COUNT && !wanted(x, x->step))
        x->step++;
    if (x->step < STEP_COUNT && mono_reached(now.mono, x->until)) {
        x->facts.out_of_time = true;
        x->step = STEP_COUNT;
    }
    if (x->step == STEP_COUNT)
        return false;
    x->asked = now.wall;
    ask(x, ret);
    return true;
}

/* ── reading ── */

struct log_reader {
    struct doctor_facts *facts;
    struct doctor_look *look;
};

/* Redis' own lines begin with "PID:ROLE ", also in the journal. */
static bool redis_line(const char *message)
{
    size_t digits = strspn(message, "0123456789");
    return digits > 0 && message[digits] == ':' && message[digits + 1] != '\0' &&
           strchr("MSCX", message[digits + 1]) != NULL && message[digits + 2] == ' ';
}

static void read_log_line(void *context, const struct journal_line *line)
{
    struct log_reader *r = context;
    const char *message = line->message;
    size_t length = strlen(message);
    r->look->lines++;
    r->look->redis_lines += redis_line(message);
    if (str_find(message, length, "oO0OoO0OoO0Oo") != NULL) { /* a start: what was before is past */
        r->facts->overcommit_off = false;
        r->facts->huge_pages = false;
    }
    if (str_find(message, length, "overcommit_memory is set to 0") != NULL ||
        str_find(message, length, "Memory overcommit must be enabled") != NULL)
        r->facts->overcommit_off = true;
    if (str_find(message, length, "Transparent Huge Pages (THP) support enabled") != NULL)
        r->facts->huge_pages = true;
}

static void note_look(struct doctor_look *look, const struct host_result *r)
{
    look->asked = true;
    look->end = r->end;
    look->exit_code = r->exit_code;
    if (r->error.code != 0) {
        (void)str_copy(look->error, sizeof look->error, r->error.text);
    } else if (r->end == HOST_TIMED_OUT) {
        (void)str_copy(look->error, sizeof look->error, "no answer in time");
    } else if (r->err != NULL && r->end == HOST_EXITED) {
        const char *end = memchr(r->err, '\n', r->err_length);
        (void)str_copy_clean(look->error, sizeof look->error, r->err,
                             end == NULL ? r->err_length : (size_t)(end - r->err));
    }
}

static void note_log(struct doctor_facts *f, struct doctor_look *look, const struct host_result *r,
                     size_t (*parse)(const char *, size_t, journal_line_handler *, void *))
{
    struct log_reader reader = {f, look};
    note_look(look, r);
    if (r->end == HOST_EXITED && r->exit_code == 0)
        (void)parse(r->out, r->out_length, read_log_line, &reader);
}

void examination_host_ended(struct examination *x, const struct host_result *r)
{
    struct doctor_facts *f = &x->facts;
    bool exited = r->end == HOST_EXITED;
    switch ((enum step)x->step) {
    case STEP_STATUS:
        note_look(&f->status, r);
        systemctl_parse_result(HOST_STATUS, r, &f->unit);
        if (exited)
            unit_file_parse_status(r->out, r->out_length, &f->unit_file);
        break;
    case STEP_ACTIVE:
        note_look(&f->active, r);
        f->command_ms = exited ? r->duration_ms : FACT_UNKNOWN;
        break;
    case STEP_SHOW:
        if (exited && r->exit_code == 0) {
            systemctl_parse_result(HOST_SHOW, r, &f->unit);
            unit_file_parse_show(r->out, r->out_length, &f->unit_file);
        }
        break;
    case STEP_PROCESS:
        note_look(&f->process, r);
        if (exited)
            process_facts_parse(r->out, r->out_length, f->unit.main_pid, &f->main_process);
        break;
    case STEP_SUDO_LIST:
        note_look(&f->sudo_list, r);
        f->login_refused = exited && host_refusal_of(HOST_SUDO_LIST, r->exit_code, r->out_length,
                                                     r->err, r->err_length) == HOST_REFUSED_LOGIN;
        if (exited)
            sudo_list_parse(r->out, r->out_length, &f->sudo);
        f->sudo.cut = f->sudo.cut || r->truncated;
        break;
    case STEP_JOURNAL:
        note_log(f, &f->journal, r, journal_parse);
        break;
    case STEP_JOURNAL_SUDO:
        note_log(f, &f->journal_sudo, r, journal_parse);
        break;
    case STEP_LOG_FILE:
        note_log(f, &f->log_file, r, redis_log_parse);
        break;
    default:
        break;
    }
    x->step++;
}

void examination_witness_ended(struct examination *x, const struct witness_facts *w)
{
    x->facts.witness = *w;
    x->facts.witness_asked = true;
    x->step++;
}

/* The value of the one name in CONFIG GET's list. */
static bool config_value(const struct redis_answer *a, char *to, size_t size)
{
    const struct redis_reply *list = a->reply;
    if (list == NULL || list->type != RESP_LIST || list->count != 2 || list->items[1]->text == NULL)
        return false;
    (void)str_copy_clean(to, size, list->items[1]->text, list->items[1]->length);
    return true;
}

/* TIME is the moment between question and answer. */
static void note_time(struct examination *x, const struct redis_answer *a, wall_ms now)
{
    const struct redis_reply *list = a->reply;
    int64_t seconds = 0;
    int64_t micros = 0;
    if (list == NULL || list->type != RESP_LIST || list->count != 2 ||
        list->items[0]->text == NULL || list->items[1]->text == NULL ||
        parse_int(list->items[0]->text, 0, INT64_MAX / 1000000, &seconds, NULL) < 0 ||
        parse_int(list->items[1]->text, 0, 999999, &micros, NULL) < 0)
        return;
    int64_t ours = (x->asked.ms + now.ms) / 2;
    x->facts.clock_ahead_ms = seconds * 1000 + micros / 1000 - ours;
    x->facts.clock_known = true;
}

/* "OK", or in words why not; an error when DRYRUN itself is not ours to use, or not known. */
static void note_dryrun(struct examination *x, const struct redis_answer *a, size_t index)
{
    bool answered = a->probe.reply == REPLY_OTHER;
    if (index == 0)
        x->dry_runs = answered;
    if (answered)
        x->facts.allowed[index] = str_equal(a->probe.text, "OK") ? TRI_YES : TRI_NO;
}

/* What trying tells. */
static enum tri tried(const struct redis_answer *a)
{
    return a->probe.reply == REPLY_NOPERM  ? TRI_NO
           : a->probe.reply == REPLY_OTHER ? TRI_YES
                                           : TRI_UNKNOWN;
}

static void note_config(struct doctor_facts *f, const struct redis_answer *a)
{
    f->allowed[DOCTOR_CONFIG_GET] = tried(a);
    if (!a->info.known)
        return;
    f->info.save_points = a->info.save_points;
    if (f->info.maxclients < 0)
        f->info.maxclients = a->info.maxclients;
}

void examination_redis_ended(struct examination *x, const struct redis_answer *a, wall_ms now)
{
    struct doctor_facts *f = &x->facts;
    int step = x->step;
    if (step >= STEP_DRYRUN && step <= STEP_DRYRUN_LAST)
        note_dryrun(x, a, (size_t)(step - STEP_DRYRUN));
    else if (step == STEP_PING)
        f->ping = a->probe;
    else if (step == STEP_INFO) {
        f->allowed[DOCTOR_INFO] = tried(a);
        f->info = a->info;
    } else if (step == STEP_CONFIG)
        note_config(f, a);
    else if (step == STEP_LOG_PATH)
        f->log_path_known = config_value(a, f->log_path, sizeof f->log_path);
    else if (step == STEP_BIND)
        f->bind_known = config_value(a, f->bind, sizeof f->bind);
    else if (step == STEP_PROTECTED)
        (void)config_value(a, f->protected_mode, sizeof f->protected_mode);
    else if (step == STEP_STRANGER)
        f->stranger = a->probe.reply;
    else if (step == STEP_TIME)
        note_time(x, a, now);
    else if (step == STEP_WHOAMI && a->text != NULL)
        (void)str_copy_clean(f->redis_user, sizeof f->redis_user, a->text, a->text_length);
    else if (step == STEP_CLIENTS)
        f->allowed[DOCTOR_CLIENT_LIST] = tried(a);
    else if (step == STEP_SLOWLOG)
        f->allowed[DOCTOR_SLOWLOG_GET] = tried(a);
    x->step++;
}

void examination_note_state(struct doctor_facts *f, const json_t *status, const json_t *recovery)
{
    f->recovery_enabled = json_bool_or(recovery, "enabled", false);
    f->recovery_paused = json_object_get(recovery, "paused_until") != NULL;
    (void)str_copy(f->stopped_by, sizeof f->stopped_by, json_text_or(status, "stopped_by", ""));
    (void)str_copy(f->stopped_at, sizeof f->stopped_at, json_text_or(status, "stopped_at", ""));
    (void)str_copy(f->stop_reason, sizeof f->stop_reason, json_text_or(status, "stop_reason", ""));
    f->attempts_exhausted =
        str_equal(json_text_or(json_object_get(recovery, "withheld"), "reason_code", ""),
                  "attempts_exhausted");
    f->breaker_open =
        str_equal(json_text_or(json_object_get(recovery, "circuit_breaker"), "state", ""), "open");
}
