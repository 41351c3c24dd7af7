/* What Redis says, by its prefix word: classes of replies, INFO, CONFIG GET, SLOWLOG, CLIENT LIST.
 * Foreign bytes: fuzzed. */
#ifndef RESUS_REDIS_REPLY_H
#define RESUS_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/facts.h"

/* RESP2. (The names REDIS_REPLY_* are macros of hiredis.) */
enum resp_type { RESP_STATUS, RESP_ERROR, RESP_INTEGER, RESP_BULK, RESP_NULL, RESP_LIST };

/* A parsed reply: our own objects behind hiredis' reader, with limits that the reader lacks
 * (docs/internals/field-facts.md). */
struct redis_reply {
    enum resp_type type;
    int64_t integer;
    char *text; /* status, error (without the '-'), bulk: NUL-terminated, may hold NULs */
    size_t length;
    struct redis_reply **items;
    size_t count;
};

void reply_free(struct redis_reply *reply); /* takes NULL */

/* Class of a status or error reply by its first word; Redis and Valkey alike (field-notes 7.1). */
enum reply_class reply_classify(const struct redis_reply *reply);
enum reply_class reply_classify_error(const char *text, size_t length);

/* Reads INFO text (any sections) into `info`, which keeps what the text does not mention; sets
 * `known`. */
void info_parse(const char *text, size_t length, struct info_facts *info);
/* CONFIG GET's flat list of names and values into `info`. */
void info_parse_config(const struct redis_reply *reply, struct info_facts *info);

struct slowlog_entry {
    int64_t id, unix_seconds, duration_us;
    char command[256]; /* words joined by blanks, cleaned, cut: values are in it */
    char name[32];     /* "HSET" */
    char brief[104];   /* name and first key: "HSET users:1"; "CONFIG SET" */
    bool more;         /* there are words that `brief` leaves out */
    char client[64];
};
/* Fills up to `max`; returns how many. */
size_t slowlog_parse(const struct redis_reply *reply, struct slowlog_entry *entries, size_t max);

struct client_entry {
    int64_t id, age_seconds, idle_seconds, db, memory_bytes, output_bytes;
    char address[96], name[64], command[48], flags[16], user[64];
};
size_t clients_parse(const char *text, size_t length, struct client_entry *entries, size_t max);

struct command_stat {
    char command[64];
    int64_t calls, usec, rejected, failed;
    double usec_per_call;
};
size_t commandstats_parse(const char *text, size_t length, struct command_stat *entries,
                          size_t max);

/* Class of one line of Redis' log, its stderr in the journal, or systemd's own lines
 * (field-notes 7.3). */
enum log_class log_classify(const char *line, size_t length);
/* Which of two classes tells more about why a Redis does not run: the larger weight wins. */
int log_class_weight(enum log_class class);

/* Lines read one after the other, oldest first. Begins as {0}. */
struct log_reading {
    struct log_facts facts; /* the weightiest line since the last good start; of equals the later */
    size_t lines;
    bool in_config_error;    /* the lines that belong to the one in `facts` */
    bool stopping;           /* systemd stops the unit */
    struct log_facts saving; /* the newest failure to save that no success followed */
    struct restart_facts restart;
};
void log_read(struct log_reading *reading, const char *line, size_t length);

#endif
