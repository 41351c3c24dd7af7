/* What is asked of the helper on its command line and standard input. Fuzzed. */
#ifndef RESUS_PLACEMENT_ORDER_H
#define RESUS_PLACEMENT_ORDER_H

#include "placement/placement.h"

#define ORDER_LINE_MAX 128

bool order_known(const char *command);
/* "BYTES SHA256" and nothing else. */
bool order_stage(const char *line, struct placement_stage *ret);

#endif
