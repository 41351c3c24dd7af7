/* One thread that may hang in the kernel (a dead disk), so that stopping it is bounded too. Its
 * owner keeps its own queue under `lock` and signals `wake`. */
#ifndef RESUS_STORE_WORKER_H
#define RESUS_STORE_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

struct worker {
    pthread_mutex_t lock;
    pthread_cond_t wake;  /* waited for by the thread */
    pthread_cond_t ended; /* waited for by worker_stop */
    pthread_t thread;
    bool stop;     /* under lock: the thread finishes what is queued and returns */
    bool finished; /* under lock */
    void (*run)(void *context);
    void *context;
};

/* Initialises and starts; signals are blocked in the thread. `name` shows in top and gdb. */
int worker_start(struct worker *w, const char *name, void (*run)(void *context), void *context,
                 struct error *err) ATTR_MUST_USE;
/* Under lock: waits for `wake`, or at most `timeout_ms` when that is not negative. */
void worker_wait(struct worker *w, int64_t timeout_ms);
/* Asks it to stop and waits at most `wait_ms`. True: joined. False: it hangs; it is detached and
 * what it can reach must stay allocated. */
bool worker_stop(struct worker *w, int64_t wait_ms) ATTR_MUST_USE;
/* True: one hangs still. exit() would then take the libraries' memory from under it; _exit() does
 * not. */
bool worker_left_behind(void);
/* After worker_stop said true, once `lock` is no longer used. */
void worker_free(struct worker *w);

#endif
