/* The rows about copies of backups at other places, for the tables in operations.c and shapes.c and for
 * no other file. */
#ifndef RESUS_API_COPIES_ROWS_H
#define RESUS_API_COPIES_ROWS_H

/* clang-format off */
#define PLACE                                                                                      \
    {.name = "target", .type = FIELD_TEXT, .required = true, .min = 1, .max = 32}

#define COPIES_FIELDS                                                                              \
    static const struct field backup_elsewhere_fields[] = {PLACE, END};                            \
    static const struct field backup_fetch_fields[] = {BACKUP, PLACE, REASON, END};

#define COPIES_OPERATIONS                                                                          \
    [OP_BACKUP_COPY] = {"backup_copy", POST, ON("/backup-copy"), ACCESS_OPERATOR, true,            \
                        RATE_START, reason_fields, "Visits the places for copies now.",            \
                        "BackupStatus"},                                                           \
    [OP_BACKUP_ELSEWHERE] = {"backup_elsewhere", GET, ON("/backup-copy"), ACCESS_OPERATOR, true,   \
                             RATE_START, backup_elsewhere_fields,                                  \
                             "Asks a place of `backup.copies` what it has.", "BackupsElsewhere"},  \
    [OP_BACKUP_FETCH] = {"backup_fetch", POST, ON("/backup-fetch"), ACCESS_ADMIN, true,            \
                         RATE_START, backup_fetch_fields,                                          \
                         "Brings a copy back into the backups, and proves it.", "BackupTask",      \
                         .begins = true}

#define COPIES_SHAPES                                                                              \
    {"BackupCopy", "The copy of a backup at one place.", shape_backup_copy},                       \
    {"BackupPlace", "A place for copies.", shape_backup_place},                                    \
    {"BackupThere", "A backup at a place for copies.", shape_backup_there},                        \
    {"BackupsElsewhere", "What a place for copies has.", shape_backups_elsewhere}
/* clang-format on */

#endif
