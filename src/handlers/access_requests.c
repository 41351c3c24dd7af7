/* Requests for a higher role, and the grants that come of them. */
#include <string.h>

#include "accounts/access_room.h"
#include "accounts/account_json.h"
#include "accounts/book_json.h"
#include "accounts/upkeep.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"

static void access_list(struct handlers *h, struct call *call)
{
    const struct accounts *a = h->ports.accounts;
    const struct access_request *r;
    const char *state = json_text_or(call->args, "state", NULL);
    json_t *items = json_array();
    shelf_each(a, STORE_ACCESS_REQUEST, r)
    {
        bool own = call->user_number != 0 && r->user == call->user_number;
        if ((call->access == ACCESS_ADMIN || own) &&
            (state == NULL || str_equal(state, request_state_names[r->state])))
            (void)json_array_insert_new(items, 0, access_request_json(a, r)); /* newest first */
    }
    handlers_answer_list(call, items);
}

static void access_request(struct handlers *h, struct call *call)
{
    struct accounts *a = h->ports.accounts;
    const struct user *u = account_own_user(h, call);
    struct access_request *r = NULL;
    struct error err = {0};
    char text[600];
    if (u == NULL)
        return; /* answered: the call is gone */
    enum access wanted = access_by_name(json_text_or(call->args, "requested_role", ""));
    if (wanted <= u->role) {
        handlers_refuse(h, call, 409, "Nothing to ask for", "You have that role already.",
                        "has_role");
        return;
    }
    if (access_requests_pending(a, u) >= ACCESS_PENDING_MAX) {
        handlers_refuse(h, call, 409, "Too many requests", "Five requests of yours wait already.",
                        "limit");
        return;
    }
    access_requests_make_room(a);
    if (account_add(a, STORE_ACCESS_REQUEST, sizeof *r, ACCESS_REQUESTS_MAX, &r, &err) < 0) {
        handlers_refuse(h, call, 503, "Too many requests", err.text, "limit");
        return;
    }
    r->user = u->number;
    r->had = u->role;
    r->wanted = wanted;
    r->duration_s = json_int_or(call->args, "duration_seconds", 0);
    r->created = accounts_now(a).wall;
    (void)str_copy(r->justification, sizeof r->justification,
                   json_text_or(call->args, "justification", ""));
    (void)str_format(text, sizeof text, "%s asks for the role %s: %s", u->email,
                     access_name(wanted), r->justification);
    account_done(h, call, text);
    a->ports.notice(a->ports.context, NULL, "access", text);
    if (a->ports.asked != NULL)
        a->ports.asked(a->ports.context, u->email, text, r->number);
    account_answer_saved(h, call, account_save(a, STORE_ACCESS_REQUEST, r),
                         access_request_json(a, r));
}

/* Whatever the caller shows: a session, or an API token that the same person made. */
static bool asked_by_caller(const struct accounts *a, const struct access_request *r,
                            const struct call *call)
{
    const struct user *u = user_by_number(a, r->user);
    return (call->user_number != 0 && r->user == call->user_number) ||
           (u != NULL && str_equal(u->email, call->answerable));
}

/* The pending request of the path, NULL after a refusal. A person cannot decide on their own. */
static struct access_request *to_decide(struct handlers *h, struct call *call)
{
    struct access_request *r =
        access_request_by_number(h->ports.accounts, json_int_or(call->args, "n", 0));
    if (r == NULL) {
        handlers_refuse(h, call, 404, "Not found", "There is no such request.", "not_found");
        return NULL;
    }
    if (r->state != REQUEST_PENDING) {
        handlers_refuse(h, call, 409, "Decided", "The request has been decided already.",
                        "decided");
        return NULL;
    }
    if (asked_by_caller(h->ports.accounts, r, call)) {
        account_refuse(h, call, AUDIT_AUTHORIZATION, 403, "Own request",
                       "Another administrator must decide this.", "own_request");
        return NULL;
    }
    return r;
}

static void decide(struct handlers *h, struct call *call, enum request_state state,
                   const char *word)
{
    struct accounts *a = h->ports.accounts;
    struct access_request *r = to_decide(h, call);
    char text[700];
    if (r == NULL)
        return;
    const struct user *u = user_by_number(a, r->user);
    r->state = state;
    r->decided = accounts_now(a).wall;
    (void)str_copy(r->decided_by, sizeof r->decided_by, call->user.email);
    (void)str_copy(r->note, sizeof r->note, json_text_or(call->args, "reason", ""));
    if (state == REQUEST_APPROVED)
        r->ends = wall_add(r->decided, r->duration_s * 1000);
    (void)str_format(text, sizeof text, "%s %s the role %s for %s%s%s", call->user.email, word,
                     access_name(r->wanted), u == NULL ? "?" : u->email,
                     r->note[0] == '\0' ? "" : ": ", r->note);
    account_changed(a);
    upkeep_look(a);
    account_done(h, call, text);
    a->ports.notice(a->ports.context, NULL, "access", text);
    account_answer_saved(h, call, account_save(a, STORE_ACCESS_REQUEST, r),
                         access_request_json(a, r));
}

static void access_approve(struct handlers *h, struct call *call)
{
    decide(h, call, REQUEST_APPROVED, "grants");
}

static void access_reject(struct handlers *h, struct call *call)
{
    decide(h, call, REQUEST_REJECTED, "rejects");
}

static const struct handling rows[] = {
    {OP_ACCESS_REQUESTS, .run = access_list},
    {OP_ACCESS_REQUEST, .run = access_request, WRITES(AUTHORIZATION, MODERATE)},
    {OP_ACCESS_APPROVE, .run = access_approve, WRITES(AUTHORIZATION, HIGH)},
    {OP_ACCESS_REJECT, .run = access_reject, WRITES(AUTHORIZATION, HIGH)},
    {0},
};

const struct resource resource_access_requests = {NEEDS_ACCOUNTS, rows};
