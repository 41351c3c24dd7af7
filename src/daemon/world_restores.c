/* Restores in the daemon: what they ask of the engine, the audit log and alerts. */
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/world_inside.h"
#include "engine/alert_facts.h"
#include "host/ssh_listen.h"
#include "host/ssh_run.h"
#include "io/clock.h"

static struct now port_now(void *context)
{
    (void)context;
    return clock_now();
}

static const struct settings *port_settings(void *context)
{
    const struct world *w = context;
    return w->settings;
}

static const struct redis_tunnel *port_tunnel(void *context, int service)
{
    const struct world *w = context;
    return &w->places[service].tunnel;
}

static const char *port_busy(void *context, int service)
{
    return world_busy(context, service);
}

static int64_t port_start_timeout_ms(void *context, int service)
{
    const struct world *w = context;
    return engine_start_timeout_ms(w->engine, service);
}

/* ── a stop or a start ── */

struct step {
    restores_stepped *stepped;
    void *context;
};

/* Without a body the engine ended; 503: the host did not report the outcome. */
static void on_answer(void *context, int status, json_t *body)
{
    struct step *step = context;
    enum restore_event outcome = body == NULL || status == 503 ? RESTORE_UNKNOWN
                                 : status < 300                ? RESTORE_OK
                                                               : RESTORE_FAILED;
    step->stepped(step->context, outcome, json_text_or(body, "message", "Resus is stopping"));
    json_decref(body);
    mem_free(step);
}

static void port_operate(void *context, int service, enum restores_step which,
                         const struct engine_user *user, const char *reason,
                         restores_stepped *stepped, void *step_context)
{
    struct world *w = context;
    struct step *step = mem_must(mem_calloc(1, sizeof *step));
    *step = (struct step){.stepped = stepped, .context = step_context};
    struct engine_request request = {
        .operation = which == RESTORES_STOP ? OPERATION_STOP : OPERATION_START,
        .user = *user,
        .force = true, /* the safety backup has the data */
        .confirmation = true,
        .of_restore = true,
        .answer = on_answer,
        .context = step,
    };
    (void)str_copy(request.reason, sizeof request.reason, reason);
    engine_operate(w->engine, service, &request, clock_now());
}

static int run_here(const struct files_host *host, enum host_command command,
                    const struct helper_run *run, struct helper_ran *ret, struct error *err)
{
    struct host_argv argv;
    struct helper_run order = *run;
    int r = host_command_argv(command, host->unit, "", 0, geteuid() != 0, &argv, err);
    order.argv = argv.words;
    return r < 0 ? r : helper_run(&order, ret, err);
}

/* On a worker: reads nothing of the world. */
static int port_helper(const struct files_host *host, enum files_work work,
                       const struct helper_run *run, struct helper_ran *ret, struct error *err)
{
    static const enum host_command commands[] = {
        [FILES_STAGE] = HOST_HELPER_STAGE,         [FILES_PLACE_RDB] = HOST_HELPER_PLACE_RDB,
        [FILES_PLACE_AOF] = HOST_HELPER_PLACE_AOF, [FILES_UNDO] = HOST_HELPER_UNDO,
        [FILES_DROP] = HOST_HELPER_DROP,           [FILES_FACTS] = HOST_HELPER_FACTS,
    };
    if (host->local)
        return run_here(host, commands[work], run, ret, err);
    const struct ssh_run order = {.ssh = &host->ssh,
                                  .unit = host->unit,
                                  .command = commands[work],
                                  .line = run->line,
                                  .fd = run->fd,
                                  .within_ms = run->within_ms,
                                  .stop = host->stop};
    struct ssh_ran ran = {.out = ret->out, .err = ret->err, .size = sizeof ret->out};
    int r = ssh_run(&order, &ran, err);
    ret->status = ran.status;
    return r;
}

static void on_listening(void *context, int port)
{
    way_back_listens(context, SSH_LISTEN_ADDRESS, port);
}

static int on_accepted(void *context, struct error *err)
{
    return way_back_connect(context, err);
}

/* On a thread of its own: reads nothing of the world. */
static int port_listen(const struct ssh_settings *ssh, int64_t accept_ms, const atomic_bool *stop,
                       struct way_back *way, struct error *err)
{
    const struct ssh_listen listen = {.ssh = ssh,
                                      .accept_ms = accept_ms,
                                      .stop = stop,
                                      .context = way,
                                      .listening = on_listening,
                                      .accepted = on_accepted};
    return ssh_listen(&listen, err);
}

static void port_hold(void *context, int service, const struct restores_hold *hold)
{
    struct world *w = context;
    struct engine_restore restore = {0};
    if (hold != NULL) {
        restore.since = hold->since;
        restore.acts = hold->acts;
        restore.withholds = hold->withholds;
        (void)str_copy(restore.text, sizeof restore.text, hold->text);
        (void)str_copy(restore.user, sizeof restore.user, hold->user);
    }
    engine_restoring(w->engine, service, hold == NULL ? NULL : &restore, clock_now());
}

static void port_audit(void *context, const struct audit_line *line)
{
    struct world *w = context;
    audit_append(w->audit, 0, line, line->event == AUDIT_INTENT);
}

static void port_publish(void *context, int service, json_t *body)
{
    struct world *w = context;
    engine_tell(w->engine, service, "service_event", body, clock_now());
}

static void port_report(void *context, int service, const char *text)
{
    struct world *w = context;
    struct alert_report report = {.key = {.class = CLASS_BACKUP, .detail = "restore"},
                                  .event = text != NULL ? ALERT_BAD : ALERT_WELL,
                                  .severity = SEVERITY_P1,
                                  .summary = text};
    if (w->alerts == NULL)
        return;
    (void)str_copy(report.key.subject, sizeof report.key.subject,
                   w->settings->services[service].id);
    alerts_report(w->alerts, &report);
}

int world_open_restores(struct world *w, struct error *err)
{
    const struct restores_ports ports = {
        .context = w,
        .loop = w->loop,
        .backups = w->backups,
        .store = w->store,
        .now = port_now,
        .settings = port_settings,
        .tunnel = port_tunnel,
        .busy = port_busy,
        .permit = world_permit,
        .start_timeout_ms = port_start_timeout_ms,
        .operate = port_operate,
        .helper = port_helper,
        .listen = port_listen,
        .hold = port_hold,
        .audit = port_audit,
        .publish = port_publish,
        .report = port_report,
    };
    return restores_open(&ports, &w->restores, err);
}
