/* What was captured before a recovery names clients, commands and lines of the log: it is for admins. */
#ifndef RESUS_REPORT_RECOVERY_EVIDENCE_H
#define RESUS_REPORT_RECOVERY_EVIDENCE_H

#include <jansson.h>

#include "api/operations.h"

/* The newest of the stored recoveries keep theirs when all together would not fit into a frame. */
void recovery_evidence_cut(json_t *rows, enum access access);

#endif
