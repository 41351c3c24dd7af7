/* What the JSON of a service is made of, shared by the files that say it. */
#ifndef RESUS_ENGINE_SNAPSHOT_H
#define RESUS_ENGINE_SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "core/health.h"
#include "core/preflight.h"
#include "core/recovery.h"
#include "engine/commands.h"

struct service;

#define SNAPSHOT_WARNING_MAX 400

const char *snapshot_status(const struct service *s); /* running, stopped ... */
enum overall snapshot_overall(const struct service *s, struct now now);
enum withheld snapshot_withheld(const struct service *s, const struct recovery_facts *f);
void snapshot_preflight(const struct service *s, enum engine_operation operation, struct now now,
                        struct preflight *ret);

/* null below 0 */
/* The group and the tags of a service that has any. */
void snapshot_put_labels(json_t *body, const struct service_settings *settings);
/* Who stopped it on purpose, when and why; nothing where it runs as wanted. */
void snapshot_put_stop(json_t *body, const struct service *s);
void snapshot_put_int(json_t *object, const char *key, int64_t value);
/* MiB, null below 0 */
void snapshot_put_mb(json_t *object, const char *key, int64_t bytes);
/* Nothing for "" */
void snapshot_add_text(json_t *array, const char *text);

/* health_json.c */
json_t *snapshot_cause_json(const struct service *s, struct now now);
/* What a service that is healthy is to be warned of: it is silent and nothing is certain yet, new
 * connections fail, its certificate ends soon, the canary met an error. False: of nothing. */
bool snapshot_warning(const struct service *s, struct now now, char *text, size_t size);

/* advice.c */
/* What it means that INFO is refused; a static text. */
const char *advice_info_refused(const struct service *s);
json_t *advice_json(const struct service *s, struct now now);

#endif
