/* Users, sessions, API tokens and requests in
 * memory, each written through to the store as one JSON object. Numbers are given out in rising
 * order, so every shelf is sorted; those of users are never given out twice. */
#ifndef RESUS_ACCOUNTS_BOOK_H
#define RESUS_ACCOUNTS_BOOK_H

#include <uv.h>

#include "accounts/accounts.h"
#include "accounts/keyring.h"
#include "accounts/oidc.h"
#include "accounts/password_work.h"
#include "accounts/refusals.h"
#include "accounts/security_watch.h"
#include "accounts/throttle.h"
#include "store/record.h"

#define USERS_MAX 1000
#define SESSIONS_MAX 8192
#define SESSIONS_OF_USER_MAX 32 /* the oldest ends when one more begins */
#define SESSIONS_OF_NETWORK_MAX 1024
#define SESSIONS_KEPT_OF_USER_MAX 200 /* with those that have ended and whose tokens have not */
#define API_TOKENS_MAX 1000
#define API_TOKENS_KEPT_MAX 16384 /* with those revoked since the start */
#define ACCESS_REQUESTS_MAX 2000  /* the oldest decided one goes */
#define ACCESS_PENDING_MAX 5      /* of one user */
#define KNOWN_ADDRESSES_MAX 8     /* that a user logged in from */
#define RECOVERY_CODES 10
#define TOTP_SECRET_SIZE 20 /* RFC 4226: as long as SHA-1 */
#define DIGEST_SIZE 32
#define UNSAVED_MAX 4096
#define ALERTS_MAX 16
#define ADDRESS_SIZE 64

/* What an account item is: the order of the shelves. */
enum store_account {
    STORE_USER,
    STORE_SESSION,
    STORE_API_TOKEN,
    STORE_ACCESS_REQUEST,
    STORE_ACCOUNT_COUNT
};
/* As what it is stored. */
extern const enum record_kind account_records[STORE_ACCOUNT_COUNT];

struct user {
    int64_t number;
    char email[256];
    enum access role;
    char hash[PASSWORD_HASH_SIZE];
    bool disabled;
    wall_ms created, changed;
    wall_ms not_before; /* tokens issued earlier are refused */
    wall_ms locked_until;
    bool totp_on, totp_begun; /* begun: a secret is there that no code has confirmed */
    bool totp_lost;           /* the keyring does not open the secret: no code can be right */
    uint8_t totp_secret[TOTP_SECRET_SIZE];
    int64_t totp_step; /* of the last code that was used: it and older ones are not taken again */
    uint8_t recovery[RECOVERY_CODES][DIGEST_SIZE];
    size_t recovery_count;
    int codes_missed;       /* with the right password, since the last login */
    int codes_told;         /* those before the last login: the owner is told */
    wall_ms code_missed_at; /* the last of them */
    char known[KNOWN_ADDRESSES_MAX][ADDRESS_SIZE]; /* newest first */
};

struct session {
    int64_t number;
    int64_t user;
    char id[TOKEN_SESSION_SIZE]; /* token_session() of its jti, "NUMBER-random" */
    bool clear;                  /* the store has the jti itself, of an older version */
    wall_ms issued, revoked;
    wall_ms expires;    /* of the last token: a session in use gets another one */
    wall_ms ends;       /* no token is good after this */
    wall_ms used;       /* a session that is not used for a while ends, too */
    wall_ms used_saved; /* as the store has it */
    char address[ADDRESS_SIZE];
};

struct api_token {
    int64_t number;
    char name[260];
    enum access role;
    json_t *services; /* ids; NULL = all. Lives until the end: calls borrow it */
    uint8_t digest[DIGEST_SIZE];
    char shown[16]; /* its first letters, to know it by */
    wall_ms created, expires, last_used, last_saved;
    char created_by[256];
    bool disabled, revoked;
};

enum request_state {
    REQUEST_PENDING,
    REQUEST_APPROVED,
    REQUEST_REJECTED,
    REQUEST_ENDED,
    REQUEST_STATE_COUNT
};
extern const char *const request_state_names[REQUEST_STATE_COUNT];

struct access_request {
    int64_t number;
    int64_t user;
    enum access had, wanted;
    char justification[AUDIT_REASON_MAX * 4], note[AUDIT_REASON_MAX * 4];
    int64_t duration_s;
    enum request_state state;
    wall_ms created, decided, ends;
    char decided_by[256];
};

/* Items of one kind, each beginning with its number. */
struct shelf {
    void **items;
    size_t count, room;
    int64_t last_number;
};

struct unsaved_item {
    enum store_account kind;
    int64_t number;
};

struct accounts {
    struct accounts_ports ports;
    struct shelf shelves[STORE_ACCOUNT_COUNT];
    struct unsaved_item unsaved[UNSAVED_MAX]; /* the disk did not take them */
    size_t unsaved_count;
    uint64_t save_serial;
    struct keyring *keyring;
    struct oidc *oidc;
    struct password_work *work;
    struct throttle *throttle;
    struct refusals refusals;
    struct refusals readings; /* separate, so that strangers cannot fill it */
    struct security_watch watch;
    struct security_alert alerts[ALERTS_MAX]; /* not published yet; more are in the log only */
    size_t alert_count;
    struct rotation *rotation; /* of the signing key, under way on a worker */
    mono_ms rotate_at;         /* not before: the last try failed */
    uv_timer_t *timer;
    void (*changed)(void *context);
    void *changed_context;
};

static inline struct now accounts_now(const struct accounts *a)
{
    return a->ports.now(a->ports.context);
}

/* ── finding ── */
struct user *user_by_number(const struct accounts *a, int64_t number);
struct user *user_by_email(const struct accounts *a, const char *email); /* letters in any case */
struct session *session_by_id(const struct accounts *a, const char *id); /* token_session() */
struct session *session_by_jti(const struct accounts *a, const char *jti);
struct api_token *api_token_by_number(const struct accounts *a, int64_t number);
struct access_request *access_request_by_number(const struct accounts *a, int64_t number);
void *shelf_find(const struct shelf *shelf, int64_t number);
int shelf_put(struct shelf *shelf, void *item) ATTR_MUST_USE; /* -ENOMEM */
/* NULL behind the last. */
void *shelf_at(const struct accounts *a, enum store_account kind, size_t i);
#define shelf_each(a_, kind_, item_)                                                               \
    for (size_t at_ = 0; ((item_) = shelf_at((a_), (kind_), at_)) != NULL; at_++)

/* ── changing: in effect at once; stored behind it ── */
/* A zeroed item with its number, on its shelf. -ENOSPC when there are `max`. */
int account_add(struct accounts *a, enum store_account kind, size_t size, size_t max, void *ret,
                struct error *err) ATTR_MUST_USE;
/* Queues the item's present state; what the disk does not take is tried again until it does. The
 * id that the completion will have. */
uint64_t account_save(struct accounts *a, enum store_account kind, const void *item);
/* What the disk did not take, once more. */
void account_save_again(struct accounts *a);
/* Takes it from its shelf and the store; frees it. */
void account_remove(struct accounts *a, enum store_account kind, void *item);
/* Who may do what changed: tells the web process. */
void account_changed(struct accounts *a);

#endif
