/* Users, as admins see and change them. */
#include <string.h>
#include <strings.h>

#include "accounts/account_json.h"
#include "accounts/user_change.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"

static void users_list(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u;
    json_t *items = json_array();
    shelf_each(a, STORE_USER, u)
    {
        (void)json_array_append_new(items, user_json(a, u));
    }
    handlers_answer_list(call, items);
}

/* ── a new one ── */

static void add_hashed(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct accounts *a = h->ports.accounts;
    const char *email = json_text_or(call->args, "email", "");
    struct user *u = NULL;
    struct error err = {0};
    char text[400];
    (void)good;
    if (user_by_email(a, email) != NULL) {
        handlers_refuse(h, call, 409, "Exists", "There is a user of that e-mail address already.",
                        "exists");
        return;
    }
    if (hash[0] == '\0') {
        account_unhashed(h, call);
        return;
    }
    if (account_add(a, STORE_USER, sizeof *u, USERS_MAX, &u, &err) < 0) {
        handlers_refuse(h, call, 409, "Too many users", err.text, "limit");
        return;
    }
    (void)str_copy(u->email, sizeof u->email, email);
    (void)str_copy(u->hash, sizeof u->hash, hash);
    u->role = access_by_name(json_text_or(call->args, "role", ""));
    u->created = u->changed = accounts_now(a).wall;
    account_changed(a);
    (void)str_format(text, sizeof text, "%s: %s", u->email, access_name(u->role));
    account_done(h, call, text);
    account_answer_saved(h, call, account_save(a, STORE_USER, u), user_json(a, u));
}

static void user_add(struct handlers *h, struct call *call)
{
    const char *email = json_text_or(call->args, "email", "");
    const char *password = json_text_or(call->args, "password", "");
    struct error err = {0};
    if (!user_email_good(email))
        handlers_refuse(h, call, 400, "Bad input", "`email` must be an e-mail address.",
                        "bad_input");
    else if (user_by_email(h->ports.accounts, email) != NULL)
        handlers_refuse(h, call, 409, "Exists", "There is a user of that e-mail address already.",
                        "exists");
    else if (password_check(password, email, &err) < 0)
        handlers_refuse(h, call, 400, "Weak password", err.text, "weak_password");
    else
        account_work(h, call, PASSWORD_KNOWN, NULL, NULL, password, add_hashed);
}

/* ── changes ── */

static void apply(struct handlers *h, struct call *call, const char *hash)
{
    struct accounts *a = h->ports.accounts;
    struct user *u = user_by_number(a, json_int_or(call->args, "n", 0));
    char text[400];
    if (user_change_harms(a, u, call->args)) {
        account_refuse(h, call, AUDIT_CONFIGURATION, 409, "Last administrator",
                       "The last administrator can neither be disabled nor lose the role.",
                       "last_admin");
        return;
    }
    user_change(a, u, call->args, hash, text, sizeof text);
    account_changed(a);
    account_done(h, call, text);
    json_t *body = user_json(a, u);
    if (json_bool_or(call->args, "disabled", false))
        (void)json_put(body, "api_tokens", api_tokens_made_by(a, u->email));
    account_answer_saved(h, call, account_save(a, STORE_USER, u), body);
}

/* The caller's own, or that of whoever made the API token. */
static bool is_own(const struct call *call, const struct user *u)
{
    return call->user_number == u->number ||
           (call->user_number == 0 && strcasecmp(call->answerable, u->email) == 0);
}

/* A session that was taken over must not become the taker's account. */
static void own_checked(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    struct user *u = user_by_number(h->ports.accounts, json_int_or(call->args, "n", 0));
    bool hashed = json_text_or(call->args, "password", NULL) == NULL || hash[0] != '\0';
    if (!account_password_good(h, call, u, good) || !account_code_good(h, call, u))
        return;
    if (!hashed)
        account_unhashed(h, call);
    else
        apply(h, call, hash);
}

static void set_own(struct handlers *h, struct call *call, const struct user *u)
{
    if (json_text_or(call->args, "current_password", NULL) == NULL)
        account_refuse(h, call, AUDIT_AUTHENTICATION, 403, "Password needed",
                       "This is your own account: give `current_password` and, where two-factor "
                       "login is on, a code as `totp`.",
                       "password_required");
    else
        account_ask_password(h, call, u, json_text_or(call->args, "password", NULL), own_checked);
}

static void set_hashed(struct call *call, bool good, const char *hash)
{
    struct handlers *h = call->data;
    (void)good;
    if (hash[0] == '\0')
        account_unhashed(h, call);
    else
        apply(h, call, hash);
}

static void user_set(struct handlers *h, struct call *call)
{
    const struct user *u = user_by_number(h->ports.accounts, json_int_or(call->args, "n", 0));
    const char *password = json_text_or(call->args, "password", NULL);
    struct error err = {0};
    if (u == NULL)
        handlers_refuse(h, call, 404, "Not found", "There is no such user.", "not_found");
    else if (password != NULL && password_check(password, u->email, &err) < 0)
        handlers_refuse(h, call, 400, "Weak password", err.text, "weak_password");
    else if (is_own(call, u))
        set_own(h, call, u);
    else if (password == NULL)
        apply(h, call, "");
    else
        account_work(h, call, PASSWORD_KNOWN, NULL, NULL, password, set_hashed);
}

static const struct handling rows[] = {
    {OP_USERS, .run = users_list},
    {OP_USER_ADD, .run = user_add, WRITES(CONFIGURATION, HIGH)},
    {OP_USER_SET, .run = user_set, WRITES(CONFIGURATION, HIGH)},
    {0},
};

const struct resource resource_users = {NEEDS_ACCOUNTS, rows};
