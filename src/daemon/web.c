#include "daemon/web.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/link.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/web_events.h"
#include "daemon/web_link.h"
#include "io/file.h"
#include "io/log.h"

#define PROGRAM "resus-web"
#define CONSOLE "console"
#define ETC_CONFIG "/etc/resus/"
#define ETC_CERTIFICATE "/etc/resus/certificate.pem"

struct web {
    uv_loop_t *loop;
    const struct settings *settings;
    struct world *world;
    struct certificate certificate;
    struct rate_limiter *rate; /* outlives the process: killing it gives no caller new calls */
    struct web_events *events; /* outlive it, too */
    struct web_link *link;
    uv_process_t *process; /* its own memory: libuv holds it until the exit was reported */
    uv_timer_t timer;
    char program[PATH_MAX], console[PATH_MAX];
    uint64_t delay_ms;
    bool serving, closing;
    void (*ready)(void *context);
    void *context;
};

static void start(struct web *w);

/* ── what it is sent ── */

static json_t *limits_json(const struct rate_limits *limits)
{
    json_t *body = json_object();
    (void)json_put_int(body, "start", limits->start);
    (void)json_put_int(body, "stop", limits->stop);
    (void)json_put_int(body, "restart", limits->restart);
    (void)json_put_int(body, "status", limits->status);
    (void)json_put_int(body, "health", limits->health);
    (void)json_put_int(body, "logs", limits->logs);
    return body;
}

static json_t *networks_json(const struct network_list *list)
{
    json_t *body = json_array();
    for (size_t i = 0; i < list->count; i++) {
        char text[NETWORK_TEXT_MAX];
        network_write(&list->networks[i], text, sizeof text);
        (void)json_array_append_new(body, json_string(text));
    }
    return body;
}

/* The ids of services that strangers do not see. */
static json_t *private_services(const struct settings *s)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < s->service_count; i++)
        if (!settings_status_public(s, &s->services[i]))
            (void)json_array_append_new(ids, json_string(s->services[i].id));
    return ids;
}

static json_t *setup_frame(const struct web *w)
{
    json_t *setup = json_object();
    (void)json_put_text(setup, "listen", w->settings->server.listen);
    (void)json_put_text(setup, "certificate", buf_text(&w->certificate.chain));
    (void)json_put_text(setup, "key", buf_text(&w->certificate.key));
    (void)json_put_text(setup, "issuer", TOKEN_ISSUER);
    (void)json_put(setup, "token_keys", accounts_token_keys(world_accounts(w->world)));
    (void)json_put(setup, "rate_limits", limits_json(&w->settings->rate_limits));
    (void)json_put_bool(setup, "metrics_anonymous", w->settings->metrics_anonymous);
    (void)json_put_bool(setup, "foreign_tokens", w->settings->oidc.issuer[0] != '\0');
    (void)json_put_bool(setup, "public_status", w->settings->server.public_status);
    (void)json_put_bool(setup, "some_public", settings_some_public(w->settings));
    (void)json_put(setup, "private_services", private_services(w->settings));
    (void)json_put_bool(setup, "hsts", w->settings->server.hsts);
    (void)json_put(setup, "trusted_proxies", networks_json(&w->settings->server.trusted_proxies));
    json_t *frame = json_object();
    (void)json_put(frame, "setup", setup);
    return frame;
}

static void tell_accounts(const struct web *w)
{
    const struct accounts *accounts = world_accounts(w->world);
    json_t *users = json_object();
    json_t *revoked = json_object();
    (void)json_put(users, "users", accounts_users_map(accounts));
    (void)json_put(revoked, "revoked", accounts_revoked(accounts));
    web_link_send(w->link, users);
    web_link_send(w->link, revoked);
}

/* Users, revocations or keys are others now. */
static void on_accounts(void *context)
{
    const struct web *w = context;
    if (w->link == NULL)
        return;
    web_link_send(w->link, setup_frame(w));
    tell_accounts(w);
}

static void set_limits(const struct web *w)
{
    const struct rate_limits *limits = &w->settings->rate_limits;
    const int by_class[RATE_CLASS_COUNT] = {
        [RATE_START] = limits->start,     [RATE_STOP] = limits->stop,
        [RATE_RESTART] = limits->restart, [RATE_STATUS] = limits->status,
        [RATE_HEALTH] = limits->health,   [RATE_LOGS] = limits->logs,
    };
    rate_set(w->rate, by_class);
}

/* Takes `event`. */
static void tell_event(void *context, json_t *event)
{
    struct web *w = context;
    json_t *frame = json_object();
    (void)json_put_text(frame, "service", json_text_or(event, "service", ""));
    (void)json_put(frame, "event", event);
    web_link_send(w->link, frame);
}

static void on_event(void *context, int service, const json_t *event)
{
    struct web *w = context;
    (void)service;
    web_events_keep(w->events, event);
    if (w->link != NULL && w->serving)
        tell_event(w, json_incref((json_t *)event)); /* only counted, not changed */
}

/* ── its life ── */

static void on_timer(uv_timer_t *timer)
{
    struct web *w = timer->data;
    handlers_web_restarted(world_handlers(w->world));
    start(w);
}

static void restart_later(struct web *w)
{
    if (w->closing)
        return;
    w->delay_ms = w->serving || w->delay_ms == 0 ? WEB_RESTART_MS : w->delay_ms * 2;
    if (w->delay_ms > WEB_RESTART_MS_MAX)
        w->delay_ms = WEB_RESTART_MS_MAX;
    w->serving = false;
    (void)uv_timer_start(&w->timer, on_timer, w->delay_ms, 0);
}

static void drop_link(struct web *w)
{
    web_link_close(w->link);
    w->link = NULL;
}

static void on_process_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
    struct web *w = process->data;
    uv_close((uv_handle_t *)process, on_process_closed);
    if (w == NULL || w->process != process)
        return;
    w->process = NULL;
    drop_link(w);
    if (w->closing)
        return;
    if (signal != 0)
        log_warning("web", "the web process was ended by signal %d", signal);
    else
        log_warning("web", "the web process ended with status %d", (int)status);
    restart_later(w);
}

/* The link broke first, or the process does not read: the link is of no further use. */
static void on_link_ended(void *context, const char *why)
{
    struct web *w = context;
    drop_link(w);
    if (w->process == NULL)
        return;
    log_debug("web", "the web process: %s", why);
    (void)uv_process_kill(w->process, SIGKILL); /* on_process_exit reports its end */
}

static void on_ready(void *context)
{
    struct web *w = context;
    w->serving = true;
    w->delay_ms = 0;
    /* It says that it is ready before it reads its first request, so this comes before any state
     * that it asks for. */
    web_events_each(w->events, tell_event, w);
    w->ready(w->context);
}

static int spawn(struct web *w, int fd)
{
    static char *const environment[] = {"LC_ALL=C.UTF-8", "TZ=UTC", NULL};
    char *arguments[] = {w->program, "--console", w->console, NULL};
    uv_stdio_container_t stdio[LINK_FD + 1] = {
        {.flags = UV_IGNORE},
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = fd},
    };
    uv_process_options_t options = {
        .exit_cb = on_process_exit,
        .file = w->program,
        .args = arguments,
        .env = (char **)(uintptr_t)environment, /* libuv does not write to it */
        .stdio = stdio,
        .stdio_count = LINK_FD + 1,
        .cwd = "/",
    };
    w->process = mem_calloc(1, sizeof *w->process);
    if (w->process == NULL)
        return UV_ENOMEM;
    w->process->data = w;
    int r = uv_spawn(w->loop, w->process, &options);
    if (r < 0) {
        uv_close((uv_handle_t *)w->process, on_process_closed);
        w->process = NULL;
    }
    return r;
}

static void start(struct web *w)
{
    int ends[2];
    struct error err = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        log_error("web", "no socket for the web process: %s", strerror(errno));
        restart_later(w);
        return;
    }
    int r = spawn(w, ends[1]);
    (void)close(ends[1]);
    if (r < 0) {
        (void)close(ends[0]);
        log_error("web", "cannot run %s: %s", w->program, uv_strerror(r));
        restart_later(w);
        return;
    }
    const struct web_link_options options = {
        .loop = w->loop,
        .engine = world_engine(w->world),
        .handlers = world_handlers(w->world),
        .accounts = world_accounts(w->world),
        .rate = w->rate,
        .context = w,
        .ready = on_ready,
        .ended = on_link_ended,
    };
    if (web_link_open(&options, ends[0], &w->link, &err) < 0) {
        log_error("web", "%s", err.text);
        (void)uv_process_kill(w->process, SIGKILL);
        return;
    }
    tell_accounts(w);
    web_link_send(w->link, setup_frame(w));
}

/* ── opening ── */

/* Beside the running program (a build folder, a private installation), else where `meson install`
 * put it. */
static void find(const char *own_folder, const char *name, const char *installed, char *ret)
{
    (void)str_format(ret, PATH_MAX, "%s/%s", own_folder, name);
    if (access(ret, R_OK) != 0)
        (void)str_copy(ret, PATH_MAX, installed);
}

static void find_files(struct web *w)
{
    char own[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(own, '/');
    if (slash != NULL)
        *slash = '\0';
    find(own, PROGRAM, RESUS_LIBEXEC_DIR "/" PROGRAM, w->program);
    find(own, CONSOLE, RESUS_CONSOLE_DIR, w->console);
}

/* Of a certificate of our own: whoever trusts the copy must not be left with an old one. */
static void copy_certificate(const struct web *w)
{
    const struct buf *chain = &w->certificate.chain;
    struct buf there = BUF_LIMIT(CERTIFICATE_BYTES_MAX);
    struct error err = {0};
    if (w->settings->server.tls_certificate[0] != '\0' ||
        !str_starts(w->settings->path, ETC_CONFIG))
        return;
    bool same = file_read(ETC_CERTIFICATE, &there, NULL) == 0 &&
                str_equal(buf_text(&there), buf_text(chain));
    buf_free(&there);
    if (same)
        return;
    if (file_write_atomic(ETC_CERTIFICATE, chain->data, chain->length, 0644, &err) == 0)
        log_info("web", "a copy of the certificate is in " ETC_CERTIFICATE);
    else
        log_info("web", "no copy of the certificate: %s", err.text);
}

static void tell_certificate(const struct web *w)
{
    const struct certificate *c = &w->certificate;
    copy_certificate(w);
    log_info("web", "%s certificate: %s (curl --cacert %s)", c->made ? "made a" : "the", c->path,
             c->path);
}

int web_open(uv_loop_t *loop, const struct settings *settings, struct world *world,
             void (*ready)(void *context), void *context, struct web **ret, struct error *err)
{
    struct web *w = mem_calloc(1, sizeof *w);
    if (w == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    w->loop = loop;
    w->settings = settings;
    w->world = world;
    w->ready = ready;
    w->context = context;
    w->rate = rate_new();
    w->events = web_events_new();
    int r = w->rate == NULL || w->events == NULL
                ? error_set(err, -ENOMEM, "out of memory")
                : certificate_load(&settings->server, &w->certificate, err);
    if (r < 0) {
        rate_free(w->rate);
        web_events_free(w->events);
        mem_free(w);
        return r;
    }
    set_limits(w);
    accounts_watch(world_accounts(world), on_accounts, w);
    tell_certificate(w);
    find_files(w);
    (void)uv_timer_init(loop, &w->timer);
    w->timer.data = w;
    world_listen(world, on_event, w);
    start(w);
    *ret = w;
    return 0;
}

int web_reconfigure(struct web *web, const struct settings *settings, struct error *err)
{
    struct certificate fresh;
    web->settings = settings;
    set_limits(web);
    int r = certificate_load(&settings->server, &fresh, err);
    if (r >= 0) {
        bool same = str_equal(buf_text(&web->certificate.chain), buf_text(&fresh.chain));
        certificate_free(&web->certificate);
        web->certificate = fresh;
        if (!same)
            tell_certificate(web);
    }
    if (web->link != NULL)
        web_link_send(web->link, setup_frame(web));
    return r;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct web *w = handle->data;
    certificate_free(&w->certificate);
    rate_free(w->rate);
    web_events_free(w->events);
    mem_free(w);
}

void web_close(struct web *web)
{
    if (web == NULL)
        return;
    web->closing = true;
    world_listen(web->world, NULL, NULL);
    accounts_watch(world_accounts(web->world), NULL, NULL);
    drop_link(web);
    if (web->process != NULL) {
        (void)uv_process_kill(web->process, SIGKILL); /* it keeps nothing, and may be hostile */
        web->process->data = NULL;
    }
    uv_close((uv_handle_t *)&web->timer, on_timer_closed);
}
