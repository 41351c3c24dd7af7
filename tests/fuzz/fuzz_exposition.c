/* INFO, INFO commandstats and CLUSTER INFO from a hostile server, for the figures of /metrics. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "redis/exposition.h"
#include "support.h"

static void check_word(const char *word, size_t size)
{
    PROMISE(strnlen(word, size) < size && str_utf8(word, strlen(word)));
    for (; *word != '\0'; word++)
        PROMISE((unsigned char)*word >= 0x20 && *word != 0x7F);
}

static void check_lists(const struct exposition *e)
{
    PROMISE(e->replica_count >= 0 && e->replica_count <= EXPOSITION_REPLICAS_MAX);
    PROMISE(e->error_count >= 0 && e->error_count <= EXPOSITION_ERRORS_MAX);
    for (int i = 0; i < e->replica_count; i++) {
        check_word(e->replicas[i].ip, sizeof e->replicas[i].ip);
        check_word(e->replicas[i].port, sizeof e->replicas[i].port);
        check_word(e->replicas[i].state, sizeof e->replicas[i].state);
    }
    for (int i = 0; i < e->error_count; i++) {
        check_word(e->errors[i].name, sizeof e->errors[i].name);
        PROMISE(e->errors[i].count >= 0);
    }
}

static void check_commands(const char *text, size_t size)
{
    struct exposition_commands commands = {0};
    struct exposition_cluster cluster;
    for (int round = 0; round < 2; round++) {
        exposition_read_commands(text, size, &commands);
        PROMISE(commands.count >= 0 && commands.count <= EXPOSITION_COMMANDS_MAX);
        for (int i = 0; i < commands.count; i++) {
            check_word(commands.items[i].name, sizeof commands.items[i].name);
            PROMISE(commands.items[i].calls >= 0 && commands.items[i].usec >= 0);
            for (int k = 0; k < i; k++)
                PROMISE(strcmp(commands.items[i].name, commands.items[k].name) != 0);
        }
    }
    exposition_read_cluster(text, size, &cluster);
    for (size_t i = 0; i < exposition_cluster_metric_count; i++)
        PROMISE(!isinf(cluster.values[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exposition e;
    char *text = input_text(input_of(data, size));
    exposition_read(text, size, &e);
    PROMISE(e.database_count >= 0 && e.database_count <= EXPOSITION_DATABASES_MAX);
    PROMISE(exposition_metric_count <= EXPOSITION_METRICS_MAX);
    for (size_t i = 0; i < exposition_metric_count; i++)
        PROMISE(!isinf(e.values[i]));
    check_word(e.version, sizeof e.version);
    check_word(e.mode, sizeof e.mode);
    check_word(e.role, sizeof e.role);
    check_word(e.os, sizeof e.os);
    check_word(e.policy, sizeof e.policy);
    check_word(e.build, sizeof e.build);
    check_word(e.process_id, sizeof e.process_id);
    check_word(e.run_id, sizeof e.run_id);
    check_word(e.tcp_port, sizeof e.tcp_port);
    check_word(e.primary_host, sizeof e.primary_host);
    check_word(e.primary_port, sizeof e.primary_port);
    check_word(e.read_only, sizeof e.read_only);
    PROMISE(e.start_unix >= -1);
    check_lists(&e);
    check_commands(text, size);
    mem_free(text);
    return 0;
}
