/* Which commands of INFO commandstats are counted on /metrics. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "redis/exposition.h"
#include "redis/reply.h"

#define READ_MAX 512 /* more than any server knows, with subcommands */

struct candidate {
    const struct command_stat *stat;
    bool kept;
};

static bool listed(const struct exposition_commands *commands, const char *name)
{
    for (int i = 0; i < commands->count; i++)
        if (str_equal(commands->items[i].name, name))
            return true;
    return false;
}

static int wanted_first(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->kept != y->kept)
        return y->kept ? 1 : -1;
    if (x->stat->calls != y->stat->calls)
        return y->stat->calls > x->stat->calls ? 1 : -1;
    return strcmp(x->stat->command, y->stat->command);
}

/* A server lists what was called, or refused. */
static bool known(const struct command_stat *stat)
{
    bool listed_for_a_reason = stat->calls > 0 || stat->rejected > 0 || stat->failed > 0;
    return listed_for_a_reason && stat->calls >= 0 && stat->usec >= 0 && stat->command[0] != '\0' &&
           strlen(stat->command) < sizeof((struct exposition_command *)NULL)->name;
}

/* A name twice would be the same series twice. */
static void drop_doubles(struct exposition_commands *commands)
{
    struct exposition_commands once = {0};
    for (int i = 0; i < commands->count; i++)
        if (!listed(&once, commands->items[i].name))
            once.items[once.count++] = commands->items[i];
    *commands = once;
}

void exposition_read_commands(const char *text, size_t length, struct exposition_commands *commands)
{
    struct command_stat stats[READ_MAX];
    struct candidate order[READ_MAX];
    size_t read = commandstats_parse(text, length, stats, READ_MAX);
    size_t count = 0;
    for (size_t i = 0; i < read; i++)
        if (known(&stats[i]))
            order[count++] =
                (struct candidate){.stat = &stats[i], .kept = listed(commands, stats[i].command)};
    if (count > 0)
        qsort(order, count, sizeof order[0], wanted_first);
    commands->count = 0;
    for (size_t i = 0; i < count && commands->count < EXPOSITION_COMMANDS_MAX; i++) {
        const struct command_stat *stat = order[i].stat;
        struct exposition_command *item = &commands->items[commands->count++];
        *item = (struct exposition_command){.calls = stat->calls,
                                            .usec = stat->usec,
                                            .rejected = stat->rejected < 0 ? -1 : stat->rejected,
                                            .failed = stat->failed < 0 ? -1 : stat->failed};
        (void)str_copy(item->name, sizeof item->name, stat->command);
    }
    drop_doubles(commands);
}
