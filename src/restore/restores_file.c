/* By file: the acts of the state machine (restore/restore.h). The engine stops and starts the
 * service; a worker exchanges the files. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "restore/files.h"
#include "restore/restores_inside.h"

/* An act that ends elsewhere, perhaps after the run is gone. */
struct awaited {
    struct restores *r;
    int64_t number;
    int orders; /* a later order does not take its outcome */
    enum restore_act act;
    enum files_work work;
    struct slot slot;
};

static struct awaited *awaited_new(const struct entry *e, enum restore_act act)
{
    struct awaited *a = mem_must(mem_calloc(1, sizeof *a));
    *a = (struct awaited){.r = e->r, .number = e->number, .orders = e->orders, .act = act};
    return a;
}

/* NULL: no one awaits it. Frees it. */
static struct entry *awaited_end(struct awaited *a)
{
    struct entry *e = restores_find(a->r, a->number);
    bool awaited = !a->r->closing && e != NULL && e->run != NULL && e->run->machine != NULL &&
                   e->orders == a->orders;
    mem_free(a);
    return awaited ? e : NULL;
}

/* ── the safety backup ── */

static void on_guarded(struct entry *e, int result, const struct error *err)
{
    struct error why = {0};
    if (result < 0)
        (void)error_set(&why, result, "no safety backup could be made: %s", err->text);
    if (e->run->machine != NULL)
        entry_end_act(e, RESTORE_ACT_GUARD, result < 0 ? RESTORE_FAILED : RESTORE_OK, NULL, &why);
}

/* ── the files ── */

static void on_files(void *context, enum restore_event outcome, enum placement_result result,
                     const char *staged, const struct error *err)
{
    struct awaited *a = context;
    enum restore_act act = a->act;
    (void)result;
    slot_give(&a->slot);
    struct entry *e = awaited_end(a);
    if (e != NULL && act == RESTORE_ACT_STAGE)
        sealed_close(e->run);
    if (e != NULL && act != RESTORE_ACT_RELEASE)
        entry_end_act(e, act, outcome, staged, err);
}

int file_reach(const struct entry *e, struct error *err)
{
    struct files_host host;
    const struct service_settings *target = restores_settings(e->r, e->target);
    return target->control == CONTROL_PROCESS || restores_remote(e->r, e->target, &host)
               ? 0
               : error_set(
                     err, -EBUSY,
                     "The files are those of another account, and `restore_helper` of %s is no "
                     "longer set. Set it, run systemctl reload resus, and order it again.",
                     target->id);
}

static void refuse_exchange(struct entry *e, struct awaited *a, const struct error *err)
{
    enum restore_act act = a->act;
    slot_give(&a->slot);
    mem_free(a);
    if (e != NULL && act != RESTORE_ACT_RELEASE)
        entry_end_act(e, act, RESTORE_FAILED, NULL, err);
}

static void exchange_under(struct entry *e, struct awaited *a, const struct permit *permit)
{
    const struct run *run = e->run; /* NULL: it is being released */
    enum files_work work = a->work;
    struct error err = {0};
    struct files_host host;
    bool remote = restores_remote(e->r, e->target, &host);
    int r = file_reach(e, &err);
    const struct files_options options = {
        .permit = permit,
        .work = work,
        .place = remote ? NULL : &e->place,
        .remote = remote ? e->r->ports.helper : NULL,
        .host = &host,
        .within_ms =
            work == FILES_STAGE ? restore_limits_default.stage_ms : restore_limits_default.place_ms,
        .staged = e->job.staged,
        .file = run == NULL ? "" : run->file,
        .bytes = run == NULL ? 0 : run->bytes,
        .sha256 = run == NULL ? "" : run->sha256,
    };
    if (r == 0)
        r = files_start(e->r->ports.loop, &options, on_files, a, &err);
    if (r == 0)
        return;
    struct permit unused = *permit;
    permit_end(&unused);
    refuse_exchange(e, a, &err);
}

static void on_permitted(void *context, const struct permit *permit, const char *why)
{
    struct awaited *a = context;
    struct entry *e = restores_find(a->r, a->number);
    struct error err = {0};
    bool runs = e != NULL && e->run != NULL && e->run->machine != NULL;
    bool awaited = !a->r->closing && e != NULL && e->orders == a->orders &&
                   (runs || a->act == RESTORE_ACT_RELEASE);
    if (awaited && permit != NULL) {
        exchange_under(e, a, permit);
        return;
    }
    struct permit unused = permit == NULL ? (struct permit){0} : *permit;
    permit_end(&unused);
    (void)error_set(&err, -EPERM, "nothing was done: %s", why);
    refuse_exchange(awaited ? e : NULL, a, &err);
}

static void exchange(struct entry *e, struct awaited *a, enum files_work work)
{
    static const char *const words[] = {[FILES_STAGE] = "restore-stage",
                                        [FILES_PLACE_RDB] = "restore-place",
                                        [FILES_PLACE_AOF] = "restore-place",
                                        [FILES_UNDO] = "restore-undo",
                                        [FILES_DROP] = "restore-drop"};
    const struct restores_ports *ports = &e->r->ports;
    a->work = work;
    ports->permit(ports->context, e->target, words[work], on_permitted, a);
}

/* The copy reads the folder of the backups. */
static void stage(struct entry *e)
{
    struct awaited *a = awaited_new(e, RESTORE_ACT_STAGE);
    a->slot = e->run->slot;
    e->run->slot.held = false; /* it goes with the worker */
    exchange(e, a, FILES_STAGE);
}

static void on_opened(struct entry *e, const struct error *err)
{
    if (err->code == 0) {
        stage(e);
        return;
    }
    slot_give(&e->run->slot);
    entry_end_act(e, RESTORE_ACT_STAGE, RESTORE_FAILED, NULL, err);
}

static void on_granted(void *context)
{
    struct entry *e = context;
    if (sealed_is(e))
        sealed_open(e, on_opened);
    else
        stage(e);
}

static void exchange_now(struct entry *e, enum restore_act act, enum files_work work)
{
    struct awaited *a = awaited_new(e, act);
    slot_try(e->r, &a->slot);
    exchange(e, a, work);
}

/* ── the service ── */

static void on_stepped(void *context, enum restore_event outcome, const char *text)
{
    struct awaited *a = context;
    enum restore_act act = a->act;
    struct error err = {0};
    struct entry *e = awaited_end(a);
    if (outcome != RESTORE_OK)
        (void)error_set(&err, -EIO, "%s", text);
    if (e != NULL)
        entry_end_act(e, act, outcome, NULL, &err);
}

static void operate(struct entry *e, enum restore_act act, enum restores_step step)
{
    const struct restores_ports *ports = &e->r->ports;
    char reason[80];
    (void)str_format(reason, sizeof reason, "restore %" PRId64 " of backup %s", e->number,
                     e->backup);
    ports->operate(ports->context, e->target, step, &e->user, reason, on_stepped,
                   awaited_new(e, act));
}

/* ── the proof ── */

static void on_served(void *context, int code, const struct error *err)
{
    struct entry *e = context;
    e->run->served = NULL;
    entry_end_act(e, RESTORE_ACT_PROVE,
                  code == 0          ? RESTORE_OK
                  : code == -EBADMSG ? RESTORE_FAILED
                                     : RESTORE_UNKNOWN,
                  NULL, err);
}

static void prove(struct entry *e)
{
    struct run *run = e->run;
    struct error err = {0};
    const struct served_options options = {
        .redis = &run->redis,
        .tunnel = entry_tunnel(e),
        .databases = e->databases,
        .database_count = e->database_count,
        .within_ms = restore_limits_default.prove_ms,
    };
    if (served_start(e->r->ports.loop, &options, on_served, e, &run->served, &err) < 0)
        entry_end_act(e, RESTORE_ACT_PROVE, RESTORE_UNKNOWN, NULL, &err);
}

/* ── the ports ── */

void file_act(void *context, struct restore *r, enum restore_act act, const struct restore_job *job)
{
    struct entry *e = context;
    e->job = *job;
    switch (act) {
    case RESTORE_ACT_GUARD:
        entry_guard(e, on_guarded);
        break;
    case RESTORE_ACT_STAGE:
        slot_ask(e->r, &e->run->slot, on_granted, e);
        break;
    case RESTORE_ACT_STOP:
        operate(e, act, RESTORES_STOP);
        break;
    case RESTORE_ACT_PLACE:
        exchange_now(e, act, job->place_aof ? FILES_PLACE_AOF : FILES_PLACE_RDB);
        break;
    case RESTORE_ACT_UNDO:
        exchange_now(e, act, FILES_UNDO);
        break;
    case RESTORE_ACT_START:
        operate(e, act, RESTORES_START);
        break;
    case RESTORE_ACT_START_OLD:
        if (job->was_running)
            operate(e, act, RESTORES_START);
        else
            restore_acted(r, act, RESTORE_OK, NULL, NULL);
        break;
    default:
        prove(e);
        break;
    }
}

void file_stop_act(void *context, enum restore_act act)
{
    struct entry *e = context;
    struct run *run = e->run;
    if (run == NULL)
        return;
    if (act == RESTORE_ACT_STAGE)
        slot_give(&run->slot);
    if (act == RESTORE_ACT_PROVE) {
        served_cancel(run->served);
        run->served = NULL;
    }
}

static void released(struct entry *e, const struct error *err)
{
    char text[ERROR_TEXT_MAX];
    const char *by = e->run->cancelled_by;
    if (e->job.staged[0] != '\0')
        exchange_now(e, RESTORE_ACT_RELEASE, FILES_DROP);
    if (by[0] != '\0')
        (void)str_format(text, sizeof text, "Cancelled by %s. The data are untouched.", by);
    else
        (void)str_format(text, sizeof text, "The data are untouched: %s",
                         err->code == 0 ? "Resus ended before they were exchanged" : err->text);
    entry_ended(e, by[0] != '\0' ? RESTORES_CANCELLED : RESTORES_FAILED, text);
}

static void served_text(const struct entry *e, char *to, size_t size)
{
    if (e->keys < 0) /* it was never loaded */
        (void)str_copy(to, size, "Redis serves the backup.");
    else
        (void)str_format(to, size, "Redis serves the backup's %" PRId64 " keys.", e->keys);
}

void file_report(void *context, enum restore_act act, const struct restore_job *job,
                 const struct error *err)
{
    struct entry *e = context;
    char text[ERROR_TEXT_MAX];
    const char *why = err->code == 0 ? "Resus ended meanwhile" : err->text;
    e->job = *job;
    switch (act) {
    case RESTORE_ACT_FINISH:
        served_text(e, text, sizeof text);
        (void)str_append(text, sizeof text, " The old files are kept in %s/resus-aside-%s",
                         e->place.dir, job->staged);
        entry_ended(e, RESTORES_DONE, text);
        break;
    case RESTORE_ACT_RELEASE:
        released(e, err);
        break;
    case RESTORE_ACT_UNDONE:
        (void)str_format(
            text, sizeof text, "The old data are back.%s%s",
            err->code == 0 ? "" : " The restore failed: ", err->code == 0 ? "" : err->text);
        entry_ended(e, RESTORES_UNDONE, text);
        break;
    case RESTORE_ACT_HOLD:
        (void)str_format(text, sizeof text, "%s. The outcome of the last step is not known.", why);
        entry_ended(e, RESTORES_HELD, text);
        break;
    default:
        (void)str_format(text, sizeof text,
                         "The undo failed: %s. Both data are in %s: see resus-aside-%s there.", why,
                         e->place.dir, job->staged);
        entry_ended(e, RESTORES_NEEDS_HUMAN, text);
        break;
    }
}

void file_late(struct entry *e, const struct error *err)
{
    entry_end_act(e, RESTORE_ACT_STAGE, RESTORE_FAILED, NULL, err);
}
