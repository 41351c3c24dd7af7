/* resus-restore-helper COMMAND NAME: exchanges the data files of the Redis that NAME stands for in
 * /etc/resus-restore-helper.conf. Runs as the owner of the data, by an exact line of sudoers.
 *
 *   facts      prints what is there, as JSON
 *   stage      reads "BYTES SHA256\n" and so many bytes; prints "staged ID"
 *   place-rdb  reads "ID\n"; prints "placed ID"
 *   place-aof  likewise, as the base of the append-only file
 *   undo       reads "ID\n"; prints "undone ID"
 *   drop       reads "ID\n"; prints "dropped ID"
 *
 * The exit status is 0, or says why not (placement.h); the sentence is on stderr. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "placement/order.h"
#include "placement/redis_conf.h"
#include "placement/settings.h"

static enum placement_result complain(struct placement_error *err, enum placement_result result,
                                      const char *text)
{
    (void)snprintf(err->text, sizeof err->text, "%s", text);
    return result;
}

/* One byte at a time: what follows belongs to another reader. */
static bool read_line(char line[ORDER_LINE_MAX])
{
    size_t length = 0;
    char c = 0;
    while (length < ORDER_LINE_MAX - 1 && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        line[length++] = c;
    line[length] = '\0';
    return c == '\n' && strlen(line) == length;
}

static int64_t from_stdin(void *context, void *to, size_t size)
{
    (void)context;
    ssize_t n = read(STDIN_FILENO, to, size);
    return n < 0 ? -errno : n;
}

static void print_text(const char *text)
{
    (void)putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            (void)putchar('\\');
        (void)putchar(isprint((unsigned char)*text) ? *text : '?');
    }
    (void)putchar('"');
}

static void print_line(void *context, const char *name, const char *value)
{
    int *count = context;
    (void)fputs((*count)++ == 0 ? "" : ", ", stdout);
    (void)putchar('[');
    print_text(name);
    (void)fputs(", ", stdout);
    print_text(value);
    (void)putchar(']');
}

static enum placement_result facts(const struct placement_place *place, struct placement_error *err)
{
    static const char *const aof_words[] = {"null", "false", "true"};
    struct placement_facts f;
    size_t length = 0;
    int count = 0;
    enum placement_result r = placement_facts(place, &f, err);
    if (r != PLACEMENT_OK)
        return r;
    char *text = redis_conf_load(place->config, &length);
    (void)printf("{\"free_bytes\": %llu, \"reserve_bytes\": %llu, \"max_bytes\": %llu, "
                 "\"dump_bytes\": %lld, \"aof_bytes\": %lld, \"manifest\": %s, \"running\": %s, "
                 "\"newest_aside\": ",
                 (unsigned long long)f.free_bytes, (unsigned long long)place->reserve_bytes,
                 (unsigned long long)place->bytes_max, (long long)f.dump_bytes,
                 (long long)f.aof_bytes, f.manifest ? "true" : "false",
                 f.running ? "true" : "false");
    print_text(f.newest_aside);
    (void)fputs(", \"dir\": ", stdout);
    print_text(place->dir);
    (void)fputs(", \"dbfilename\": ", stdout);
    print_text(place->dump);
    (void)fputs(", \"appenddirname\": ", stdout);
    print_text(place->aof_folder);
    (void)fputs(", \"appendfilename\": ", stdout);
    print_text(place->aof_name);
    (void)fputs(", \"config\": [", stdout);
    enum redis_conf_aof aof =
        text == NULL ? REDIS_CONF_AOF_UNKNOWN : redis_conf_read(text, length, print_line, &count);
    (void)printf("], \"appendonly\": %s}\n", aof_words[aof]);
    free(text);
    return PLACEMENT_OK;
}

static enum placement_result stage(const struct placement_place *place, struct placement_error *err)
{
    char line[ORDER_LINE_MAX];
    char id[PLACEMENT_ID_SIZE];
    struct placement_stage s = {.source = from_stdin};
    if (!read_line(line) || !order_stage(line, &s))
        return complain(err, PLACEMENT_USAGE, "the first line has to be BYTES and SHA256");
    placement_id_now(id);
    enum placement_result r = placement_stage(place, &s, id, err);
    if (r == PLACEMENT_OK)
        (void)printf("staged %s\n", id);
    return r;
}

static enum placement_result on_id(const char *command, const struct placement_place *place,
                                   struct placement_error *err)
{
    char id[ORDER_LINE_MAX];
    enum placement_result r = PLACEMENT_OK;
    const char *word = "placed";
    if (!read_line(id) || !placement_id_valid(id))
        return complain(err, PLACEMENT_USAGE, "the line has to be the ID that `stage` printed");
    if (strcmp(command, "place-rdb") == 0) {
        r = placement_place(place, id, PLACEMENT_RDB, err);
    } else if (strcmp(command, "place-aof") == 0) {
        r = placement_place(place, id, PLACEMENT_AOF, err);
    } else if (strcmp(command, "undo") == 0) {
        r = placement_undo(place, id, err);
        word = "undone";
    } else {
        r = placement_drop(place, id, err);
        word = "dropped";
    }
    if (r == PLACEMENT_OK)
        (void)printf("%s %s\n", word, id);
    return r;
}

static enum placement_result run(const char *command, const char *name, struct placement_error *err)
{
    struct placement_place place;
    enum placement_result r = PLACEMENT_OK;
    if (geteuid() == HELPER_NEVER_AS)
        return complain(err, PLACEMENT_UNSAFE, "run as the owner of the data, not as root");
    r = settings_read(SETTINGS_PATH, SETTINGS_OWNER, name, &place, err);
    if (r != PLACEMENT_OK)
        return r;
    if (strcmp(command, "facts") == 0)
        return facts(&place, err);
    return strcmp(command, "stage") == 0 ? stage(&place, err) : on_id(command, &place, err);
}

int main(int argc, char **argv)
{
    struct placement_error err = {0};
    (void)umask(S_IWGRP | S_IRWXO);
    if (argc != 3 || !order_known(argv[1])) {
        (void)fprintf(stderr, "usage: resus-restore-helper "
                              "facts|stage|place-rdb|place-aof|undo|drop NAME\n");
        return PLACEMENT_USAGE;
    }
    enum placement_result r = run(argv[1], argv[2], &err);
    if (r == PLACEMENT_OK && fflush(stdout) != 0)
        r = complain(&err, PLACEMENT_FAILED, "cannot write the answer");
    if (r != PLACEMENT_OK)
        (void)fprintf(stderr, "resus-restore-helper: %s: %s\n", placement_result_word(r), err.text);
    return (int)r;
}
