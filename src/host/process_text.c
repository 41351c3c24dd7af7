#include "host/process_text.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

struct words {
    const char *active, *sub, *result;
};

static bool has_failed(const struct process_view *v)
{
    return v->pid != 0 && !v->stopped && !(v->end == PROCESS_END_EXITED && v->code == 0);
}

static struct words words_of(const struct process_view *v)
{
    static const char *const results[] = {
        [PROCESS_END_UNKNOWN] = "unknown", /* it was no child of ours: nobody can know */
        [PROCESS_END_EXITED] = "exit-code",
        [PROCESS_END_SIGNALLED] = "signal",
    };
    switch (v->state) {
    case PROCESS_UP:
        return (struct words){"active", "running", "success"};
    case PROCESS_STARTING:
        return (struct words){"activating", "start", "success"};
    case PROCESS_STOPPING:
        return (struct words){"deactivating", "stop-sigterm", "success"};
    case PROCESS_DOWN:
        break;
    }
    if (has_failed(v))
        return (struct words){"failed", "failed", results[v->end]};
    return (struct words){"inactive", "dead", "success"};
}

/* "Sun 2026-11-22 15:52:06 UTC" */
static void since_text(wall_ms t, char ret[40])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    time_t seconds = (time_t)(t.ms / 1000);
    struct tm tm;
    char rfc[WALL_TEXT_SIZE];
    (void)wall_text(t, rfc);
    (void)gmtime_r(&seconds, &tm);
    (void)str_format(ret, 40, "%s %.10s %.8s UTC", days[tm.tm_wday], rfc, rfc + 11);
}

static const char *signal_word(int signal)
{
    const char *word = sigabbrev_np(signal);
    return word == NULL ? "?" : word;
}

static const char *program_word(const struct process_view *v)
{
    const char *slash = strrchr(v->program, '/');
    return slash == NULL ? v->program : slash + 1;
}

int process_text_status(const struct process_view *v, struct buf *out)
{
    struct words w = words_of(v);
    char since[40];
    since_text(v->since, since);
    int r = buf_printf(out, "* %s - run by Resus\n     Loaded: loaded (%s)\n     Active: %s",
                       v->unit, v->program, w.active);
    if (r == 0 && !str_equal(w.active, w.sub))
        r = buf_printf(out, " (%s)", w.sub);
    if (r == 0 && !str_equal(w.result, "success"))
        r = buf_printf(out, " (Result: %s)", w.result);
    if (r == 0)
        r = buf_printf(out, " since %s\n", since);
    if (r < 0 || v->pid == 0)
        return r;
    if (v->state != PROCESS_DOWN)
        return buf_printf(out, "   Main PID: %d (%s)\n", (int)v->pid, program_word(v));
    if (v->end == PROCESS_END_EXITED)
        return buf_printf(out, "   Main PID: %d (code=exited, status=%d)\n", (int)v->pid, v->code);
    if (v->end == PROCESS_END_SIGNALLED)
        return buf_printf(out, "   Main PID: %d (code=killed, signal=%s)\n", (int)v->pid,
                          signal_word(v->code));
    return 0;
}

int process_text_show(const struct process_view *v, struct buf *out)
{
    static const int codes[] = {
        [PROCESS_END_UNKNOWN] = 0,
        [PROCESS_END_EXITED] = CLD_EXITED,
        [PROCESS_END_SIGNALLED] = CLD_KILLED,
    };
    struct words w = words_of(v);
    bool down = v->state == PROCESS_DOWN;
    char since[40];
    since_text(v->since, since);
    return buf_printf(out,
                      "LoadState=loaded\nActiveState=%s\nSubState=%s\nResult=%s\nNRestarts=0\n"
                      "MainPID=%d\nStatusText=\nExecMainStatus=%d\nExecMainCode=%d\n"
                      "StateChangeTimestamp=%s\nCanReload=no\nTimeoutStartUSec=infinity\n"
                      "TimeoutStopUSec=infinity\n",
                      w.active, w.sub, w.result, down ? 0 : (int)v->pid,
                      down && v->pid != 0 ? v->code : 0, down && v->pid != 0 ? codes[v->end] : 0,
                      since);
}

int process_text_is_active(const struct process_view *v, struct buf *out)
{
    return buf_printf(out, "%s\n", words_of(v).active);
}

int process_text_end(const struct process_view *v, struct buf *out)
{
    if (v->state != PROCESS_DOWN || v->pid == 0)
        return 0;
    if (v->end == PROCESS_END_SIGNALLED)
        return buf_printf(out, "resus: Main process exited, code=killed, status=%d/%s\n", v->code,
                          signal_word(v->code));
    if (v->end == PROCESS_END_EXITED)
        return buf_printf(out, "resus: Main process exited, code=exited, status=%d\n", v->code);
    return buf_printf(out, "resus: Main process ended, nobody saw how\n");
}

int process_text_no_reload(const struct process_view *view, struct buf *out)
{
    return buf_printf(out, "Job type reload is not applicable for unit %s.\n", view->unit);
}
