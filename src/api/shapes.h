/* The shapes of what is answered: data, from which the components of
 * /openapi.json are made and by which tests check real answers.
 *
 * A member's name ends with "?" when it may be absent. Its type is one of
 *   text, whole, number, truth, time, anything
 *   channel_type        the words of core/retry.h
 *   =one|another        these words only
 *   Name                another shape
 *   [type]  {type}      a list; an object of any names
 * and ends with "?" when it may be null. */
#ifndef RESUS_API_SHAPES_H
#define RESUS_API_SHAPES_H

struct shape_member {
    const char *name, *type;
    const char *about; /* NULL: the name says it */
};

struct shape {
    const char *name, *about;
    const struct shape_member *members; /* name NULL at the end */
};

extern const struct shape shapes[]; /* name NULL at the end */
/* shapes_keys.c, for the table */
extern const struct shape_member shape_service[], shape_version[];
extern const struct shape_member shape_key_host[], shape_key_rotation[];
/* shapes_figures.c */
extern const struct shape_member shape_column[], shape_states[], shape_outage[], shape_limit[],
    shape_mark[], shape_metrics[];
/* shapes_health.c */
extern const struct shape_member shape_gauge[], shape_figures[];
/* shapes_alerts.c */
extern const struct shape_member shape_delivery[], shape_alert[], shape_alerts[], shape_channel[],
    shape_channels[], shape_sent[], shape_incident_entry[], shape_incident[], shape_incidents[];
/* shapes_maintenance.c */
extern const struct shape_member shape_maintenance_hold[], shape_checklist_item[],
    shape_maintained_service[], shape_maintenance_window[], shape_maintenance_windows[];
/* shapes_fleet.c */
extern const struct shape_member shape_fleet_engine[], shape_fleet_service[], shape_fleet_etcd[],
    shape_fleet[], shape_fleet_difference[], shape_fleet_diff[];
/* shapes_backups.c */
extern const struct shape_member shape_backup[], shape_backups[], shape_backup_task[],
    shape_backup_source[], shape_backup_overview[], shape_backup_job[], shape_backup_last[],
    shape_backup_status[], shape_prunable[], shape_backup_copy[], shape_backup_place[],
    shape_backup_there[], shape_backups_elsewhere[], shape_drill[], shape_drills[],
    shape_drilling[], shape_rebuild[], shape_rebuild_part[], shape_rebuild_step[],
    shape_procedure[], shape_procedures[];
/* shapes_restores.c */
extern const struct shape_member shape_restore_point[], shape_restore_plan[], shape_restore[],
    shape_restores[];

#endif
