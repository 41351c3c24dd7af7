#include "api/fields_backups.h"

#include "api/field_words.h"
#include "api/operations.h"

#define BACKUP                                                                                     \
    {                                                                                              \
        .name = "b", .type = FIELD_TEXT, .required = true, .min = 1, .max = 16                     \
    }
const struct field backups_fields[] = {TEXT("cursor", 1, 32), INT("limit", 1, OPERATION_LIMIT_MAX),
                                       END};
const struct field backup_status_fields[] = {INT("task", 1, INT32_MAX), BOOL("copies"), END};
const struct field backup_fields[] = {BACKUP, END};
/* A place of `backup.copies`. */
#define PLACE                                                                                      \
    {                                                                                              \
        .name = "target", .type = FIELD_TEXT, .required = true, .min = 1, .max = 32                \
    }
const struct field backup_elsewhere_fields[] = {PLACE, END};
const struct field backup_fetch_fields[] = {BACKUP, PLACE, REASON, END};
const struct field backup_drill_fields[] = {TEXT("b", 1, 16), REASON, END};
const struct field backup_rebuild_fields[] = {TEXT("b", 1, 16), END};
const struct field backup_reason_fields[] = {BACKUP, REASON, END};
const struct field backup_pin_fields[] = {BACKUP, INT("days", 1, 3650), REASON, END};
const struct field backup_delete_fields[] = {BACKUP, TEXT("confirmation", 0, 32), REASON, END};
static const char *const restore_method_words[] = {"file", "replicate", "keys", NULL};
static const char *const restore_mode_words[] = {"exact", "overwrite", "missing", NULL};
#define RESTORE_FIELDS                                                                             \
    BACKUP, CHOICE("method", restore_method_words), TEXT("to", 1, 64),                             \
        CHOICE("mode", restore_mode_words), INT("db", 0, 1023), TEXT("match", 1, 500),             \
        BOOL("force"), BOOL("unguarded")
const struct field restore_plan_fields[] = {RESTORE_FIELDS, END};
const struct field restore_fields[] = {RESTORE_FIELDS, TEXT("confirmation", 0, 64), REASON, END};
const struct field restore_show_fields[] = {NUMBER, INT("wait", 0, 20), END};
static const char *const procedure_kind_words[] = {"update", "config", NULL};
static const char *const procedure_order_words[] = {"go",   "recheck", "accept",
                                                    "undo", "cancel",  NULL};
const struct field procedure_show_fields[] = {NUMBER, BOOL("wait"), END};
const struct field procedure_begin_fields[] = {REQUIRED_CHOICE("kind", procedure_kind_words),
                                               TEXT("name", 1, 127), TEXT("value", 0, 511), REASON,
                                               END};
const struct field procedure_order_fields[] = {
    NUMBER, REQUIRED_CHOICE("order", procedure_order_words), REASON, END};
const struct field checklist_fields[] = {
    NUMBER,
    {.name = "item", .type = FIELD_INT, .required = true, .min = 1, .max = 1000},
    {.name = "done", .type = FIELD_BOOL, .required = true},
    TEXT("note", 0, 250),
    END};
const struct field maintenance_extend_fields[] = {
    NUMBER,
    {.name = "minutes", .type = FIELD_INT, .required = true, .min = 1, .max = 24 * 60},
    REASON,
    END};
