/* One alert: a service and a class of trouble, from the first bad fact to the last message. A state
 * machine without clock and I/O:
 *
 *     resolved ──▶ pending ──▶ firing ◀──▶ clearing ──▶ resolved
 *                  held while    │  back three times     well for resolve_after
 *                  help works    └──────▶ flapping ──▶ resolved
 *                                          sent once, well for 15 min
 *
 * Each episode has a number, and with it a deduplication key of its own: a key has one trigger and
 * one resolve for each channel. A cause that changes within the class is an update of the episode.
 * A severity that rises begins a new episode, because a pager drops a second trigger of an open
 * key; one that falls for resolve_after resolves the channels that it no longer concerns.
 *
 * While a maintenance window holds an alert, nothing but its resolve is sent. When the window ends,
 * the present state is compared with what was sent, and only the difference is sent. A pause of
 * recovery holds nothing.
 *
 * alert_step() takes the facts of the moment and answers with effects. The caller writes the alert
 * and the messages of its effects in one transaction before the first byte leaves: after a kill the
 * same facts make the same key. */
#ifndef RESUS_CORE_ALERT_H
#define RESUS_CORE_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/service_id.h"
#include "base/time.h"
#include "core/cause.h"
#include "core/recovery.h"
#include "core/route.h"
#include "core/severity.h"

#define ALERT_HOST_HOLD_MS 120000    /* an unreachable host is reported after this */
#define ALERT_FLAPS 3                /* the trouble came back so often ... */
#define ALERT_FLAP_WINDOW_MS 1800000 /* ... within 30 min: flapping */
#define ALERT_FLAP_HOLD_MS 900000    /* a flapping alert ends after so long without trouble */
#define ALERT_BLIND_MS 30000         /* a longer gap in the facts restarts the wait for the end */
#define ALERT_UPDATE_EVERY_MS 60000  /* between two updates about a changed cause */
#define ALERT_RECOVERIES 3           /* so many recoveries within an hour are trouble themselves */

struct alert_policy {
    int64_t page_after_ms;    /* 60 s: how long a page waits while recovery can help */
    int64_t resolve_after_ms; /* 120 s: how long the service must be well before the alert ends */
};

/* ── facts ── */

/* `subject` is a service; of CLASS_HOST the host, of CLASS_SELF it may be empty. `detail` is the
 * code of the cause for CLASS_PERFORMANCE, the rule for CLASS_SECURITY, else empty. */
#define ALERT_DETAIL_SIZE 48
struct alert_key {
    char subject[SERVICE_ID_SIZE];
    enum alert_class class;
    char detail[ALERT_DETAIL_SIZE];
};

/* "resus/INSTANCE/SUBJECT/CLASS/EPISODE", with CLASS:DETAIL where there is a detail, "-" for an
 * empty subject. An instance of more than 63 bytes is cut. Returns ret. */
#define ALERT_INSTANCE_MAX 63
#define ALERT_KEY_TEXT_SIZE 256 /* what PagerDuty takes, with the NUL */
char *alert_key_text(const char *instance, const struct alert_key *key, uint64_t episode,
                     char ret[ALERT_KEY_TEXT_SIZE]);

enum alert_event {
    ALERT_BAD,     /* proven */
    ALERT_WELL,    /* proven */
    ALERT_UNKNOWN, /* neither: too early to say, self-doubt, the host is out of reach */
    ALERT_GONE,    /* its service, channel or rule has left the settings */
    ALERT_EVENT_COUNT
};

/* What the alerts of a service are judged by. */
struct alert_facts {
    struct verdict verdict;
    const struct health_levels *levels;
    bool needs_human; /* recovery has given up, or cannot help */
    bool breaker_open;
    int recoveries; /* within the last hour */
};

struct alert_sight {
    enum alert_event event;
    enum severity severity; /* of ALERT_BAD, else none */
    enum cause cause;       /* of ALERT_BAD; CAUSE_OK: it answers, but fails again and again */
};

/* What these facts say about one alert of a service (availability, writes, performance, access,
 * host, and self for settings that cannot be used). The callers that know about security, backups
 * and Resus itself send BAD and WELL themselves. An event without an end is a BAD and then a WELL.
 */
struct alert_sight alert_see(const struct alert_facts *facts, const struct alert_key *key);

/* The host's alert, from the verdicts of all services on it: bad when one of them finds the host
 * unreachable; well when none does and one verdict proves that the host is there. */
struct alert_sight alert_see_host(const struct verdict *verdicts, size_t count);

/* Can the service still recover before a person is needed? True while recovery works or will, while
 * an operation runs, while a load makes progress, and during a long command. False when recovery is
 * paused, switched off or has given up, and when no action helps. */
bool alert_may_heal(const struct recovery *recovery, const struct recovery_policy *policy,
                    const struct recovery_facts *facts);

/* ── the machine ── */

enum alert_state {
    ALERT_RESOLVED, /* nothing is wrong; also before the first episode */
    ALERT_PENDING,
    ALERT_FIRING,
    ALERT_CLEARING,
    ALERT_FLAPPING,
    ALERT_STATE_COUNT
};
const char *alert_state_word(enum alert_state state);   /* "firing" */
enum alert_state alert_state_by_word(const char *word); /* ALERT_RESOLVED when unknown */

struct alert_input {
    enum alert_event event;
    enum severity severity; /* of ALERT_BAD */
    enum cause cause;       /* of ALERT_BAD; CAUSE_NONE where no cause belongs to it */
    bool may_heal;          /* alert_may_heal(); false where only a person can help */
    bool acted;             /* recovery has made an attempt since it was bad */
    bool held;              /* a maintenance window of the subject is open or verifying */
    bool absorbed;          /* alert_absorbs() of its host's alert; false for the host's own */
    int members;            /* of a host: how many services its alert speaks for */
    const struct route_set *routes;
};

/* All of it is persistent (alert_save). Times are MONO_NEVER while they do not apply. */
struct alert {
    enum alert_class class;
    enum alert_state state;
    enum severity severity, sent_severity;
    enum cause cause, sent_cause;
    int members, sent_members;
    uint64_t episode;     /* of the last trigger, or of the one that a window holds; 0 = none yet */
    bool announced;       /* the trigger of the episode was sent */
    bool flap_sent;       /* so was the message that it flaps */
    bool acted;           /* recovery tried something in this episode */
    channel_set notified; /* channels that have its trigger, and no resolve yet */
    channel_set closed;   /* channels that have both, because it became less severe */
    mono_ms bad_since;    /* of the episode */
    mono_ms well_since;   /* while it is well and not over */
    mono_ms blind_since;  /* no facts since then */
    mono_ms lower_since;  /* it is less severe since then: not worse than `lower` */
    enum severity lower;
    mono_ms updated;              /* the last update about its cause */
    mono_ms returns[ALERT_FLAPS]; /* when it last came back, the newest first */
    wall_ms began, ended;         /* for people: of the episode; WALL_NONE */
};

enum alert_effect_kind {
    ALERT_TRIGGER, /* begin an episode on these channels */
    ALERT_UPDATE,  /* more about it, to channels that have its trigger */
    ALERT_RESOLVE, /* it is over for these channels */
    ALERT_HEALED,  /* recovery succeeded before anything was sent: one line, no key */
    ALERT_HELD,    /* a window holds a trigger: list it there */
    ALERT_CHANGED, /* the state changed: store and publish */
    ALERT_EFFECT_COUNT
};

enum alert_why {
    ALERT_WHY_NEW,
    ALERT_WHY_WINDOW, /* it began in a maintenance window that is over */
    ALERT_WHY_WORSE, /* the trigger of a new episode, and the resolve of the one that it replaces */
    ALERT_WHY_MILDER,
    ALERT_WHY_CAUSE,
    ALERT_WHY_MEMBERS, /* of a host: it concerns more services */
    ALERT_WHY_FLAPPING,
    ALERT_WHY_WELL,
    ALERT_WHY_GONE,
    ALERT_WHY_COUNT
};
const char *alert_why_word(enum alert_why why); /* "worse" */

/* `channels` may be empty (no route): the message is kept all the same. */
struct alert_effect {
    enum alert_effect_kind kind;
    enum alert_why why;
    enum severity severity;
    enum cause cause;
    uint64_t episode; /* which deduplication key */
    channel_set channels;
};

/* The worst step: a window has ended, and it is worse and flaps: resolve, trigger, update, changed.
 */
#define ALERT_EFFECTS_MAX 6
struct alert_effects {
    struct alert_effect items[ALERT_EFFECTS_MAX];
    size_t count;
    mono_ms wake; /* step again then, with the newest facts; MONO_NEVER = when they change */
};

void alert_init(struct alert *a, enum alert_class class);
void alert_step(struct alert *a, const struct alert_policy *policy, const struct alert_input *input,
                struct now now, struct alert_effects *out);
/* Does the alert of this host stand for the services on it? */
bool alert_absorbs(const struct alert *host);
/* Pending counts as open, resolved does not. */
bool alert_open(const struct alert *a);
/* The severity that counts for the incident of its subject: none while the alert is pending or
 * clearing, or was never sent because of a window. */
enum severity alert_counts_as(const struct alert *a);
/* Channels were renumbered by a reload. */
void alert_channels_moved(struct alert *a, const int8_t to[ROUTE_CHANNELS_MAX]);

/* ── on the disk ── */

/* What a record holds: the same fields, with wall times. Sets of channels are stored by name. */
struct alert_saved {
    struct alert alert; /* its mono times mean nothing */
    wall_ms bad_since, well_since, blind_since, lower_since, updated, returns[ALERT_FLAPS];
};
void alert_save(const struct alert *a, struct now now, struct alert_saved *ret);
/* Waits continue where they were; a clock that was set shortens them, or makes them start again.
 * The wait for the end always starts again, because the downtime shows nothing. */
void alert_load(struct alert *a, const struct alert_policy *policy, const struct alert_saved *saved,
                struct now now);

#endif
