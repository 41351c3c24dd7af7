#include "restore/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

struct files {
    uv_work_t work;
    enum files_work what;
    struct placement_place place;
    char staged[PLACEMENT_ID_SIZE];
    char file[PATH_MAX];
    struct placement_stage stage;
    int fd;
    enum placement_result result;
    struct placement_error text;
    files_done *done;
    void *context;
};

static int64_t from_file(void *context, void *to, size_t size)
{
    const struct files *f = context;
    ssize_t n = read(f->fd, to, size);
    return n < 0 ? -errno : n;
}

static void stage(struct files *f)
{
    f->fd = open(f->file, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0) {
        f->result = PLACEMENT_FAILED;
        (void)str_format(f->text.text, sizeof f->text.text, "cannot read the backup %.300s",
                         f->file);
        return;
    }
    placement_id_now(f->staged);
    f->result = placement_stage(&f->place, &f->stage, f->staged, &f->text);
    (void)close(f->fd);
}

static void on_worker(uv_work_t *work)
{
    struct files *f = work->data;
    switch (f->what) {
    case FILES_STAGE:
        stage(f);
        break;
    case FILES_PLACE_RDB:
        f->result = placement_place(&f->place, f->staged, PLACEMENT_RDB, &f->text);
        break;
    case FILES_PLACE_AOF:
        f->result = placement_place(&f->place, f->staged, PLACEMENT_AOF, &f->text);
        break;
    case FILES_UNDO:
        f->result = placement_undo(&f->place, f->staged, &f->text);
        break;
    default:
        f->result = placement_drop(&f->place, f->staged, &f->text);
        break;
    }
}

static void on_worked(uv_work_t *work, int status)
{
    struct files *f = work->data;
    struct error err = {0};
    bool ok = status == 0 && f->result == PLACEMENT_OK;
    if (!ok)
        (void)error_set(&err, -EIO, "%s", status == 0 ? f->text.text : "cancelled");
    f->done(f->context, ok ? RESTORE_OK : RESTORE_FAILED, f->result, f->staged, &err);
    mem_free(f);
}

int files_start(uv_loop_t *loop, const struct files_options *options, files_done *done,
                void *context, struct error *err)
{
    struct files *f = mem_calloc(1, sizeof *f);
    if (f == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    f->work.data = f;
    f->what = options->work;
    f->place = *options->place;
    f->done = done;
    f->context = context;
    f->stage = (struct placement_stage){.bytes = options->bytes, .source = from_file, .context = f};
    (void)str_copy(f->staged, sizeof f->staged, options->staged);
    (void)str_copy(f->stage.sha256, sizeof f->stage.sha256, options->sha256);
    (void)str_copy(f->file, sizeof f->file, options->file);
    int r = uv_queue_work(loop, &f->work, on_worker, on_worked);
    if (r < 0) {
        mem_free(f);
        return error_set(err, r, "cannot start a worker");
    }
    return 0;
}
