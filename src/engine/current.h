/* What holds now, and what is only remembered. */
#ifndef RESUS_ENGINE_CURRENT_H
#define RESUS_ENGINE_CURRENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct service;

/* For how long Redis has answered nothing although it was asked; FACT_UNKNOWN = it answers. */
int64_t current_silence_ms(const struct service *s, struct now now);
/* Is the newest proof of health young enough to claim it? Health is not claimed with one older than
 * two intervals: probing may last longer, because a script may hide for as long as the server allows,
 * and the count begins again when the host is back. It ends a confirm_interval sooner, so that the
 * judgement of every confirm_interval publishes the change in time. */
bool current_proof(const struct service *s, struct now now);
/* Is what INFO said last of the process that runs, however old it is? */
bool current_process_info(const struct service *s);
/* Is what was asked for then of the process that answers now? */
bool current_asked(const struct service *s, mono_ms asked);
/* Is INFO of the process that answers at the address now? */
bool current_info(const struct service *s, struct now now);
bool current_figures(const struct service *s, struct now now); /* ... and of the unit's process? */
/* Does something else answer at the address, and not the unit's process? An instance that changed
 * its role is still that process. */
bool current_another(const struct service *s);
void current_forget_figures(struct service *s, mono_ms from); /* they may be another process's */
void current_want_figures(struct service *s,
                          struct now now); /* a PONG came: where there are none */
/* Whole days until the certificate ends, when that is soon enough to warn; FACT_UNKNOWN else. */
#define CERTIFICATE_WARNING_DAYS 7
int64_t current_certificate_days(const struct service *s, struct now now);
/* What it says when it is to be warned of; false = nothing to say. */
bool current_certificate_text(const struct service *s, struct now now, char *text, size_t size);

#endif
