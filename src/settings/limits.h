/* The longest texts of the settings. */
#ifndef RESUS_SETTINGS_LIMITS_H
#define RESUS_SETTINGS_LIMITS_H

#include "base/service_id.h"

#define SETTINGS_SERVICES_MAX 4096
#define SETTINGS_ID_MAX SERVICE_ID_SIZE /* the id in every path */
#define SETTINGS_NAME_MAX 128
#define SETTINGS_UNIT_MAX 129 /* [A-Za-z0-9@._-], at most 128 */
#define SETTINGS_HOST_MAX 256
#define SETTINGS_PATH_MAX 1024
#define SETTINGS_AFFECTED_MAX 32
#define SETTINGS_GROUP_MAX 64 /* the name of a group of services, at most 63 */
#define SETTINGS_TAG_MAX 32   /* at most 31 characters */
#define SETTINGS_TAGS_MAX 16  /* of one service */
#define SETTINGS_ETCD_MAX 9   /* nodes of etcd */
#define SETTINGS_URL_MAX 256
#define SETTINGS_PREFIX_MAX 64
#define SETTINGS_WARNINGS_MAX 64
#define SETTINGS_FILE_MAX (4 * 1024 * 1024)

#endif
