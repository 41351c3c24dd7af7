#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <uv.h>

#include "accounts/accounts.h"
#include "base/attr.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/calls.h"
#include "daemon/check.h"
#include "daemon/control.h"
#include "daemon/hardening.h"
#include "daemon/instance.h"
#include "daemon/web.h"
#include "daemon/world.h"
#include "io/clock.h"
#include "io/log.h"
#include "notify/notify.h"
#include "settings/settings.h"
#include "store/worker.h"

#define EXIT_CONFIG 2

struct daemon {
    uv_loop_t loop;
    uv_signal_t on_term, on_int, on_hup;
    uv_timer_t watchdog;
    struct settings *settings;
    struct settings *regrouped; /* with other services: everything is opened again with them */
    struct world *world;        /* NULL while that happens */
    struct control_server *control;
    struct web *web;
    bool web_serves, redis_answers; /* the demonstration waits for both */
    const char *demo_password;
    int demo_port; /* the demonstration's own Redis, 0 = none: started with us, ended with us */
    bool ending, reload_again;
};

static const struct engine_user demo_user = {"demo", DAEMON_DEMO_EMAIL, "admin", "local"};

/* Three lines, once everything is there. */
static void tell_demo(const struct daemon *d)
{
    if (d->demo_port == 0 || !d->web_serves || !d->redis_answers)
        return;
    (void)printf("Console: https://%s/\n", d->settings->server.listen);
    (void)printf("Login:   " DAEMON_DEMO_EMAIL "  %s\n", d->demo_password);
    (void)printf("Redis:   127.0.0.1:%d\n", d->demo_port);
    (void)fflush(stdout);
}

static void on_demo_started(void *context, int status, json_t *body)
{
    struct daemon *d = context;
    if (status == 200) {
        d->redis_answers = true;
        tell_demo(d);
    } else if (!d->ending) {
        log_error("demo", "Redis did not start: %s",
                  json_text_or(body, "message", "see the lines above"));
    }
    json_decref(body);
}

static void on_demo_stopped(void *context, int status, json_t *body)
{
    struct daemon *d = context;
    (void)status;
    json_decref(body);
    uv_stop(&d->loop);
}

static void demo_operate(struct daemon *d, enum engine_operation operation, engine_answer *answer)
{
    struct engine_request request = {.operation = operation,
                                     .user = demo_user,
                                     .confirmation = true,
                                     .force = true,
                                     .reason = "demonstration",
                                     .answer = answer,
                                     .context = d};
    engine_operate(world_engine(d->world), 0, &request, clock_now());
}

static void stop(struct daemon *d)
{
    (void)sd_notify(0, "STOPPING=1");
    if (d->demo_port != 0 && !d->ending)
        demo_operate(d, OPERATION_STOP, on_demo_stopped);
    else
        uv_stop(&d->loop);
    d->ending = true;
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    log_info("daemon", "ends by %s", number == SIGINT ? "Ctrl-C" : "SIGTERM");
    stop(handle->data);
}

static void refuse_reload(struct daemon *d, const struct error *why)
{
    log_error("config", "not reloaded, nothing changed: %s", why->text);
    world_note_reload(d->world, why);
    (void)sd_notifyf(0, "STATUS=The last reload was refused: %s", why->text);
}

/* SIGHUP: reads the settings and opens the audit file again. A bad file changes nothing and is
 * reported. */
static void on_reload(uv_signal_t *handle, int number)
{
    (void)number;
    struct daemon *d = handle->data;
    struct error err = {0};
    struct settings *fresh = NULL;
    char keys[256];
    if (d->world == NULL) { /* the file that is being taken over was read just now */
        d->reload_again = true;
        return;
    }
    world_reopen_audit(d->world);
    if (check_settings_file(d->settings->path, &err) < 0 ||
        settings_read(d->settings->path, &fresh, &err) < 0) {
        refuse_reload(d, &err);
        return;
    }
    int r = check_trust(fresh, NULL, &err) < 0 ? err.code : notify_check(fresh, &err);
    bool regrouped = d->demo_port == 0 && settings_regrouped(d->settings, fresh);
    if (r >= 0)
        r = regrouped ? world_check_regrouped(d->world, fresh, &err)
                      : world_reconfigure(d->world, fresh, &err);
    if (r < 0) {
        refuse_reload(d, &err);
        settings_free(fresh);
        return;
    }
    if (regrouped) {
        d->regrouped = fresh;
        uv_stop(&d->loop);
        return;
    }
    if (settings_restart_needed(d->settings, fresh, keys, sizeof keys) > 0)
        log_warning("config", "takes effect only after a restart of the daemon: %s", keys);
    if (web_reconfigure(d->web, fresh, &err) < 0)
        log_error("web", "the certificate stays as it was: %s", err.text);
    settings_free(d->settings);
    d->settings = fresh;
    world_note_reload(d->world, NULL);
    (void)sd_notify(0, "STATUS=");
    log_info("config", "reloaded %s", fresh->path);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    (void)sd_notify(0, "WATCHDOG=1");
}

static void init_handles(struct daemon *d)
{
    (void)uv_signal_init(&d->loop, &d->on_term);
    (void)uv_signal_init(&d->loop, &d->on_int);
    (void)uv_signal_init(&d->loop, &d->on_hup);
    (void)uv_timer_init(&d->loop, &d->watchdog);
    d->on_term.data = d->on_int.data = d->on_hup.data = d;
    (void)uv_signal_start(&d->on_term, on_stop_signal, SIGTERM);
    (void)uv_signal_start(&d->on_int, on_stop_signal, SIGINT);
    (void)uv_signal_start(&d->on_hup, on_reload, SIGHUP);
    uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) > 0)
        (void)uv_timer_start(&d->watchdog, on_watchdog, usec / 3000, usec / 3000);
}

static void close_handles(struct daemon *d)
{
    uv_close((uv_handle_t *)&d->on_term, NULL);
    uv_close((uv_handle_t *)&d->on_int, NULL);
    uv_close((uv_handle_t *)&d->on_hup, NULL);
    uv_close((uv_handle_t *)&d->watchdog, NULL);
}

static void on_web_ready(void *context)
{
    struct daemon *d = context;
    if (d->web_serves) /* it was started again */
        return;
    d->web_serves = true;
    log_info("web", "HTTPS on %s", d->settings->server.listen);
    tell_demo(d);
}

/* Runs the loop until everything that was closed is gone. A signal to end stops the loop: it goes
 * on all the same. */
static void drain(struct daemon *d)
{
    while (uv_run(&d->loop, UV_RUN_DEFAULT) != 0)
        ;
}

static void close_all(struct daemon *d)
{
    struct world *world = d->world;
    if (d->web != NULL)
        web_close(d->web);
    if (d->control != NULL)
        control_close(d->control);
    d->world = NULL;
    d->web = NULL;
    d->control = NULL;
    world_close(world);
    drain(d);
    world_free(world);
}

/* All of it, or nothing is left open. */
static int open_all(struct daemon *d, struct error *err)
{
    struct world *world = NULL;
    int r = world_open(&d->loop, d->settings, &world, err);
    if (r < 0)
        return r;
    d->world = world;
    if (d->demo_password != NULL)
        r = accounts_ensure(world_accounts(d->world), DAEMON_DEMO_EMAIL, ACCESS_ADMIN,
                            d->demo_password, err);
    if (r >= 0)
        r = control_open(&d->loop, d->settings->server.control_socket, calls_take,
                         world_handlers(d->world), &d->control, err);
    if (r >= 0)
        r = web_open(&d->loop, d->settings, d->world, on_web_ready, d, &d->web, err);
    if (r < 0)
        close_all(d);
    return r;
}

/* They go on through the gap, in which nothing else keeps the loop alive. */
static void hold_handles(struct daemon *d, bool hold)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&d->on_term, (uv_handle_t *)&d->on_int,
                                    (uv_handle_t *)&d->on_hup, (uv_handle_t *)&d->watchdog};
    for (size_t i = 0; i < ARRAY_LENGTH(handles); i++)
        (hold ? uv_ref : uv_unref)(handles[i]);
}

static void log_gone(const struct settings *before, const struct settings *now)
{
    for (size_t i = 0; i < before->service_count; i++) {
        const struct service_settings *s = &before->services[i];
        if (settings_service(now, s->id) == NULL)
            log_warning("config", "%s is no longer watched: the settings do not name it.%s", s->id,
                        s->control == CONTROL_PROCESS ? " Its Redis runs on." : "");
    }
}

/* Services came or went: what a restart does, in the same process, so that the unit stays up, the
 * loggers and the watchdog go on, and a file that cannot be used leads back to the one before. */
static int open_again(struct daemon *d, struct error *err)
{
    struct settings *before = d->settings;
    hold_handles(d, false);
    close_all(d);
    d->settings = d->regrouped;
    d->regrouped = NULL;
    int r = open_all(d, err);
    if (r < 0) {
        log_error("config", "not reloaded, nothing changed: %s", err->text);
        settings_free(d->settings);
        d->settings = before;
        struct error why = *err;
        r = open_all(d, err);
        if (r >= 0)
            world_note_reload(d->world, &why);
    } else {
        log_gone(before, d->settings);
        settings_free(before);
        (void)sd_notify(0, "STATUS=");
        log_info("config", "reloaded %s: %zu %s watched now", d->settings->path,
                 d->settings->service_count,
                 d->settings->service_count == 1 ? "service is" : "services are");
    }
    hold_handles(d, true);
    if (r >= 0)
        world_start(d->world);
    return r;
}

static void live(struct daemon *d, struct error *err, int *r)
{
    do {
        (void)uv_run(&d->loop, UV_RUN_DEFAULT);
        if (d->regrouped == NULL || d->ending)
            return;
        *r = open_again(d, err);
        if (*r >= 0 && d->reload_again)
            on_reload(&d->on_hup, SIGHUP);
        d->reload_again = false;
    } while (*r >= 0 && !d->ending);
}

static int run(struct daemon *d, struct error *err)
{
    int r = open_all(d, err);
    if (r < 0)
        return r;
    init_handles(d);
    world_start(d->world);
    log_info("daemon", "Resus %s watches %zu service%s; control socket %s", RESUS_VERSION,
             d->settings->service_count, d->settings->service_count == 1 ? "" : "s",
             d->settings->server.control_socket);
    (void)sd_notify(0, "READY=1");
    if (d->demo_port != 0)
        demo_operate(d, OPERATION_START, on_demo_started);
    live(d, err, &r);
    close_handles(d);
    if (d->world != NULL)
        close_all(d);
    else
        drain(d);
    settings_free(d->regrouped);
    return r;
}

/* systemd starts the daemon again after anything but EXIT_CONFIG: what another try may find gone
 * must not end with it. */
static int exit_status(int r)
{
    switch (r) {
    case -ENOMEM:
    case -ENOSPC:
    case -EDQUOT:
    case -EROFS:
    case -EIO:
    case -EBUSY:
    case -EAGAIN:
    case -EMFILE:
    case -ENFILE:
        return EXIT_FAILURE;
    default:
        return r < 0 ? EXIT_CONFIG : EXIT_SUCCESS;
    }
}

int daemon_serve(const char *config_path)
{
    return daemon_serve_demo(config_path, 0, NULL);
}

int daemon_serve_demo(const char *config_path, int redis_port, const char *password)
{
    struct daemon d = {.demo_port = redis_port, .demo_password = password};
    struct error err = {0};
    hardening_close_inherited();
    (void)signal(SIGPIPE, SIG_IGN);
    log_init(getenv("RESUS_DEBUG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    if (hardening_hide_memory(&err) < 0 || check_settings_file(config_path, &err) < 0 ||
        settings_read(config_path, &d.settings, &err) < 0 ||
        check_trust(d.settings, NULL, &err) < 0 || notify_check(d.settings, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        settings_free(d.settings);
        return EXIT_CONFIG;
    }
    for (size_t i = 0; i < d.settings->warning_count; i++)
        log_warning("config", "%s", d.settings->warnings[i]);
    int lock = instance_lock(&d.settings->server, &err);
    int r = lock < 0 ? lock : uv_loop_init(&d.loop);
    if (r == 0) {
        r = run(&d, &err);
        (void)uv_loop_close(&d.loop);
    }
    if (r < 0)
        log_error("daemon", "%s", err.text);
    if (lock >= 0)
        (void)close(lock);
    settings_free(d.settings);
    if (worker_left_behind())
        _exit(exit_status(r));
    return exit_status(r);
}
