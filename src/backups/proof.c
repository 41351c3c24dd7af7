#include "backups/proof.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "backups/memory.h"
#include "backups/proof_server.h"
#include "backups/query.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/child.h"
#include "io/clock.h"

#define CHECK_OUTPUT_MAX ((size_t)1024 * 1024)
/* A server has this many databases at least; a file that needs more gets more. */
#define DATABASES_LEAST 16
/* Loading needs more than the data used: buffers, fragments. */
#define MEMORY_SPARE_PERCENT 20

const struct proof_limits proof_limits_default = {.check_ms = 30 * 60 * 1000,
                                                  .load_ms = 3600 * 1000};

struct proof {
    uv_work_t work; /* first; one at a time */
    uv_loop_t *loop;
    char file[PATH_MAX], folder[PATH_MAX], server[PATH_MAX], checker[PATH_MAX];
    char sha256[SPOOL_SHA256_SIZE];
    uint64_t bytes;
    enum proof_level upto, level; /* `level` is under way */
    bool go_on, working, counts_wrong;
    struct proof_limits limits;
    mono_ms began; /* of the level */
    struct child *child;
    struct proof_server *proof_server;
    struct proof_result result;
    struct check_report report;
    /* the worker's */
    struct error error;
    int outcome;
    proof_done *done; /* NULL: cancelled */
    void *context;
};

const char *proof_level_word(enum proof_level level)
{
    static const char *const words[] = {
        [PROOF_NONE] = "no",
        [PROOF_FILE] = "file",
        [PROOF_STRUCTURE] = "structure",
        [PROOF_LOADED] = "loaded",
    };
    static_assert(ARRAY_LENGTH(words) == PROOF_LEVEL_COUNT, "a word for every level");
    return words[level];
}

const char *proof_verdict_word(enum proof_verdict verdict)
{
    static const char *const words[] = {
        [PROOF_GOOD] = "good",
        [PROOF_BAD] = "bad",
        [PROOF_CANNOT_TELL] = "cannot_tell",
    };
    static_assert(ARRAY_LENGTH(words) == PROOF_VERDICT_COUNT, "a word for every verdict");
    return words[verdict];
}

const char *proof_reason_word(enum proof_reason reason)
{
    static const char *const words[] = {
        [PROOF_NO_REASON] = "",
        [PROOF_NEEDS_NEWER_SERVER] = "needs_newer_server",
        [PROOF_NEEDS_MODULE] = "needs_module",
        [PROOF_NOT_ENOUGH_MEMORY] = "not_enough_memory",
        [PROOF_KEY_ABSENT] = "key_absent",
        [PROOF_NO_SERVER] = "no_server",
        [PROOF_TOO_SLOW] = "too_slow",
        [PROOF_CANNOT_READ] = "cannot_read",
    };
    static_assert(ARRAY_LENGTH(words) == PROOF_REASON_COUNT, "a word for every reason");
    return words[reason];
}

static void free_proof(struct proof *p)
{
    mem_free(p);
}

static void finish(struct proof *p)
{
    proof_done *done = p->done;
    p->done = NULL;
    p->result.databases = p->report.databases;
    if (done != NULL)
        done(p->context, &p->result);
    free_proof(p);
}

static void begin_level(struct proof *p);

/* The verdict of the level under way, with `check` filled but for what all have in common. */
static void end_level(struct proof *p, const struct proof_check *check)
{
    struct proof_check *c = &p->result.checks[p->result.check_count++];
    *c = *check;
    c->level = p->level;
    c->at = clock_wall();
    c->milliseconds = mono_since(clock_mono(), p->began);
    bool good = c->verdict == PROOF_GOOD;
    if (good && p->result.proved + 1 == p->level)
        p->result.proved = p->level;
    bool more = p->level < p->upto && (good || (p->go_on && c->verdict == PROOF_BAD));
    if (!more) {
        finish(p);
        return;
    }
    p->level++;
    begin_level(p);
}

static void set(struct proof_check *c, enum proof_verdict verdict, enum proof_reason reason)
{
    c->verdict = verdict;
    c->reason = reason;
}

/* --- level 1: the bytes --- */

static void judge_file(const struct proof *p, struct proof_check *c)
{
    const struct rdb_file *f = &p->result.file;
    set(c, PROOF_BAD, PROOF_NO_REASON);
    if (p->outcome < 0) {
        set(c, PROOF_CANNOT_TELL, PROOF_CANNOT_READ);
        (void)str_format(c->text, sizeof c->text, "%s", p->error.text);
    } else if (p->bytes != 0 && f->bytes != p->bytes) {
        (void)str_format(c->text, sizeof c->text,
                         "%llu bytes, but %llu were written: use another copy or another backup",
                         (unsigned long long)f->bytes, (unsigned long long)p->bytes);
    } else if (p->sha256[0] != '\0' && !str_equal(p->sha256, f->sha256)) {
        (void)str_format(c->text, sizeof c->text,
                         "the SHA-256 is not the one that was written down: the file was changed "
                         "or damaged. Use another copy or another backup");
    } else if (f->sealed) {
        set(c, PROOF_CANNOT_TELL, PROOF_KEY_ABSENT);
        (void)str_format(c->text, sizeof c->text,
                         "sealed: its data are read with the key of a recipient. Verify it where "
                         "that key is");
    } else if (!f->head_sound) {
        (void)str_format(c->text, sizeof c->text, "%s", f->head_error.text);
    } else if (f->end == RDB_END_MISSING) {
        (void)str_format(c->text, sizeof c->text,
                         "the end is missing, or something follows it: use another backup");
    } else if (f->end == RDB_END_WRONG) {
        (void)str_format(c->text, sizeof c->text,
                         "the checksum at its end is wrong: the data were damaged. Use another "
                         "backup");
    } else {
        set(c, PROOF_GOOD, PROOF_NO_REASON);
        (void)str_format(c->text, sizeof c->text, "%llu bytes, %s%s", (unsigned long long)f->bytes,
                         f->end == RDB_END_OK ? "checksum right"
                                              : "no checksum (rdbchecksum no on the server)",
                         p->sha256[0] != '\0' ? ", SHA-256 right" : "");
    }
}

static void read_on_worker(uv_work_t *work)
{
    struct proof *p = (struct proof *)work;
    p->outcome = rdb_file_read(p->file, &p->result.file, &p->error);
}

static void on_file_read(uv_work_t *work, int status)
{
    struct proof *p = (struct proof *)work;
    struct proof_check check = {.keys = -1, .expired = -1};
    (void)status;
    p->working = false;
    if (p->done == NULL) {
        free_proof(p);
        return;
    }
    judge_file(p, &check);
    end_level(p, &check);
}

/* --- level 2: redis-check-rdb --- */

static void newer(struct proof *p, struct proof_check *c)
{
    const struct rdb_head *h = &p->result.file.head;
    set(c, PROOF_CANNOT_TELL, PROOF_NEEDS_NEWER_SERVER);
    (void)str_format(c->text, sizeof c->text,
                     "%s cannot read %s, made by version %s: name a server of that version or a "
                     "newer one in backup.server",
                     c->tool, h->magic,
                     h->server_version[0] == '\0' ? "unknown" : h->server_version);
}

static void lacks_module(struct proof_check *c, const char *module)
{
    set(c, PROOF_CANNOT_TELL, PROOF_NEEDS_MODULE);
    (void)str_format(c->text, sizeof c->text,
                     "the data need the module %s, which %s does not have: name a server with it "
                     "in backup.server",
                     module[0] == '\0' ? "or engine that its log names" : module, c->tool);
}

static void judge_structure(struct proof *p, struct proof_check *c)
{
    const struct check_report *r = &p->report;
    c->keys = r->keys;
    c->expired = r->expired;
    set(c, PROOF_BAD, PROOF_NO_REASON);
    if (r->trouble == CHECK_NEWER && p->result.file.head_sound) {
        newer(p, c);
    } else if (r->trouble == CHECK_MODULE) {
        lacks_module(c, r->module);
    } else if (!r->sound) {
        (void)str_format(c->text, sizeof c->text, "%s: use another backup",
                         r->text[0] == '\0' ? "redis-check-rdb does not call it sound" : r->text);
    } else if (p->outcome < 0 && p->error.code != -EBADMSG) {
        set(c, PROOF_CANNOT_TELL, PROOF_CANNOT_READ);
        (void)str_format(c->text, sizeof c->text, "%s", p->error.text);
    } else if (p->outcome < 0 || r->more_databases) {
        (void)str_format(c->text, sizeof c->text, "%s: it was not written by a server",
                         p->outcome < 0 ? p->error.text : "more databases than any server has");
    } else if (r->keys != p->result.keys) {
        (void)str_format(c->text, sizeof c->text,
                         "%lld keys are in it, but the server counted %lld when it was made: "
                         "make another backup",
                         (long long)r->keys, (long long)p->result.keys);
    } else {
        set(c, PROOF_GOOD, PROOF_NO_REASON);
        (void)str_format(c->text, sizeof c->text, "%lld keys, as the server counted",
                         (long long)r->keys);
    }
}

static void count_on_worker(uv_work_t *work)
{
    struct proof *p = (struct proof *)work;
    p->outcome = rdb_file_counts(p->file, &p->report, &p->error);
}

static void on_counted(uv_work_t *work, int status)
{
    struct proof *p = (struct proof *)work;
    struct proof_check check = {.keys = -1, .expired = -1};
    (void)status;
    p->working = false;
    if (p->done == NULL) {
        free_proof(p);
        return;
    }
    if (p->outcome == 0 && p->report.sound) {
        p->result.counted = true;
        p->result.database_count = p->report.database_count;
        for (size_t i = 0; i < p->report.database_count; i++) {
            p->result.keys += p->report.databases[i].keys;
            p->result.expires += p->report.databases[i].expires;
        }
    }
    (void)str_copy(check.tool, sizeof check.tool, p->checker);
    judge_structure(p, &check);
    end_level(p, &check);
}

static void on_checked(void *context, const struct child_result *result)
{
    struct proof *p = context;
    struct proof_check check = {.keys = -1, .expired = -1};
    p->child = NULL;
    (void)str_copy(check.tool, sizeof check.tool, p->checker);
    if (result->end == CHILD_TIMED_OUT || result->end == CHILD_SIGNALLED) {
        bool late = result->end == CHILD_TIMED_OUT;
        set(&check, late || result->signal == SIGKILL ? PROOF_CANNOT_TELL : PROOF_BAD,
            late                        ? PROOF_TOO_SLOW
            : result->signal == SIGKILL ? PROOF_NOT_ENOUGH_MEMORY
                                        : PROOF_NO_REASON);
        (void)str_format(check.text, sizeof check.text, "%s %s %d: %s", p->checker,
                         late ? "had no result after seconds:" : "was ended by signal",
                         late ? (int)(p->limits.check_ms / 1000) : result->signal,
                         late ? "verify again on a faster machine"
                              : "use another backup if it is "
                                "so again");
        end_level(p, &check);
        return;
    }
    check_report_read(result->out, result->out_length, &p->report);
    p->report.more_databases = p->report.more_databases || result->truncated;
    p->working = true;
    (void)uv_queue_work(p->loop, &p->work, count_on_worker, on_counted);
}

/* "/usr/bin/redis-server" -> "/usr/bin/redis-check-rdb"; of a name that is neither, the one of
 * Redis. */
static bool find_checker(struct proof *p)
{
    const char *slash = strrchr(p->server, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - p->server);
    const char *name = p->server + folder;
    const char *kind = strstr(name, "valkey") != NULL ? "valkey" : "redis";
    return str_format(p->checker, sizeof p->checker, "%.*s%s-check-rdb", folder, p->server, kind);
}

static void no_program(struct proof *p, const char *tool, const struct error *why)
{
    struct proof_check check = {.keys = -1, .expired = -1};
    set(&check, PROOF_CANNOT_TELL, PROOF_NO_SERVER);
    (void)str_copy(check.tool, sizeof check.tool, tool);
    (void)str_format(check.text, sizeof check.text,
                     "%s: install redis-server (with redis-tools), or name another one in "
                     "backup.server",
                     why->text);
    end_level(p, &check);
}

static void begin_structure(struct proof *p)
{
    const char *const argv[] = {"nice", "-n", "19", p->checker, p->file, NULL};
    const struct child_options options = {
        .argv = argv,
        .output_max = CHECK_OUTPUT_MAX,
        .deadline = mono_add(clock_mono(), p->limits.check_ms),
    };
    struct error err = {0};
    if (strchr(p->checker, '/') != NULL && access(p->checker, X_OK) < 0)
        (void)error_set_errno(&err, -errno, "cannot run %s", p->checker);
    else if (child_start(p->loop, &options, on_checked, p, &p->child, &err) == 0)
        return;
    no_program(p, p->checker, &err);
}

/* --- level 3: a server loads it --- */

static bool lacks_memory(const struct proof *p, struct proof_check *c)
{
    int64_t used = p->result.file.head.used_memory_bytes;
    int64_t wanted = used + used / 100 * MEMORY_SPARE_PERCENT;
    int64_t has = p->limits.memory_bytes > 0 ? p->limits.memory_bytes : memory_available("");
    if (wanted <= has)
        return false;
    set(c, PROOF_CANNOT_TELL, PROOF_NOT_ENOUGH_MEMORY);
    (void)str_format(c->text, sizeof c->text,
                     "loading needs about %lld MiB, and %lld MiB are available: verify it on a "
                     "machine with more memory",
                     (long long)(wanted >> 20), (long long)(has >> 20));
    return true;
}

/* Each database may have lost keys with a TTL, and no other ones. */
static bool databases_agree(const struct proof *p, const struct redis_reply *info,
                            struct proof_check *c)
{
    for (size_t i = 0; i < p->report.database_count; i++) {
        const struct rdb_counts *d = &p->report.databases[i];
        int64_t keys = query_info_database(info, d->db);
        if (keys <= d->keys && keys >= d->keys - d->expires)
            continue;
        (void)str_format(c->text, sizeof c->text,
                         "%lld keys in database %lld, but the server counted %lld when it was "
                         "made: use another backup",
                         (long long)keys, (long long)d->db, (long long)d->keys);
        return false;
    }
    return true;
}

/* Behind a module's own field the libraries were not counted. */
static bool functions_agree(const struct proof *p, const struct redis_reply *info)
{
    const struct rdb_head *h = &p->result.file.head;
    int64_t loaded = query_info_number(info, "number_of_libraries");
    return loaded < 0 || h->module_data || !p->result.file.head_sound || loaded == h->functions;
}

static void judge_load(struct proof *p, const struct proof_server_result *r, struct proof_check *c)
{
    int64_t now = query_info_keys(r->info);
    c->keys = r->loaded;
    c->expired = r->expired;
    set(c, PROOF_BAD, PROOF_NO_REASON);
    if (r->loaded < 0 || r->expired < 0) {
        set(c, PROOF_CANNOT_TELL, PROOF_NEEDS_NEWER_SERVER);
        (void)str_format(c->text, sizeof c->text,
                         "%s %s loads it but does not report key counts: name Redis 7 or newer in "
                         "backup.server",
                         c->tool, r->version);
    } else if (p->result.counted && r->loaded + r->expired != p->result.keys) {
        (void)str_format(c->text, sizeof c->text,
                         "%lld keys were loaded and %lld had expired, but the server counted %lld "
                         "when it was made: use another backup",
                         (long long)r->loaded, (long long)r->expired, (long long)p->result.keys);
    } else if (now + r->lost_since != r->loaded) {
        (void)str_format(c->text, sizeof c->text,
                         "of %lld loaded keys %lld are there: use another backup",
                         (long long)r->loaded, (long long)now);
    } else if (!functions_agree(p, r->info)) {
        (void)str_format(c->text, sizeof c->text,
                         "%lld libraries of functions were loaded, but %lld are in it: use another "
                         "backup",
                         (long long)query_info_number(r->info, "number_of_libraries"),
                         (long long)p->result.file.head.functions);
    } else if (!p->result.counted || databases_agree(p, r->info, c)) {
        set(c, PROOF_GOOD, PROOF_NO_REASON);
        (void)str_format(c->text, sizeof c->text, "%lld keys loaded, %lld expired, in %lld ms",
                         (long long)r->loaded, (long long)r->expired, (long long)r->milliseconds);
    }
}

/* A sound file that ends too early for the server has met the end of the memory. */
static void judge_end(struct proof *p, const struct proof_server_result *r, struct proof_check *c)
{
    bool sound = p->result.proved >= PROOF_STRUCTURE;
    bool killed = r->end == PROOF_SERVER_KILLED && r->signal == SIGKILL;
    if (r->report.trouble == CHECK_NEWER && p->result.file.head_sound) {
        newer(p, c);
    } else if (r->report.trouble == CHECK_MODULE) {
        lacks_module(c, r->report.module);
    } else if (killed || (sound && r->report.trouble == CHECK_SHORT)) {
        set(c, PROOF_CANNOT_TELL, PROOF_NOT_ENOUGH_MEMORY);
        (void)str_format(c->text, sizeof c->text,
                         "the proof server ran out of memory (the data used %lld MiB): verify the "
                         "backup on a machine with more",
                         (long long)(p->result.file.head.used_memory_bytes >> 20));
    } else if (r->report.trouble == CHECK_NO_TROUBLE && r->end == PROOF_SERVER_ENDED) {
        set(c, PROOF_CANNOT_TELL, PROOF_NO_SERVER);
        (void)str_format(c->text, sizeof c->text, "%s does not start (%s): correct backup.server",
                         c->tool, r->error.text);
    } else {
        set(c, PROOF_BAD, PROOF_NO_REASON);
        (void)str_format(c->text, sizeof c->text, "the server cannot load it: %s",
                         r->report.text[0] == '\0' ? "it crashed" : r->report.text);
    }
}

static void on_loaded(void *context, const struct proof_server_result *r)
{
    struct proof *p = context;
    struct proof_check check = {.keys = -1, .expired = -1};
    p->proof_server = NULL;
    (void)str_copy(check.tool, sizeof check.tool, p->server);
    p->result.config = r->config;
    (void)str_copy(p->result.version, sizeof p->result.version, r->version);
    switch (r->end) {
    case PROOF_SERVER_LOADED:
        judge_load(p, r, &check);
        break;
    case PROOF_SERVER_LATE:
        set(&check, PROOF_CANNOT_TELL, PROOF_TOO_SLOW);
        (void)str_format(check.text, sizeof check.text,
                         "not loaded within %lld s: verify it on a faster machine",
                         (long long)(p->limits.load_ms / 1000));
        break;
    case PROOF_SERVER_FAILED:
        set(&check, PROOF_CANNOT_TELL, PROOF_NO_SERVER);
        (void)str_format(check.text, sizeof check.text, "%s", r->error.text);
        break;
    default:
        judge_end(p, r, &check);
        break;
    }
    end_level(p, &check);
}

static void begin_load(struct proof *p)
{
    struct proof_check check = {.keys = -1, .expired = -1};
    struct error err = {0};
    int64_t databases = DATABASES_LEAST;
    (void)str_copy(check.tool, sizeof check.tool, p->server);
    if (lacks_memory(p, &check)) {
        end_level(p, &check);
        return;
    }
    for (size_t i = 0; i < p->report.database_count; i++)
        if (p->report.databases[i].db >= databases && p->report.databases[i].db < INT_MAX)
            databases = p->report.databases[i].db + 1;
    const struct proof_server_options options = {
        .server = p->server,
        .file = p->file,
        .folder = p->folder,
        .databases = databases,
        .memory_bytes = p->result.file.head.used_memory_bytes,
        .within_ms = p->limits.load_ms,
    };
    if (strchr(p->server, '/') != NULL && access(p->server, X_OK) < 0)
        (void)error_set_errno(&err, -errno, "cannot run %s", p->server);
    else if (proof_server_start(p->loop, &options, on_loaded, p, &p->proof_server, &err) == 0)
        return;
    no_program(p, p->server, &err);
}

static void begin_level(struct proof *p)
{
    p->began = clock_mono();
    p->error = (struct error){0};
    if (p->level == PROOF_FILE) {
        p->working = true;
        (void)uv_queue_work(p->loop, &p->work, read_on_worker, on_file_read);
    } else if (p->level == PROOF_STRUCTURE) {
        begin_structure(p);
    } else {
        begin_load(p);
    }
}

int proof_start(uv_loop_t *loop, const struct proof_options *options, proof_done *done,
                void *context, struct proof **ret, struct error *err)
{
    struct proof *p = mem_calloc(1, sizeof *p);
    if (p == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    bool fits = str_copy(p->file, sizeof p->file, options->file) &&
                str_copy(p->folder, sizeof p->folder, options->folder) &&
                str_copy(p->server, sizeof p->server, options->server) && find_checker(p);
    if (!fits) {
        mem_free(p);
        return error_set(err, -ENAMETOOLONG, "a path of the proof is too long");
    }
    p->loop = loop;
    p->bytes = options->bytes;
    p->upto = options->upto;
    p->go_on = options->go_on;
    p->limits = options->limits;
    p->done = done;
    p->context = context;
    p->level = PROOF_FILE;
    (void)str_copy(p->sha256, sizeof p->sha256, options->sha256);
    begin_level(p);
    *ret = p;
    return 0;
}

void proof_cancel(struct proof *p)
{
    if (p == NULL)
        return;
    p->done = NULL;
    child_abandon(p->child);
    proof_server_cancel(p->proof_server);
    if (!p->working)
        free_proof(p);
}
