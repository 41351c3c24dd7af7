/* API tokens: opaque, shown once, kept as a digest. */
#include <string.h>

#include "accounts/account_json.h"
#include "accounts/api_token.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"

#define LIVES_S (90LL * 24 * 3600) /* unless told */
#define LIVES_S_MIN 60

static void tokens_list(struct handlers *h, struct call *call)
{
    const struct accounts *a = h->ports.accounts;
    const struct api_token *t;
    json_t *items = json_array();
    shelf_each(a, STORE_API_TOKEN, t)
    {
        if (!t->revoked)
            (void)json_array_append_new(items, api_token_json(t));
    }
    handlers_answer_list(call, items);
}

static bool services_exist(struct handlers *h, struct call *call)
{
    const json_t *services = json_object_get(call->args, "services");
    size_t i;
    json_t *id;
    json_array_foreach(services, i, id) {
        if (engine_service_index(h->engine, json_string_value(id)) >= 0)
            continue;
        char text[160];
        (void)str_format(text, sizeof text, "`services`: there is no service \"%s\".",
                         json_string_value(id));
        handlers_refuse(h, call, 400, "Bad input", text, "bad_input");
        return false;
    }
    if (json_is_array(services) && json_array_size(services) == 0) {
        handlers_refuse(h, call, 400, "Bad input",
                        "`services` is empty: name at least one, or leave it out for all.",
                        "bad_input");
        return false;
    }
    return true;
}

static void token_add(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    struct api_token *t = NULL;
    struct error err = {0};
    char text[700];
    int64_t lives_s = json_int_or(call->args, "expires_in_seconds", LIVES_S);
    if (!services_exist(h, call))
        return;
    if (lives_s != 0 && lives_s < LIVES_S_MIN) {
        handlers_refuse(
            h, call, 400, "Bad input",
            "`expires_in_seconds` must be 60 or more, or 0 for a token that never expires.",
            "bad_input");
        return;
    }
    if (api_tokens_live(a) >= API_TOKENS_MAX) {
        handlers_refuse(h, call, 409, "Too many tokens", "There are 1000 already: revoke some.",
                        "limit");
        return;
    }
    const json_t *named = json_object_get(call->args, "services");
    bool scoped = json_is_array(named); /* null is "all", as if it were left out */
    json_t *services = scoped ? json_deep_copy(named) : NULL;
    if (scoped && services == NULL) {
        handlers_refuse(h, call, 503, "No memory", "The token could not be made: try again.",
                        "busy");
        return;
    }
    if (account_add(a, STORE_API_TOKEN, sizeof *t, API_TOKENS_KEPT_MAX, &t, &err) < 0) {
        json_decref(services);
        handlers_refuse(h, call, 409, "Too many tokens", err.text, "limit");
        return;
    }
    (void)str_copy(t->name, sizeof t->name, json_text_or(call->args, "name", ""));
    t->role = access_by_name(json_text_or(call->args, "role", ""));
    t->services = services;
    t->created = accounts_now(a).wall;
    t->expires = lives_s > 0 ? wall_add(t->created, lives_s * 1000) : WALL_NONE;
    (void)str_copy(t->created_by, sizeof t->created_by,
                   call->answerable[0] != '\0' ? call->answerable : call->user.email);
    json_t *secret = api_token_make(t);
    json_t *body = api_token_json(t);
    (void)json_put(body, "token", secret);
    (void)str_format(text, sizeof text, "%s: %s%s", t->name, access_name(t->role),
                     t->services == NULL ? "" : ", some services only");
    account_done(h, call, text);
    account_answer_saved(h, call, account_save(a, STORE_API_TOKEN, t), body);
}

static struct api_token *find(struct handlers *h, struct call *call)
{
    struct api_token *t = api_token_by_number(h->ports.accounts, json_int_or(call->args, "n", 0));
    if (t == NULL)
        handlers_refuse(h, call, 404, "Not found", "There is no such token.", "not_found");
    return t;
}

static void token_set(struct handlers *h, struct call *call)
{
    struct api_token *t = find(h, call);
    char text[700];
    if (t == NULL)
        return; /* answered: the call is gone */
    const char *role = json_text_or(call->args, "role", NULL);
    if (role != NULL)
        t->role = access_by_name(role);
    t->disabled = json_bool_or(call->args, "disabled", t->disabled);
    (void)str_format(text, sizeof text, "%s: %s%s", t->name, access_name(t->role),
                     t->disabled ? ", disabled" : "");
    account_done(h, call, text);
    account_answer_saved(h, call, account_save(h->ports.accounts, STORE_API_TOKEN, t),
                         api_token_json(t));
}

static void token_revoke(struct handlers *h, struct call *call)
{
    struct api_token *t = find(h, call);
    if (t == NULL)
        return;
    t->revoked = true;
    account_done(h, call, t->name);
    account_answer_saved(h, call, account_save(h->ports.accounts, STORE_API_TOKEN, t),
                         handlers_success());
}

static const struct handling rows[] = {
    {OP_TOKENS, .run = tokens_list},
    {OP_TOKEN_ADD, .run = token_add, WRITES(CONFIGURATION, HIGH)},
    {OP_TOKEN_SET, .run = token_set, WRITES(CONFIGURATION, HIGH)},
    {OP_TOKEN_REVOKE, .run = token_revoke, WRITES(CONFIGURATION, MODERATE)},
    {0},
};

const struct resource resource_api_tokens = {NEEDS_ACCOUNTS, rows};
