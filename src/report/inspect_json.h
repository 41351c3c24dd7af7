/* What inspect and the support bundle show of INFO, SLOWLOG, CLIENT LIST and command statistics. */
#ifndef RESUS_REPORT_INSPECT_JSON_H
#define RESUS_REPORT_INSPECT_JSON_H

#include <jansson.h>

#include "redis/client.h"

json_t *inspect_json(const struct redis_answer *a, bool with_arguments);
/* How many clients CLIENT LIST names: inspect_json() ends at a limit. */
size_t inspect_clients(const struct redis_answer *a);

#endif
