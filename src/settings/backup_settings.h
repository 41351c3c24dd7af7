/* The section `backup` as plain values. Part of settings/settings.h. */
#ifndef RESUS_SETTINGS_BACKUP_SETTINGS_H
#define RESUS_SETTINGS_BACKUP_SETTINGS_H

#include <stdint.h>

#include "core/retention.h"
#include "settings/limits.h"

#define SETTINGS_COPIES_MAX 4       /* of one service */
#define SETTINGS_COPIES_ALL_MAX 512 /* of the whole file */
#define SETTINGS_COPY_NAME_MAX 33
#define SETTINGS_RECIPIENTS_OF_MAX 8
#define SETTINGS_RECIPIENTS_ALL_MAX 512

enum copy_type { COPY_FOLDER, COPY_SFTP, COPY_S3, COPY_TYPE_COUNT };

/* A place outside this machine, or on another disk, that gets a copy of each backup. Which members
 * count depends on `type`. */
struct copy_settings {
    char name[SETTINGS_COPY_NAME_MAX];
    enum copy_type type;
    char path[SETTINGS_PATH_MAX]; /* folder: absolute; sftp: there; s3: in front of each key */
    /* sftp */
    char host[SETTINGS_HOST_MAX], user[64], key[SETTINGS_PATH_MAX], known_hosts[SETTINGS_PATH_MAX];
    int port;
    /* s3 */
    char endpoint[SETTINGS_HOST_MAX + 64], bucket[64], region[64];
    char access_key_file[SETTINGS_PATH_MAX], secret_key_file[SETTINGS_PATH_MAX];
    char ca_file[SETTINGS_PATH_MAX]; /* "" = the system's store */
};

/* A file with a public key that backups are sealed for. */
struct recipient_settings {
    char file[SETTINGS_PATH_MAX];
};

struct backup_settings {
    int minute;       /* of the day, counted from 1 so that 0 is "not given": 02:30 is 151 */
    int64_t every_ms; /* 0 = not given */
    int64_t drill_ms; /* between two drills; 0 = none */
    struct retention_policy keep;
    char directory[SETTINGS_PATH_MAX]; /* never "" */
    char server[SETTINGS_PATH_MAX];
    char next_server[SETTINGS_PATH_MAX]; /* "" = none */
    /* Which of settings.copies and settings.recipients are this service's. */
    uint16_t copy_first, copy_count, recipient_first, recipient_count;
};

#endif
