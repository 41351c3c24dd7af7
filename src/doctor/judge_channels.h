/* Findings about the channels of messages. Nothing is sent. */
#ifndef RESUS_DOCTOR_JUDGE_CHANNELS_H
#define RESUS_DOCTOR_JUDGE_CHANNELS_H

#include <jansson.h>

#include "alerts/alerts.h"

/* Appends to the doctor's items. */
void doctor_judge_channels(const struct alerts *alerts, json_t *items);

#endif
