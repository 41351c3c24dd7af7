/* What is said of a stop that was not made through Resus, and of the wait before Resus acts. */
#ifndef RESUS_ENGINE_STOPS_H
#define RESUS_ENGINE_STOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct service;

#define STOP_LOG_LINES 50

/* What a stop that was cut has lost; "" when it was not cut, or nothing was to be saved. */
void stops_loss_text(const struct service *s, char *text, size_t size);
/* What a stop that is cut loses; "" when nothing is to be saved. */
void stops_cut_text(const struct service *s, char *text, size_t size);
/* Appends how to keep the next stop from being cut. */
void stops_prevent_text(const struct service *s, char *text, size_t size);
/* The cause's advice, and how to keep the next stop from being cut; or what a start would wipe. */
void stops_advice_text(const struct service *s, const char *otherwise, char *text, size_t size);

/* Does recovery wait for a time before it acts? Then the others say when and how to prevent it. */
bool stops_waits(const struct service *s, struct now now);
int64_t stops_wait_seconds(const struct service *s, struct now now);
void stops_wait_text(const struct service *s, struct now now, char *text, size_t size);

#endif
