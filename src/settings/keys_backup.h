/* The rows of `backup`, for the table in keys.c and for no other file. */
#ifndef RESUS_SETTINGS_KEYS_BACKUP_H
#define RESUS_SETTINGS_KEYS_BACKUP_H

#define BACKUP_NOT_YET "not supported by this version"

/* clang-format off */
#define KEYS_BACKUP                                                                                \
    {PLACE_BACKUP, "schedule", KEY_CLOCK, SERVICE(backup.minute),                                  \
     .help = "time of the daily backup, such as `\"02:30\"`, in `security.timezone`; without "     \
             "`schedule` and `every` backups are made on demand only"},                            \
    {PLACE_BACKUP, "every", KEY_SPAN, SERVICE(backup.every_ms), RANGE(900, 604800),                \
     .help = "instead of `schedule`: a backup each `6h`, from 15m to 7d"},                         \
    {PLACE_BACKUP, "keep", KEY_MAP, .child = PLACE_BACKUP_KEEP,                                    \
     .help = "which backups stay: each that a rule picks; all of them unless given"},              \
    {PLACE_BACKUP, "minimum", KEY_INT, SERVICE(backup.keep.minimum), RANGE(1, 1000),               \
     .standard = "3", .help = "so many of the newest proved backups are never removed"},           \
    {PLACE_BACKUP, "directory", KEY_PATH, SERVICE(backup.directory), .trusted = true,              \
     .help = "folder of the backups, with one folder a service; `backups` in the state folder "    \
             "unless given"},                                                                      \
    {PLACE_BACKUP, "server", KEY_PATH, SERVICE(backup.server), .trusted = true,                    \
     .standard = "/usr/bin/redis-server",                                                          \
     .help = "proves a backup by loading it; its check program stands beside it"},                 \
    {PLACE_BACKUP, "recipients", KEY_ALIEN, .help = BACKUP_NOT_YET},                               \
    {PLACE_BACKUP, "copies", KEY_ALIEN, .help = BACKUP_NOT_YET},                                   \
    {PLACE_BACKUP_KEEP, "last", KEY_INT, SERVICE(backup.keep.last), RANGE(0, 4096),                \
     .help = "the newest so many"},                                                                \
    {PLACE_BACKUP_KEEP, "hourly", KEY_INT, SERVICE(backup.keep.hourly), RANGE(0, 4096),            \
     .help = "the newest of each of so many hours that have one"},                                 \
    {PLACE_BACKUP_KEEP, "daily", KEY_INT, SERVICE(backup.keep.daily), RANGE(0, 4096),              \
     .help = "likewise of days"},                                                                  \
    {PLACE_BACKUP_KEEP, "weekly", KEY_INT, SERVICE(backup.keep.weekly), RANGE(0, 4096),            \
     .help = "likewise of weeks, from Monday"},                                                    \
    {PLACE_BACKUP_KEEP, "monthly", KEY_INT, SERVICE(backup.keep.monthly), RANGE(0, 4096),          \
     .help = "likewise of months"},                                                                \
    {PLACE_BACKUP_KEEP, "within", KEY_SPAN, SERVICE(backup.keep.within_ms), RANGE(0, 315360000),   \
     .help = "each that is at most so old, such as `48h`, counted from the newest"}
/* clang-format on */

#endif
