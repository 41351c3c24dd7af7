#include "daemon/self.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/str.h"
#include "daemon/check.h"
#include "daemon/control.h"

#define GROUP_LINE_MAX 16384 /* a longer line ends the search */

#define NO_GROUP ((gid_t)-1)

/* The packages make them here; a name service would block the loop. */
static gid_t local_group(const char *name)
{
    FILE *file = fopen("/etc/group", "re");
    char buffer[GROUP_LINE_MAX];
    struct group group;
    struct group *entry = NULL;
    while (file != NULL && fgetgrent_r(file, &group, buffer, sizeof buffer, &entry) == 0 &&
           !str_equal(entry->gr_name, name))
        ;
    if (file != NULL)
        (void)fclose(file);
    return entry == NULL ? NO_GROUP : entry->gr_gid;
}

static bool open_to(const char *socket, gid_t group)
{
    struct stat st;
    return stat(socket, &st) == 0 && st.st_gid == group && (st.st_mode & S_IWGRP) != 0;
}

static void look_at_groups(const struct settings *settings, struct doctor_self *ret)
{
    char monitor[SETTINGS_PATH_MAX];
    const char *control = settings->server.control_socket;
    gid_t admins = local_group(CONTROL_ADMIN_GROUP), monitors = local_group(CONTROL_MONITOR_GROUP);
    ret->admin_group = admins != NO_GROUP;
    ret->monitor_group = monitors != NO_GROUP;
    ret->sockets_grouped = control_monitor_path(control, monitor, sizeof monitor) &&
                           open_to(control, admins) && open_to(monitor, monitors);
}

static void look_at_trust(const struct settings *settings, struct error *ret)
{
    if (check_settings_file(settings->path, ret) < 0 || check_trust(settings, NULL, ret) < 0)
        return;
    for (size_t i = 0; i < settings->service_count; i++)
        if (check_trust(settings, &settings->services[i], ret) < 0)
            return;
}

/* A shell inside a unit inherits most of systemd's variables; this one names the process itself. */
static bool started_by_systemd(void)
{
    const char *text = getenv("SYSTEMD_EXEC_PID");
    int64_t pid = 0;
    return text != NULL && parse_int(text, 1, INT32_MAX, &pid, NULL) == 0 && pid == getpid();
}

void self_look(const struct settings *settings, struct audit *audit, struct doctor_self *ret)
{
    struct statvfs disk;
    *ret = (struct doctor_self){.settings = settings, .pid = getpid(), .state_bytes_free = -1};
    audit_look(audit, &ret->audit);
    look_at_groups(settings, ret);
    look_at_trust(settings, &ret->trust);
    ret->by_systemd = started_by_systemd();
    ret->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    ret->confined_for = getenv("RESUS_CONFINED_FOR");
    if (statvfs(settings->server.state_dir, &disk) == 0)
        ret->state_bytes_free = (int64_t)(disk.f_bavail * disk.f_frsize);
}
