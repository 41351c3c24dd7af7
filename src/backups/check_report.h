/* Parsers for the output of redis-check-rdb (or valkey-check-rdb) and for the log of a server that
 * loads a file. Both texts differ between versions. Foreign bytes: fuzzed. */
#ifndef RESUS_BACKUPS_CHECK_REPORT_H
#define RESUS_BACKUPS_CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backups/rdb_head.h"

#define CHECK_DATABASES_MAX 1024
#define CHECK_TEXT_MAX 200

enum check_trouble {
    CHECK_NO_TROUBLE,
    CHECK_DAMAGED, /* also any failure that is not in the table */
    CHECK_NEWER,   /* written by a newer server, or by another kind */
    CHECK_MODULE,  /* data of a module that is not loaded */
    CHECK_SHORT    /* cut off, or out of memory: servers print the same words for both */
};

struct check_report {
    bool sound;                     /* the program calls the file sound */
    int64_t keys, expires, expired; /* read; -1 = not printed */
    enum check_trouble trouble;
    char text[CHECK_TEXT_MAX]; /* the line about the trouble */
    char module[64];           /* CHECK_MODULE: its name or type; "" = not printed */
    size_t database_count;
    bool more_databases;                              /* than CHECK_DATABASES_MAX */
    struct rdb_counts databases[CHECK_DATABASES_MAX]; /* their `keys` and `expires` are still 0 */
    int64_t offsets[CHECK_DATABASES_MAX];             /* of the counts in the file */
};

void check_report_read(const char *text, size_t length, struct check_report *ret);

struct load_report {
    enum check_trouble trouble;
    char text[CHECK_TEXT_MAX];
    char module[64];
};
/* A server's log from its start. */
void load_report_read(const char *text, size_t length, struct load_report *ret);

#endif
