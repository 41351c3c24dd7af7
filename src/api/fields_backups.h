/* What the operations on backups, restores, procedures and checklists take, for the table in operations.c. */
#ifndef RESUS_API_FIELDS_BACKUPS_H
#define RESUS_API_FIELDS_BACKUPS_H

#include "api/operations.h"

extern const struct field backups_fields[], backup_status_fields[], backup_fields[],
    backup_elsewhere_fields[], backup_fetch_fields[], backup_drill_fields[],
    backup_rebuild_fields[], backup_reason_fields[], backup_pin_fields[], backup_delete_fields[],
    restore_plan_fields[], restore_fields[], restore_show_fields[], procedure_show_fields[],
    procedure_begin_fields[], procedure_order_fields[], checklist_fields[],
    maintenance_extend_fields[];

#endif
