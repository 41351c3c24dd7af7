/* From observations to a named cause, and on to recovery: the meeting of the watch and core. */
#ifndef RESUS_ENGINE_JUDGE_H
#define RESUS_ENGINE_JUDGE_H

#include "base/time.h"

struct service;

void judge(struct service *s, struct now now);

#endif
