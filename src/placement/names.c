#include <stdio.h>
#include <string.h>
#include <time.h>

#include "placement/placement.h"

#define BYTES_MAX_DEFAULT (UINT64_C(1) << 40)
#define RESERVE_DEFAULT (UINT64_C(256) << 20)

void placement_defaults(struct placement_place *place)
{
    *place = (struct placement_place){.dump = "dump.rdb",
                                      .aof_folder = "appendonlydir",
                                      .aof_name = "appendonly.aof",
                                      .bytes_max = BYTES_MAX_DEFAULT,
                                      .reserve_bytes = RESERVE_DEFAULT};
}

bool placement_name_valid(const char *name)
{
    size_t length = strnlen(name, PLACEMENT_NAME_MAX);
    return length > 0 && length < PLACEMENT_NAME_MAX - 40 && name[0] != '.' &&
           strncmp(name, "resus-", 6) != 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               length;
}

bool placement_dir_valid(const char *path)
{
    size_t length = strnlen(path, PLACEMENT_DIR_MAX);
    if (path[0] != '/' || length < 2 || length >= PLACEMENT_DIR_MAX || path[length - 1] == '/')
        return false;
    for (const char *at = path; *at != '\0';) {
        size_t part = strcspn(++at, "/");
        if (part == 0 || (part == 1 && at[0] == '.') || (part == 2 && at[0] == '.' && at[1] == '.'))
            return false;
        at += part;
    }
    return true;
}

bool placement_id_valid(const char *id)
{
    static const char form[] = "dddddddd"
                               "Tdddddd"
                               ".ddd"
                               "Z";
    if (strnlen(id, sizeof form) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == 'd' ? id[i] < '0' || id[i] > '9' : id[i] != form[i])
            return false;
    return true;
}

void placement_id_now(char id[PLACEMENT_ID_SIZE])
{
    struct timespec now;
    struct tm t;
    char seconds[32];
    char text[48];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &t);
    (void)strftime(seconds, sizeof seconds, "%Y%m%dT%H%M%S", &t);
    (void)snprintf(text, sizeof text, "%.15s.%03uZ", seconds,
                   (unsigned)(now.tv_nsec / 1000000) % 1000);
    memcpy(id, text, PLACEMENT_ID_SIZE - 1);
    id[PLACEMENT_ID_SIZE - 1] = '\0';
}

const char *placement_result_word(enum placement_result result)
{
    switch (result) {
    case PLACEMENT_OK:
        return "ok";
    case PLACEMENT_FAILED:
        return "failed";
    case PLACEMENT_SETTINGS:
        return "settings";
    case PLACEMENT_RUNNING:
        return "running";
    case PLACEMENT_DAMAGED:
        return "damaged";
    case PLACEMENT_NO_ROOM:
        return "no_room";
    case PLACEMENT_NOTHING:
        return "nothing";
    case PLACEMENT_UNSAFE:
        return "unsafe";
    case PLACEMENT_BUSY:
        return "busy";
    case PLACEMENT_MISMATCH:
        return "mismatch";
    default:
        return "usage";
    }
}
