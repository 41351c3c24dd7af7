/* Setting up two-factor login and switching it off. */
#include "accounts/second_factor.h"
#include "base/json.h"
#include "handlers/account_answer.h"

static void begin_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_number(a, call->user_number);
    (void)hash;
    if (!account_password_good(h, call, u, good))
        return;
    if (u->totp_on) {
        handlers_refuse(h, call, 409, "Already on",
                        "Two-factor login is on already: switch it off first.", "totp_on");
        return;
    }
    json_t *body = second_factor_begin(u);
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

void totp_begin(struct handlers *h, struct call *call)
{
    const struct user *u = account_own_user(h, call);
    if (u != NULL)
        account_ask_password(h, call, u, NULL, begin_checked);
}

void totp_confirm(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    struct user *u = account_own_user(h, call);
    if (u == NULL)
        return;
    wall_ms now = handlers_now(h).wall;
    int64_t step = u->totp_begun && !u->totp_lost
                       ? totp_step(u->totp_secret, json_text_or(call->args, "totp", ""), now, 0)
                       : 0;
    if (!u->totp_begun || u->totp_on) {
        call_refuse(call, 409, "Not begun", "Two-factor login is not being set up.",
                    "totp_not_begun", now);
        return;
    }
    if (step == 0) {
        account_refuse(h, call, AUDIT_AUTHENTICATION, 400, "Wrong code",
                       "The code is not right: check the clock of the phone.", "totp_invalid");
        return;
    }
    u->totp_on = true;
    account_changed(a); /* it may do now what its role needs a second factor for */
    u->totp_begun = false;
    u->totp_step = step;
    json_t *body = json_object();
    (void)json_put_bool(body, "totp", true);
    (void)json_put(body, "recovery_codes", second_factor_new_codes(u));
    account_done(h, call, "two-factor login is on");
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

static void disable_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_number(a, call->user_number);
    (void)hash;
    if (!account_password_good(h, call, u, good) || !account_code_good(h, call, u))
        return;
    totp_clear(u);
    account_changed(a);
    account_done(h, call, "two-factor login is off");
    json_t *body = json_object();
    (void)json_put_bool(body, "totp", false);
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

void totp_disable(struct handlers *h, struct call *call)
{
    const struct user *u = account_own_user(h, call);
    if (u != NULL)
        account_ask_password(h, call, u, NULL, disable_checked);
}
