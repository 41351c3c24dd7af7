/* resus user, token, access */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/password.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_table.h"

/* How long hashing a password may take behind a queue of them. */
#define HASH_MS 60000

static bool words_are(const struct invocation *in, size_t count)
{
    return in->word_count == count;
}

static void view_users(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const keys[] = {"id",       "email", "role",       "granted_role",
                                       "disabled", "totp",  "created_at", NULL};
    (void)in;
    view_table(p, json_object_get(body, "items"), keys);
}

static void view_user(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    page_put(p, "%s: %s%s%s\n", json_text_or(body, "email", "?"), json_text_or(body, "role", "?"),
             json_bool_or(body, "disabled", false) ? ", disabled" : "",
             json_bool_or(body, "totp", false) ? ", two-factor login" : "");
    const json_t *tokens = json_object_get(body, "api_tokens");
    size_t i;
    json_t *token;
    json_array_foreach(tokens, i, token) {
        page_put(p,
                 "API token %lld (%s, %s) was made by this user and still works: `resus token "
                 "revoke %lld`\n",
                 (long long)json_int_or(token, "id", 0), json_text_or(token, "name", ""),
                 json_text_or(token, "role", ""), (long long)json_int_or(token, "id", 0));
    }
}

/* ── user ── */

/* 0 and the number, or the exit status after having said why. */
static int find_user(const struct invocation *in, const char *email, int64_t *ret)
{
    struct question q = {.op = "users"};
    size_t i;
    json_t *user;
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    if (q.status >= 400) {
        status = ask_exit(q.status, q.body);
        if (in->json)
            ask_print_json(q.body);
        else
            ask_refusal(in, q.status, q.body);
        ask_free(&q, 1);
        return status;
    }
    *ret = 0;
    json_array_foreach(json_object_get(q.body, "items"), i, user) {
        if (strcasecmp(json_text_or(user, "email", ""), email) == 0)
            *ret = json_int_or(user, "id", 0);
    }
    ask_free(&q, 1);
    return *ret != 0 ? 0 : ask_failed(in, CLI_REFUSED, "not_found", "there is no user %s", email);
}

/* Puts `password` into args; 0, or the exit status after having said why. */
static int put_password(const struct invocation *in, json_t *args)
{
    struct buf password;
    struct error err = {0};
    if (password_read(in->options[OPTION_PASSWORD_FILE], &password, &err) < 0)
        return ask_failed(in, CLI_REFUSED, "no_password", "%s", err.text);
    (void)json_put_text(args, "password", buf_text(&password));
    buf_free(&password);
    return 0;
}

/* Is the account of this e-mail address the caller's? */
static bool is_own(const struct invocation *in, const char *email)
{
    struct question q = {.op = "me"};
    bool own = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL) == 0 && q.status < 400 &&
               strcasecmp(json_text_or(q.body, "email", ""), email) == 0;
    ask_free(&q, 1);
    return own;
}

/* What a change of the caller's own account takes. Asks on a terminal alone: a script has the
 * option. 0, or the exit status after having said why. */
static int put_current(const struct invocation *in, json_t *args)
{
    struct buf password;
    struct error err = {0};
    const char *file = in->options[OPTION_OWN_PASSWORD];
    if (arguments_has(in, OPTION_TOTP))
        (void)json_put_text(args, "totp", in->options[OPTION_TOTP]);
    if (file == NULL && (in->url == NULL || !isatty(STDIN_FILENO) || !is_own(in, in->words[0])))
        return 0;
    if (password_read_known(file, "Your own password: ", &password, &err) < 0)
        return ask_failed(in, CLI_REFUSED, "no_password", "%s", err.text);
    (void)json_put_text(args, "current_password", buf_text(&password));
    buf_free(&password);
    return 0;
}

static int add(const struct invocation *in)
{
    json_t *args = json_object();
    (void)json_put_text(args, "email", in->words[0]);
    (void)json_put_text(args, "role", in->options[OPTION_ROLE]);
    int status = put_password(in, args);
    if (status == 0)
        return ask_show(in, "user_add", args, HASH_MS, view_user, NULL);
    json_decref(args);
    return status;
}

/* What is to change. 0, or the exit status after having said why. */
static int put_change(const struct invocation *in, json_t *args)
{
    if (str_equal(in->sub, "password"))
        return put_password(in, args);
    if (str_equal(in->sub, "role"))
        (void)json_put_text(args, "role", in->words[1]);
    else if (str_equal(in->sub, "totp"))
        (void)json_put_bool(args, "reset_totp", true);
    else
        (void)json_put_bool(args, "disabled", str_equal(in->sub, "disable"));
    return 0;
}

static int change(const struct invocation *in)
{
    int64_t number = 0;
    int status = find_user(in, in->words[0], &number);
    if (status != 0)
        return status;
    json_t *args = json_object();
    (void)json_put_int(args, "n", number);
    status = put_current(in, args);
    if (status == 0)
        status = put_change(in, args);
    if (status == 0)
        return ask_show(in, "user_set", args, HASH_MS, view_user, NULL);
    json_decref(args);
    return status;
}

static int run_user(const struct invocation *in)
{
    if (str_equal(in->sub, "list"))
        return words_are(in, 0) ? ask_show(in, "users", NULL, ASK_READ_MS, view_users, NULL)
                                : usage_error(in, "user list takes no word");
    if (str_equal(in->sub, "add") && !arguments_has(in, OPTION_ROLE))
        return usage_error(in, "user add: --role is missing");
    if (!words_are(in, str_equal(in->sub, "role") ? 2 : 1))
        return usage_error(in, str_equal(in->sub, "role") ? "user role: EMAIL and ROLE, please"
                                                          : "one EMAIL, please");
    return str_equal(in->sub, "add") ? add(in) : change(in);
}

/* ── token ── */

static void view_tokens(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const keys[] = {"id",       "name",       "role",      "services",
                                       "disabled", "expires_at", "last_used", NULL};
    (void)in;
    view_table(p, json_object_get(body, "items"), keys);
}

static void view_new_token(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    page_put(p, "%s\n", json_text_or(body, "token", ""));
    page_tone(p, TONE_DIM,
              "Token %lld (%s, %s). It is shown this once: keep it in a file of mode "
              "0600.",
              (long long)json_int_or(body, "id", 0), json_text_or(body, "name", ""),
              json_text_or(body, "role", ""));
    page_put(p, "\n");
}

static void view_success(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)body;
    (void)in;
    page_put(p, "Done.\n");
}

static json_t *split(const char *list)
{
    json_t *items = json_array();
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        if (length > 0)
            (void)json_array_append_new(items, json_stringn(list, length));
        list += length + (list[length] == ',');
    }
    return items;
}

/* Seconds of an option such as 30d into `args`; 0, or the exit status after having said why. */
static int put_seconds(const struct invocation *in, enum option_id option, const char *key,
                       json_t *args)
{
    int64_t ms;
    struct error err = {0};
    if (!arguments_has(in, option))
        return 0;
    if (option == OPTION_EXPIRES && str_equal(in->options[option], "never")) {
        (void)json_put_int(args, key, 0);
        return 0;
    }
    if (parse_duration(in->options[option], &ms, &err) < 0) {
        (void)error_prefix(&err, "%s", option_rows[option].name);
        return usage_error(in, err.text);
    }
    (void)json_put_int(args, key, ms / 1000);
    return 0;
}

static int token_create(const struct invocation *in)
{
    json_t *args = json_object();
    (void)json_put_text(args, "name", in->words[0]);
    (void)json_put_text(args, "role", in->options[OPTION_ROLE]);
    if (arguments_has(in, OPTION_SERVICES))
        (void)json_put(args, "services", split(in->options[OPTION_SERVICES]));
    int status = put_seconds(in, OPTION_EXPIRES, "expires_in_seconds", args);
    if (status == 0)
        return ask_show(in, "token_add", args, ASK_READ_MS, view_new_token, NULL);
    json_decref(args);
    return status;
}

/* {"n": number} of the first word, NULL after a usage error in *ret_status. */
static json_t *numbered(const struct invocation *in, int *ret_status)
{
    int64_t number;
    struct error err = {0};
    if (!words_are(in, 1)) {
        *ret_status = usage_error(in, "one number, please: `list` shows them");
        return NULL;
    }
    if (parse_int(in->words[0], 1, INT64_MAX, &number, &err) < 0) {
        *ret_status = usage_error(in, err.text);
        return NULL;
    }
    json_t *args = json_object();
    (void)json_put_int(args, "n", number);
    return args;
}

static int run_token(const struct invocation *in)
{
    int status = 0;
    if (str_equal(in->sub, "list"))
        return words_are(in, 0) ? ask_show(in, "tokens", NULL, ASK_READ_MS, view_tokens, NULL)
                                : usage_error(in, "token list takes no word");
    if (str_equal(in->sub, "create")) {
        if (!arguments_has(in, OPTION_ROLE) || !words_are(in, 1))
            return usage_error(in, "token create: one NAME and --role ROLE, please");
        return token_create(in);
    }
    json_t *args = numbered(in, &status);
    return args == NULL ? status
                        : ask_show(in, "token_revoke", args, ASK_READ_MS, view_success, NULL);
}

/* ── access ── */

static void view_requests(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const keys[] = {"id",    "email",   "requested_role", "duration_seconds",
                                       "state", "ends_at", "justification",  NULL};
    (void)in;
    view_table(p, json_object_get(body, "items"), keys);
}

static void view_request(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    const char *ends = json_text_or(body, "ends_at", NULL);
    char at[64];
    page_put(p, "Request %lld of %s for %s: %s", (long long)json_int_or(body, "id", 0),
             json_text_or(body, "email", "?"), json_text_or(body, "requested_role", "?"),
             json_text_or(body, "state", "?"));
    if (ends != NULL)
        page_put(p, ", ends %s", page_clock(p, ends, at));
    page_put(p, "\n");
}

static int request(const struct invocation *in)
{
    json_t *args = json_object();
    (void)json_put_text(args, "requested_role", in->options[OPTION_ROLE]);
    (void)json_put_text(args, "justification", in->options[OPTION_REASON]);
    int status = put_seconds(in, OPTION_FOR, "duration_seconds", args);
    if (status == 0)
        return ask_show(in, "access_request", args, ASK_READ_MS, view_request, NULL);
    json_decref(args);
    return status;
}

static int run_access(const struct invocation *in)
{
    int status = 0;
    if (str_equal(in->sub, "list"))
        return words_are(in, 0)
                   ? ask_show(in, "access_requests", NULL, ASK_READ_MS, view_requests, NULL)
                   : usage_error(in, "access list takes no word");
    if (str_equal(in->sub, "request")) {
        if (!arguments_has(in, OPTION_ROLE) || !arguments_has(in, OPTION_REASON) ||
            !arguments_has(in, OPTION_FOR) || !words_are(in, 0))
            return usage_error(in, "access request: --role, --for and --reason, please");
        return request(in);
    }
    json_t *args = numbered(in, &status);
    if (args == NULL)
        return status;
    if (arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    return ask_show(in, str_equal(in->sub, "approve") ? "access_approve" : "access_reject", args,
                    ASK_READ_MS, view_request, NULL);
}

static const char *const user_subs[] = {"add",    "list",     "role", "disable",
                                        "enable", "password", "totp", NULL};

static const char *const token_subs[] = {"create", "list", "revoke", NULL};

static const char *const access_subs[] = {"list", "approve", "reject", "request", NULL};

const struct verb verbs_user[] = {
    {"user", GROUP_ACCOUNTS,
     "user add EMAIL --role ROLE [--password-file FILE] | list | role EMAIL ROLE | "
     "disable|enable|totp EMAIL [--own-password FILE] [--totp CODE] | password EMAIL "
     "[--password-file FILE]",
     "who may log in, and as what",
     "  add       asks for the password, or reads the first line of --password-file\n"
     "  role      viewer, operator or admin\n"
     "  disable, enable\n"
     "  password  sets a new one; the user's logins end\n"
     "  totp      switches two-factor login off (a lost phone)\n"
     "With --url, a change of your own account takes your password (asked for on a\n"
     "terminal, else --own-password FILE) and, with two-factor login, --totp CODE.\n",
     .subs = user_subs, .words = true,
     .options = TAKES(ROLE) | TAKES(PASSWORD_FILE) | TAKES(OWN_PASSWORD) | TAKES(TOTP),
     .run = run_user},
    {"token", GROUP_ACCOUNTS,
     "token create NAME --role ROLE [--services ID,ID] [--expires DURATION|never] | list | revoke "
     "N",
     "API tokens for programs", "create prints the token, this once.\n", .subs = token_subs,
     .words = true, .options = TAKES(ROLE) | TAKES(SERVICES) | TAKES(EXPIRES), .run = run_token},
    {"access", GROUP_ACCOUNTS,
     "access list | approve|reject N [--reason TEXT] | request --role ROLE --for DURATION "
     "--reason TEXT",
     "requests for a higher role for a while",
     "request is for users that log in (with --url). On the control socket of\n"
     "this machine the Unix group is the role.\n",
     .subs = access_subs, .words = true, .options = TAKES(ROLE) | TAKES(FOR) | TAKES(REASON),
     .run = run_access},
    {0},
};
