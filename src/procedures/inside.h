/* Shared by the files of the procedures, and by no other. */
#ifndef RESUS_PROCEDURES_INSIDE_H
#define RESUS_PROCEDURES_INSIDE_H

#include <stddef.h>

#include "backups/query.h"
#include "procedures/procedures.h"
#include "redis/reply.h"

struct procedure {
    struct procedures *p;
    int64_t number;
    int service; /* -1: it is no longer in the settings */
    char id[SETTINGS_ID_MAX];
    enum procedure_kind kind;
    enum procedure_phase phase;
    wall_ms began, ended, watched_from;
    struct engine_user user; /* who ordered last */
    char by[CHECKLIST_WHO_SIZE], reason[256];
    char name[128];
    char value[PROCEDURES_VALUE_MAX], before[PROCEDURES_VALUE_MAX], after[PROCEDURES_VALUE_MAX];
    bool held;                         /* `before` is known */
    bool written;                      /* into redis.conf */
    char server[16], from[32], to[32]; /* "redis", versions */
    char modules[512], role[16];
    int64_t keys; /* before an update; -1 */
    char unit[SETTINGS_UNIT_MAX], config_file[256];
    char backup[20], safety[20]; /* the rehearsed one, the safety backup */
    char text[ERROR_TEXT_MAX];   /* of the phase: what stands in the way, what was found */
    char notes[ERROR_TEXT_MAX];  /* what to mind: warnings of the checks */
    struct checklist checklist;
    /* not kept */
    struct query *query;
    bool waits; /* for a backup of ours, for the disk, or for the right to change the service */
    struct permission *permission; /* asked for; NULL = none is */
    struct permit permit;          /* while a value is being set */
};

struct procedures {
    struct procedures_ports ports;
    uv_timer_t timer;
    bool started, closing;
    struct procedure **items; /* oldest first */
    size_t count;
};

struct now procedures_now(const struct procedures *p);
const struct service_settings *procedure_settings(const struct procedure *x);
void procedure_event_now(struct procedure *x, enum procedure_event event, const char *text);

/* Another one of the service that is not over; NULL = none. */
const struct procedure *procedure_other(const struct procedures *p, int service,
                                        const struct procedure *x);

/* The one that waits for a backup or the disk; NULL: it was cancelled meanwhile. */
struct procedure *procedure_waiting(struct procedures *p, int64_t number);

/* work.c: begins the work of the phase; its end is an event. */
void procedure_work(struct procedure *x);
void procedure_stop(struct procedure *x);
/* -EPERM: this setting is not changed from here. */
int procedure_check_name(const char *name, struct error *err) ATTR_MUST_USE;

/* harm.c: what `value` would do to the server as INFO has it, as a sentence in `to`. False: nothing. */
bool procedure_harms(const char *name, const char *value, const struct redis_reply *info, char *to,
                     size_t size);

/* record.c */
json_t *procedure_body(const struct procedure *x);
void procedure_read(struct procedure *x, const json_t *body);
json_t *procedure_json(const struct procedure *x);

/* steps.c: what people do in its phases, with lines to copy. */
json_t *procedure_steps(const struct procedure *x, bool back); /* back: the way back */

#endif
