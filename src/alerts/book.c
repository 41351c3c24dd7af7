#include "alerts/book.h"

#include <errno.h>
#include <inttypes.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/log.h"
#include "store/record.h"

int book_open(struct book *b, size_t service_count, struct error *err)
{
    *b = (struct book){.service_count = service_count};
    b->shelves = mem_calloc(service_count + 1, sizeof b->shelves[0]);
    return b->shelves == NULL ? error_set(err, -ENOMEM, "out of memory") : 0;
}

static void clear(struct book_entry *e)
{
    json_decref(e->facts);
    json_decref(e->messages);
    json_decref(e->deliveries);
    e->facts = e->messages = e->deliveries = NULL;
}

void book_close(struct book *b)
{
    for (size_t i = 0; b->shelves != NULL && i <= b->service_count; i++)
        while (b->shelves[i] != NULL) {
            struct book_entry *e = b->shelves[i];
            b->shelves[i] = e->next;
            clear(e);
            mem_free(e);
        }
    mem_free(b->shelves);
    *b = (struct book){0};
}

static struct book_entry **shelf(const struct book *b, int service)
{
    return &b->shelves[service < 0 ? b->service_count : (size_t)service];
}

struct book_entry *book_first(const struct book *b, int service)
{
    return *shelf(b, service);
}

static bool same_key(const struct alert_key *a, const struct alert_key *b)
{
    return a->class == b->class && str_equal(a->subject, b->subject) &&
           str_equal(a->detail, b->detail);
}

struct book_entry *book_find(const struct book *b, int service, const struct alert_key *key)
{
    for (struct book_entry *e = *shelf(b, service); e != NULL; e = e->next)
        if (same_key(&e->key, key))
            return e;
    return NULL;
}

struct book_entry *book_add(struct book *b, int service, const struct alert_key *key)
{
    struct book_entry *e = book_find(b, service, key);
    if (e != NULL)
        return e;
    if (b->count >= BOOK_ENTRIES_MAX || (e = mem_calloc(1, sizeof *e)) == NULL) {
        log_error("alerts", "%s of %s is not recorded: %s", alert_class_word(key->class),
                  key->subject, b->count >= BOOK_ENTRIES_MAX ? "too many alerts" : "out of memory");
        return NULL;
    }
    e->key = *key;
    e->service = service;
    e->wake = MONO_NEVER;
    e->reported = ALERT_UNKNOWN;
    alert_init(&e->alert, key->class);
    e->next = *shelf(b, service);
    *shelf(b, service) = e;
    b->count++;
    return e;
}

static bool names_message(const struct book_entry *e, int64_t message)
{
    size_t i;
    const json_t *number;
    json_array_foreach(e->messages, i, number) {
        if (json_integer_value(number) == message)
            return true;
    }
    return false;
}

struct book_entry *book_by_number(const struct book *b, int64_t number)
{
    for (size_t i = 0; i <= b->service_count; i++)
        for (struct book_entry *e = b->shelves[i]; e != NULL; e = e->next)
            if (e->number == number)
                return e;
    return NULL;
}

struct book_entry *book_by_message(const struct book *b, int64_t message)
{
    for (size_t i = 0; i <= b->service_count; i++)
        for (struct book_entry *e = b->shelves[i]; e != NULL; e = e->next)
            if (names_message(e, message))
                return e;
    return NULL;
}

void book_begin(struct book_entry *e, int64_t number)
{
    clear(e);
    e->number = number;
    e->acknowledged_at = WALL_NONE;
    e->acknowledged_by[0] = '\0';
}

static void append(json_t **list, json_t *value, size_t most)
{
    if (*list == NULL)
        *list = json_array();
    (void)json_array_append_new(*list, value);
    if (json_array_size(*list) > most)
        (void)json_array_remove(*list, 0);
}

void book_note_message(struct book_entry *e, int64_t message)
{
    append(&e->messages, json_integer(message), BOOK_MESSAGES_MAX);
}

void book_note_delivery(struct book_entry *e, json_t *shown)
{
    append(&e->deliveries, shown, BOOK_DELIVERIES_MAX);
}

/* ── a start ── */

struct loading {
    struct book *book;
    const struct engine *engine;
    const struct plan *plan;
    struct now now;
};

/* Records come by rising number: the last one of a key is the newest. */
static void load_one(void *context, enum record_kind kind, int64_t number, const json_t *body)
{
    struct loading *l = context;
    struct book_entry read = {0};
    struct error err = {0};
    (void)kind;
    if (book_read(body, l->plan, l->now, &read, &err) < 0) {
        log_error("alerts", "alert %" PRId64 " cannot be read: %s", number, err.text);
        return;
    }
    int service = engine_service_index(l->engine, read.key.subject);
    struct book_entry *e = book_add(l->book, service, &read.key);
    if (e == NULL) {
        clear(&read);
        return;
    }
    clear(e);
    read.next = e->next;
    read.service = service;
    read.number = number;
    /* One that is over is stepped when its trouble comes back, and not before: a time that has passed
     * would never be reached, and the loop would come again and again for it. */
    read.wake = alert_open(&read.alert) ? l->now.mono : MONO_NEVER;
    *e = read;
    if (!alert_open(&e->alert)) /* it can be read from the store */
        clear(e);
}

int book_load(struct book *b, struct store *store, const struct engine *engine,
              const struct plan *plan, struct now now, struct error *err)
{
    struct loading l = {b, engine, plan, now};
    return record_load(store, RECORD_ALERT, NULL, load_one, &l, err);
}
