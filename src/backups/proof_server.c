#include "backups/proof_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backups/host_file.h"
#include "backups/query.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/child.h"
#include "io/clock.h"

/* Its socket is asked again after this long: while it starts, and while it loads. */
#define ASK_AGAIN_MS 20
#define ASK_WITHIN_MS (30 * 1000)
/* Given to the child as a deadline of its own behind ours, should ours be missed. */
#define CHILD_SPARE_MS (60 * 1000)

struct proof_server {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct child *child;
    struct query *query;
    int folder_fd; /* its path may be longer than a socket's address */
    char folder[PATH_MAX], link[PATH_MAX], socket[PATH_MAX];
    mono_ms began, deadline;
    struct proof_server_result result;
    struct redis_reply *info;  /* kept for `done` */
    json_t *config;            /* likewise */
    bool decided;              /* `result` is set: the process only has to go */
    proof_server_ready *ready; /* NULL: it ends once it has loaded */
    struct redis_settings redis;
    proof_server_done *done; /* NULL: cancelled */
    void *context;
};

static void remove_folder(struct proof_server *s)
{
    if (s->folder_fd >= 0)
        (void)close(s->folder_fd);
    s->folder_fd = -1;
    (void)unlink(s->socket);
    (void)unlink(s->link);
    (void)rmdir(s->folder);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct proof_server *s = handle->data;
    reply_free(s->info);
    json_decref(s->config);
    mem_free(s);
}

static void finish(struct proof_server *s)
{
    query_cancel(s->query);
    s->query = NULL;
    remove_folder(s);
    s->result.info = s->info;
    if (s->done != NULL)
        s->done(s->context, &s->result);
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

static void decide(struct proof_server *s, enum proof_server_end end)
{
    s->decided = true;
    s->result.end = end;
    s->result.milliseconds = mono_since(clock_mono(), s->began);
    (void)uv_timer_stop(&s->timer);
    child_signal(s->child, SIGKILL); /* it has nothing to save */
}

static void on_child(void *context, const struct child_result *result)
{
    struct proof_server *s = context;
    s->child = NULL;
    if (!s->decided) {
        load_report_read(result->out, result->out_length, &s->result.report);
        if (s->result.report.trouble == CHECK_NO_TROUBLE)
            load_report_read(result->err, result->err_length, &s->result.report);
        s->result.signal = result->end == CHILD_SIGNALLED ? result->signal : 0;
        s->result.end = result->end == CHILD_TIMED_OUT   ? PROOF_SERVER_LATE
                        : result->end == CHILD_SIGNALLED ? PROOF_SERVER_KILLED
                                                         : PROOF_SERVER_ENDED;
        char said[ERROR_TEXT_MAX / 2];
        (void)str_copy_clean(said, sizeof said, result->err, result->err_length);
        (void)error_set(&s->result.error, -ECHILD, "status %d: %s", result->exit_code,
                        said[0] == '\0' ? "no error output" : said);
    }
    finish(s);
}

static void on_time(uv_timer_t *timer);

static void again(struct proof_server *s)
{
    int64_t left = mono_since(s->deadline, clock_mono());
    uint64_t wait = left < ASK_AGAIN_MS ? (left > 0 ? (uint64_t)left : 0) : ASK_AGAIN_MS;
    (void)uv_timer_start(&s->timer, on_time, wait, 0);
}

static void on_info(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct proof_server *s = context;
    s->query = NULL;
    if (s->decided || s->child == NULL)
        return;
    if (err != NULL || query_info_number(replies[0], "loading") != 0) {
        again(s); /* it does not listen yet, or loads */
        return;
    }
    /* The replies belong to the query: copy the text. */
    s->info = mem_calloc(1, sizeof *s->info);
    if (s->info != NULL) {
        s->info->type = RESP_BULK;
        s->info->length = replies[0]->length;
        s->info->text = mem_strndup(replies[0]->text, replies[0]->length);
    }
    if (s->info == NULL || s->info->text == NULL) {
        (void)error_set(&s->result.error, -ENOMEM, "out of memory");
        decide(s, PROOF_SERVER_FAILED);
        return;
    }
    s->config = host_config_of(replies[1]);
    s->result.config = s->config;
    int64_t gone = query_info_number(s->info, "expired_keys");
    int64_t evicted = query_info_number(s->info, "evicted_keys");
    s->result.loaded = query_info_number(s->info, "rdb_last_load_keys_loaded");
    s->result.expired = query_info_number(s->info, "rdb_last_load_keys_expired");
    s->result.lost_since = (gone > 0 ? gone : 0) + (evicted > 0 ? evicted : 0);
    bool valkey = query_info_field(s->info, "valkey_version") != NULL;
    query_info_text(s->info, valkey ? "valkey_version" : "redis_version", s->result.version,
                    sizeof s->result.version);
    if (s->ready == NULL) {
        decide(s, PROOF_SERVER_LOADED);
        return;
    }
    s->result.end = PROOF_SERVER_LOADED;
    s->result.info = s->info;
    s->ready(s->context, &s->redis, &s->result);
}

static void on_time(uv_timer_t *timer)
{
    static const struct query_command asked[] = {{{"INFO"}}, {{"CONFIG", "GET", "*"}}};
    struct proof_server *s = timer->data;
    if (mono_reached(clock_mono(), s->deadline)) {
        decide(s, PROOF_SERVER_LATE);
        return;
    }
    (void)str_format(s->redis.socket, sizeof s->redis.socket, "/proc/self/fd/%d/redis.sock",
                     s->folder_fd);
    const struct query_options options = {
        .redis = &s->redis, .commands = asked, .count = 2, .within_ms = ASK_WITHIN_MS};
    if (query_start(s->loop, &options, on_info, s, &s->query, &s->result.error) < 0)
        decide(s, PROOF_SERVER_FAILED);
}

/* A folder of its own with a link to the file: a save, which is switched off, would replace the
 * link and not the backup. */
static int make_folder(struct proof_server *s, const struct proof_server_options *o,
                       struct error *err)
{
    char file[PATH_MAX];
    if (realpath(o->file, file) == NULL)
        return error_set_errno(err, -errno, "cannot find %s", o->file);
    if (!str_format(s->folder, sizeof s->folder, "%s/" PROOF_SERVER_FOLDER "XXXXXX", o->folder))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", o->folder);
    if (mkdtemp(s->folder) == NULL)
        return error_set_errno(err, -errno, "cannot make the folder %s", s->folder);
    if (!str_format(s->link, sizeof s->link, "%s/dump.rdb", s->folder) ||
        !str_format(s->socket, sizeof s->socket, "%s/redis.sock", s->folder)) {
        (void)rmdir(s->folder);
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", o->folder);
    }
    s->folder_fd = open(s->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->folder_fd >= 0 && symlink(file, s->link) == 0)
        return 0;
    int code = -errno;
    remove_folder(s);
    return error_set_errno(err, code, "cannot fill the folder %s", s->folder);
}

/* util-linux' small programs set up what the server gets and then become it. */
static int start_child(struct proof_server *s, const struct proof_server_options *o,
                       struct error *err)
{
    char limit[64];
    char databases[24];
    int64_t bytes = o->memory_bytes > (INT64_MAX - PROOF_SERVER_FLOOR_BYTES) / 2
                        ? INT64_MAX
                        : 2 * o->memory_bytes + PROOF_SERVER_FLOOR_BYTES;
    if (o->memory_bytes > 0)
        (void)str_format(limit, sizeof limit, "--as=%lld:%lld", (long long)bytes, (long long)bytes);
    else
        (void)str_format(limit, sizeof limit, "--as=unlimited:unlimited");
    (void)str_format(databases, sizeof databases, "%lld", (long long)o->databases);
    const char *const argv[] = {
        "setpriv",  "--pdeathsig",  "KILL",       "--no-new-privs",
        "choom",    "-n",           "1000",       "--",
        "nice",     "-n",           "19",         "prlimit",
        limit,      "--core=0:0",   o->server,    "--port",
        "0",        "--unixsocket", "redis.sock", "--unixsocketperm",
        "700",      "--dir",        s->folder,    "--dbfilename",
        "dump.rdb", "--daemonize",  "no",         "--logfile",
        "",         "--save",       "",           "--appendonly",
        "no",       "--maxmemory",  "0",          "--databases",
        databases,  NULL,
    };
    const struct child_options options = {
        .argv = argv,
        .output_max = PROOF_SERVER_OUTPUT_MAX,
        .deadline = mono_add(s->deadline, CHILD_SPARE_MS + (o->ready == NULL ? 0 : o->serve_ms)),
        .group = true, /* it forks to serve a copy */
    };
    return child_start(s->loop, &options, on_child, s, &s->child, err);
}

int proof_server_start(uv_loop_t *loop, const struct proof_server_options *options,
                       proof_server_done *done, void *context, struct proof_server **ret,
                       struct error *err)
{
    struct proof_server *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->loop = loop;
    s->ready = options->ready;
    s->done = done;
    s->context = context;
    s->folder_fd = -1;
    s->began = clock_mono();
    s->deadline = mono_add(s->began, options->within_ms);
    s->result.loaded = s->result.expired = -1;
    int r = make_folder(s, options, err);
    if (r == 0) {
        r = start_child(s, options, err);
        if (r < 0)
            remove_folder(s);
    }
    if (r < 0) {
        mem_free(s);
        return r;
    }
    (void)uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    uv_update_time(loop);
    again(s);
    *ret = s;
    return 0;
}

void proof_server_cancel(struct proof_server *s)
{
    if (s == NULL)
        return;
    s->done = NULL;
    if (!s->decided)
        decide(s, PROOF_SERVER_FAILED);
}
