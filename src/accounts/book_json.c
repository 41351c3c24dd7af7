/* Accounts as the store keeps them. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "accounts/book.h"
#include "accounts/book_json.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static void put_bytes(json_t *object, const char *key, const uint8_t *bytes, size_t length)
{
    char hex[2 * 64 + 1];
    (void)sodium_bin2hex(hex, sizeof hex, bytes, length);
    (void)json_put_text(object, key, hex);
}

static bool get_hex(const char *hex, uint8_t *bytes, size_t length)
{
    size_t got = 0;
    return hex != NULL && sodium_hex2bin(bytes, length, hex, strlen(hex), NULL, &got, NULL) == 0 &&
           got == length;
}

static void put_time(json_t *object, const char *key, wall_ms t)
{
    if (t.ms != 0)
        (void)json_put_int(object, key, t.ms);
}

static wall_ms get_time(const json_t *object, const char *key)
{
    return (wall_ms){json_int_or(object, key, 0)};
}

/* ── users ── */

/* A secret that could not be opened stays lost: sealing what stands in its place, zeros, would make
 * a secret that everybody knows. */
static void put_totp(const struct accounts *a, const struct user *u, json_t *o)
{
    uint8_t sealed[TOTP_SECRET_SIZE + KEYRING_SEAL_ROOM];
    if (u->totp_lost) {
        (void)json_put_text(o, "totp", "");
    } else {
        keyring_seal(a->keyring, u->number, u->totp_secret, TOTP_SECRET_SIZE, sealed);
        put_bytes(o, "totp", sealed, sizeof sealed);
    }
    (void)json_put_bool(o, "totp_on", u->totp_on);
    (void)json_put_int(o, "totp_step", u->totp_step);
}

static json_t *user_json(const struct accounts *a, const struct user *u)
{
    json_t *o = json_object();
    (void)json_put_text(o, "email", u->email);
    (void)json_put_text(o, "role", access_name(u->role));
    (void)json_put_text(o, "hash", u->hash);
    (void)json_put_bool(o, "disabled", u->disabled);
    put_time(o, "created", u->created);
    put_time(o, "changed", u->changed);
    put_time(o, "not_before", u->not_before);
    put_time(o, "locked_until", u->locked_until);
    if (u->totp_on || u->totp_begun)
        put_totp(a, u, o);
    if (u->codes_missed > 0 || u->codes_told > 0) {
        (void)json_put_int(o, "codes_missed", u->codes_missed);
        (void)json_put_int(o, "codes_told", u->codes_told);
        put_time(o, "code_missed_at", u->code_missed_at);
    }
    json_t *codes = json_array(), *known = json_array();
    for (size_t i = 0; i < u->recovery_count; i++) {
        char hex[2 * DIGEST_SIZE + 1];
        (void)sodium_bin2hex(hex, sizeof hex, u->recovery[i], DIGEST_SIZE);
        (void)json_array_append_new(codes, json_string(hex));
    }
    for (size_t i = 0; i < KNOWN_ADDRESSES_MAX && u->known[i][0] != '\0'; i++)
        (void)json_array_append_new(known, json_string(u->known[i]));
    (void)json_put(o, "recovery", codes);
    (void)json_put(o, "known", known);
    return o;
}

static int user_from(const struct accounts *a, const json_t *o, struct user *u)
{
    size_t i, known = 0;
    json_t *item;
    u->role = access_by_name(json_text_or(o, "role", ""));
    if (!str_copy(u->email, sizeof u->email, json_text_or(o, "email", "")) || u->email[0] == '\0' ||
        !str_copy(u->hash, sizeof u->hash, json_text_or(o, "hash", "")) || u->hash[0] == '\0' ||
        u->role == ACCESS_ANONYMOUS)
        return -EINVAL;
    u->disabled = json_bool_or(o, "disabled", false);
    u->created = get_time(o, "created");
    u->changed = get_time(o, "changed");
    u->not_before = get_time(o, "not_before");
    u->locked_until = get_time(o, "locked_until");
    u->codes_missed = (int)json_int_or(o, "codes_missed", 0);
    u->codes_told = (int)json_int_or(o, "codes_told", 0);
    u->code_missed_at = get_time(o, "code_missed_at");
    const char *totp = json_text_or(o, "totp", NULL);
    if (totp != NULL) {
        uint8_t sealed[TOTP_SECRET_SIZE + KEYRING_SEAL_ROOM];
        u->totp_on = json_bool_or(o, "totp_on", false);
        u->totp_begun = !u->totp_on;
        u->totp_step = json_int_or(o, "totp_step", 0);
        if (!get_hex(totp, sealed, sizeof sealed) ||
            keyring_unseal(a->keyring, u->number, sealed, sizeof sealed, u->totp_secret) < 0)
            u->totp_lost = true;
    }
    json_array_foreach(json_object_get(o, "recovery"), i, item) {
        if (u->recovery_count < RECOVERY_CODES &&
            get_hex(json_string_value(item), u->recovery[u->recovery_count], DIGEST_SIZE))
            u->recovery_count++;
    }
    json_array_foreach(json_object_get(o, "known"), i, item) {
        const char *address = json_is_string(item) ? json_string_value(item) : "";
        /* An empty one would end the list. */
        if (known < KNOWN_ADDRESSES_MAX && address[0] != '\0' && strlen(address) < ADDRESS_SIZE)
            (void)str_copy(u->known[known++], ADDRESS_SIZE, address);
    }
    return 0;
}

/* ── sessions ── */

static json_t *session_json(const struct session *s)
{
    json_t *o = json_object();
    (void)json_put_int(o, "user", s->user);
    (void)json_put_text(o, "id", s->id);
    put_time(o, "issued", s->issued);
    put_time(o, "expires", s->expires);
    put_time(o, "ends", s->ends);
    put_time(o, "used", s->used);
    put_time(o, "revoked", s->revoked);
    (void)json_put_text(o, "address", s->address);
    return o;
}

static int session_from(const json_t *o, struct session *s)
{
    s->user = json_int_or(o, "user", 0);
    s->issued = get_time(o, "issued");
    s->expires = get_time(o, "expires");
    s->ends = (wall_ms){json_int_or(o, "ends", s->expires.ms)};
    s->used = s->used_saved = (wall_ms){json_int_or(o, "used", s->issued.ms)};
    s->revoked = get_time(o, "revoked");
    (void)str_copy(s->address, sizeof s->address, json_text_or(o, "address", ""));
    /* Version 0.1.0 kept the jti itself. */
    const char *jti = json_text_or(o, "jti", NULL);
    s->clear = jti != NULL;
    if (jti != NULL)
        token_session(jti, s->id);
    else
        (void)str_copy(s->id, sizeof s->id, json_text_or(o, "id", ""));
    return s->user != 0 && s->id[0] != '\0' ? 0 : -EINVAL;
}

/* ── API tokens ── */

static json_t *api_token_json(const struct api_token *t)
{
    json_t *o = json_object();
    (void)json_put_text(o, "name", t->name);
    (void)json_put_text(o, "role", access_name(t->role));
    if (t->services != NULL)
        (void)json_object_set(o, "services", t->services);
    put_bytes(o, "digest", t->digest, DIGEST_SIZE);
    (void)json_put_text(o, "shown", t->shown);
    put_time(o, "created", t->created);
    put_time(o, "expires", t->expires);
    put_time(o, "last_used", t->last_used);
    (void)json_put_text(o, "created_by", t->created_by);
    (void)json_put_bool(o, "disabled", t->disabled);
    return o;
}

/* Callers compare each of them as a text. */
static bool are_texts(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!json_is_string(json_array_get(list, i)))
            return false;
    return json_is_array(list);
}

static int api_token_from(const json_t *o, struct api_token *t)
{
    json_t *services = json_object_get(o, "services");
    t->role = access_by_name(json_text_or(o, "role", ""));
    if (t->role == ACCESS_ANONYMOUS || (services != NULL && !are_texts(services)) ||
        !get_hex(json_text_or(o, "digest", NULL), t->digest, DIGEST_SIZE))
        return -EINVAL;
    (void)str_copy(t->name, sizeof t->name, json_text_or(o, "name", ""));
    t->services = json_incref(services);
    (void)str_copy(t->shown, sizeof t->shown, json_text_or(o, "shown", ""));
    t->created = get_time(o, "created");
    t->expires = get_time(o, "expires");
    t->last_used = t->last_saved = get_time(o, "last_used");
    (void)str_copy(t->created_by, sizeof t->created_by, json_text_or(o, "created_by", ""));
    t->disabled = json_bool_or(o, "disabled", false);
    return 0;
}

/* ── requests for access ── */

const char *const request_state_names[REQUEST_STATE_COUNT] = {
    [REQUEST_PENDING] = "pending",
    [REQUEST_APPROVED] = "approved",
    [REQUEST_REJECTED] = "rejected",
    [REQUEST_ENDED] = "ended",
};

static json_t *access_request_json(const struct access_request *r)
{
    json_t *o = json_object();
    (void)json_put_int(o, "user", r->user);
    (void)json_put_text(o, "had", access_name(r->had));
    (void)json_put_text(o, "wanted", access_name(r->wanted));
    (void)json_put_text(o, "justification", r->justification);
    (void)json_put_text(o, "note", r->note);
    (void)json_put_int(o, "duration_seconds", r->duration_s);
    (void)json_put_text(o, "state", request_state_names[r->state]);
    put_time(o, "created", r->created);
    put_time(o, "decided", r->decided);
    put_time(o, "ends", r->ends);
    (void)json_put_text(o, "decided_by", r->decided_by);
    return o;
}

static int access_request_from(const json_t *o, struct access_request *r)
{
    int state = str_index(request_state_names, REQUEST_STATE_COUNT, json_text_or(o, "state", ""));
    r->user = json_int_or(o, "user", 0);
    r->had = access_by_name(json_text_or(o, "had", ""));
    r->wanted = access_by_name(json_text_or(o, "wanted", ""));
    if (state < 0 || r->user == 0 || r->wanted == ACCESS_ANONYMOUS)
        return -EINVAL;
    r->state = (enum request_state)state;
    (void)str_copy(r->justification, sizeof r->justification, json_text_or(o, "justification", ""));
    (void)str_copy(r->note, sizeof r->note, json_text_or(o, "note", ""));
    r->duration_s = json_int_or(o, "duration_seconds", 0);
    r->created = get_time(o, "created");
    r->decided = get_time(o, "decided");
    r->ends = get_time(o, "ends");
    (void)str_copy(r->decided_by, sizeof r->decided_by, json_text_or(o, "decided_by", ""));
    return 0;
}

/* ── all of them ── */

json_t *account_to_json(const struct accounts *a, enum store_account kind, const void *item)
{
    switch (kind) {
    case STORE_USER:
        return user_json(a, item);
    case STORE_SESSION:
        return session_json(item);
    case STORE_API_TOKEN:
        return api_token_json(item);
    case STORE_ACCESS_REQUEST:
        return access_request_json(item);
    case STORE_ACCOUNT_COUNT:
        break;
    }
    return NULL;
}

static const size_t sizes[STORE_ACCOUNT_COUNT] = {
    [STORE_USER] = sizeof(struct user),
    [STORE_SESSION] = sizeof(struct session),
    [STORE_API_TOKEN] = sizeof(struct api_token),
    [STORE_ACCESS_REQUEST] = sizeof(struct access_request),
};

int account_from_json(struct accounts *a, enum store_account kind, int64_t number,
                      const json_t *body, void **ret)
{
    if (kind >= STORE_ACCOUNT_COUNT)
        return -EINVAL;
    int64_t *item = mem_calloc(1, sizes[kind]);
    int r = -EINVAL;
    if (item == NULL)
        return -ENOMEM;
    *item = number;
    switch (kind) {
    case STORE_USER:
        r = user_from(a, body, (struct user *)item);
        break;
    case STORE_SESSION:
        r = session_from(body, (struct session *)item);
        break;
    case STORE_API_TOKEN:
        r = api_token_from(body, (struct api_token *)item);
        break;
    case STORE_ACCESS_REQUEST:
        r = access_request_from(body, (struct access_request *)item);
        break;
    case STORE_ACCOUNT_COUNT:
        break;
    }
    if (r < 0) { /* nothing hangs on it yet */
        mem_wipe(item, sizes[kind]);
        mem_free(item);
        return r;
    }
    *ret = item;
    return 0;
}

void account_free_item(enum store_account kind, void *item)
{
    if (kind == STORE_API_TOKEN)
        json_decref(((struct api_token *)item)->services);
    mem_wipe(item, sizes[kind]);
    mem_free(item);
}
