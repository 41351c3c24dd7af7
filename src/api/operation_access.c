/* Roles by name, and who may ask for an operation. */
#include "api/operations.h"
#include "base/str.h"

const char *access_name(enum access role)
{
    static const char *const names[] = {
        [ACCESS_ANONYMOUS] = "anonymous",
        [ACCESS_VIEWER] = "viewer",
        [ACCESS_OPERATOR] = "operator",
        [ACCESS_ADMIN] = "admin",
    };
    return names[role];
}

enum access access_by_name(const char *name)
{
    for (int access = ACCESS_VIEWER; name != NULL && access <= (int)ACCESS_ADMIN; access++)
        if (str_equal(access_name((enum access)access), name))
            return (enum access)access;
    return ACCESS_ANONYMOUS;
}

enum access operation_least(const struct operation *o, bool public_status, bool metrics_anonymous)
{
    if (o->opening == OPEN_WITH_METRICS && metrics_anonymous)
        return ACCESS_ANONYMOUS;
    if (o->opening == OPEN_BY_ROLE && o->least == ACCESS_ANONYMOUS && !public_status)
        return ACCESS_VIEWER;
    return o->least;
}

bool operation_takes_query_token(const struct operation *o)
{
    return o->query_token || str_equal(o->method, "WS");
}

int operation_by_name(const char *name)
{
    for (int i = 0; i < OPERATION_COUNT; i++)
        if (str_equal(operations[i].name, name))
            return i;
    return -1;
}
