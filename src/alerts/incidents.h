/* Incidents: what alerts open, people take in hand, and escalation calls for. */
#ifndef RESUS_ALERTS_INCIDENTS_H
#define RESUS_ALERTS_INCIDENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "core/incident.h"

struct alerts;

/* What a person says of an incident. */
enum incident_order_kind {
    ORDER_TAKE,
    ORDER_NOTE,
    ORDER_UPDATE,
    ORDER_ACKNOWLEDGE,
    ORDER_ESCALATE, /* `level`, 0 = the next one */
    ORDER_SET,      /* of the members below, those that are there */
    ORDER_KIND_COUNT
};
struct incident_order {
    enum incident_order_kind kind;
    const char *person;
    const char *text; /* of a note, an update, an acknowledgement; NULL = none */
    int64_t next_ms;  /* of an update, 0 = the usual */
    int level;
    enum severity severity; /* of SET; none = as it is */
    const char *status;     /* of SET; NULL = as it is */
    const json_t *texts;    /* of SET: an object; NULL = none */
    uint64_t save;          /* id of the save: the store's completion is called with it */
};
/* 0; -ENOENT: there is no such incident in memory; -EPERM: refused, the error says why. */
int incidents_order(struct alerts *a, int64_t number, const struct incident_order *order,
                    struct error *err) ATTR_MUST_USE;
/* Opens one by hand, for a service (-1 = of none). Its number; -EPERM as above. */
int64_t incidents_open_by_hand(struct alerts *a, int service, enum severity severity,
                               const char *title, const char *person, uint64_t save,
                               struct error *err) ATTR_MUST_USE;
/* Of an alert: stops the calls of its subject's incident. As incidents_order(). */
int incidents_acknowledge_alert(struct alerts *a, int64_t alert, const char *person,
                                const char *text, uint64_t save, struct error *err) ATTR_MUST_USE;

/* An operation or a recovery of `service` has ended: a line in the timeline of its incident, if one is
 * open. `person`: NULL = Resus itself. */
void incidents_acted(struct alerts *a, int service, const char *person, const char *text);

/* A window has begun or ended: a line in the timelines of the incidents that are tied to it. */
void incidents_window(struct alerts *a, int64_t window, const char *text);

/* Those in memory, newest first; `open`: only what is investigating or mitigated. */
json_t *incidents_json(struct alerts *a, const char *service, bool open);
/* NULL: it is not in memory. */
json_t *incidents_one_json(struct alerts *a, int64_t number);
json_t *incidents_record_json(const struct alerts *a, int64_t number, const json_t *record,
                              bool whole);
/* The post-mortem of an incident as incidents_one_json() shows it: Markdown, as a JSON string. */
json_t *incidents_postmortem(const json_t *shown);
size_t incidents_open_count(const struct alerts *a, enum severity severity);
/* Those members of `args` that are texts of an incident; the caller's. */
json_t *incidents_texts(const json_t *args);

#endif
