/* The alerts in memory, and as records. An entry is a subject and a class of trouble; it lives on
 * when its alert is over, because the next one continues its episodes. Each time that the trouble
 * begins there is a new record, whose number is what people call the alert. */
#ifndef RESUS_ALERTS_BOOK_H
#define RESUS_ALERTS_BOOK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/plan.h"
#include "base/attr.h"
#include "base/error.h"
#include "core/alert.h"
#include "engine/engine.h"
#include "store/store.h"

#define BOOK_ENTRIES_MAX 10000
#define BOOK_MESSAGES_MAX 64   /* the newest messages that a record names */
#define BOOK_DELIVERIES_MAX 64 /* the newest deliveries that it shows */
#define BOOK_PERSON_SIZE 256

struct book_entry {
    struct book_entry *next;
    struct alert_key key;
    int service; /* index in the engine, -1 = it is of none */
    struct alert alert;
    int64_t number;     /* of the record, 0 = none yet */
    json_t *facts;      /* of the first message of the episode, NULL = none */
    json_t *messages;   /* their numbers, oldest first */
    json_t *deliveries; /* that have ended, as they are shown */
    wall_ms acknowledged_at;
    char acknowledged_by[BOOK_PERSON_SIZE]; /* "" = nobody */
    /* Of what is reported and not looked up: how it was reported last, and in which words. */
    enum alert_event reported;
    enum severity severity;
    char summary[256];
    mono_ms wake; /* step it again then */
};

struct book {
    struct book_entry **shelves; /* a list for each service, and the last one for all else */
    size_t service_count;
    size_t count;
};

int book_open(struct book *b, size_t service_count, struct error *err) ATTR_MUST_USE;
void book_close(struct book *b);
/* The list of a service, -1 = of all else. */
struct book_entry *book_first(const struct book *b, int service);
struct book_entry *book_find(const struct book *b, int service, const struct alert_key *key);
/* Finds or makes it; NULL without memory or room. */
struct book_entry *book_add(struct book *b, int service, const struct alert_key *key);
struct book_entry *book_by_number(const struct book *b, int64_t number);
struct book_entry *book_by_message(const struct book *b, int64_t message);
/* A new alert of the entry begins: what is known of the last one is forgotten. */
void book_begin(struct book_entry *e, int64_t number);
void book_note_message(struct book_entry *e, int64_t message);
void book_note_delivery(struct book_entry *e, json_t *shown); /* takes the reference */

/* ── records ── */

/* The body of the record. NULL on lack of memory. */
json_t *book_record(const struct book_entry *e, const struct plan *plan,
                    struct now now) ATTR_MUST_USE;
/* A record back. -EINVAL: it is not one. `ret` is filled but for `next` and `service`; its JSON members
 * are new references. */
int book_read(const json_t *body, const struct plan *plan, struct now now, struct book_entry *ret,
              struct error *err) ATTR_MUST_USE;
/* Before the loop runs: the newest record of each key. */
int book_load(struct book *b, struct store *store, const struct engine *engine,
              const struct plan *plan, struct now now, struct error *err) ATTR_MUST_USE;

#endif
