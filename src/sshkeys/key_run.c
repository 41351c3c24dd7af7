/* key_rotate, and what a rotation does by itself: carries out what core/key_rotation.h decides. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/error_body.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "sshkeys/key_run.h"

struct key_work {
    uv_work_t request;    /* first */
    struct sshkeys *keys; /* NULL: closed meanwhile */
    enum key_work_kind kind;
    struct key_book book; /* a copy */
    struct key_order order;
    int result;
    enum key_event found;
    char note[160];
    struct keypair_public fresh;
    struct error error;
};

static void happens(struct sshkeys *k, enum key_event event, const struct error *why);

/* ── what is written down and reported ── */

void key_run_audit(struct sshkeys *k, const char *reason, const struct error *failed)
{
    const struct key_run *run = k->run;
    struct audit_line line = {.event = AUDIT_CONFIGURATION,
                              .at = sshkeys_now(k).wall,
                              .has_result = true,
                              .success = failed == NULL,
                              .ssh_key_used = -1,
                              .risk = AUDIT_RISK_HIGH};
    (void)str_copy(line.service, sizeof line.service, run->service);
    (void)str_copy(line.operation, sizeof line.operation, "key-rotate");
    (void)str_copy(line.user_id, sizeof line.user_id, run->user.id);
    (void)str_copy(line.user_email, sizeof line.user_email, run->user.email);
    (void)str_copy(line.user_role, sizeof line.user_role, run->user.role);
    (void)str_copy(line.source_ip, sizeof line.source_ip, run->user.source_ip);
    (void)str_copy(line.request_id, sizeof line.request_id, run->request_id);
    (void)str_copy(line.reason, sizeof line.reason, reason);
    (void)str_copy(line.error, sizeof line.error, failed == NULL ? "" : failed->text);
    k->ports.audit(k->ports.context, &line);
}

static void notice(struct sshkeys *k, const char *message)
{
    const struct settings *s = sshkeys_settings(k);
    for (size_t i = 0; i < s->service_count; i++)
        if (key_is_of(&s->services[i], k->run->order.key))
            k->ports.notice(k->ports.context, (int)i, message);
    log_info("keys", "%s", message);
}

/* ── the end of a run ── */

static void end(struct sshkeys *k, int status, json_t *body)
{
    struct key_run *run = k->run;
    k->run = NULL;
    if (run->call != NULL)
        run->call->answer(run->call, status, body);
    else
        json_decref(body);
    json_decref(run->body);
    mem_free(run);
    sshkeys_schedule(k);
}

static void succeed(struct sshkeys *k, const char *format, ...) ATTR_PRINTF(2, 3);
static void succeed(struct sshkeys *k, const char *format, ...)
{
    struct key_run *run = k->run;
    char text[3 * SETTINGS_PATH_MAX + 1024] = "";
    va_list args;
    if (run->note[0] != '\0')
        (void)str_format(text, sizeof text, "%s ", run->note);
    size_t used = strlen(text);
    va_start(args, format);
    (void)vsnprintf(text + used, sizeof text - used, format, args);
    va_end(args);
    struct key_view view = {.settings = sshkeys_settings(k),
                            .key = run->order.key,
                            .record = key_book_find(&k->book, run->order.key)};
    if (view.record != NULL && view.record->recorded == KEY_MADE)
        view.fresh = &run->fresh;
    end(k, 200, key_answer(&view, text));
}

static void refuse(struct sshkeys *k, int status, const char *title, const char *code,
                   const char *format, ...) ATTR_PRINTF(5, 6);
static void refuse(struct sshkeys *k, int status, const char *title, const char *code,
                   const char *format, ...)
{
    char text[2 * SETTINGS_PATH_MAX + 2 * ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    end(k, status, error_body(title, text, code, sshkeys_now(k).wall));
}

/* ── work on files ── */

static void work(struct key_work *w)
{
    char fresh[SETTINGS_PATH_MAX];
    switch (w->kind) {
    case KEY_WORK_LOOK:
        w->found = key_book_look(&w->book, &w->order, w->note, sizeof w->note);
        break;
    case KEY_WORK_MAKE:
        w->result = key_book_make(&w->book, &w->order, &w->error);
        break;
    case KEY_WORK_SWITCH:
        w->result = key_book_switch(&w->book, &w->order, &w->error);
        break;
    case KEY_WORK_REMOVE:
        w->result = key_book_remove(&w->book, &w->order, &w->error);
        break;
    case KEY_WORK_NOTE:
        w->result = key_book_write(&w->book, &w->error);
        break;
    }
    const struct key_record *r = key_book_find(&w->book, w->order.key);
    keypair_fresh_path(w->order.key, fresh);
    if (w->result == 0 && w->kind != KEY_WORK_NOTE && r != NULL && r->recorded == KEY_MADE)
        w->result = keypair_read(fresh, &w->fresh, &w->error);
}

static void on_worker(uv_work_t *request)
{
    work((struct key_work *)request);
}

static void worked(struct sshkeys *k, const struct key_work *w)
{
    struct key_run *run = k->run;
    k->book = w->book;
    run->fresh = w->fresh;
    if (w->kind == KEY_WORK_NOTE) {
        if (w->result < 0)
            log_error("keys", "%s", w->error.text);
        json_t *body = run->body;
        run->body = NULL;
        end(k, run->status, body);
        return;
    }
    if (w->kind != KEY_WORK_LOOK) {
        happens(k, w->result < 0 ? KEY_FAILED : KEY_DONE, &w->error);
        return;
    }
    (void)str_copy(run->note, sizeof run->note, w->note);
    if (w->note[0] != '\0')
        key_run_audit(k, w->note, NULL);
    if (w->result < 0) {
        refuse(k, 500, "Cannot read the key", "key_unreadable", "%s", w->error.text);
        return;
    }
    happens(k, w->found, NULL);
    /* What was to be asked about may have been removed by hand meanwhile. */
    if (run->asked == KEY_DUE && run->phase != KEY_SWITCHED) {
        if (run->call == NULL) {
            end(k, 200, NULL);
            return;
        }
        run->asked = KEY_CONTINUE;
    }
    happens(k, run->asked, NULL);
}

static void on_loop(uv_work_t *request, int status)
{
    struct key_work *w = (struct key_work *)request;
    struct sshkeys *k = w->keys;
    (void)status;
    if (k != NULL) {
        k->work = NULL;
        worked(k, w);
    }
    mem_free(w);
}

static void begin_work(struct sshkeys *k, enum key_work_kind kind)
{
    struct key_work *w = mem_calloc(1, sizeof *w);
    struct error err = {0};
    if (w == NULL) {
        (void)error_set(&err, -ENOMEM, "out of memory");
        if (kind == KEY_WORK_LOOK || kind == KEY_WORK_NOTE)
            refuse(k, 500, "Out of memory", "out_of_memory", "Out of memory");
        else
            happens(k, KEY_FAILED, &err);
        return;
    }
    w->keys = k;
    w->kind = kind;
    w->book = k->book;
    w->order = k->run->order;
    k->work = w;
    (void)uv_queue_work(k->ports.loop, &w->request, on_worker,
                        on_loop); /* fails only without callbacks */
}

/* ── logins ── */

static void on_proof(void *context, enum key_verdict verdict, const char *place,
                     const struct error *why)
{
    struct sshkeys *k = context;
    struct key_run *run = k->run;
    struct error err = *why;
    k->proof = NULL;
    if (run->phase == KEY_PROVING) {
        if (verdict != KEY_PROVED)
            (void)error_prefix(&err, "%s", place);
        /* A host that is away is another story than one that refuses: 503 and not 409. */
        if (verdict == KEY_UNKNOWN)
            err.code = -EHOSTUNREACH;
        happens(k, verdict == KEY_PROVED ? KEY_DONE : KEY_FAILED, &err);
        return;
    }
    struct key_record *r = key_book_find(&k->book, run->order.key);
    if (r != NULL) {
        r->asked = sshkeys_now(k).wall;
        if (verdict != KEY_UNKNOWN)
            (void)str_copy(r->accepted_by, sizeof r->accepted_by,
                           verdict == KEY_PROVED ? place : "");
    }
    if (verdict == KEY_UNKNOWN)
        (void)error_prefix(&err, "%s", place);
    happens(k,
            verdict == KEY_PROVED    ? KEY_OLD_ACCEPTED
            : verdict == KEY_REFUSED ? KEY_DONE
                                     : KEY_FAILED,
            &err);
}

static int start_proof(struct sshkeys *k, const char *file, enum key_proof_depth depth,
                       struct error *err)
{
    const struct settings *s = sshkeys_settings(k);
    const struct service_settings **services = mem_calloc(s->service_count, sizeof *services);
    if (services == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    struct key_proof_order order = {.loop = k->ports.loop,
                                    .pool = k->ports.ssh,
                                    .services = services,
                                    .key = file,
                                    .depth = depth,
                                    .done = on_proof,
                                    .context = k};
    for (size_t i = 0; i < s->service_count; i++)
        if (key_is_of(&s->services[i], k->run->order.key))
            services[order.count++] = &s->services[i];
    k->run->proved_under = k->reloads;
    int r = order.count == 0 || k->ports.ssh == NULL
                ? error_set(err, -ENOENT, "no service uses %s any longer", k->run->order.key)
                : key_proof_start(&order, &k->proof, err);
    mem_free(services);
    return r;
}

static void begin_proof(struct sshkeys *k, const char *file, enum key_proof_depth depth)
{
    struct error err = {0};
    if (start_proof(k, file, depth, &err) < 0)
        happens(k, KEY_FAILED, &err);
}

/* ── the acts ── */

static void act_make(struct sshkeys *k)
{
    char text[SETTINGS_PATH_MAX + 64];
    (void)str_format(text, sizeof text, "start: a new key beside %s", k->run->order.key);
    key_run_audit(k, text, NULL);
    begin_work(k, KEY_WORK_MAKE);
}

static void act_show(struct sshkeys *k)
{
    struct key_run *run = k->run;
    char text[SETTINGS_PATH_MAX + 160];
    if (run->work == KEY_WORK_MAKE) {
        (void)str_format(text, sizeof text, "made: %s beside %s", run->fresh.fingerprint,
                         run->order.key);
        key_run_audit(k, text, NULL);
    }
    succeed(k,
            "A new key waits in %s.new; %s stays in use. Install the line below on each host, then "
            "run `resus key rotate %s --continue`.",
            run->order.key, run->order.key, run->service);
}

static void act_prove(struct sshkeys *k)
{
    char fresh[SETTINGS_PATH_MAX];
    keypair_fresh_path(k->run->order.key, fresh);
    begin_proof(k, fresh, KEY_PROOF_WORKS);
}

static void act_switch(struct sshkeys *k)
{
    struct error err = {0};
    if (k->run->proved_under != k->reloads) {
        (void)error_set(&err, -EAGAIN,
                        "the configuration was read again meanwhile, so the proof may be of other "
                        "hosts");
        happens(k, KEY_FAILED, &err);
        return;
    }
    key_run_audit(k, "proof: every host accepts the new key and runs the commands", NULL);
    (void)str_copy(k->run->order.proved, sizeof k->run->order.proved, k->run->fresh.fingerprint);
    begin_work(k, KEY_WORK_SWITCH);
}

static void act_remind(struct sshkeys *k)
{
    struct key_run *run = k->run;
    const struct key_record *r = key_book_find(&k->book, run->order.key);
    char text[3 * SETTINGS_PATH_MAX], until[WALL_TEXT_SIZE];
    if (r == NULL)
        return;
    if (run->work == KEY_WORK_SWITCH) {
        ssh_pool_renew(k->ports.ssh, run->order.key);
        (void)str_format(text, sizeof text, "switch: %s is the new key, the old one is %s",
                         run->order.key, r->old);
        key_run_audit(k, text, NULL);
        (void)str_format(text, sizeof text,
                         "SSH key %s was exchanged. Remove the old one (%s) from authorized_keys: "
                         "`resus doctor %s` has the command.",
                         run->order.key, r->old_fingerprint, run->service);
        notice(k, text);
    }
    succeed(
        k,
        "%s is the new key; every host accepts it. The old one is kept as %s until %s: remove "
        "its line from each host with the command below. After that time Resus looks whether "
        "a host still accepts it, and if none does it removes the file.",
        run->order.key, r->old,
        wall_text(wall_add(r->switched, key_keep_ms(sshkeys_settings(k), run->order.key)), until));
}

static void act_ask_old(struct sshkeys *k)
{
    const struct key_record *r = key_book_find(&k->book, k->run->order.key);
    char old[SETTINGS_PATH_MAX];
    (void)str_copy(old, sizeof old, r == NULL ? "" : r->old);
    begin_proof(k, old, KEY_PROOF_LOGIN);
}

static void act_remove(struct sshkeys *k)
{
    begin_work(k, KEY_WORK_REMOVE);
}

/* What was learned is written down first: there is one writer of the book at a time. */
static void note_and_refuse(struct sshkeys *k, int status, const char *title, const char *code,
                            const char *text)
{
    k->run->status = status;
    k->run->body = error_body(title, text, code, sshkeys_now(k).wall);
    begin_work(k, KEY_WORK_NOTE);
}

static void act_warn(struct sshkeys *k)
{
    struct key_record *r = key_book_find(&k->book, k->run->order.key);
    char text[SETTINGS_PATH_MAX + 512];
    wall_ms now = sshkeys_now(k).wall;
    if (r == NULL)
        return;
    (void)str_format(text, sizeof text,
                     "%s still accepts the old SSH key (%s): remove its line from authorized_keys. "
                     "`resus doctor %s` has the command.",
                     r->accepted_by, r->old_fingerprint, k->run->service);
    if (r->warned.ms == 0 || wall_since(now, r->warned) >= KEY_WARN_EVERY_MS) {
        r->warned = now;
        key_run_audit(k, text, NULL);
        notice(k, text);
    }
    note_and_refuse(k, 409, "Old key accepted", "old_key_accepted", text);
}

static void act_tell_end(struct sshkeys *k)
{
    char text[SETTINGS_PATH_MAX + 160];
    (void)str_format(text, sizeof text,
                     "end: no host accepts the old SSH key of %s any longer; its file was removed.",
                     k->run->order.key);
    key_run_audit(k, text, NULL);
    notice(k, text + strlen("end: "));
    succeed(k, "No host accepts the old key any longer: its file was overwritten and removed. The "
               "rotation is complete.");
}

struct kept_because {
    int status;
    const char *title, *code, *remedy;
};

static struct kept_because kept_because(const struct key_run *run, const struct error *why)
{
    if (why->code == -EHOSTUNREACH)
        return (struct kept_because){503, "Host unreachable", "host_unreachable",
                                     "Run `resus key rotate --continue` again when it is back."};
    if (why->code == -EAGAIN)
        return (struct kept_because){409, "Settings changed", "settings_changed",
                                     "Run `resus key rotate --continue` again."};
    if (run->work == KEY_WORK_LOOK) /* no file was touched: the proof failed */
        return (struct kept_because){
            409, "The old key stays in use", "key_not_accepted",
            "Fix that, then run `resus key rotate --continue` again; `resus key rotate` prints "
            "the line to install."};
    return (struct kept_because){500, "The old key stays in use", "key_rotation_failed",
                                 "Fix that, then repeat the command."};
}

static void act_keep_old(struct sshkeys *k, const struct error *why)
{
    const struct key_run *run = k->run;
    struct kept_because because = kept_because(run, why);
    key_run_audit(k, "the old key stays in use", why);
    refuse(k, because.status, because.title, because.code, "%s stays in use: %s. %s",
           run->order.key, why->text, because.remedy);
}

static void act_ask_later(struct sshkeys *k, const struct error *why)
{
    char text[ERROR_TEXT_MAX + 160];
    (void)str_format(text, sizeof text, "%s: %s. Resus tries again within an hour.",
                     k->run->work == KEY_WORK_REMOVE
                         ? "No host accepts the old key any longer, but its file stays"
                         : "Cannot find out whether the old key is still accepted",
                     why->text);
    log_warning("keys", "%s", text);
    note_and_refuse(k, 503, "Not known", "old_key_unknown", text);
}

static void act_refuse(struct sshkeys *k, enum key_act act)
{
    const struct key_run *run = k->run;
    const struct key_record *r = key_book_find(&k->book, run->order.key);
    if (act == KEY_REFUSE_KEPT)
        refuse(k, 409, "Rotation not complete", "rotation_unfinished",
               "%s was exchanged, and the key before is still kept as %s. Remove its line from "
               "each host (`resus doctor %s` has the command), then run `resus key rotate %s "
               "--continue`.",
               run->order.key, r == NULL ? "?" : r->old, run->service, run->service);
    else
        refuse(k, 409, "Nothing to continue", "no_new_key",
               "%s%sThere is no new key beside %s: `resus key rotate %s` makes one.", run->note,
               run->note[0] == '\0' ? "" : " ", run->order.key, run->service);
}

/* ── the machine ── */

static void happens(struct sshkeys *k, enum key_event event, const struct error *why)
{
    static const struct error none = {0};
    struct key_step step = key_rotation_step(k->run->phase, event);
    k->run->phase = step.next;
    switch (step.act) {
    case KEY_MAKE:
        k->run->work = KEY_WORK_MAKE;
        act_make(k);
        break;
    case KEY_SHOW_LINE:
        act_show(k);
        break;
    case KEY_PROVE:
        act_prove(k);
        break;
    case KEY_SWITCH:
        k->run->work = KEY_WORK_SWITCH;
        act_switch(k);
        break;
    case KEY_REMIND:
        act_remind(k);
        break;
    case KEY_ASK_OLD:
        act_ask_old(k);
        break;
    case KEY_REMOVE_OLD:
        k->run->work = KEY_WORK_REMOVE;
        act_remove(k);
        break;
    case KEY_WARN:
        act_warn(k);
        break;
    case KEY_TELL_END:
        act_tell_end(k);
        break;
    case KEY_KEEP_OLD:
        act_keep_old(k, why == NULL ? &none : why);
        break;
    case KEY_ASK_LATER:
        act_ask_later(k, why == NULL ? &none : why);
        break;
    case KEY_REFUSE_NOTHING:
    case KEY_REFUSE_KEPT:
    case KEY_REFUSE_BUSY:
        act_refuse(k, step.act);
        break;
    case KEY_NO_ACT:
    case KEY_ACT_COUNT:
        break;
    }
}

void key_run_begin(struct sshkeys *k, struct key_run *run)
{
    k->run = run;
    begin_work(k, KEY_WORK_LOOK);
}

void key_run_drop(struct sshkeys *k)
{
    struct key_run *run = k->run;
    key_proof_drop(k->proof);
    k->proof = NULL;
    if (k->work != NULL)
        k->work->keys = NULL;
    k->work = NULL;
    k->run = NULL;
    if (run == NULL)
        return;
    if (run->call != NULL)
        run->call->answer(run->call, 503, NULL);
    json_decref(run->body);
    mem_free(run);
}
