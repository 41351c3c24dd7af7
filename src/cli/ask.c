#include "cli/ask.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/error_body.h"
#include "api/operations.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/remote_follow.h"
#include "cli/verb.h"
#include "io/clock.h"
#include "settings/settings.h"

void ask_print_json(const json_t *body)
{
    char *text = json_dumps(body, JSON_WRITE_FLAGS);
    if (text != NULL)
        (void)puts(text);
    free(text);
    (void)fflush(stdout);
}

static void say(const char *text)
{
    char *clean = page_clean_text(text);
    (void)fprintf(stderr, "resus: %s\n", clean == NULL ? "out of memory" : clean);
    mem_free(clean);
}

int ask_failed(const struct invocation *in, int exit_status, const char *code, const char *format,
               ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!in->json) {
        say(text);
        return exit_status;
    }
    json_t *body JSON_CLEANUP = error_body("Not done", text, code, clock_wall());
    (void)json_put_null(body, "request_id");
    ask_print_json(body);
    return exit_status;
}

/* ---- where the daemon listens --------------------------------------------------------------- */

const char *ask_config(const struct invocation *in)
{
    const char *environment = getenv("RESUS_CONFIG");
    if (in->config != NULL)
        return in->config;
    return environment != NULL && environment[0] != '\0' ? environment : ASK_DEFAULT_CONFIG;
}

static int trouble(struct ask_trouble *t, int exit_status, const char *code,
                   const struct error *err)
{
    t->exit_status = exit_status;
    t->code = code;
    t->error = *err;
    return -1;
}

static int find_socket(const struct invocation *in, char *path, size_t size, struct ask_trouble *t)
{
    struct settings *settings = NULL;
    struct error err = {0};
    int rc = settings_read(ask_config(in), &settings, &err);
    if (rc == 0) {
        (void)str_copy(path, size, settings->server.control_socket);
        settings_free(settings);
        return 0;
    }
    if (in->config != NULL)
        return trouble(t, CLI_BAD_CONFIG, "config_invalid", &err);
    /* Members of resus-monitor cannot read /etc/resus, and a daemon runs on while its file is being
     * edited: the default is the best guess then. A file that $RESUS_CONFIG names is expected to be
     * there, and without this line the answer would be about a socket that the caller never named.
     */
    bool quiet = (rc == -ENOENT || rc == -EACCES || rc == -EPERM) &&
                 str_equal(ask_config(in), ASK_DEFAULT_CONFIG);
    if (!quiet && !in->json)
        say(err.text);
    (void)str_copy(path, size, ASK_DEFAULT_SOCKET);
    return 0;
}

/* ---- questions and answers ------------------------------------------------------------------ */

void ask_free(struct question *questions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_decref(questions[i].args);
        json_decref(questions[i].body);
        questions[i].args = questions[i].body = NULL;
    }
}

static int lost(struct ask_trouble *t, const struct error *err)
{
    bool permission = err->code == -EACCES || err->code == -EPERM;
    return permission ? trouble(t, CLI_REFUSED, "group_required", err)
                      : trouble(t, CLI_UNREACHABLE, "daemon_unreachable", err);
}

/* What the daemon says about the connection: refused, too many. */
static int turned_away(struct ask_trouble *t, const struct client_message *message)
{
    bool refused = message->status == 403;
    struct error err = {0};
    (void)error_set(&err, refused ? -EPERM : -EBUSY, "%s",
                    json_text_or(message->body, "message", "the daemon refused the connection"));
    return trouble(t, refused ? CLI_REFUSED : CLI_UNREACHABLE,
                   refused ? "group_required" : "daemon_unreachable", &err);
}

static int send_all(const struct invocation *in, struct client *c, struct question *questions,
                    size_t count, int64_t *ids, struct ask_trouble *t)
{
    struct error err = {0};
    for (size_t i = 0; i < count; i++) {
        json_t *args = questions[i].args;
        questions[i].args = NULL;
        int rc = client_send(c, questions[i].op, in->service, args, &ids[i], &err);
        if (rc < 0)
            return lost(t, &err);
    }
    return 0;
}

struct listener {
    ask_line *each;
    void *context;
    mono_ms deadline;
};

static int gather(struct client *c, struct question *questions, size_t count, const int64_t *ids,
                  const struct listener *listener, struct ask_trouble *t)
{
    size_t open = count;
    while (open > 0) {
        struct client_message message = {0};
        struct error err = {0};
        if (client_next(c, listener->deadline, &message, &err) < 0)
            return lost(t, &err);
        if (message.id == CLIENT_NO_ID && !message.line) {
            int rc = turned_away(t, &message);
            json_decref(message.body);
            return rc;
        }
        if (message.line && listener->each != NULL)
            listener->each(listener->context, message.body);
        for (size_t i = 0; i < count && !message.line; i++)
            if (ids[i] == message.id && questions[i].status == 0) {
                questions[i].status = message.status;
                questions[i].body = json_incref(message.body);
                open--;
            }
        json_decref(message.body);
    }
    return 0;
}

static bool is_followed(const char *op)
{
    int id = operation_by_name(op);
    return id >= 0 && str_equal(operations[id].method, "WS");
}

static int ask_elsewhere(const struct invocation *in, struct question *questions, size_t count,
                         int64_t deadline_ms, ask_line *each, void *context, struct ask_trouble *t)
{
    struct remote_target target = {in->url, in->token_file, in->ca_file, in->pin};
    struct remote *r = NULL;
    struct error err = {0};
    if (remote_open(&target, &r, &err) < 0) {
        ask_free(questions, count);
        return trouble(t, CLI_BAD_CONFIG, "config_invalid", &err);
    }
    mono_ms deadline = deadline_ms == 0 ? MONO_NEVER : mono_add(clock_mono(), deadline_ms);
    const struct remote_reader reader = {.each = each, .context = context};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct question *q = &questions[i];
        rc =
            is_followed(q->op)
                ? remote_follow(r, q->op, in->service, q->args, &reader, &q->status, &q->body, &err)
                : remote_call(r, q->op, in->service, q->args, deadline, &q->status, &q->body, &err);
    }
    remote_close(r);
    if (rc == 0)
        return 0;
    ask_free(questions, count);
    return rc == -EINVAL ? trouble(t, CLI_REFUSED, "bad_input", &err)
                         : trouble(t, CLI_UNREACHABLE, "daemon_unreachable", &err);
}

int ask_quietly(const struct invocation *in, struct question *questions, size_t count,
                int64_t deadline_ms, ask_line *each, void *context, struct ask_trouble *ret)
{
    char path[SETTINGS_PATH_MAX];
    int64_t ids[ASK_AT_ONCE_MAX] = {0};
    struct client *c = NULL;
    struct error err = {0};
    assert(count <= ASK_AT_ONCE_MAX);
    if (in->url != NULL)
        return ask_elsewhere(in, questions, count, deadline_ms, each, context, ret);
    int rc = find_socket(in, path, sizeof(path), ret);
    if (rc == 0 && client_open(path, &c, &err) < 0)
        rc = lost(ret, &err);
    if (rc == 0)
        rc = send_all(in, c, questions, count, ids, ret);
    struct listener listener = {
        each, context, deadline_ms == 0 ? MONO_NEVER : mono_add(clock_mono(), deadline_ms)};
    if (rc == 0)
        rc = gather(c, questions, count, ids, &listener, ret);
    client_close(c);
    if (rc != 0)
        ask_free(questions, count);
    return rc;
}

int ask_all(const struct invocation *in, struct question *questions, size_t count,
            int64_t deadline_ms, ask_line *each, void *context)
{
    struct ask_trouble t = {0};
    if (ask_quietly(in, questions, count, deadline_ms, each, context, &t) == 0)
        return 0;
    return ask_failed(in, t.exit_status, t.code, "%s", t.error.text);
}

/* ---- refusals ------------------------------------------------------------------------------- */

int ask_exit(int status, const json_t *body)
{
    if (status < 400)
        return CLI_DONE;
    return status == 503 && str_equal(json_text_or(body, "code", ""), "host_unreachable")
               ? CLI_UNREACHABLE
               : CLI_REFUSED;
}

static void list(struct page *p, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text) {
        const char *words =
            json_is_object(text) ? json_text_or(text, "message", "") : json_string_value(text);
        if (words != NULL)
            page_put(p, "  - %s\n", words);
    }
}

static void detail(struct page *p, const json_t *details, const char *key, const char *label)
{
    const char *text = json_text_or(details, key, "");
    if (text[0] != '\0')
        page_put(p, "  %s: %s\n", label, text);
}

/* "operator or admin" of a 403, "another role" where it names none. Returns buffer. */
static const char *roles_of(const json_t *body, char *buffer, size_t size)
{
    size_t i;
    json_t *role;
    buffer[0] = '\0';
    json_array_foreach(json_object_get(body, "required_roles"), i, role) {
        if (json_is_string(role))
            (void)str_append(buffer, size, "%s%s", buffer[0] == '\0' ? "" : " or ",
                             json_string_value(role));
    }
    if (buffer[0] == '\0')
        (void)str_copy(buffer, size, "another role");
    return buffer;
}

static void remedy_of_rights(struct page *p, const struct invocation *in, int status,
                             const json_t *body)
{
    char roles[128];
    const char *role = json_text_or(body, "user_role", NULL);
    if (in->url == NULL && role != NULL)
        page_put(p, "  you act as %s; members of group resus-admin may do it\n", role);
    else if (in->url != NULL && status == 403 && role != NULL)
        page_put(p, "  you act as %s; it takes a token of %s: --token-file\n", role,
                 roles_of(body, roles, sizeof roles));
    else if (in->url != NULL && status == 401 && in->token_file != NULL)
        page_put(p,
                 "  the token is that of %s; `resus token create` on that machine makes another\n",
                 in->token_file);
    else if (in->url != NULL && status == 401)
        page_put(p, "  show a token: --token-file FILE; `resus token create` on that machine makes "
                    "one\n");
}

/* The way out, where the code knows one. */
static void remedy(struct page *p, const struct invocation *in, int status, const json_t *body)
{
    const char *service = in->service == NULL ? "" : in->service;
    if (json_bool_or(body, "confirmation_required", false)) {
        const json_t *affected = json_object_get(body, "affected_services");
        if (json_array_size(affected) > 0)
            page_put(p, "  these services depend on it:\n");
        list(p, affected);
        if (str_equal(in->verb->name, "stop"))
            page_put(p, "  to do it: resus stop %s%s--confirm STOP\n", service,
                     service[0] == '\0' ? "" : " ");
    } else if (str_equal(json_text_or(body, "code", ""), "password_required")) {
        page_put(p, "  give --own-password FILE (- is standard input), with two-factor login "
                    "--totp CODE too\n");
    } else if (status == 401 || status == 403) {
        remedy_of_rights(p, in, status, body);
    } else if (str_equal(json_text_or(body, "code", ""), "service_required")) {
        page_put(p, "  `resus services` lists them\n");
    } else if (status == 422 && (in->verb->options & OPTION_BIT(OPTION_FORCE)) != 0 &&
               !arguments_has(in, OPTION_FORCE)) {
        page_put(p, "  an admin can do it in spite of that with --force\n");
    } else if (status == 429) {
        int64_t wait = json_int_or(body, "retry_after_seconds", -1);
        if (wait >= 0)
            page_put(p, "  try again in %lld s\n", (long long)wait);
    }
}

void ask_refusal(const struct invocation *in, int status, const json_t *raw)
{
    json_t *body JSON_CLEANUP = page_clean(raw);
    struct page p = page_new(page_colour(STDERR_FILENO), clock_wall());
    const json_t *details = json_object_get(body, "details");
    const char *why = json_text_or(body, "message", json_text_or(body, "error", "no reason given"));
    page_put(&p, "resus: %s%s%s ", in->verb->name, in->sub == NULL ? "" : " ",
             in->sub == NULL ? "" : in->sub);
    page_tone(&p, TONE_BAD, "%s", status >= 500 ? "failed" : "refused");
    page_put(&p, ": %s\n", why);
    const json_t *blockers = json_object_get(details, "blockers");
    const char *first = json_string_value(json_array_get(blockers, 0));
    if (first == NULL || !str_equal(first, why))
        list(&p, blockers);
    detail(&p, details, "command", "command");
    detail(&p, details, "stderr", "it said");
    detail(&p, details, "error", "error");
    remedy(&p, in, status, body);
    page_print(&p, stderr);
}

int ask_show(const struct invocation *in, const char *op, json_t *args, int64_t deadline_ms,
             ask_view *view, json_t **ret_body)
{
    struct question q = {.op = op, .args = args};
    int status = ask_all(in, &q, 1, deadline_ms, NULL, NULL);
    if (status != 0)
        return status;
    status = ask_exit(q.status, q.body);
    if (in->json) {
        ask_print_json(q.body);
    } else if (q.status >= 400) {
        ask_refusal(in, q.status, q.body);
    } else {
        json_t *body JSON_CLEANUP = page_clean(q.body);
        struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
        view(&p, body, in);
        page_print(&p, stdout);
    }
    if (ret_body != NULL)
        *ret_body = json_incref(q.body);
    ask_free(&q, 1);
    return status;
}
