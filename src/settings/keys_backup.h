/* The rows of `backup`, for the table in keys.c and for no other file. */
#ifndef RESUS_SETTINGS_KEYS_BACKUP_H
#define RESUS_SETTINGS_KEYS_BACKUP_H

/* clang-format off */
#define KEYS_BACKUP                                                                                \
    {PLACE_BACKUP, "schedule", KEY_CLOCK, SERVICE(backup.minute),                                  \
     .help = "time of the daily backup, such as `\"02:30\"`, in `security.timezone`; without "     \
             "`schedule` and `every` backups are made on demand only"},                            \
    {PLACE_BACKUP, "every", KEY_SPAN, SERVICE(backup.every_ms), RANGE(900, 604800),                \
     .help = "instead of `schedule`: a backup each `6h`, from 15m to 7d"},                         \
    {PLACE_BACKUP, "drill", KEY_SPAN_OFF, SERVICE(backup.drill_ms), RANGE(86400, 7948800),         \
     .standard = "7d",                                                                             \
     .help = "how often the newest proved backup is loaded to measure the time that it takes, "   \
             "from 1d to 92d, or `off`; without `schedule` and `every` only by hand"},             \
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
    {PLACE_BACKUP, "next_server", KEY_PATH, SERVICE(backup.next_server), .trusted = true,          \
     .help = "redis-server of the version that an update leads to: it rehearses the update by "    \
             "loading the safety backup"},                                                         \
    {PLACE_BACKUP, "recipients", KEY_RECIPIENTS,                                                   \
     .help = "a list of at most 8 files with public keys (`resus key backup`): backups are sealed " \
             "for them"},                                                                          \
    {PLACE_BACKUP, "copies", KEY_COPIES, .child = PLACE_BACKUP_COPY,                               \
     .help = "a list of at most 4 places that get a copy of each backup"},                         \
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
     .help = "each that is at most so old, such as `48h`, counted from the newest"},              \
    {PLACE_BACKUP_COPY, "name", KEY_NAME, COPY(name),                                              \
     .help = "required; written like a service's id, at most 32"},                                 \
    {PLACE_BACKUP_COPY, "type", KEY_CHOICE, COPY(type), .choices = copy_words,                     \
     .help = "required"},                                                                          \
    {PLACE_BACKUP_COPY, "path", KEY_TEXT, COPY(path),                                              \
     .help = "folder and sftp: required, an absolute path of a folder that is there; s3: what "    \
             "stands in front of each key"},                                                       \
    {PLACE_BACKUP_COPY, "host", KEY_HOST, COPY(host), .help = "sftp, required"},                   \
    {PLACE_BACKUP_COPY, "port", KEY_INT, COPY(port), RANGE(1, 65535), .standard = "22",            \
     .help = "sftp"},                                                                              \
    {PLACE_BACKUP_COPY, "user", KEY_USER, COPY(user), .help = "sftp, required"},                   \
    {PLACE_BACKUP_COPY, "key", KEY_PATH, COPY(key), .trusted = true,                               \
     .help = "sftp, required: a private key for this alone, mode 600"},                            \
    {PLACE_BACKUP_COPY, "known_hosts", KEY_PATH, COPY(known_hosts), .trusted = true,               \
     .help = "sftp, required: the host's key is in it"},                                           \
    {PLACE_BACKUP_COPY, "endpoint", KEY_URL, COPY(endpoint),                                       \
     .help = "s3, required: `https://host` of the service, without the bucket"},                   \
    {PLACE_BACKUP_COPY, "bucket", KEY_WORD, COPY(bucket), .help = "s3, required"},                 \
    {PLACE_BACKUP_COPY, "region", KEY_WORD, COPY(region), .standard = "us-east-1",                 \
     .help = "s3: what requests are signed for"},                                                  \
    {PLACE_BACKUP_COPY, "access_key_file", KEY_PATH, COPY(access_key_file), .trusted = true,       \
     .help = "s3, required: a file with the access key, mode 600"},                                \
    {PLACE_BACKUP_COPY, "secret_key_file", KEY_PATH, COPY(secret_key_file), .trusted = true,       \
     .help = "s3, required: a file with the secret key, mode 600"},                                \
    {PLACE_BACKUP_COPY, "ca_file", KEY_PATH, COPY(ca_file), .trusted = true,                       \
     .help = "s3: PEM; the system's store unless given"}
/* clang-format on */

#endif
