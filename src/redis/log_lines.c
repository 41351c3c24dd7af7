#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "redis/reply.h"

/* Texts of Redis 5 to 8, Valkey (which puts its own name where Redis has its, so no text here holds
 * one) and systemd. The first match counts: what says more precisely why stands
 * before what only says that. */
static const struct {
    const char *text;
    enum log_class class;
} texts[] = {
    /* the system's words for why */
    {"No space left on device", LOG_DISK_FULL},
    {"Disk quota exceeded", LOG_DISK_FULL},
    {"no matching module type", LOG_MODULE_MISSING},
    {"Can't load module from", LOG_MODULE_MISSING},
    {"RDB file contains module data I can't load", LOG_MODULE_MISSING},
    {"RDB file contains AUX module data I can't load", LOG_MODULE_MISSING},
    {"Out Of Memory allocating", LOG_OUT_OF_MEMORY},
    {"aborting for OUT OF MEMORY", LOG_OUT_OF_MEMORY},
    /* systemd, the kernel */
    {"Failed with result 'oom-kill'", LOG_OOM_KILL},
    {"killed by the OOM killer", LOG_OOM_KILL},
    {"Out of memory: Killed process", LOG_OOM_KILL},
    {"Memory cgroup out of memory", LOG_OOM_KILL},
    {"Start request repeated too quickly", LOG_START_LIMIT},
    {"Failed with result 'start-limit-hit'", LOG_START_LIMIT},
    {"start operation timed out", LOG_START_TIMEOUT},
    {"'stop-sigterm' timed out", LOG_STOP_TIMEOUT},
    /* saving: not why it does not run, whatever else the line says */
    {"Failed opening the temp RDB file", LOG_SAVE_FAILED},
    {"Failed opening the RDB file", LOG_SAVE_FAILED}, /* before 7.0 */
    {"Write error while saving DB", LOG_SAVE_FAILED},
    {"Write error saving DB on disk", LOG_SAVE_FAILED}, /* before 7.0 */
    {"Error moving temp DB file", LOG_SAVE_FAILED},
    {"Background saving error", LOG_SAVE_FAILED},
    {"Background saving terminated by signal", LOG_SAVE_FAILED},
    {"Can't save in background: fork", LOG_SAVE_FAILED},
    {"Error writing to the AOF file", LOG_SAVE_FAILED},
    {"Short write while writing to", LOG_SAVE_FAILED},
    {"Can't recover from AOF write error", LOG_SAVE_FAILED},
    {"Error trying to save the DB, can't exit", LOG_CANNOT_EXIT},
    {"Writing initial AOF, can't exit", LOG_CANNOT_EXIT},
    {"rrors trying to shut down the server", LOG_CANNOT_EXIT}, /* "Errors ...", "but errors ..." */
    {"Slow script detected", LOG_SLOW_SCRIPT},
    /* what it may not touch; before the lines that only say that reading or loading failed */
    {"Permission denied", LOG_PERMISSION_DENIED},
    {"Read-only file system", LOG_PERMISSION_DENIED},
    /* the configuration */
    {"FATAL CONFIG FILE ERROR", LOG_CONFIG_ERROR},
    {"can't open config file", LOG_CONFIG_ERROR},
    {"Bad directive or wrong number of arguments", LOG_CONFIG_ERROR},
    {"Unresolved Configuration(s) Detected", LOG_CONFIG_ERROR}, /* Redis 8: an unknown directive */
    {"Module Configuration detected without loadmodule", LOG_CONFIG_ERROR},
    {"Critical error while loading ACLs", LOG_CONFIG_ERROR},
    {"Failed to load certificate", LOG_CONFIG_ERROR},
    {"Failed to load private key", LOG_CONFIG_ERROR},
    {"Failed to load CA certificate", LOG_CONFIG_ERROR},
    {"Failed to configure TLS", LOG_CONFIG_ERROR},
    {"No tls-cert-file configured", LOG_CONFIG_ERROR},
    {"is not enough for the server to start", LOG_CONFIG_ERROR}, /* ulimit -n */
    {"Cannot assign requested address", LOG_CONFIG_ERROR},       /* bind */
    {"to handle more than", LOG_CONFIG_ERROR}, /* data of a server with more databases */
    /* the data */
    {"Wrong signature trying to load DB", LOG_DATA_CORRUPT},
    {"Wrong RDB checksum", LOG_DATA_CORRUPT},
    {"RDB CRC error", LOG_DATA_CORRUPT},
    {"Short read or OOM loading DB", LOG_DATA_CORRUPT},
    {"Internal error in RDB reading", LOG_DATA_CORRUPT},
    {"RDB ERROR DETECTED", LOG_DATA_CORRUPT},
    {"Unexpected EOF reading RDB file", LOG_DATA_CORRUPT},
    {"Terminating server after rdb file reading failure", LOG_DATA_CORRUPT},
    {"Can't handle RDB format version", LOG_DATA_CORRUPT},
    {"can't open the RDB file", LOG_DATA_CORRUPT},
    {"Fatal error loading the DB", LOG_DATA_CORRUPT},
    {"Bad file format reading the append only file", LOG_DATA_CORRUPT},
    {"Unexpected end of file reading the append only file", LOG_DATA_CORRUPT},
    {"Unrecoverable error reading the append only file", LOG_DATA_CORRUPT},
    {"AOF MANIFEST FILE ERROR", LOG_DATA_CORRUPT},
    {"can't open the append log file", LOG_DATA_CORRUPT},
    {"Unable to obtain the AOF file", LOG_DATA_CORRUPT},
    /* the port */
    {"Address already in use", LOG_PORT_IN_USE},
    {"Failed listening on port", LOG_PORT_IN_USE},
    /* a bug, a broken machine */
    {"BUG REPORT START", LOG_CRASH},
    {"crashed by signal", LOG_CRASH},
    {"ASSERTION FAILED", LOG_CRASH},
    {"Guru Meditation", LOG_CRASH},
    {"code=dumped", LOG_CRASH},
    /* the good ends */
    {"ready to exit, bye bye", LOG_CLEAN_EXIT},
    {"Deactivated successfully", LOG_CLEAN_EXIT},
    {"Ready to accept connections", LOG_READY},
};

/* What explains a Redis that does not run, above what follows from it (systemd's lines), above what
 * a running one says. */
static const int weights[] = {
    [LOG_NONE] = 0,
    [LOG_READY] = 1,
    [LOG_CLEAN_EXIT] = 2,
    [LOG_SLOW_SCRIPT] = 3,
    [LOG_SAVE_FAILED] = 4,
    [LOG_CANNOT_EXIT] = 5,
    [LOG_START_LIMIT] = 6,
    [LOG_STOP_TIMEOUT] = 7, /* also of a start that timed out and would not end */
    [LOG_START_TIMEOUT] = 8,
    [LOG_CRASH] = 9,
    [LOG_OOM_KILL] = 10,
    [LOG_OUT_OF_MEMORY] = 11, /* a crash report follows it */
    [LOG_PORT_IN_USE] = 12,
    [LOG_DATA_CORRUPT] = 13,
    [LOG_PERMISSION_DENIED] = 14, /* before: "loading failed", "cannot listen" */
    [LOG_MODULE_MISSING] = 15,    /* before: "loading failed" */
    [LOG_DISK_FULL] = 16,
    [LOG_CONFIG_ERROR] = 17,
};
static_assert(ARRAY_LENGTH(weights) == LOG_CLASS_COUNT, "a weight for every log class");

/* Lines of systemd about the unit ("redis-server.service: ..."), and of programs that it runs
 * before Redis ("mkdir: ...", "/opt/prepare: ..."). Redis begins its lines with a capital, a sign
 * or a number. */
static bool by_another_program(const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    if (colon == NULL || line[0] == '\0')
        return false;
    size_t head = (size_t)(colon - line);
    return str_find(line, head, ".service") != NULL || line[0] == '/' ||
           (line[0] >= 'a' && line[0] <= 'z');
}

enum log_class log_classify(const char *line, size_t length)
{
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (str_find(line, length, texts[i].text) == NULL)
            continue;
        /* "Permission denied" of an ExecStartPre= says nothing about the files of Redis. */
        if (texts[i].class != LOG_PERMISSION_DENIED || !by_another_program(line, length))
            return texts[i].class;
    }
    return LOG_NONE;
}

int log_class_weight(enum log_class class)
{
    return class < LOG_CLASS_COUNT ? weights[class] : 0;
}

/* What was wrong before a good start is over. systemd's word counts where the journal has none of
 * Redis' own lines (Debian). */
static bool good_start(enum log_class class, const char *line, size_t length)
{
    static const char started[] = "Started ";
    return class == LOG_READY ||
           (length >= sizeof started - 1 && memcmp(line, started, sizeof started - 1) == 0);
}

/* These say nothing; the lines after them name the line, its text and what is wrong with it. */
static bool heads_config_error(const char *line, size_t length)
{
    return str_find(line, length, "FATAL CONFIG FILE ERROR") != NULL ||
           str_find(line, length, "Unresolved Configuration(s) Detected") != NULL;
}

/* Until systemd speaks again, or Redis 8's last word. */
static bool add_to_config_error(struct log_reading *r, const char *line, size_t length)
{
    char clean[FACT_TEXT_MAX];
    if (!r->in_config_error)
        return false;
    if (str_find(line, length, "Main process exited") != NULL ||
        str_find(line, length, "Failed with result") != NULL || heads_config_error(line, length)) {
        r->in_config_error = false;
        return false;
    }
    (void)str_copy_clean(clean, sizeof clean, line, length);
    (void)str_append(r->facts.line, sizeof r->facts.line, " %s", clean);
    /* The configuration is right, and what it names cannot be used. */
    enum log_class class = log_classify(line, length);
    if (class == LOG_PERMISSION_DENIED || class == LOG_DISK_FULL)
        r->facts.class = class;
    r->in_config_error =
        str_find(line, length, "Module Configuration detected without loadmodule") == NULL;
    return true;
}

static bool begins(const char *line, size_t length, const char *word)
{
    return length >= strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

/* systemd says that it stops the unit, then how the process has ended. */
static void follow_stop(struct log_reading *r, enum log_class class, const char *line,
                        size_t length)
{
    if (begins(line, length, "Stopping ")) {
        r->stopping = true;
        r->facts.stop_cut = false;
    } else if (class == LOG_STOP_TIMEOUT ||
               (r->stopping && str_find(line, length, "status=9/KILL") != NULL)) {
        r->facts.stop_cut = true;
    } else if (begins(line, length, "Stopped ") || begins(line, length, "Started ")) {
        r->stopping = false;
    }
}

/* The newest failure to save, in the words that say why. */
static void note_saving(struct log_facts *saving, enum log_class class, const char *line,
                        size_t length)
{
    static const char *const over[] = {"Background saving terminated with success",
                                       "DB saved on disk", "AOF write error looks solved"};
    for (size_t i = 0; i < ARRAY_LENGTH(over); i++)
        if (str_find(line, length, over[i]) != NULL)
            *saving = (struct log_facts){0};
    bool says_why = class == LOG_SAVE_FAILED || class == LOG_DISK_FULL;
    bool general = str_find(line, length, "Background saving error") != NULL;
    if (!says_why || (general && saving->class != LOG_NONE))
        return;
    saving->class = class;
    (void)str_copy_clean(saving->line, sizeof saving->line, line, length);
}

/* Who began the newest start, and how the process before it ended. A stop or restart by an operator
 * begins with "Stopping". */
static void note_restart(struct restart_facts *r, enum log_class class, const char *line,
                         size_t length)
{
    bool end = str_find(line, length, ": Main process exited, code=") != NULL;
    bool asked = begins(line, length, "Stopping ");
    if (asked || class == LOG_START_LIMIT || (r->by_systemd && (end || class == LOG_OOM_KILL)))
        *r = (struct restart_facts){0};
    r->out_of_memory = r->out_of_memory || class == LOG_OOM_KILL;
    if (end)
        (void)str_copy_clean(r->ended, sizeof r->ended, line, length);
    r->by_systemd =
        r->by_systemd || str_find(line, length, ": Scheduled restart job, restart counter") != NULL;
}

void log_read(struct log_reading *r, const char *line, size_t length)
{
    enum log_class class = log_classify(line, length);
    r->lines++;
    follow_stop(r, class, line, length);
    note_restart(&r->restart, class, line, length);
    if (good_start(class, line, length)) {
        r->facts = (struct log_facts){.stop_cut = r->facts.stop_cut};
        r->in_config_error = false;
        return;
    }
    note_saving(&r->saving, class, line, length);
    if (add_to_config_error(r, line, length) || class == LOG_NONE ||
        log_class_weight(class) < log_class_weight(r->facts.class))
        return;
    r->facts.class = class;
    r->in_config_error = heads_config_error(line, length);
    (void)str_copy_clean(r->facts.line, sizeof r->facts.line, line, length);
}
