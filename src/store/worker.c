#include "store/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

static atomic_bool left_behind;

static void *thread_main(void *context)
{
    struct worker *w = context;
    w->run(w->context);
    (void)pthread_mutex_lock(&w->lock);
    w->finished = true;
    (void)pthread_cond_signal(&w->ended);
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

static int start_thread(struct worker *w)
{
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&w->thread, NULL, thread_main, w);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -r;
}

int worker_start(struct worker *w, const char *name, void (*run)(void *context), void *context,
                 struct error *err)
{
    w->run = run;
    w->context = context;
    w->stop = w->finished = false;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, &monotonic);
    (void)pthread_cond_init(&w->ended, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    int r = start_thread(w);
    if (r < 0) {
        worker_free(w);
        return error_set_errno(err, r, "cannot start the thread %s", name);
    }
    (void)pthread_setname_np(w->thread, name);
    return 0;
}

static struct timespec in_ms(int64_t ms)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

void worker_wait(struct worker *w, int64_t timeout_ms)
{
    if (timeout_ms < 0) {
        (void)pthread_cond_wait(&w->wake, &w->lock);
        return;
    }
    struct timespec until = in_ms(timeout_ms);
    (void)pthread_cond_timedwait(&w->wake, &w->lock, &until);
}

bool worker_left_behind(void)
{
    return atomic_load(&left_behind);
}

bool worker_stop(struct worker *w, int64_t wait_ms)
{
    struct timespec until = in_ms(wait_ms < 0 ? 0 : wait_ms);
    (void)pthread_mutex_lock(&w->lock);
    w->stop = true;
    (void)pthread_cond_signal(&w->wake);
    while (!w->finished && pthread_cond_timedwait(&w->ended, &w->lock, &until) != ETIMEDOUT)
        ;
    bool finished = w->finished;
    (void)pthread_mutex_unlock(&w->lock);
    if (!finished) {
        atomic_store(&left_behind, true);
        (void)pthread_detach(w->thread);
        return false;
    }
    (void)pthread_join(w->thread, NULL);
    return true;
}

void worker_free(struct worker *w)
{
    (void)pthread_cond_destroy(&w->ended);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->lock);
}
