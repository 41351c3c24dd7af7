/* Parts of the support bundle: what is in it of settings, logs and a command's output, and how it is
 * made to fit. */
#ifndef RESUS_REPORT_BUNDLE_PARTS_H
#define RESUS_REPORT_BUNDLE_PARTS_H

#include <jansson.h>
#include <stddef.h>

#include "base/attr.h"
#include "engine/engine.h"
#include "store/audit.h"
#include "store/store.h"

struct journal_line;
struct service_settings;

/* Without secrets: of files that hold one not even the path is named. The caller's. */
json_t *bundle_settings_json(const struct service_settings *s) ATTR_MUST_USE;
/* This program and its own troubles. */
json_t *bundle_self_json(struct engine *engine, struct store *store,
                         const struct audit_state *audit, wall_ms started) ATTR_MUST_USE;
/* A journal_line_handler; `context` is the array that gets the line. */
void bundle_add_log_line(void *context, const struct journal_line *line);
/* Text of a command with its line ends, but without anything else that moves a cursor; cut at
 * `size`. */
void bundle_copy_lines(char *to, size_t size, const char *text, size_t length);
/* Replaces the longest of the `count` members `names` by a word about it, until `body` as JSON is at
 * most `most` bytes or none is left. */
void bundle_make_it_fit(json_t *body, const char *const *names, size_t count, size_t most);
/* How late the engine's wake-ups came: {services, wakeups, late_ms: {p50, p99, worst}}. */
json_t *timing_json(struct engine *engine);

#endif
