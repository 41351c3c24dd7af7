#include "handlers/account_answer.h"

#include <string.h>

#include "accounts/note.h"
#include "accounts/second_factor.h"
#include "api/error_body.h"
#include "base/json.h"
#include "base/str.h"

static const struct throttle_rule own_password = {.free = 5, .longest_ms = 900000};

static struct account_note note_of(const struct call *call, enum audit_event event)
{
    return (struct account_note){.event = event,
                                 .operation = call->operation->name,
                                 .user = &call->user,
                                 .request_id = call->request_id};
}

void account_refuse(struct handlers *h, struct call *call, enum audit_event event, int status,
                    const char *title, const char *message, const char *code)
{
    struct account_note note = note_of(call, event);
    note.error = message;
    note.risk = AUDIT_RISK_MODERATE;
    account_audit_bounded(h->ports.accounts, &note);
    handlers_refuse(h, call, status, title, message, code);
}

void account_permission_refused(struct handlers *h, const struct call *call, const char *message)
{
    struct account_note note = note_of(call, AUDIT_AUTHORIZATION);
    note.error = message;
    note.risk = AUDIT_RISK_MODERATE;
    if (h->ports.accounts != NULL)
        account_audit_bounded(h->ports.accounts, &note);
}

void account_read(struct handlers *h, const struct call *call)
{
    struct account_note note = note_of(call, AUDIT_AUTHORIZATION);
    note.success = true;
    note.service = call->service < 0 ? NULL : engine_settings(h->engine, call->service)->id;
    if (h->ports.accounts != NULL)
        account_audit_bounded(h->ports.accounts, &note);
}

static struct account_note done_note(const struct handlers *h, const struct call *call,
                                     const char *reason)
{
    const struct account_done *done = handlers_done(h, call);
    struct account_note note = note_of(call, done->event);
    note.success = true;
    note.risk = done->risk;
    note.reason = reason;
    return note;
}

void account_done(struct handlers *h, struct call *call, const char *reason)
{
    struct account_note note = done_note(h, call, reason);
    account_audit(h->ports.accounts, &note);
}

void account_line(struct handlers *h, const struct call *call, const char *reason,
                  struct audit_line *ret)
{
    struct account_note note = done_note(h, call, reason);
    account_fill_line(h->ports.accounts, &note, ret);
}

struct user *account_own_user(struct handlers *h, struct call *call)
{
    struct user *u = user_by_number(h->ports.accounts, call->user_number);
    if (u == NULL)
        handlers_refuse(
            h, call, 409, "No user",
            "This is for users that log in; a local account or an API token has neither "
            "password nor sessions.",
            "no_user");
    return u;
}

void account_too_often(struct handlers *h, struct call *call, int64_t wait_ms, int limit)
{
    char text[200];
    int64_t seconds = (wait_ms + 999) / 1000;
    (void)str_format(text, sizeof text, "Too many failed tries: try again in %lld s.",
                     (long long)seconds);
    json_t *body = error_body("Too many tries", text, "too_many_tries", handlers_now(h).wall);
    (void)json_put_int(body, "retry_after_seconds", seconds);
    (void)json_put_int(body, "limit", limit);
    (void)json_put_int(body, "window_seconds", THROTTLE_FORGET_SECONDS);
    struct account_note note = note_of(call, AUDIT_AUTHENTICATION);
    note.error = "too many failed tries";
    note.risk = AUDIT_RISK_HIGH;
    account_audit_bounded(h->ports.accounts, &note);
    call->answer(call, 429, body);
}

void account_work(struct handlers *h, struct call *call, enum password_queue queue,
                  const char *hash, const char *password, const char *fresh, password_done *done)
{
    call->data = h;
    if (password_work_do(h->ports.accounts->work, queue, hash, password, fresh, done, call) == 0)
        return;
    json_t *body = error_body("Busy", "Too many logins at once: try again in a few seconds.",
                              "busy", handlers_now(h).wall);
    (void)json_put_int(body, "retry_after_seconds", 5);
    call->answer(call, 503, body);
}

void account_unhashed(struct handlers *h, struct call *call)
{
    handlers_refuse(h, call, 503, "No memory", "The password could not be hashed: try again.",
                    "busy");
}

static void own_key(const struct user *u, char key[64])
{
    (void)str_format(key, 64, "own|%lld", (long long)u->number);
}

static bool refuse_too_often(struct handlers *h, struct call *call, const char *key)
{
    struct accounts *a = h->ports.accounts;
    int64_t wait = throttle_wait_ms(a->throttle, key, &own_password, accounts_now(a).mono);
    if (wait > 0)
        account_too_often(h, call, wait, own_password.free);
    return wait > 0;
}

void account_ask_password(struct handlers *h, struct call *call, const struct user *u,
                          const char *fresh, password_done *done)
{
    char key[64];
    own_key(u, key);
    if (!refuse_too_often(h, call, key))
        account_work(h, call, PASSWORD_KNOWN, u->hash,
                     json_text_or(call->args, "current_password", ""), fresh, done);
}

bool account_password_good(struct handlers *h, struct call *call, const struct user *u, bool good)
{
    struct accounts *a = h->ports.accounts;
    char key[64];
    own_key(u, key);
    if (refuse_too_often(h, call, key)) /* those that began together with it have failed */
        return false;
    if (good && !u->totp_on)
        throttle_forget(a->throttle, key);
    if (good)
        return true;
    (void)throttle_failed(a->throttle, key, accounts_now(a).mono);
    account_refuse(h, call, AUDIT_AUTHENTICATION, 403, "Wrong password",
                   "The current password is not right.", "wrong_password");
    return false;
}

bool account_code_good(struct handlers *h, struct call *call, struct user *u)
{
    struct accounts *a = h->ports.accounts;
    const char *code = json_text_or(call->args, "totp", NULL);
    char key[64];
    own_key(u, key);
    if (!u->totp_on)
        return true;
    if (code == NULL) {
        handlers_refuse(h, call, 403, "Second factor needed",
                        "Give a code of the authenticator app, or a recovery code, as `totp`.",
                        "totp_required");
        return false;
    }
    if (second_factor_use(a, u, code)) {
        throttle_forget(a->throttle, key);
        return true;
    }
    (void)throttle_failed(a->throttle, key, accounts_now(a).mono);
    second_factor_missed(a, u, &call->user);
    account_refuse(h, call, AUDIT_AUTHENTICATION, 403, "Wrong code",
                   "The code is wrong or was used already.", "totp_invalid");
    return false;
}

void account_answer_saved(struct handlers *h, struct call *call, uint64_t id, json_t *body)
{
    call->kept = body;
    handlers_wait_for(h, call, id);
}
