/* The runbook's three decision trees (why it does not start, why it is slow, why recovery fails),
 * walked on what is known now. Pure: reads the JSON that the API shows, asks nothing. */
#ifndef RESUS_DOCTOR_DIAGNOSIS_H
#define RESUS_DOCTOR_DIAGNOSIS_H

#include <jansson.h>

/* {cause, trees: [{tree, title, applies, steps: [{check, seen, status: pass|finding|unknown,
 * cause, action}]}], findings}; `findings` counts the steps that are one. Borrows all three:
 * engine_status_json, engine_health_json, engine_explain_json. */
json_t *diagnosis_json(const json_t *status, const json_t *health, const json_t *explain);

#endif
