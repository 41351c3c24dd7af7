/* Lists and single ones of what the store keeps as records: alerts and incidents. */
#ifndef RESUS_HANDLERS_RECORDS_H
#define RESUS_HANDLERS_RECORDS_H

#include "handlers/inside.h"
#include "store/record.h"

/* A record's body as the API shows it; `whole`: with everything, for one alone. */
typedef json_t *record_json(const struct alerts *a, int64_t number, const json_t *body, bool whole);

/* At most `limit`, unless given. */
int64_t records_limit(const struct call *call);
/* Takes `list`: those that the asker may see. */
void records_answer(struct call *call, json_t *list);
/* A rows_handler's rest: those of the service that the arguments name. */
void records_answer_rows(struct handlers *h, struct call *call, const json_t *rows,
                         const struct error *error, record_json *shown);
/* Takes `one`; NULL, or not for the asker: refused with `absent`, and NULL. The caller's, as the role
 * may see it. */
json_t *record_seen(struct handlers *h, struct call *call, json_t *one, const char *absent);
/* Asks the store for the record that the arguments name by `n`. */
void record_ask(struct handlers *h, struct call *call, enum record_kind kind);
/* The one record of record_ask(); NULL = not found. */
json_t *record_of(const struct handlers *h, const json_t *rows, record_json *shown);

#endif
