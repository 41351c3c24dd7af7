/* The watch of one service: what it asks for and when. What the answers say is observe.h's. */
#ifndef RESUS_ENGINE_WATCH_H
#define RESUS_ENGINE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "core/facts.h"

struct service;

#define WATCH_LATENCIES 64 /* newest PINGs */

/* What its requests are for. */
enum watch_purpose {
    WATCH_PULSE, /* PING on the kept connection */
    WATCH_PROBE, /* PING on a connection of its own */
    WATCH_UNIT,  /* systemctl status / show */
    WATCH_INFO,
    WATCH_CONFIG,
    WATCH_SAMPLE, /* INFO for the series */
};

/* When each look is due, and whether the watch is probing: then looks come quickly. */
struct watch {
    mono_ms pulse_due, full_due, unit_due, performance_due, round_due;
    bool full_spread, performance_spread; /* the second one was put at its own place */
    mono_ms round_began;
    int quick_rounds;        /* of the 10, 30, 100 ms after a loss */
    mono_ms counted_failure; /* asked-time of the newest probe counted as failed */
    bool failed_silent;      /* the newest that failed was not answered, and not refused either */
    mono_ms counted_busy, counted_mismatch;
    mono_ms look_until;               /* after an action: look every few ms until then */
    bool log_asked;                   /* for this failure of the unit */
    bool log_heard;                   /* ... and something of it could be read */
    int log_misses;                   /* ... and how often in a row nothing could */
    char log_refused[FACT_TEXT_MAX];  /* a log that the host does not let us read; "" = none */
    wall_ms log_of;                   /* since when the unit had failed then */
    struct log_facts exit_log;        /* the newest exit log that was read, */
    wall_ms exit_log_of;              /* ... and since when the unit had failed then */
    bool journal_sudo;                /* the variant that showed lines */
    bool config_refused;              /* CONFIG GET is not ours to use */
    char info_refused[FACT_TEXT_MAX]; /* what Redis answered when INFO is not ours to use; "" */
    mono_ms answered;                 /* when any reply was last read; 0 = never */
    mono_ms figures_from;             /* figures asked for before belong to another process */
    mono_ms process_ended;            /* ... and those from before the unit was seen ended */
    mono_ms figures_tried;            /* when new ones were last asked for out of turn */
    mono_ms oom_rose;                 /* when a write was last seen to be refused for memory */
    wall_ms certificate_ends;         /* of the server's chain; WALL_NONE = not known, or no TLS */
    mono_ms shut_counted;             /* asked-time of the fresh connection counted as shut out */
    mono_ms saving_log_due;           /* when it is read again why Redis cannot save */
    mono_ms proven;    /* when the newest PONG came, by the clock that runs on through a suspend */
    mono_ms cancelled; /* when another stop was heard to have ended our start */
    mono_ms auto_restart_at;         /* when systemd was last seen to restart the unit by itself */
    wall_ms last_check;              /* newest full look */
    wall_ms last_command;            /* newest successful command */
    int64_t unit_ms, performance_ms; /* how long the last ones took, FACT_UNKNOWN */
    int64_t usual_look_ms;           /* a command on the host usually takes, FACT_UNKNOWN */
    mono_ms witness_asked;
    int64_t latency_us[WATCH_LATENCIES];
    unsigned latency_next, latency_count;
};

int watch_init(struct service *s, struct now now);
void watch_settings(struct service *s, struct now now); /* its intervals have changed */
bool watch_turn(struct service *s, struct now now);     /* asks for what is due */
mono_ms watch_next(const struct service *s);

/* Starts probing: quick rounds of checks until it is clear what is wrong. `why` for the log; NULL:
 * not worth a line. */
void watch_start_probing(struct service *s, const char *why, struct now now);
/* A round of checks now and every few ms for a while. */
void watch_look(struct service *s, struct now now);
void watch_begin_round(struct service *s, struct now now);
void watch_plan_round(struct service *s, struct now now);
void watch_ask_again(struct service *s, struct now now); /* on the open connection */
void watch_ask_unit(struct service *s, struct now now);  /* unless it is asked for already */
void watch_refresh(struct service *s, struct now now);   /* one full check now */

bool watch_is_probing(const struct service *s);
bool watch_at_work(const struct service *s); /* is a command of ours under way? */

#endif
