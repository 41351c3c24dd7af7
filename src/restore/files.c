#include "restore/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "restore/helper_run.h"

#define WORD_MAX 256

#define LOOK_MS 100
#define NOT_NOW "this engine may not change the service now: nothing was done"

struct files {
    uv_work_t work;
    uv_timer_t timer; /* looks at the permit */
    struct permit permit;
    const atomic_bool *stop; /* Resus is stopping; NULL = no one says so */
    /* for the worker, which does not look at the permit itself */
    atomic_bool good; /* it may begin */
    atomic_bool ends; /* it is to end */
    size_t words;     /* of the helper's command; 0 = none */
    char command[HELPER_WORDS_MAX][WORD_MAX];
    files_remote *remote; /* NULL = on this machine */
    struct files_host host;
    int64_t within_ms;
    enum restore_event outcome;
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

static const char *command_of(enum files_work what)
{
    static const char *const words[] = {[FILES_STAGE] = "stage",
                                        [FILES_PLACE_RDB] = "place-rdb",
                                        [FILES_PLACE_AOF] = "place-aof",
                                        [FILES_UNDO] = "undo",
                                        [FILES_DROP] = "drop"};
    return words[what];
}

/* "staged ID\n" */
static void take_answer(struct files *f, const struct helper_ran *ran)
{
    static const char staged[] = "staged ";
    char id[PLACEMENT_ID_SIZE];
    f->result = ran->status < 0 ? PLACEMENT_FAILED : (enum placement_result)ran->status;
    f->outcome = ran->status < 0 ? RESTORE_UNKNOWN : ran->status == 0 ? RESTORE_OK : RESTORE_FAILED;
    if (ran->status != 0)
        (void)str_copy_clean(f->text.text, sizeof f->text.text, ran->err, strlen(ran->err));
    if (ran->status != 0 || f->what != FILES_STAGE)
        return;
    (void)str_copy_n(id, sizeof id, str_starts(ran->out, staged) ? ran->out + strlen(staged) : "",
                     PLACEMENT_ID_SIZE - 1);
    if (placement_id_valid(id)) {
        memcpy(f->staged, id, sizeof id);
        return;
    }
    f->outcome = RESTORE_FAILED;
    (void)str_copy(f->text.text, sizeof f->text.text, "the helper did not say what it staged");
}

static void by_helper(struct files *f)
{
    const char *argv[HELPER_WORDS_MAX + 1] = {NULL};
    char line[128];
    struct error err = {0};
    struct helper_ran ran;
    for (size_t i = 0; i < f->words; i++)
        argv[i] = f->command[i];
    f->fd = f->what == FILES_STAGE ? open(f->file, O_RDONLY | O_CLOEXEC) : -1;
    if (f->what == FILES_STAGE)
        (void)str_format(line, sizeof line, "%llu %s\n", (unsigned long long)f->stage.bytes,
                         f->stage.sha256);
    else
        (void)str_format(line, sizeof line, "%s\n", f->staged);
    const struct helper_run run = {
        .argv = argv, .line = line, .fd = f->fd, .within_ms = f->within_ms};
    int r = f->remote != NULL ? f->remote(&f->host, f->what, &run, &ran, &err)
                              : helper_run(&run, &ran, &err);
    if (f->fd >= 0)
        (void)close(f->fd);
    if (r == 0) {
        take_answer(f, &ran);
        return;
    }
    f->result = PLACEMENT_FAILED;
    bool begun = r == -ETIMEDOUT || (f->remote != NULL && (r == -ECONNRESET || r == -ECANCELED));
    f->outcome = begun ? RESTORE_UNKNOWN : RESTORE_FAILED;
    (void)str_copy(f->text.text, sizeof f->text.text, err.text);
}

static void on_worker(uv_work_t *work)
{
    struct files *f = work->data;
    if (!atomic_load(&f->good)) { /* it waited for a worker meanwhile */
        f->outcome = RESTORE_FAILED;
        (void)str_copy(f->text.text, sizeof f->text.text, NOT_NOW);
        return;
    }
    if (f->words > 0 || f->remote != NULL) {
        by_helper(f);
        return;
    }
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
    f->outcome = f->result == PLACEMENT_OK ? RESTORE_OK : RESTORE_FAILED;
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void on_worked(uv_work_t *work, int status)
{
    struct files *f = work->data;
    struct error err = {0};
    if (status < 0)
        f->outcome = RESTORE_FAILED;
    if (f->outcome != RESTORE_OK)
        (void)error_set(&err, -EIO, "%s", status == 0 ? f->text.text : "cancelled");
    permit_end(&f->permit);
    f->done(f->context, f->outcome, f->result, f->staged, &err);
    uv_close((uv_handle_t *)&f->timer, on_closed);
}

static void on_look(uv_timer_t *timer)
{
    struct files *f = timer->data;
    enum permit_state state = permit_look(&f->permit);
    atomic_store(&f->good, state == PERMIT_GOOD);
    if (state == PERMIT_OVER || (f->stop != NULL && atomic_load(f->stop)))
        atomic_store(&f->ends, true);
}

static bool take_command(struct files *f, const struct files_options *options)
{
    bool fits = true;
    while (fits && options->helper[f->words] != NULL && f->words < HELPER_WORDS_MAX - 2) {
        fits = str_copy(f->command[f->words], WORD_MAX, options->helper[f->words]);
        f->words++;
    }
    fits = fits && options->helper[f->words] == NULL;
    (void)str_copy(f->command[f->words++], WORD_MAX, command_of(options->work));
    return fits && str_copy(f->command[f->words++], WORD_MAX, options->name);
}

int files_start(uv_loop_t *loop, const struct files_options *options, files_done *done,
                void *context, struct error *err)
{
    if (permit_look(options->permit) != PERMIT_GOOD)
        return error_set(err, -EPERM, "%s", NOT_NOW);
    struct files *f = mem_calloc(1, sizeof *f);
    if (f == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    f->work.data = f;
    f->what = options->work;
    if (options->place != NULL)
        f->place = *options->place;
    f->remote = options->remote;
    if (f->remote != NULL) {
        f->host = *options->host;
        f->stop = f->host.stop;
        f->host.stop = &f->ends;
    } else if (options->place == NULL && !take_command(f, options)) {
        mem_free(f);
        return error_set(err, -E2BIG, "the command of the helper is too long");
    }
    f->within_ms = options->within_ms;
    f->done = done;
    f->context = context;
    f->stage = (struct placement_stage){.bytes = options->bytes, .source = from_file, .context = f};
    (void)str_copy(f->staged, sizeof f->staged, options->staged);
    (void)str_copy(f->stage.sha256, sizeof f->stage.sha256, options->sha256);
    (void)str_copy(f->file, sizeof f->file, options->file);
    atomic_store(&f->good, true);
    int r = uv_queue_work(loop, &f->work, on_worker, on_worked);
    if (r < 0) {
        mem_free(f);
        return error_set(err, r, "cannot start a worker");
    }
    f->permit = *options->permit;
    (void)uv_timer_init(loop, &f->timer);
    f->timer.data = f;
    (void)uv_timer_start(&f->timer, on_look, LOOK_MS, LOOK_MS);
    return 0;
}
