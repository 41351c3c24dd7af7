#include "accounts/book.h"
#include "accounts/upkeep.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "accounts/book_json.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/ticket.h"
#include "io/log.h"

/* A save's number: the item's, then a serial that tells two saves of it apart. */
#define SERIAL_BITS 12
#define SERIAL_MASK ((1U << SERIAL_BITS) - 1)
#define SHELF_FIRST 16

static_assert((int)STORE_ACCOUNT_COUNT <= TICKET_PART_MAX, "a kind is a part of a ticket");

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
    return ticket_pack((struct ticket){
        .owner = TICKET_ACCOUNTS,
        .part = (int)kind,
        .number = (uint64_t)number << SERIAL_BITS | (a->save_serial & SERIAL_MASK),
    });
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
    struct ticket ticket = ticket_read(id);
    if (outcome == STORE_DURABLE)
        return;
    if (a->unsaved_count == UNSAVED_MAX) {
        log_error("accounts", "too many changes wait for the disk: one is lost at the next start");
        return;
    }
    a->unsaved[a->unsaved_count++] = (struct unsaved_item){
        .kind = (enum store_account)ticket.part,
        .number = (int64_t)(ticket.number >> SERIAL_BITS),
    };
    upkeep_look(a);
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

void account_changed(struct accounts *a)
{
    if (a->changed != NULL)
        a->changed(a->changed_context);
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
