/* Which settings of Redis may be changed from here. */
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/procedure.h"

static const struct {
    const char *name, *why;
} refused[] = {
    {"dir", "it decides where Redis writes files"},
    {"dbfilename", "it decides where Redis writes files"},
    {"logfile", "it decides where Redis writes files"},
    {"aclfile", "it decides who may do what"},
    {"acl-pubsub-default", "it decides who may do what"},
    {"bind", "Resus could lose its way to Redis"},
    {"port", "Resus could lose its way to Redis"},
    {"unixsocket", "Resus could lose its way to Redis"},
    {"protected-mode", "it decides who can reach Redis"},
    {"replicaof", "it empties the server"},
    {"slaveof", "it empties the server"},
};

bool procedure_may_set(const char *name, bool secret, const char **ret_why)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    *ret_why = secret ? "its value is a secret, and would stand in the records" : NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        if (str_equal(refused[i].name, name))
            *ret_why = refused[i].why;
    if (str_starts(name, "tls-"))
        *ret_why = "it decides who can reach Redis";
    return *ret_why == NULL && name[0] != '\0' && name[strspn(name, allowed)] == '\0';
}
