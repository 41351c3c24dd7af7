#include "cli/verb.h"

#include "base/attr.h"
#include "base/str.h"

const struct verb_group_row verb_groups[GROUP_COUNT] = {
    [GROUP_WATCH] = {"watch", "Look", "see what services do and what is wrong with them"},
    [GROUP_OPERATE] = {"operate", "Act",
                       "start, stop and restart services, and steer auto-recovery"},
    [GROUP_ALERTS] = {"alerts", "Alerts, incidents, maintenance",
                      "who is notified of trouble, and who is working on it"},
    [GROUP_BACKUPS] = {"backups", "Backups and procedures",
                       "make and prove backups, bring data back, update Redis"},
    [GROUP_ACCOUNTS] = {"accounts", "Accounts and audit", "who may do what, and who did what"},
    [GROUP_SETUP] = {"setup", "Set up and run",
                     "set Resus up, run it, and look after its own state"},
};

#define VERB_LIST_MEMBER(name) verbs_##name,
static const struct verb *const lists[] = {VERB_LISTS(VERB_LIST_MEMBER)};
#undef VERB_LIST_MEMBER

#define VERBS_MAX 128

const struct verb *verb_at(size_t i)
{
    for (size_t list = 0; list < ARRAY_LENGTH(lists); list++)
        for (const struct verb *v = lists[list]; v->name != NULL; v++)
            if (i-- == 0)
                return v;
    return NULL;
}

size_t verb_count(void)
{
    size_t count = 0;
    while (verb_at(count) != NULL)
        count++;
    return count;
}

const struct verb *verb_by_name(const char *name)
{
    for (size_t i = 0; verb_at(i) != NULL; i++)
        if (str_equal(verb_at(i)->name, name))
            return verb_at(i);
    return NULL;
}

const char *verb_nearest(const char *name)
{
    const char *names[VERBS_MAX];
    size_t count = verb_count() < VERBS_MAX ? verb_count() : VERBS_MAX;
    for (size_t i = 0; i < count; i++)
        names[i] = verb_at(i)->name;
    return str_nearest(names, count, name);
}
