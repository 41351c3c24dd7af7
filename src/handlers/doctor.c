/* doctor: one look after the other, all of them read-only, the whole bounded in time; then the
 * judgement. */
#include "handlers/doctor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/inside.h"
#include "host/keyfile.h"
#include "host/process_facts.h"
#include "host/systemctl.h"

#define DOCTOR_BUDGET_MS 60000
#define HOST_DEADLINE_MS 12000 /* a dial takes up to 10 s */
#define REDIS_DEADLINE_MS 3000
#define LOG_LINES 200
#define TOKEN_SOON_MS (14LL * 24 * 3600 * 1000)

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

struct doctor {
    struct doctor_facts facts;
    mono_ms until;
    wall_ms asked;
    bool dry_runs; /* ACL DRYRUN answers us */
    bool witness;  /* there is a way to ask on the host */
};

static void free_doctor(struct call *call)
{
    mem_free(call->data);
    call->data = NULL;
}

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

static bool wanted(const struct doctor *d, int step)
{
    const struct doctor_facts *f = &d->facts;
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
        return d->witness && host_answers(f) && f->service->control == CONTROL_SSH;
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
            return d->dry_runs;
        return redis_answers(f);
    }
}

/* ── asking ── */

static void ask_host(struct handlers *h, struct call *call, enum host_command command,
                     bool with_sudo)
{
    const struct doctor *d = call->data;
    struct host_request request = {
        .id = handlers_wait(h, call),
        .command = command,
        .number = command == HOST_PROCESS ? (int)d->facts.unit.main_pid : LOG_LINES,
        .with_sudo = with_sudo,
        .deadline = mono_add(handlers_now(h).mono, HOST_DEADLINE_MS),
    };
    h->ports.host(h->ports.context, call->service, &request);
}

static void ask_redis(struct handlers *h, struct call *call, enum redis_request request,
                      const char *const *args)
{
    bool fresh = request == REDIS_PING; /* the log-in is part of what is looked at */
    h->ports.redis(h->ports.context, call->service, handlers_wait(h, call), request, args, fresh,
                   mono_add(handlers_now(h).mono, REDIS_DEADLINE_MS));
}

static void ask_dryrun(struct handlers *h, struct call *call, size_t index)
{
    const struct doctor *d = call->data;
    const char *args[DOCTOR_DRYRUN_WORDS + 2] = {d->facts.redis_user};
    for (size_t i = 0; doctor_commands[index].words[i] != NULL; i++)
        args[i + 1] = doctor_commands[index].words[i];
    ask_redis(h, call, REDIS_ACL_DRYRUN, args);
}

static void ask_config(struct handlers *h, struct call *call, const char *name)
{
    const char *args[] = {name, NULL};
    ask_redis(h, call, REDIS_CONFIG_GET, args);
}

static void ask(struct handlers *h, struct call *call, int step)
{
    static const enum host_command commands[] = {
        [STEP_STATUS] = HOST_STATUS,
        [STEP_ACTIVE] = HOST_IS_ACTIVE,
        [STEP_SHOW] = HOST_SHOW,
        [STEP_SUDO_LIST] = HOST_SUDO_LIST,
        [STEP_PROCESS] = HOST_PROCESS,
        [STEP_JOURNAL] = HOST_JOURNAL,
        [STEP_JOURNAL_SUDO] = HOST_JOURNAL,
        [STEP_LOG_FILE] = HOST_LOG_TAIL,
    };
    static const char *const few[] = {"TYPE", "master", NULL}; /* the right, without the list */
    struct doctor *d = call->data;
    d->asked = handlers_now(h).wall;
    if (step < (int)ARRAY_LENGTH(commands))
        ask_host(h, call, commands[step], step == STEP_JOURNAL_SUDO);
    else if (step >= STEP_DRYRUN && step <= STEP_DRYRUN_LAST)
        ask_dryrun(h, call, (size_t)(step - STEP_DRYRUN));
    else if (step == STEP_PING)
        ask_redis(h, call, REDIS_PING, NULL);
    else if (step == STEP_INFO)
        ask_redis(h, call, REDIS_INFO, NULL);
    else if (step == STEP_WITNESS)
        h->ports.witness(h->ports.context, call->service, handlers_wait(h, call),
                         (int)d->facts.info.tcp_port,
                         mono_add(handlers_now(h).mono, REDIS_DEADLINE_MS));
    else if (step == STEP_CONFIG)
        ask_redis(h, call, REDIS_CONFIG, NULL);
    else if (step == STEP_LOG_PATH)
        ask_config(h, call, "logfile");
    else if (step == STEP_BIND)
        ask_config(h, call, "bind");
    else if (step == STEP_PROTECTED)
        ask_config(h, call, "protected-mode");
    else if (step == STEP_STRANGER)
        ask_redis(h, call, REDIS_STRANGER_PING, NULL);
    else if (step == STEP_TIME)
        ask_redis(h, call, REDIS_TIME, NULL);
    else if (step == STEP_WHOAMI)
        ask_redis(h, call, REDIS_ACL_WHOAMI, NULL);
    else if (step == STEP_CLIENTS)
        ask_redis(h, call, REDIS_CLIENT_LIST, few);
    else
        ask_redis(h, call, REDIS_SLOWLOG, NULL);
}

/* Of the tokens in use: the expiry of another one breaks nothing. */
static void note_tokens(const struct accounts *a, struct doctor_facts *f)
{
    const struct api_token *t;
    wall_ms soon = wall_add(f->now.wall, TOKEN_SOON_MS);
    shelf_each(a, STORE_API_TOKEN, t)
    {
        bool ends = t->expires.ms != WALL_NONE.ms && t->expires.ms < soon.ms &&
                    t->last_used.ms != WALL_NONE.ms && api_token_works(t, f->now.wall);
        if (ends && (f->token[0] == '\0' || t->expires.ms < f->token_expires.ms)) {
            (void)str_format(f->token, sizeof f->token, "%lld (%s)", (long long)t->number, t->name);
            f->token_expires = t->expires;
        }
    }
}

static void finish(struct handlers *h, struct call *call)
{
    struct doctor *d = call->data;
    struct doctor_facts *f = &d->facts;
    h->ports.self(h->ports.context, &f->self);
    f->settings = f->self.settings;
    f->now = handlers_now(h);
    JSON_CLEANUP json_t *recovery = engine_recovery_json(h->engine, call->service, f->now);
    f->recovery_enabled = json_bool_or(recovery, "enabled", false);
    f->recovery_paused = json_object_get(recovery, "paused_until") != NULL;
    JSON_CLEANUP json_t *status = engine_status_json(h->engine, call->service, f->now);
    (void)str_copy(f->stopped_by, sizeof f->stopped_by, json_text_or(status, "stopped_by", ""));
    (void)str_copy(f->stopped_at, sizeof f->stopped_at, json_text_or(status, "stopped_at", ""));
    (void)str_copy(f->stop_reason, sizeof f->stop_reason, json_text_or(status, "stop_reason", ""));
    if (h->ports.accounts != NULL)
        note_tokens(h->ports.accounts, f);
    f->misconfigured = engine_problem(h->engine, call->service);
    f->attempts_exhausted =
        str_equal(json_text_or(json_object_get(recovery, "withheld"), "reason_code", ""),
                  "attempts_exhausted");
    f->breaker_open =
        str_equal(json_text_or(json_object_get(recovery, "circuit_breaker"), "state", ""), "open");
    struct error err = {0};
    if (f->service->control == CONTROL_SSH && keyfile_check(f->service->ssh.key, &err) < 0)
        (void)str_copy(f->key_error, sizeof f->key_error, err.text);
    keys_look(h->ports.keys, f->service, &f->key_note);
    json_t *body = json_object();
    (void)json_put_text(body, "service", f->service->id);
    (void)json_put(body, "items", doctor_judge(f));
    call->answer(call, 200, body);
}

/* The next look that makes sense, or the end. */
static void go_on(struct handlers *h, struct call *call, int step)
{
    struct doctor *d = call->data;
    if (call->gone) {
        call->answer(call, 499, NULL);
        return;
    }
    /* A reload may have come in between, and with it other settings. */
    d->facts.service = engine_settings(h->engine, call->service);
    while (step < STEP_COUNT && !wanted(d, step))
        step++;
    if (step < STEP_COUNT && mono_reached(handlers_now(h).mono, d->until)) {
        d->facts.out_of_time = true;
        step = STEP_COUNT;
    }
    call->number = step;
    if (step < STEP_COUNT)
        ask(h, call, step);
    else
        finish(h, call);
}

void doctor_run(struct handlers *h, struct call *call)
{
    struct doctor *d = mem_calloc(1, sizeof *d);
    if (d == NULL) {
        call_refuse(call, 500, "Out of memory", "Out of memory", "out_of_memory",
                    handlers_now(h).wall);
        return;
    }
    const struct service_settings *s = engine_settings(h->engine, call->service);
    call->data = d;
    call->free_data = free_doctor;
    d->until = mono_add(handlers_now(h).mono, DOCTOR_BUDGET_MS);
    d->facts.on_host = s->control != CONTROL_PROCESS;
    d->facts.root = s->control == CONTROL_SSH ? str_equal(s->ssh.user, "root") : geteuid() == 0;
    d->witness = h->ports.witness != NULL;
    d->facts.command_ms = FACT_UNKNOWN;
    facts_unit_reset(&d->facts.unit);
    facts_info_reset(&d->facts.info);
    go_on(h, call, 0);
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

void doctor_host_ended(struct handlers *h, struct call *call, const struct host_result *r)
{
    struct doctor *d = call->data;
    struct doctor_facts *f = &d->facts;
    bool exited = r->end == HOST_EXITED;
    switch ((enum step)call->number) {
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
    go_on(h, call, (int)call->number + 1);
}

void doctor_witness_ended(struct handlers *h, struct call *call, const struct witness_facts *w)
{
    struct doctor *d = call->data;
    d->facts.witness = *w;
    d->facts.witness_asked = true;
    go_on(h, call, (int)call->number + 1);
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
static void note_time(struct doctor *d, const struct redis_answer *a, wall_ms now)
{
    const struct redis_reply *list = a->reply;
    int64_t seconds = 0;
    int64_t micros = 0;
    if (list == NULL || list->type != RESP_LIST || list->count != 2 ||
        list->items[0]->text == NULL || list->items[1]->text == NULL ||
        parse_int(list->items[0]->text, 0, INT64_MAX / 1000000, &seconds, NULL) < 0 ||
        parse_int(list->items[1]->text, 0, 999999, &micros, NULL) < 0)
        return;
    int64_t ours = (d->asked.ms + now.ms) / 2;
    d->facts.clock_ahead_ms = seconds * 1000 + micros / 1000 - ours;
    d->facts.clock_known = true;
}

/* "OK", or in words why not; an error when DRYRUN itself is not ours to use, or not known. */
static void note_dryrun(struct doctor *d, const struct redis_answer *a, size_t index)
{
    bool answered = a->probe.reply == REPLY_OTHER;
    if (index == 0)
        d->dry_runs = answered;
    if (answered)
        d->facts.allowed[index] = str_equal(a->probe.text, "OK") ? TRI_YES : TRI_NO;
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

void doctor_redis_ended(struct handlers *h, struct call *call, const struct redis_answer *a)
{
    struct doctor *d = call->data;
    struct doctor_facts *f = &d->facts;
    int step = (int)call->number;
    if (step >= STEP_DRYRUN && step <= STEP_DRYRUN_LAST)
        note_dryrun(d, a, (size_t)(step - STEP_DRYRUN));
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
        note_time(d, a, handlers_now(h).wall);
    else if (step == STEP_WHOAMI && a->text != NULL)
        (void)str_copy_clean(f->redis_user, sizeof f->redis_user, a->text, a->text_length);
    else if (step == STEP_CLIENTS)
        f->allowed[DOCTOR_CLIENT_LIST] = tried(a);
    else if (step == STEP_SLOWLOG)
        f->allowed[DOCTOR_SLOWLOG_GET] = tried(a);
    go_on(h, call, step + 1);
}
