/* The newest PING times of a service; < 0 unknown. */
#ifndef RESUS_ENGINE_LATENCY_H
#define RESUS_ENGINE_LATENCY_H

#include <stdint.h>

struct service;

void latency_note(struct service *s, int64_t us);
double latency_ms(const struct service *s, double percentile);
double latency_of_redis_ms(const struct service *s, double percentile); /* without our lateness */
double latency_last_ms(const struct service *s);

#endif
