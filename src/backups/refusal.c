#include "backups/refusal.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* Found anywhere in the line, because "-ERR" says nothing; the first row that fits counts. */
static const struct {
    const char *words;
    enum pull_cause cause;
    const char *text;
} rows[] = {
    {"NOPERM", PULL_NO_RIGHT, NULL},
    {"WRONGPASS", PULL_NO_LOGIN,
     "Redis refuses the user name or password: correct redis.username or the password file"},
    {"invalid password", PULL_NO_LOGIN, "Redis refuses the password: correct the password file"},
    {"without any password configured", PULL_NO_LOGIN,
     "Redis has no password, but one is configured: remove redis.password_file"},
    {"NOAUTH", PULL_NO_LOGIN, "Redis requires a password: set redis.password_file"},
    {"NOMASTERLINK", PULL_NO_PRIMARY,
     "this replica has no link to its primary, so its data may be old: back up the primary, or try "
     "again when INFO replication shows master_link_status:up"},
    {"LOADING", PULL_LOADING,
     "Redis is loading its own data: try again when it has finished (INFO persistence: loading:0)"},
    {"unknown command", PULL_NO_PSYNC,
     "Redis does not know PSYNC: the provider has switched it off or renamed it. Use the "
     "provider's "
     "own backups, or ask for PSYNC and REPLCONF to be allowed"},
    {"max number of clients", PULL_REFUSED,
     "Redis accepts no more connections: raise maxclients or close some, then try again"},
    {"DENIED", PULL_NO_LOGIN,
     "Redis is in protected mode and accepts connections from its own host only: set a password, "
     "or "
     "connect via: ssh"},
    {"BGSAVE failed", PULL_REFUSED,
     "Redis cannot fork for the copy: see its log; often memory is short "
     "(vm.overcommit_memory=1 helps)"},
};

enum pull_cause refusal_of(const char *line, const char *user, struct error *err)
{
    const char *name = user == NULL || user[0] == '\0' ? "default" : user;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (strstr(line, rows[i].words) == NULL)
            continue;
        if (rows[i].cause == PULL_NO_RIGHT)
            (void)error_set(err, -EACCES,
                            "the user %s may not copy the data: run on Redis: "
                            "ACL SETUSER %s +psync +replconf",
                            name, name);
        else
            (void)error_set(err, -ECONNREFUSED, "%s", rows[i].text);
        return rows[i].cause;
    }
    (void)error_set(err, -ECONNREFUSED, "Redis refuses to send its data: %s", line);
    return PULL_REFUSED;
}
