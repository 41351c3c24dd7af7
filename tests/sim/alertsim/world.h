/* The simulator of alerts, incidents and escalation: the machines of core in virtual time, with
 * services that fail and flap, a host that vanishes, maintenance windows, people who acknowledge,
 * clocks that are set, disks that are full, and kills between every two steps. One seed is one run.
 *
 * world.c   what is true, and when it changes
 * daemon.c  what a daemon does with it: steps, one transaction a turn, kills, starts
 * post.c    what is on its way, and who receives it
 * books.c   the promises, kept from what was sent, without a look into the machines */
#ifndef RESUS_TESTS_SIM_ALERTSIM_WORLD_H
#define RESUS_TESTS_SIM_ALERTSIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../chance.h"
#include "base/attr.h"
#include "core/alert.h"
#include "core/escalation.h"
#include "core/incident.h"
#include "post.h"

enum { SERVICES_MAX = 3, HOST = SERVICES_MAX, SUBJECTS = SERVICES_MAX + 1 };
enum { SLOTS_EACH = 3, HOST_SLOT = SERVICES_MAX * SLOTS_EACH, SLOTS = HOST_SLOT + 1 };
/* Channels of these types, by turns: three, or more than there are places to send at once. */
enum { TYPES = 3, PAGER = 0, CHAT = 1, MAIL = 2, CHANNELS = 12 };
enum { MESSAGES_MAX = 64, TRIGGERS_MAX = 7 };

#define TURN_MS 60000 /* between two turns at most */
#define MINUTE INT64_C(60000)

enum truth {
    TRUTH_OK,
    TRUTH_CRASHED, /* recovery is at work for a while */
    TRUTH_LOADING,
    TRUTH_CONFIG, /* only a person can help */
    TRUTH_SAVING, /* writes are refused */
    TRUTH_MEMORY, /* degraded */
    TRUTH_DOUBT,  /* too early to say */
    TRUTH_COUNT
};

struct service {
    enum truth truth;
    int64_t changes_at; /* of the world's time */
    int64_t help_ends;  /* recovery works until then */
    int64_t began;
    bool removed; /* by a reload */
};

/* All that the daemon knows: what its memory holds, and in saved form what its disk holds. */
struct memory {
    struct alert alerts[SLOTS];
    struct incident incidents[SUBJECTS];
    struct escalation escalations[SUBJECTS];
};
struct disk {
    struct alert_saved alerts[SLOTS];
    struct incident_saved incidents[SUBJECTS];
    struct escalation_saved escalations[SUBJECTS];
};

enum message_kind { MESSAGE_ALERT, MESSAGE_INCIDENT, MESSAGE_CALL };

/* What a turn decided: alert effects by slot, the others by subject. */
struct message {
    enum message_kind kind;
    int of;
    bool by_person;
    int64_t next_ms; /* that a person promised */
    struct alert_effect alert;
    struct incident_effect incident;
    struct escalation_effect call;
};

struct slot_book {
    uint64_t episode;               /* the last one begun */
    bool held;                      /* by a window: not sent yet */
    uint64_t open[CHANNELS];        /* triggered and not resolved; 0 = none */
    uint64_t last[CHANNELS];        /* the last one that was triggered */
    enum severity told;             /* of the last trigger or update */
    int64_t triggers[TRIGGERS_MAX]; /* when the last ones were sent for what is new, newest first */
};

struct subject_book {
    enum incident_status status;
    enum severity severity;
    bool manned;
    bool acked;
    int64_t acked_at, acked_ms; /* since the acknowledgement or the last update */
    int64_t calling_ms;         /* P1 or P2, unacknowledged, not held, with a daemon alive */
    int64_t urgent_ms;          /* the same of P1 */
    int64_t quiet_ms;           /* since the last update, reminder or opening */
    int64_t promised_ms;        /* a person's word on the next update; 0 = none */
    int64_t mitigated_at;
    unsigned called; /* bit n: level n */
};

/* What is known by what was durably sent: goes back with the disk. */
struct books {
    struct slot_book slots[SLOTS];
    struct subject_book subjects[SUBJECTS];
};

/* What the daemon's eyes have seen, which no kill takes back. */
struct sights {
    enum alert_event last[SLOTS];
    enum severity severity[SLOTS];
    bool absorbed[SLOTS];
    bool host_unclear;       /* no service says whether the host is there */
    int64_t bad_for[SLOTS];  /* not well, not held, not absorbed, seen by one life of a daemon */
    int64_t same_for[SLOTS]; /* ... and of one severity */
    int64_t well_for[SLOTS];
    int64_t bad_at[SLOTS]; /* last seen bad */
    int64_t onset[SLOTS];  /* first seen bad after a long time of health */
    bool helped[SLOTS];    /* recovery was at work at every sight since then */
};

struct world {
    struct chance chance;
    int64_t now, end; /* the world's own time, ms */
    int64_t calm_at;  /* from then on everything is well and nobody kills */
    int64_t boot;     /* world time at which the monotonic clock was 0 */
    int64_t wall_off; /* the wall clock is wrong by */
    int service_count;
    struct service services[SERVICES_MAX];
    bool enabled[TRUTH_COUNT];
    int64_t dwell_bad, dwell_ok;
    bool host_down;
    int64_t host_changes, host_mean;
    bool window;
    int64_t window_changes, window_mean;
    int64_t kill_mean, person_mean, clock_mean, full_mean;
    bool disk_full;
    int64_t disk_changes;
    struct route_set routes;
    struct alert_policy policy;
    struct escalation_policy levels;

    bool alive;
    int64_t started, starts_at;
    struct memory memory;
    struct disk disk;
    struct books books, durable;
    struct sights sights;
    struct message messages[MESSAGES_MAX];
    size_t message_count;
    int64_t wake; /* world time */

    int channel_count;
    struct receiver receivers[CHANNELS];
    int64_t receivers_calm_at;
    struct lanes lanes; /* of the daemon's memory */
    struct answer_due answers[CHANNELS];
    struct delivery_item
        stored[LANES_OPEN_MAX]; /* on its disk; `due` and `expires` by the wall clock */
    size_t stored_count;
    wall_ms stored_at; /* all of them */
    struct parcel parcels[PARCELS_MAX];
    uint64_t last_delivery;
    int64_t post_wake; /* world time */

    uint64_t turns, sent, kills, windows, acks, flaps, lost, attempts;
    uint64_t decisions; /* a fingerprint of all that was sent */
    bool trace;
    char failure[256];
};

/* world.c */
bool world_run(uint64_t seed, bool trace, struct world *ret);
struct now world_clock(const struct world *w);
struct alert_key world_key(int slot);
int slot_subject(int slot);
/* Is recovery at work on it, or a load? */
bool world_helps(const struct world *w, int service);
/* What a daemon sees of one alert now. */
void world_sight(const struct world *w, int slot, struct alert_input *ret);
void world_note(struct world *w, const char *format, ...) ATTR_PRINTF(2, 3);
/* The first violation ends the run. */
void world_fail(struct world *w, const char *format, ...) ATTR_PRINTF(2, 3);

/* daemon.c */
void daemon_start(struct world *w);
void daemon_turn(struct world *w);
void daemon_kill(struct world *w);
/* A person does something, in a transaction of its own. */
void daemon_person(struct world *w, int subject);

/* post.c */
channel_set post_channels(channel_set types); /* of all channels of these types */
void post_draw(struct world *w);
void post_change(struct world *w); /* of the receivers' moods */
void post_start(struct world *w);
/* A message of the transaction that is being made. */
void post_message(struct world *w, const struct message *m);
void post_save(struct world *w);
/* All that can be sent now. The daemon may be dead afterwards. */
void post_deliver(struct world *w);
void post_pass(struct world *w, int64_t ms);
void post_check(struct world *w);
void post_end(struct world *w);

/* books.c: a turn's messages as they are sent, time that passes, and the end. */
void books_send(struct world *w, const struct message *m);
void books_see(struct world *w, int slot, const struct alert_input *in);
/* What has to be so after every turn. */
void books_check(struct world *w);
void books_pass(struct world *w, int64_t ms);
void books_call_sent(struct world *w, int subject);
void books_end(struct world *w);

#endif
