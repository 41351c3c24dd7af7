/* The sessions of the user who asks. */
#include "accounts/account_json.h"
#include "accounts/session_life.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"

void sessions_list(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = account_own_user(h, call);
    const struct session *s;
    json_t *items = json_array();
    wall_ms now = accounts_now(a).wall;
    if (u == NULL) {
        json_decref(items);
        return;
    }
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->user != u->number || s->revoked.ms != 0 || s->expires.ms <= now.ms)
            continue;
        bool current = s == session_by_jti(a, call->session);
        (void)json_array_append_new(items, session_json(s, current));
    }
    call->answer(call, 200, account_list(items));
}

void session_end(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = account_own_user(h, call);
    if (u == NULL)
        return;
    struct session *s = shelf_find(&a->shelves[STORE_SESSION], json_int_or(call->args, "n", 0));
    if (s == NULL || s->user != u->number || s->revoked.ms != 0) {
        handlers_refuse(h, call, 404, "Not found", "You have no such session.", "not_found");
        return;
    }
    s->revoked = accounts_now(a).wall;
    account_changed(a);
    account_done(h, call, NULL);
    account_answer_saved(h, call, account_save(a, STORE_SESSION, s), handlers_success());
}

void session_renew(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = account_own_user(h, call);
    struct session *s = u == NULL ? NULL : session_by_jti(a, call->session);
    struct error err = {0};
    if (s == NULL) {
        if (u != NULL)
            handlers_refuse(h, call, 404, "Not found", "This login has ended.", "not_found");
        return;
    }
    wall_ms before = s->expires;
    session_extend(a, s);
    json_t *body = session_welcome(a, u, s, call->session, &err);
    if (body == NULL) {
        s->expires = before; /* as long as the token that the caller has */
        handlers_refuse(h, call, 503, "Not renewed", err.text, "login_failed");
        return;
    }
    account_answer_saved(h, call, account_save(a, STORE_SESSION, s), body);
}
