/* 10,000 alerts at once, through the outbox with its database: what memory they take, when the one P1 among
 * them is sent, and how late a timer of the same loop is meanwhile. Prints one JSON object.
 *
 * usage: alert-flood FOLDER (for the database; empty) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "alerts/outbox.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

#define ALERTS 10000
#define SEVERE 9000 /* the P1's place among them */
#define TICK_MS 2
#define QUIET_MS 5000
#define TICKS_MAX 100000
#define SENDS_MAX 4096

enum { PAGER, CHAT, MAIL, CHANNELS };

struct flood {
    uv_loop_t loop;
    struct store *store;
    struct outbox *outbox;
    uv_idle_t posts;
    uv_timer_t tick, quiet;
    uv_async_t answers;
    int posted;
    uint64_t sends[SENDS_MAX];
    size_t sent, answered;
    uint64_t began, severe_posted, severe_sent;
    uint64_t ticks_at;
    double late_ms[TICKS_MAX];
    size_t ticks;
    double cost_ms[ALERTS]; /* processor time of each posting */
    double quiet_p99_ms; /* of the timer before it begins: what the machine alone makes it late */
    long before_kb, most_kb;
};

static long resident_kb(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    const char *second = fgets(line, sizeof line, file) == NULL ? NULL : strchr(line, ' ');
    (void)fclose(file);
    return second == NULL ? 0 : strtol(second, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct now now_of(void *context)
{
    (void)context;
    return clock_now();
}

static void on_send(void *context, int channel, uint64_t delivery, const json_t *message)
{
    struct flood *f = context;
    (void)channel;
    if (f->severe_sent == 0 && json_int_or(message, "place", -1) == SEVERE)
        f->severe_sent = uv_hrtime();
    if (f->sent < SENDS_MAX)
        f->sends[f->sent++] = delivery;
    (void)uv_async_send(&f->answers);
}

static void on_cancel(void *context, int channel, uint64_t delivery)
{
    (void)context, (void)channel, (void)delivery;
}

static void on_answers(uv_async_t *handle)
{
    struct flood *f = handle->data;
    while (f->answered < f->sent)
        outbox_answered(f->outbox, f->sends[f->answered++], RETRY_DELIVERED, 200, RETRY_AFTER_NONE,
                        NULL, NULL);
}

static void on_done(void *context, uint64_t id, enum store_outcome outcome,
                    const struct error *error)
{
    (void)context, (void)id, (void)outcome, (void)error;
}

static void on_rows(void *context, uint64_t id, json_t *rows, const struct error *error)
{
    (void)context, (void)id, (void)rows, (void)error;
}

static void on_quiet(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static double cpu_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* One alert a turn of the loop, as verdicts come. */
static void on_post(uv_idle_t *idle)
{
    struct flood *f = idle->data;
    struct error err = {0};
    char thread[64], text[300];
    int i = f->posted++;
    bool severe = i == SEVERE;
    if (i == ALERTS) {
        (void)uv_idle_stop(idle);
        (void)uv_timer_start(&f->quiet, on_quiet, 1000, 0);
        return;
    }
    if (severe)
        f->severe_posted = uv_hrtime();
    (void)str_format(thread, sizeof thread, "resus/bench/redis-%d/availability/1", i);
    (void)str_format(text, sizeof text,
                     "The process of redis-server has ended by signal 9 on 192.0.2.%d, and three "
                     "restarts have failed: an administrator has to look at it.",
                     i % 250);
    JSON_CLEANUP json_t *facts = json_pack("{s:s, s:i, s:s}", "summary", text, "place", i,
                                           "command", "resus recovery reset redis");
    const struct outbox_post post = {.kind = LANE_TRIGGER,
                                     .severity = severe ? 1 : 3,
                                     .thread = thread,
                                     .service = "redis",
                                     .channels = severe ? 1U << PAGER | 1U << CHAT | 1U << MAIL
                                                        : 1U << CHAT | 1U << MAIL,
                                     .facts = facts};
    double cpu = cpu_ms();
    if (outbox_post(f->outbox, &post, &err) < 0)
        (void)fprintf(stderr, "alert %d: %s\n", i, err.text);
    f->cost_ms[i] = cpu_ms() - cpu;
    if (i % 100 == 0) {
        long kb = resident_kb();
        f->most_kb = kb > f->most_kb ? kb : f->most_kb;
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct flood *f = timer->data;
    uint64_t now = uv_hrtime();
    double late = (double)(now - f->ticks_at) / 1e6 - TICK_MS;
    if (f->ticks < TICKS_MAX)
        f->late_ms[f->ticks++] = late < 0 ? 0 : late;
    f->ticks_at = now;
    (void)uv_timer_start(timer, on_tick, TICK_MS, 0);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int open_all(struct flood *f, const char *folder, struct error *err)
{
    static const struct outbox_channel channels[CHANNELS] = {
        [PAGER] = {"pager", {true, 86400000}},
        [CHAT] = {"chat", {false, 3 * INT64_C(86400000)}},
        [MAIL] = {"mail", {false, 5 * INT64_C(86400000)}},
    };
    int r = store_open(&f->loop, folder, on_done, on_rows, f, &f->store, err);
    if (r < 0)
        return r;
    const struct outbox_ports ports = {.context = f,
                                       .loop = &f->loop,
                                       .store = f->store,
                                       .channel = {on_send, on_cancel},
                                       .now = now_of};
    return outbox_open(&ports, channels, CHANNELS, &f->outbox, err);
}

static double p99(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return count == 0 ? 0 : values[count * 99 / 100];
}

int main(int argc, char **argv)
{
    static struct flood flood;
    struct flood *f = &flood;
    struct error err = {0};
    if (argc != 2)
        return EX_USAGE;
    if (uv_loop_init(&f->loop) != 0 || open_all(f, argv[1], &err) < 0) {
        (void)fprintf(stderr, "alert-flood: %s\n", err.text);
        return EX_SOFTWARE;
    }
    (void)uv_idle_init(&f->loop, &f->posts);
    (void)uv_timer_init(&f->loop, &f->tick);
    (void)uv_timer_init(&f->loop, &f->quiet);
    (void)uv_async_init(&f->loop, &f->answers, on_answers);
    f->posts.data = f->tick.data = f->answers.data = f;
    f->before_kb = f->most_kb = resident_kb();
    f->began = f->ticks_at = uv_hrtime();
    (void)uv_timer_start(&f->tick, on_tick, TICK_MS, 0);
    (void)uv_timer_start(&f->quiet, on_quiet, QUIET_MS, 0);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    f->quiet_p99_ms = p99(f->late_ms, f->ticks);
    f->ticks = 0;
    f->began = f->ticks_at = uv_hrtime();
    (void)uv_idle_start(&f->posts, on_post);
    (void)uv_run(&f->loop, UV_RUN_DEFAULT);
    long kb = resident_kb();
    double late = p99(f->late_ms, f->ticks);
    double cost = p99(f->cost_ms, ALERTS);
    (void)printf("{\"alerts\": %d, \"more_kb\": %ld, \"severe_ms\": %.1f, \"late_p99_ms\": %.2f, "
                 "\"quiet_p99_ms\": %.2f, \"cost_p99_ms\": %.3f, \"cost_max_ms\": %.3f, "
                 "\"seconds\": %.1f}\n",
                 ALERTS, (kb > f->most_kb ? kb : f->most_kb) - f->before_kb,
                 (double)(f->severe_sent - f->severe_posted) / 1e6, late, f->quiet_p99_ms, cost,
                 f->cost_ms[ALERTS - 1], (double)(uv_hrtime() - f->began) / 1e9);
    outbox_close(f->outbox);
    store_close(f->store, 10000);
    return f->severe_sent > 0 ? 0 : EX_SOFTWARE;
}
