/* One service as the engine holds it, and the engine: the parts put together. Inside the engine
 * only. Each part's own header has its struct and its functions. */
#ifndef RESUS_ENGINE_SERVICE_H
#define RESUS_ENGINE_SERVICE_H

#include "base/attr.h"
#include "core/cause.h"
#include "core/health.h"
#include "core/recovery.h"
#include "core/tilt.h"
#include "engine/canary.h"
#include "engine/config_watch.h"
#include "engine/engine.h"
#include "engine/follow_up.h"
#include "engine/guard.h"
#include "engine/lateness.h"
#include "engine/long_command.h"
#include "engine/maintained.h"
#include "engine/notice.h"
#include "engine/operation.h"
#include "engine/orders.h"
#include "engine/other_restart.h"
#include "engine/owned.h"
#include "engine/paused_writes.h"
#include "engine/publish.h"
#include "engine/recording.h"
#include "engine/recover.h"
#include "engine/refresh.h"
#include "engine/reported.h"
#include "engine/request.h"
#include "engine/restoring.h"
#include "engine/role_watch.h"
#include "engine/sample.h"
#include "engine/saving.h"
#include "engine/watch.h"

struct service {
    struct engine *engine;
    int index;
    const struct service_settings *settings;
    struct watch_policy watch_policy;
    struct recovery_policy recovery_policy;
    char *misconfigured; /* why it is not watched; NULL = it is */
    struct owned owned;
    mono_ms wake_due; /* the wake-up asked for last */
    struct requests requests;

    /* what is seen */
    struct observations observations;
    struct health_state health;
    struct watch watch;
    struct canary_seen canary;
    struct config_seen config_seen;
    struct role_watch role;
    struct paused_writes paused_writes;
    struct other_restart other_restart;
    struct long_command long_command;
    struct reported_figures reported;

    /* what is judged */
    struct verdict verdict; /* the last one, confirmed or not */
    enum cause cause;       /* the last confirmed one */
    wall_ms cause_since;
    enum cause cause_logged; /* the one that was logged last */
    bool judged;             /* a first confirmed verdict exists */

    /* what is done */
    struct guard guard;
    struct maintained maintained;
    struct restoring restoring;
    struct recovery recovery;
    struct recovering recovering;
    struct operation operation;
    struct saving saving;
    struct follow_up follow_up;

    /* what is stored and published */
    struct service_state saved; /* written in state.c only */
    bool desired_unsaved;       /* the disk may have another desired state than `saved` */
    uint64_t event_seq;         /* given out last; saved.event_seq is ahead of it */
    struct recording recording;
    struct sampler sampler;
    struct engine_counters counters;
    struct publishing publishing;
    struct order orders[ORDERS_MAX];
    struct refresh refresh;
};

struct engine {
    const struct settings *settings;
    struct engine_ports ports;
    struct tilt tilt;
    mono_ms self_due;
    struct service *services;
    int count;
    struct lateness lateness;
    struct notices notices;
};

/* A line in the program's own log. */
void service_log(const struct service *s, bool warning, const char *format, ...) ATTR_PRINTF(3, 4);

/* engine.c, for the files that are entered from outside: before anything that enters, ..., and when
 * it is done. */
void engine_look_at_clocks(struct engine *e, struct now now);
void service_judge(struct service *s, struct now now); /* and what follows from a verdict */
void service_schedule(struct service *s);
/* As at a start of the daemon with this state: requests that wait for an answer, and callers, are
 * given up. service_start() has its parts begin. */
int service_begin_again(struct service *s, const struct service_state *saved, struct now now);
void service_start(struct service *s, struct now now);

#endif
