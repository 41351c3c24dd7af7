/* Shared by the files of alerts/ alone. */
#ifndef RESUS_ALERTS_INSIDE_H
#define RESUS_ALERTS_INSIDE_H

#include "alerts/alerts.h"
#include "alerts/book.h"
#include "alerts/cases.h"
#include "alerts/outbox.h"
#include "alerts/plan.h"
#include "alerts/reports.h"
#include "alerts/sender.h"
#include "engine/alert_facts.h"
#include "notify/message.h"

/* A message of a person, whose deliveries are waited for. */
struct watched {
    uint64_t message; /* 0 = free */
    json_t *ended;    /* its deliveries, as they are shown */
};

/* Services whose host is the same one, reached by SSH. */
struct alert_host {
    char name[SERVICE_ID_SIZE];
    int *members; /* indices of services */
    size_t count;
    struct book_entry *entry; /* once there is one */
};

struct alerts {
    struct alerts_ports ports;
    const struct settings *settings;
    struct plan *plan; /* of them: large */
    struct book book;
    struct cases cases;
    struct sender *sender;
    struct outbox *outbox;
    struct reports *reports;
    struct tries *tries;
    struct route_set *routes; /* of each service */
    struct route_set own;     /* of Resus itself */
    struct alert_host *hosts;
    size_t host_count;
    int *host_of;     /* of each service: index of its host, -1 = this machine */
    bool *dirty;      /* services that were judged since they were looked at */
    mono_ms *wakes;   /* of each service: look at it then */
    mono_ms own_wake; /* of what is of no service */
    mono_ms look_at;  /* when the dirty ones are looked at */
    bool started, turning;
    uv_timer_t *timer;
    struct watched watched[ALERTS_WATCHED_MAX];
    size_t watched_next;
    uint64_t results[LANES_MAX][2]; /* of each channel: deliveries that arrived, and that did not */
};

/* alerts.c */
struct now alerts_now(const struct alerts *a);
void alerts_arm(struct alerts *a);

/* conditions.c: looks at what was judged, and at what is due. */
void conditions_turn(struct alerts *a, struct now now);
int conditions_open(struct alerts *a, struct error *err) ATTR_MUST_USE;
void conditions_close(struct alerts *a);
void conditions_configure(struct alerts *a); /* the routes are others */
/* Was the service well, and nothing of it is open? */
bool conditions_quiet(const struct alerts *a, int service);
mono_ms conditions_wake(const struct alerts *a);

/* step.c: one step of an alert, and what follows from it. */
void alerts_step(struct alerts *a, struct book_entry *e, const struct alert_input *input,
                 struct now now);
/* What `input` is of an entry that is reported, not looked up. */
void alerts_step_reported(struct alerts *a, struct book_entry *e, struct now now);
/* Another finding of a rule whose alert is still open: it is sent as an update. */
void alerts_step_more(struct alerts *a, struct book_entry *e, struct now now);

/* Tells those who follow the service that the alert, or what became of its messages, has changed. */
void alerts_publish(struct alerts *a, const struct book_entry *e, struct now now);

/* Writes the record of an alert; `save` as in store/record.h, 0 = nobody waits. */
void alerts_store(struct alerts *a, const struct book_entry *e, uint64_t save);

/* incidents.c: the alerts of the subject may have changed; what is due; a call of an older
 * generation. */
void incidents_look(struct alerts *a, int service, const char *subject, struct now now);
void incidents_turn(struct alerts *a, struct now now);
mono_ms incidents_wake(const struct alerts *a);
bool incidents_stale(struct alerts *a, const char *thread, uint32_t generation);
bool incidents_overdue(const struct alerts *a);
void incidents_moved(struct alerts *a, const int8_t to[ROUTE_CHANNELS_MAX]);
int incidents_load(struct alerts *a, struct error *err) ATTR_MUST_USE;

/* words.c: the facts of the message about an effect. */
void alert_words(struct alerts *a, const struct book_entry *e, const struct alert_effect *effect,
                 struct now now, struct message *ret);
/* "https://BASE/PATH" into `to`, "" without a base. */
void link_below(const char *base, const char *path, char *to, size_t size);
/* The same below the console's address. */
void alert_link(const struct alerts *a, const char *path, char *to, size_t size);

/* announce.c: a message about no alert; `with` (NULL = none) is stored in its transaction. */
void alerts_post_news(struct alerts *a, struct message *m, channel_set channels,
                      const struct record_change *with);

/* links.c: the message with the links that it has in this channel; NULL on lack of memory. */
json_t *links_added(const struct alerts *a, int channel, const json_t *message) ATTR_MUST_USE;

/* shown.c: an alert as the API shows it, from its record. */
json_t *alert_shown(int64_t number, const json_t *record, const struct alerts *a,
                    bool whole) ATTR_MUST_USE;

#endif
