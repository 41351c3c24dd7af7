#include "handlers/account_book.h"
#include "handlers/account_timer.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"

#define KIND_SHIFT 44
#define NUMBER_SHIFT 12
#define NUMBER_MASK UINT32_MAX
#define SERIAL_MASK ((1U << NUMBER_SHIFT) - 1)
#define SHELF_FIRST 16

static_assert((int)STORE_ACCOUNT_COUNT <= 4, "a kind fits into two bits of an id");

const enum record_kind account_records[] = {
    [STORE_USER] = RECORD_USER,
    [STORE_SESSION] = RECORD_SESSION,
    [STORE_API_TOKEN] = RECORD_API_TOKEN,
    [STORE_ACCESS_REQUEST] = RECORD_ACCESS_REQUEST,
};
static_assert(ARRAY_LENGTH(account_records) == STORE_ACCOUNT_COUNT, "a kind of record for each");

/* Every item begins with its number. */
static int64_t number_of(const void *item)
{
    return *(const int64_t *)item;
}

/* ── shelves ── */

/* The place of `number`, or where it would stand. */
static size_t place(const struct shelf *shelf, int64_t number)
{
    size_t low = 0, high = shelf->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number_of(shelf->items[middle]) < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *shelf_find(const struct shelf *shelf, int64_t number)
{
    size_t i = place(shelf, number);
    return i < shelf->count && number_of(shelf->items[i]) == number ? shelf->items[i] : NULL;
}

void *shelf_at(const struct accounts *a, enum store_account kind, size_t i)
{
    const struct shelf *shelf = &a->shelves[kind];
    return i < shelf->count ? shelf->items[i] : NULL;
}

int shelf_put(struct shelf *shelf, void *item)
{
    if (shelf->count == shelf->room) {
        size_t room = shelf->room == 0 ? SHELF_FIRST : shelf->room * 2;
        void **items = mem_realloc(shelf->items, room * sizeof *items);
        if (items == NULL)
            return -ENOMEM;
        shelf->items = items;
        shelf->room = room;
    }
    size_t i = place(shelf, number_of(item));
    memmove(&shelf->items[i + 1], &shelf->items[i], (shelf->count - i) * sizeof shelf->items[0]);
    shelf->items[i] = item;
    shelf->count++;
    if (number_of(item) > shelf->last_number)
        shelf->last_number = number_of(item);
    return 0;
}

static void shelf_take(struct shelf *shelf, const void *item)
{
    size_t i = place(shelf, number_of(item));
    if (i >= shelf->count || shelf->items[i] != item)
        return;
    shelf->count--;
    memmove(&shelf->items[i], &shelf->items[i + 1], (shelf->count - i) * sizeof shelf->items[0]);
}

int account_add(struct accounts *a, enum store_account kind, size_t size, size_t max, void *ret,
                struct error *err)
{
    struct shelf *shelf = &a->shelves[kind];
    if (shelf->count >= max)
        return error_set(err, -ENOSPC, "there are %zu already: that is the limit", max);
    int64_t *item = mem_calloc(1, size);
    if (item == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *item = shelf->last_number + 1;
    if (shelf_put(shelf, item) < 0) {
        mem_free(item);
        return error_set(err, -ENOMEM, "out of memory");
    }
    *(void **)ret = item;
    return 0;
}

/* ── saving ── */

static uint64_t next_save_id(struct accounts *a, enum store_account kind, int64_t number)
{
    a->save_serial++;
    return ACCOUNTS_ID | (uint64_t)kind << KIND_SHIFT |
           ((uint64_t)number & NUMBER_MASK) << NUMBER_SHIFT | (a->save_serial & SERIAL_MASK);
}

static uint64_t save(struct accounts *a, enum store_account kind, int64_t number, const void *item)
{
    uint64_t id = next_save_id(a, kind, number);
    JSON_CLEANUP json_t *body = item == NULL ? NULL : account_to_json(a, kind, item);
    struct record_change change = {
        .kind = account_records[kind], .number = number, .remove = item == NULL, .body = body};
    record_write(a->ports.store, &(struct record_write){.changes = &change, .count = 1, .id = id});
    return id;
}

/* A revoked API token stays in memory because calls borrow from it, but not in the store. */
static const void *storable(enum store_account kind, const void *item)
{
    bool gone =
        kind == STORE_API_TOKEN && item != NULL && ((const struct api_token *)item)->revoked;
    return gone ? NULL : item;
}

uint64_t account_save(struct accounts *a, enum store_account kind, const void *item)
{
    return save(a, kind, number_of(item), storable(kind, item));
}

void account_remove(struct accounts *a, enum store_account kind, void *item)
{
    shelf_take(&a->shelves[kind], item);
    (void)save(a, kind, number_of(item), NULL);
    account_free_item(kind, item);
}

void accounts_saved(struct accounts *a, uint64_t id, enum store_outcome outcome)
{
    if (outcome == STORE_DURABLE)
        return;
    if (a->unsaved_count == UNSAVED_MAX) {
        log_error("accounts", "too many changes wait for the disk: one is lost at the next start");
        return;
    }
    a->unsaved[a->unsaved_count++] = (struct unsaved_item){
        .kind = (enum store_account)((id & ~ACCOUNTS_ID) >> KIND_SHIFT & 3),
        .number = (int64_t)(id >> NUMBER_SHIFT & NUMBER_MASK),
    };
    account_timer_look(a);
}

void account_save_again(struct accounts *a)
{
    struct unsaved_item again[UNSAVED_MAX];
    size_t count = a->unsaved_count;
    memcpy(again, a->unsaved, count * sizeof again[0]);
    a->unsaved_count = 0;
    for (size_t i = 0; i < count; i++)
        (void)save(
            a, again[i].kind, again[i].number,
            storable(again[i].kind, shelf_find(&a->shelves[again[i].kind], again[i].number)));
}

void account_answer_saved(struct handlers *h, struct call *call, uint64_t id, json_t *body)
{
    call->kept = body;
    handlers_wait_for(h, call, id);
}

/* ── finding ── */

struct user *user_by_number(const struct accounts *a, int64_t number)
{
    return shelf_find(&a->shelves[STORE_USER], number);
}

struct user *user_by_email(const struct accounts *a, const char *email)
{
    struct user *u;
    shelf_each(a, STORE_USER, u)
    {
        if (strcasecmp(u->email, email) == 0)
            return u;
    }
    return NULL;
}

struct session *session_by_id(const struct accounts *a, const char *id)
{
    struct session *s = shelf_find(&a->shelves[STORE_SESSION], strtoll(id, NULL, 10));
    return s != NULL && str_equal(s->id, id) ? s : NULL;
}

struct session *session_by_jti(const struct accounts *a, const char *jti)
{
    char id[TOKEN_SESSION_SIZE];
    token_session(jti, id);
    return session_by_id(a, id);
}

struct api_token *api_token_by_number(const struct accounts *a, int64_t number)
{
    struct api_token *t = shelf_find(&a->shelves[STORE_API_TOKEN], number);
    return t == NULL || t->revoked ? NULL : t;
}

struct access_request *access_request_by_number(const struct accounts *a, int64_t number)
{
    return shelf_find(&a->shelves[STORE_ACCESS_REQUEST], number);
}

/* ── meaning ── */

const struct access_request *user_grant(const struct accounts *a, const struct user *u)
{
    const struct access_request *best = NULL, *r;
    wall_ms now = accounts_now(a).wall;
    shelf_each(a, STORE_ACCESS_REQUEST, r)
    {
        if (r->user == u->number && r->state == REQUEST_APPROVED && r->ends.ms > now.ms &&
            (best == NULL || r->wanted > best->wanted ||
             (r->wanted == best->wanted && r->ends.ms > best->ends.ms)))
            best = r;
    }
    return best;
}

enum access user_role(const struct accounts *a, const struct user *u)
{
    const struct access_request *grant = user_grant(a, u);
    return grant != NULL && grant->wanted > u->role ? grant->wanted : u->role;
}

bool user_needs_factor(const struct accounts *a, const struct user *u)
{
    const struct role_set *set = &a->ports.settings(a->ports.context)->security.require_totp;
    const bool needed[] = {[ACCESS_VIEWER] = set->viewer,
                           [ACCESS_OPERATOR] = set->operator,
                           [ACCESS_ADMIN] = set->admin };
    return !u->totp_on && needed[user_role(a, u)];
}

bool user_is_last_admin(const struct accounts *a, const struct user *u)
{
    const struct user *other;
    if (u->disabled || u->role != ACCESS_ADMIN)
        return false;
    shelf_each(a, STORE_USER, other)
    {
        if (other != u && !other->disabled && other->role == ACCESS_ADMIN)
            return false;
    }
    return true;
}

void session_revoke(struct accounts *a, struct session *s)
{
    if (s->revoked.ms != 0)
        return;
    s->revoked = accounts_now(a).wall;
    (void)account_save(a, STORE_SESSION, s);
}

size_t sessions_end(struct accounts *a, const struct user *u, const struct session *except)
{
    struct session *s;
    size_t count = 0;
    shelf_each(a, STORE_SESSION, s)
    {
        if (s->user != u->number || s->revoked.ms != 0 || s == except)
            continue;
        session_revoke(a, s);
        count++;
    }
    return count;
}

void account_changed(struct accounts *a)
{
    if (a->changed != NULL)
        a->changed(a->changed_context);
}

/* ── telling ── */

uint64_t account_random(void)
{
    uint64_t value;
    randombytes_buf(&value, sizeof value);
    return value;
}

void account_fill_line(const struct accounts *a, const struct account_note *n,
                       struct audit_line *line)
{
    *line = (struct audit_line){
        .event = n->event,
        .at = accounts_now(a).wall,
        .has_result = true,
        .success = n->success,
        .duration_seconds = 0,
        .ssh_key_used = -1,
        .risk = n->risk,
    };
    (void)str_copy(line->operation, sizeof line->operation, n->operation);
    for (char *p = line->operation; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p; /* as the audit log spells operations on settings */
    (void)str_copy(line->user_id, sizeof line->user_id, n->user->id);
    (void)str_copy(line->user_email, sizeof line->user_email, n->user->email);
    (void)str_copy(line->user_role, sizeof line->user_role, n->user->role);
    (void)str_copy(line->source_ip, sizeof line->source_ip, n->user->source_ip);
    (void)str_copy(line->service, sizeof line->service, n->service);
    (void)str_copy(line->error, sizeof line->error, n->error);
    (void)str_copy(line->reason, sizeof line->reason, n->reason);
    if (n->request_id != NULL && n->request_id[0] != '\0')
        (void)str_copy(line->request_id, sizeof line->request_id, n->request_id);
    else
        (void)str_format(line->request_id, sizeof line->request_id, "a-%016" PRIx64,
                         account_random());
}

/* An alert of the watch: a line at once, a notice soon: the engine may be in the middle of writing
 * the line that was looked at. */
static void tell_alert(void *context, const struct security_alert *alert)
{
    static const struct engine_user system_user = {"system", "system", "system", "local"};
    struct accounts *a = context;
    char text[500];
    (void)str_format(text, sizeof text, "%s: %s", security_rule_words[alert->rule], alert->message);
    struct audit_line line;
    account_fill_line(a,
                      &(struct account_note){.event = AUDIT_AUTHORIZATION,
                                             .operation = "security-alert",
                                             .user = &system_user,
                                             .success = true,
                                             .reason = text,
                                             .risk = AUDIT_RISK_HIGH},
                      &line);
    (void)str_copy(line.service, sizeof line.service, alert->service);
    a->ports.audit(a->ports.context, &line);
    if (a->alert_count < ALERTS_MAX)
        a->alerts[a->alert_count++] = *alert;
    account_timer_look(a);
}

void accounts_see(struct accounts *a, const struct audit_line *line)
{
    if (a == NULL)
        return;
    security_watch_see(&a->watch, &a->ports.settings(a->ports.context)->security, line,
                       accounts_now(a).mono, tell_alert, a);
}

void account_audit(struct accounts *a, const struct account_note *n)
{
    struct audit_line line;
    account_fill_line(a, n, &line);
    a->ports.audit(a->ports.context, &line);
    accounts_see(a, &line);
}

void account_audit_bounded(struct accounts *a, const struct account_note *n)
{
    struct refusal_row seen = {.event = (int)n->event, .success = n->success};
    struct audit_line line;
    account_fill_line(a, n, &line);
    (void)str_copy(seen.address, sizeof seen.address, line.source_ip);
    (void)str_copy(seen.operation, sizeof seen.operation, line.operation);
    (void)str_copy(seen.service, sizeof seen.service, line.service);
    (void)str_copy(seen.user_id, sizeof seen.user_id, line.user_id);
    (void)str_copy(seen.email, sizeof seen.email, line.user_email);
    (void)str_copy(seen.role, sizeof seen.role, line.user_role);
    (void)str_copy(seen.error, sizeof seen.error, line.error);
    if (refusals_note(n->success ? &a->readings : &a->refusals, &seen, accounts_now(a).mono))
        a->ports.audit(a->ports.context, &line);
    accounts_see(a, &line);
}

static void write_row(struct accounts *a, const struct refusal_row *row)
{
    struct engine_user user = {0};
    char text[64];
    (void)str_format(text, sizeof text, "%zu more within a minute", row->more);
    (void)str_copy(user.id, sizeof user.id, row->user_id);
    (void)str_copy(user.email, sizeof user.email, row->email);
    (void)str_copy(user.role, sizeof user.role, row->role);
    (void)str_copy(user.source_ip, sizeof user.source_ip, row->address);
    struct audit_line line; /* the watch has seen each of them already */
    account_fill_line(
        a,
        &(struct account_note){.event = (enum audit_event)row->event,
                               .operation = row->operation,
                               .service = row->service,
                               .user = &user,
                               .success = row->success,
                               .error = row->error,
                               .reason = text,
                               .risk = row->success ? AUDIT_RISK_LOW : AUDIT_RISK_HIGH},
        &line);
    a->ports.audit(a->ports.context, &line);
}

void account_audit_flush(struct accounts *a)
{
    struct refusal_row row;
    while (refusals_take(&a->refusals, accounts_now(a).mono, &row) ||
           refusals_take(&a->readings, accounts_now(a).mono, &row))
        write_row(a, &row);
}
