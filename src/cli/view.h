/* Bodies of the API as pages for a person. Every text in a body must have gone through page_clean()
 * before. */
#ifndef RESUS_CLI_VIEW_H
#define RESUS_CLI_VIEW_H

#include <jansson.h>

#include "cli/arguments.h"
#include "cli/page.h"

/* What is shown of one service at a time; members may be NULL when not known. */
struct view_subject {
    const char *id, *name;
    const json_t *status, *health;
};

/* view_service.c */
void view_status(struct page *p, const struct view_subject *s);
void view_health(struct page *p, const struct view_subject *s);
/* The tone of an overall status. */
enum tone view_tone(const char *overall);
/* "Running" for "running". Returns buffer. */
const char *view_title(const char *word, char buffer[64]);
/* `cause` with evidence and advice; nothing when it is `ok`. */
void view_cause(struct page *p, const json_t *cause);

/* view_overview.c: lists of services, the worst first as overview_select() gives them. */
/* `all` is the whole list, `shown` what was asked for; `room` in cells, 0: no limit. */
void view_overview(struct page *p, const json_t *all, const json_t *shown, size_t room);
/* The head and `count` rows from `from` on; the columns fit all of `items`. */
void view_overview_rows(struct page *p, const json_t *items, size_t room, size_t from,
                        size_t count);
/* "3 services: 1 critical, 2 healthy; 14:02:11 UTC" and the end of the line. */
void view_counts(struct page *p, const json_t *items);

/* view_recovery.c */
void view_recovery_line(struct page *p, const json_t *recovery);
void view_recovery(struct page *p, const json_t *body, const struct invocation *in);
void view_recoveries(struct page *p, const json_t *body, const struct invocation *in);
void view_explain(struct page *p, const json_t *body, const struct invocation *in);

/* view_operate.c */
void view_operation(struct page *p, const json_t *body, const struct invocation *in);
void view_preflight(struct page *p, const json_t *body, const struct invocation *in);
void view_pause(struct page *p, const json_t *body, const struct invocation *in);

/* view_journal.c */
void view_logs(struct page *p, const json_t *body, const struct invocation *in);
void view_log_line(struct page *p, const json_t *line);
void view_events(struct page *p, const json_t *body, const struct invocation *in);
void view_event(struct page *p, const json_t *event);

/* view_report.c */
void view_slo(struct page *p, const json_t *body, const struct invocation *in);
void view_diagnosis(struct page *p, const json_t *body, const struct invocation *in);

/* view_alert.c */
void view_alerts(struct page *p, const json_t *body, const struct invocation *in);
void view_alert(struct page *p, const json_t *body, const struct invocation *in);
/* What became of a message, channel by channel. */
void view_incidents(struct page *p, const json_t *body, const struct invocation *in);
void view_incident(struct page *p, const json_t *body, const struct invocation *in);
void view_sent(struct page *p, const json_t *body, const struct invocation *in);

/* view_key.c */
void view_key_rotation(struct page *p, const json_t *body, const struct invocation *in);

/* view_backup.c */
void view_size(int64_t bytes, char to[32]); /* "1.5 MiB" */
void view_backups(struct page *p, const json_t *body, const struct invocation *in);
void view_backup(struct page *p, const json_t *body, const struct invocation *in);
void view_backup_status(struct page *p, const json_t *body, const struct invocation *in);
void view_backup_overview(struct page *p, const json_t *body, const struct invocation *in);
void view_rebuild_sheet(struct page *p, const json_t *body, const struct invocation *in);
/* Breaks at blanks to fit a terminal; what follows the first line is indented. */
void view_wrapped(struct page *p, const char *text, size_t indent);
/* Steps with lines to copy. */
void view_steps(struct page *p, const json_t *steps);
void view_drills(struct page *p, const json_t *body, const struct invocation *in);
void view_backup_last(struct page *p, const json_t *last, const struct invocation *in);
void view_prunable(struct page *p, const json_t *body, const struct invocation *in);
/* What a place for copies has. */
void view_elsewhere(struct page *p, const json_t *body, const struct invocation *in);

/* view_fleet.c */
void view_fleet(struct page *p, const json_t *body, const struct invocation *in);
void view_fleet_diff(struct page *p, const json_t *body, const struct invocation *in);

/* view_maintenance.c */
void view_windows(struct page *p, const json_t *body, const struct invocation *in);
void view_window(struct page *p, const json_t *body, const struct invocation *in);

/* view_table.c */
/* Any object or list of objects, readably. */
void view_anything(struct page *p, const json_t *body, const struct invocation *in);
/* A list of objects: a column for each of `keys` (NULL at the end). */
void view_table(struct page *p, const json_t *items, const char *const *keys);
/* A number, text, word or nested value on one line. Returns buffer. */
const char *view_value(const json_t *value, char *buffer, size_t size);

/* view_restore.c */
void view_restore_plan(struct page *p, const json_t *body, const struct invocation *in);
void view_restore(struct page *p, const json_t *body, const struct invocation *in);
void view_restores(struct page *p, const json_t *body, const struct invocation *in);

/* view_audit.c */
void view_audit_line(struct page *p, const json_t *line);
void view_audit_report(struct page *p, const json_t *body, const struct invocation *in);
void view_audit_verdict(struct page *p, const json_t *body, const struct invocation *in);
void view_audit_summary(struct page *p, const json_t *body, const struct invocation *in);

/* view_doctor.c */
void view_doctor(struct page *p, const json_t *body, const struct invocation *in);
/* How many of the findings are none. */
size_t view_doctor_findings(const json_t *body);

/* view_maintenance.c, view_procedure.c */
void view_checklist(struct page *p, const json_t *items);
void view_procedures(struct page *p, const json_t *body, const struct invocation *in);
void view_procedure(struct page *p, const json_t *body, const struct invocation *in);
/* Does something stand in its way, or is something wrong? */
bool view_procedure_bad(const json_t *body);

#endif
