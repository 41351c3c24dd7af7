/* What Redis tells of itself for /metrics. */
#ifndef RESUS_ENGINE_TOLD_H
#define RESUS_ENGINE_TOLD_H

#include <stdbool.h>

#include "base/time.h"
#include "engine/part.h"
#include "redis/exposition.h"

struct service;

/* What its requests are for. */
enum told_purpose {
    TOLD_INFO,     /* because somebody scrapes */
    TOLD_COMMANDS, /* INFO commandstats */
    TOLD_CLUSTER,  /* CLUSTER INFO */
};

/* Each kind of figures with when it was asked for: which process it is of. */
struct told_figures {
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

int told_init(struct service *s, struct now now);
void told_judged(struct service *s, struct now now);
bool told_turn(struct service *s, struct now now);
mono_ms told_next(const struct service *s);
bool told_answered(struct service *s, const struct pending *p, const struct part_answer *a,
                   struct now now);
/* The watch has read an INFO that it asked for then. */
void told_note(struct service *s, const struct redis_answer *a, mono_ms asked, struct now now);
/* /metrics is being read. */
void told_scraped(struct service *s, struct now now);

#endif
