#include "audit_bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"

static void keep_head(void *context, const struct audit_anchor *anchor)
{
    struct bench *b = context;
    if (b->store != NULL)
        store_save_anchor(b->store, anchor);
}

static void on_news(void *context)
{
    struct bench *b = context;
    b->news++;
}

void on_done(void *context, uint64_t id, enum audit_outcome outcome, const struct error *error)
{
    struct bench *b = context;
    (void)id;
    (void)error;
    b->done++;
    b->failed += outcome != AUDIT_DURABLE;
}

static void on_saved(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    (void)context;
    (void)id;
    (void)outcome;
    (void)error;
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    (void)context;
    (void)id;
    (void)rows;
    (void)error;
}

int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "%s/resus-anchor-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->settings.file, sizeof b->settings.file, "%s/audit.log", b->folder);
    b->settings.max_size = 100 << 20;
    b->settings.backup_count = 10;
    b->guard = (struct audit_guard){.state_dir = b->folder,
                                    .report_ms = 3600000,
                                    .context = b,
                                    .keep = keep_head,
                                    .news = on_news};
    assert_int_equal(uv_loop_init(&b->loop), 0);
    *state = b;
    return 0;
}

void close_log(struct bench *b)
{
    audit_close(b->audit, 10000);
    store_close(b->store, 10000);
    b->audit = NULL;
    b->store = NULL;
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
}

int tear_down(void **state)
{
    struct bench *b = *state;
    close_log(b);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    DIR *dir = opendir(b->folder);
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        char path[SETTINGS_PATH_MAX + 20];
        (void)snprintf(path, sizeof path, "%s/%s", b->folder, d->d_name);
        if (d->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    (void)closedir(dir);
    assert_int_equal(rmdir(b->folder), 0);
    free(b);
    return 0;
}

void open_store(struct bench *b)
{
    struct error err = {0};
    assert_int_equal(store_open(&b->loop, b->folder, on_saved, on_rows, b, &b->store, &err), 0);
}

void open_log(struct bench *b)
{
    struct error err = {0};
    open_store(b);
    b->guard.anchor = (struct audit_anchor){0};
    assert_true(store_load_anchor(b->store, &b->guard.anchor, &err) >= 0);
    int r = audit_open(&b->loop, &b->settings, &b->guard, on_done, b, &b->audit, &err);
    if (r < 0)
        fail_msg("%s", err.text);
}

static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

/* The loop looks at nothing while nothing of it is alive. */
void turn(struct bench *b)
{
    uv_timer_t alive;
    assert_int_equal(uv_timer_init(&b->loop, &alive), 0);
    assert_int_equal(uv_timer_start(&alive, nothing, 1, 0), 0);
    (void)uv_run(&b->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&alive, NULL);
    (void)uv_run(&b->loop, UV_RUN_NOWAIT);
}

void await(struct bench *b, uint64_t done)
{
    while (b->done < done)
        turn(b);
}

void write_lines(struct bench *b, int count)
{
    struct audit_line line = {.event = AUDIT_SERVICE_OPERATION,
                              .at = {1760106600000},
                              .service = "redis",
                              .operation = "restart",
                              .user_id = "user-1",
                              .has_result = true,
                              .success = true,
                              .ssh_key_used = -1};
    uint64_t wanted = b->done + (uint64_t)count;
    for (int i = 0; i < count; i++)
        audit_append(b->audit, ++b->next_id, &line, true);
    await(b, wanted);
}

/* A log of so many lines, and nobody at work. */
void have_lines(struct bench *b, int count)
{
    open_log(b);
    write_lines(b, count);
    close_log(b);
}

struct audit_anchor kept(struct bench *b)
{
    struct audit_anchor anchor = {0};
    struct error err = {0};
    if (anchor_read(b->folder, &anchor, &err) < 0)
        fail_msg("%s", err.text);
    return anchor;
}

struct audit_verdict verify(struct bench *b)
{
    struct audit_anchor anchor = kept(b);
    const struct audit_check check = {.anchor = &anchor};
    struct audit_verdict v = {0};
    struct error err = {0};
    if (audit_verify(b->settings.file, &check, &v, &err) < 0)
        fail_msg("%s", err.text);
    return v;
}

void assert_intact(struct bench *b)
{
    struct audit_verdict v = verify(b);
    /* The head is recorded by the store's thread, a moment after the lines are written. */
    while (v.intact && !v.anchored && b->audit != NULL) {
        turn(b);
        v = verify(b);
    }
    if (!v.intact)
        fail_msg("%s:%llu %s", v.bad_file, (unsigned long long)v.bad_line, v.why);
    assert_true(v.anchored);
}

const char *finding(struct bench *b)
{
    static char text[ERROR_TEXT_MAX];
    audit_finding(b->audit, text, sizeof text);
    return text;
}

char *read_text(const char *path)
{
    struct buf text = BUF_LIMIT(64 << 20);
    struct error err = {0};
    if (file_read(path, &text, &err) < 0)
        fail_msg("%s", err.text);
    return text.data == NULL ? mem_strdup("") : text.data;
}

void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

void cut_lines(struct bench *b, int left)
{
    char *text = read_text(b->settings.file);
    char *end = text;
    for (int i = 0; i < left; i++)
        end = strchr(end, '\n') + 1;
    *end = '\0';
    write_text(b->settings.file, text);
    mem_free(text);
}

static bool look_for(void *context, const json_t *line, const char *file, uint64_t number)
{
    (void)file;
    (void)number;
    const char **wanted = context;
    const char *reason = json_string_value(json_object_get(line, "reason"));
    if (reason == NULL || strstr(reason, *wanted) == NULL)
        return true;
    *wanted = NULL;
    return false;
}

void assert_says(struct bench *b, const char *wanted)
{
    struct error err = {0};
    const char *left = wanted;
    assert_int_equal(audit_walk(b->settings.file, NULL, look_for, &left, &err), 0);
    if (left != NULL)
        fail_msg("no line says: %s", wanted);
}
