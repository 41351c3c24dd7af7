/* The parts of a backup, one at a time and by hand, for tests and figures; not installed.
 *
 *   pull-one backup NAME=VALUE...   pulls, proves, publishes
 *   pull-one pull NAME=VALUE...     pulls into file=
 *   pull-one prove NAME=VALUE...    looks at file= with every level up to upto=
 *
 * Steps are lines "step WORD" on stdout as they begin; the last line is a JSON object. The status is
 * 0 when the word `end` of it is "proved", "ok" or "good". SIGTERM cancels. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backups/backup.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"

struct run {
    uv_loop_t *loop;
    uv_prepare_t every_turn;
    uv_signal_t terminated;
    const char *what, *root, *service, *server, *file, *folder, *sha256;
    struct redis_settings redis;
    struct pull_limits pull_limits;
    struct proof_limits proof_limits;
    int64_t upto, go_on, expected;
    struct backup *backup;
    struct pull *pull;
    struct proof *proof;
    char step[32];
    int status;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "pull-one: %s\n", what);
    exit(2);
}

static void step(struct run *r, const char *word)
{
    if (str_equal(r->step, word))
        return;
    (void)str_copy(r->step, sizeof r->step, word);
    (void)printf("step %s\n", word);
    (void)fflush(stdout);
}

static void on_turn(uv_prepare_t *handle)
{
    static const char *const pulls[] = {"connecting", "forking", "receiving", "syncing", ""};
    struct run *r = handle->data;
    if (r->pull != NULL)
        step(r, pulls[pull_stage(r->pull)]);
    else if (r->backup != NULL && backup_stage(r->backup) == BACKUP_PULLING)
        step(r, pulls[backup_pull_stage(r->backup)]);
    else if (r->backup != NULL)
        step(r, backup_stage_word(backup_stage(r->backup)));
}

static void end(struct run *r, json_t *o, bool good)
{
    char *text = json_dumps(o, JSON_WRITE_FLAGS);
    (void)printf("%s\n", text == NULL ? "null" : text);
    free(text);
    json_decref(o);
    r->status = good ? 0 : 1;
    r->backup = NULL;
    r->pull = NULL;
    r->proof = NULL;
    uv_close((uv_handle_t *)&r->every_turn, NULL);
    uv_close((uv_handle_t *)&r->terminated, NULL);
}

static json_t *check_json(const struct proof_check *c)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "level", proof_level_word(c->level),
                     "verdict", proof_verdict_word(c->verdict), "reason",
                     proof_reason_word(c->reason), "keys", (json_int_t)c->keys, "expired",
                     (json_int_t)c->expired, "text", c->text);
}

static void on_backup(void *context, const struct backup_result *result)
{
    struct run *r = context;
    json_t *o = json_object();
    (void)json_put_text(o, "end", backup_end_word(result->end));
    (void)json_put_text(o, "cause", pull_cause_word(result->cause));
    (void)json_put_text(o, "error", result->error.text);
    (void)json_put_text(o, "folder", result->folder);
    (void)json_put_bool(o, "source_changed", result->source_changed);
    (void)json_put_text(o, "manifest_sha256", result->manifest_sha256);
    (void)json_put_int(o, "suspicious", (int64_t)result->manifest->suspicious);
    (void)json_put_text(o, "proved", proof_level_word(result->manifest->proved));
    end(r, o, result->end == BACKUP_PROVED);
}

static void on_pull(void *context, const struct pull_result *result)
{
    struct run *r = context;
    json_t *o = json_object();
    (void)json_put_text(o, "end", pull_cause_word(result->cause));
    (void)json_put_text(o, "error", result->error.text);
    (void)json_put_int(o, "bytes", (int64_t)result->bytes);
    (void)json_put_text(o, "sha256", result->sha256);
    (void)json_put_text(o, "magic", result->head.magic);
    (void)json_put_text(o, "crc64", rdb_end_word(result->end));
    (void)json_put_bool(o, "rdb_only", result->rdb_only);
    (void)json_put_bool(o, "by_mark", result->by_mark);
    (void)json_put_int(o, "forking_ms", result->forking_ms);
    (void)json_put_int(o, "receiving_ms", result->receiving_ms);
    end(r, o, result->cause == PULL_OK);
}

static void on_proof(void *context, const struct proof_result *result)
{
    struct run *r = context;
    json_t *o = json_object();
    json_t *checks = json_array();
    const struct proof_check *last = &result->checks[result->check_count - 1];
    for (size_t i = 0; i < result->check_count; i++)
        (void)json_array_append_new(checks, check_json(&result->checks[i]));
    (void)json_put_text(o, "end", proof_verdict_word(last->verdict));
    (void)json_put_text(o, "proved", proof_level_word(result->proved));
    (void)json_put_text(o, "sha256", result->file.sha256);
    (void)json_put_int(o, "keys", result->counted ? result->keys : -1);
    (void)json_put(o, "checks", checks);
    end(r, o, last->verdict == PROOF_GOOD);
}

static void on_terminated(uv_signal_t *handle, int number)
{
    struct run *r = handle->data;
    (void)number;
    if (r->backup != NULL)
        backup_cancel(r->backup);
    if (r->pull != NULL)
        pull_cancel(r->pull);
}

/* In the place of an SSH session: a connected socket, as the pool gives one. */
static void open_tunnel(void *context, const char *host, int port, mono_ms deadline,
                        void (*done)(void *done_context, int fd, const struct error *error),
                        void *done_context)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)context;
    (void)deadline;
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        struct error err;
        (void)error_set_errno(&err, -errno, "no way to %s:%d", host, port);
        (void)close(fd);
        done(done_context, -1, &err);
        return;
    }
    done(done_context, fd, NULL);
}

static const struct redis_tunnel tunnel = {.open = open_tunnel};

static int64_t number(const char *value)
{
    int64_t n = 0;
    struct error err;
    if (parse_int(value, 0, INT64_MAX, &n, &err) < 0)
        die(err.text);
    return n;
}

static void take_text(struct run *r, const char *name, const char *value)
{
    const struct {
        const char *name;
        char *array;
        size_t size;
        const char **text;
    } texts[] = {
        {"host", r->redis.host, sizeof r->redis.host, NULL},
        {"socket", r->redis.socket, sizeof r->redis.socket, NULL},
        {"user", r->redis.username, sizeof r->redis.username, NULL},
        {"password_file", r->redis.password_file, sizeof r->redis.password_file, NULL},
        {"ca_file", r->redis.tls.ca_file, sizeof r->redis.tls.ca_file, NULL},
        {"server_name", r->redis.tls.server_name, sizeof r->redis.tls.server_name, NULL},
        {"root", NULL, 0, &r->root},
        {"service", NULL, 0, &r->service},
        {"server", NULL, 0, &r->server},
        {"file", NULL, 0, &r->file},
        {"folder", NULL, 0, &r->folder},
        {"sha256", NULL, 0, &r->sha256},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (!str_equal(texts[i].name, name))
            continue;
        if (texts[i].array != NULL)
            (void)str_copy(texts[i].array, texts[i].size, value);
        else
            *texts[i].text = value;
        return;
    }
    die(name);
}

static void take(struct run *r, char *argument)
{
    char *value = strchr(argument, '=');
    if (value == NULL)
        die(argument);
    *value++ = '\0';
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {
        {"connect_ms", &r->pull_limits.connect_ms},
        {"forking_ms", &r->pull_limits.forking_ms},
        {"silence_ms", &r->pull_limits.silence_ms},
        {"total_ms", &r->pull_limits.total_ms},
        {"reserve", &r->pull_limits.reserve_bytes},
        {"check_ms", &r->proof_limits.check_ms},
        {"load_ms", &r->proof_limits.load_ms},
        {"memory", &r->proof_limits.memory_bytes},
        {"upto", &r->upto},
        {"go_on", &r->go_on},
        {"expected", &r->expected},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        if (str_equal(numbers[i].name, argument)) {
            *numbers[i].number = number(value);
            return;
        }
    if (str_equal(argument, "port"))
        r->redis.port = (int)number(value);
    else if (str_equal(argument, "ssh"))
        r->redis.via = number(value) != 0 ? VIA_SSH : r->redis.via;
    else
        take_text(r, argument, value);
    r->redis.tls.enabled = r->redis.tls.ca_file[0] != '\0';
}

static int start(struct run *r, struct error *err)
{
    const struct backup_options backup = {
        .redis = &r->redis,
        .tunnel = &tunnel,
        .root = r->root,
        .service = r->service,
        .server = r->server,
        .reason = "by hand",
        .by = "pull-one",
        .kind = BACKUP_MANUAL,
        .pull = r->pull_limits,
        .proof = r->proof_limits,
    };
    const struct pull_options pull = {
        .redis = &r->redis, .tunnel = &tunnel, .path = r->file, .limits = r->pull_limits};
    const struct proof_options proof = {
        .file = r->file,
        .folder = r->folder,
        .server = r->server,
        .sha256 = r->sha256,
        .bytes = (uint64_t)r->expected,
        .upto = (enum proof_level)r->upto,
        .go_on = r->go_on != 0,
        .limits = r->proof_limits,
    };
    if (str_equal(r->what, "backup"))
        return backup_start(r->loop, &backup, on_backup, r, &r->backup, err);
    if (str_equal(r->what, "pull"))
        return pull_start(r->loop, &pull, on_pull, r, &r->pull, err);
    return proof_start(r->loop, &proof, on_proof, r, &r->proof, err);
}

int main(int argc, char **argv)
{
    static struct run r = {.root = "",
                           .service = "redis",
                           .server = "/usr/bin/redis-server",
                           .file = "",
                           .folder = "/tmp",
                           .upto = PROOF_LOADED,
                           .status = 2};
    struct error err;
    if (argc < 2)
        die("say backup, pull or prove");
    r.what = argv[1];
    r.pull_limits = pull_limits_default;
    r.proof_limits = proof_limits_default;
    for (int i = 2; i < argc; i++)
        take(&r, argv[i]);
    r.loop = uv_default_loop();
    (void)uv_prepare_init(r.loop, &r.every_turn);
    (void)uv_signal_init(r.loop, &r.terminated);
    r.every_turn.data = r.terminated.data = &r;
    (void)uv_prepare_start(&r.every_turn, on_turn);
    (void)uv_signal_start(&r.terminated, on_terminated, SIGTERM);
    if (start(&r, &err) < 0)
        die(err.text);
    (void)uv_run(r.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(r.loop);
    return r.status;
}
