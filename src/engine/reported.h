/* What Redis reports for /metrics. */
#ifndef RESUS_ENGINE_REPORTED_H
#define RESUS_ENGINE_REPORTED_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"
#include "redis/exposition.h"

struct service;

/* What its requests are for. */
enum reported_purpose {
    REPORTED_INFO,     /* for a scrape that comes next */
    REPORTED_COMMANDS, /* INFO commandstats */
    REPORTED_CLUSTER,  /* CLUSTER INFO */
};

/* Each kind of figures with when it was asked for: which process it is of. */
struct reported_figures {
    struct exposition info;
    struct exposition_commands commands;
    struct exposition_cluster cluster;
    mono_ms info_asked, commands_asked, cluster_asked; /* 0 = never */
    mono_ms commands_tried;
    bool rest_wanted;     /* what goes with INFO, as soon as Redis may be asked */
    bool cluster_refused; /* by the server that answered last */
    wall_ms info_at;
    mono_ms scraped; /* by whoever reads /metrics; 0 = never */
    mono_ms wanted;  /* the next INFO for them is due; MONO_NEVER = none */
    mono_ms in_step; /* figures were last asked for because of a scrape; 0 = never */
};

int reported_init(struct service *s, struct now now);
void reported_judged(struct service *s, struct now now);
bool reported_turn(struct service *s, struct now now);
mono_ms reported_next(const struct service *s);
bool reported_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                       struct now now);
/* The watch has read an INFO that it asked for then. */
void reported_note(struct service *s, const struct redis_answer *a, mono_ms asked, struct now now);
/* /metrics is being read. */
void reported_scraped(struct service *s, struct now now);

#endif
