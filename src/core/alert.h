/* One alert: a service and a class of trouble, from the first bad sight to the last message, as a
 * state machine without clock and I/O:
 *
 *     resolved ──▶ pending ──▶ firing ◀──▶ clearing ──▶ resolved
 *                  held while    │  back three times     well for resolve_after
 *                  help works    └──────▶ flapping ──▶ resolved
 *                                          told once, well for 15 min
 *
 * Each episode has a number, and with it a deduplication key of its own: a key has one trigger and
 * one resolve for each channel. A cause that changes within the class is an update of the episode.
 * A severity that rises begins a new episode, because a pager drops a second trigger of an open
 * key; one that falls for resolve_after resolves the channels that it no longer concerns.
 *
 * While a maintenance window holds an alert, nothing but its resolve is sent. When the window ends,
 * what is then so is compared with what was sent, and only the difference is sent. A pause of
 * recovery holds nothing.
 *
 * alert_step() takes what is seen now and answers with effects. The caller writes the alert and the
 * messages of its effects in one transaction before the first byte leaves: after a kill the same
 * sight makes the same key. */
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

#define ALERT_HOST_HOLD_MS 120000    /* a host out of reach, as seen from here */
#define ALERT_FLAPS 3                /* it came back so often ... */
#define ALERT_FLAP_WINDOW_MS 1800000 /* ... within 30 min: flapping */
#define ALERT_FLAP_HOLD_MS 900000    /* then it has to be well for 15 min */
#define ALERT_BLIND_MS 30000         /* unseen for longer, it has to be well all over again */
#define ALERT_UPDATE_EVERY_MS 60000  /* between two updates about a changed cause */
#define ALERT_RECOVERIES 3           /* recoveries within an hour that are trouble themselves */

struct alert_policy {
    int64_t page_after_ms;    /* 60 s: how long what is being helped is not yet told */
    int64_t resolve_after_ms; /* 120 s: how long it has to be well before it is over */
};

/* ── what is seen ── */

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

/* What alerts of a service are judged by. */
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
    enum cause cause;       /* of ALERT_BAD; CAUSE_OK: it is well, but fails again and again */
};

/* What these facts say about one alert of a service (availability, writes, performance, access,
 * host). Security, backup and self have facts of their own: whoever sees those says BAD and WELL.
 * An event without an end is a BAD and then a WELL. */
struct alert_sight alert_see(const struct alert_facts *facts, const struct alert_key *key);

/* The host's alert, from the verdicts of all services on it: bad when one of them finds the host
 * out of reach, well when one has proof of it and none says so. */
struct alert_sight alert_see_host(const struct verdict *verdicts, size_t count);

/* May what is wrong still be healed without a person? True while recovery works or will, an
 * operator is at work, a load makes progress, or a long command is waited for. False when paused,
 * switched off, given up, or when no action helps. */
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
    bool may_heal;          /* alert_may_heal(); false for what only a person can help */
    bool acted;             /* recovery has made an attempt since it was bad */
    bool held;              /* a maintenance window is open for the subject, or verifying */
    bool absorbed;          /* alert_absorbs() of its host's alert; false for the host's own */
    int members;            /* of a host: how many services its alert speaks for */
    const struct route_set *routes;
};

/* Everything but `key` is persistent (alert_save). Times are MONO_NEVER while they do not apply. */
struct alert {
    enum alert_class class;
    enum alert_state state;
    enum severity severity, told_severity;
    enum cause cause, told_cause;
    int members, told_members;
    uint64_t episode;    /* of the last trigger, or of the one that a window holds; 0 = none yet */
    bool announced;      /* the episode's trigger was sent */
    bool flap_told;      /* that it flaps was sent */
    bool acted;          /* recovery tried something in this episode */
    channel_set told;    /* channels that have its trigger, and no resolve yet */
    channel_set closed;  /* channels that have both, because it became less severe */
    mono_ms bad_since;   /* of the episode */
    mono_ms well_since;  /* while it is well and not over */
    mono_ms blind_since; /* nothing is known since then */
    mono_ms lower_since; /* it is less severe since then: not worse than `lower` */
    enum severity lower;
    mono_ms updated;              /* the last update about its cause */
    mono_ms returns[ALERT_FLAPS]; /* when it last came back, the newest first */
    wall_ms began, ended;         /* for people: of the episode; WALL_NONE */
};

enum alert_effect_kind {
    ALERT_TRIGGER, /* begin an episode on these channels */
    ALERT_UPDATE,  /* more about it, to channels that have its trigger */
    ALERT_RESOLVE, /* it is over for these channels */
    ALERT_HEALED,  /* recovery healed it before anything was sent: one line, no key */
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
    mono_ms wake; /* see again at this time at the latest; MONO_NEVER = when something changes */
};

void alert_init(struct alert *a, enum alert_class class);
void alert_step(struct alert *a, const struct alert_policy *policy, const struct alert_input *input,
                struct now now, struct alert_effects *out);
/* Does this alert of a host speak for the services on it? */
bool alert_absorbs(const struct alert *host);
/* Is there something that has not ended: pending counts, resolved does not? */
bool alert_open(const struct alert *a);
/* What it counts for the incident of its subject: none while it is pending, clearing, or held by a
 * window that it began in. */
enum severity alert_counts_as(const struct alert *a);
/* Channels were renumbered by a reload. */
void alert_channels_moved(struct alert *a, const int8_t to[ROUTE_CHANNELS_MAX]);

/* ── on the disk ── */

/* The persistent part: the same fields with wall times. Sets of channels are stored by name. */
struct alert_saved {
    struct alert alert; /* its mono times mean nothing */
    wall_ms bad_since, well_since, blind_since, lower_since, updated, returns[ALERT_FLAPS];
};
void alert_save(const struct alert *a, struct now now, struct alert_saved *ret);
/* Waits go on where they were, as far as the clock can be believed; what was well is believed again
 * when it is next seen well. */
void alert_load(struct alert *a, const struct alert_policy *policy, const struct alert_saved *saved,
                struct now now);

#endif
