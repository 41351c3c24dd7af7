/* What the doctor says about the evidence that distinguishes a busy Redis from one that hangs, and
 * a dead one from a broken path to it. Without evidence Resus waits longer before it acts. */
#include <inttypes.h>

#include "base/str.h"
#include "doctor/facts.h"

#define WITHOUT_PROCESS                                                                            \
    "Resus cannot see whether a Redis that does not answer works, hangs or waits for its disk, "   \
    "and restarts it after %" PRId64 " s of silence"
#define WITHOUT_WITNESS                                                                            \
    "when Redis cannot be reached from here, Resus cannot ask on its host whether it works, and "  \
    "restarts it after %" PRId64 " s although perhaps only the path is broken"

static int64_t blind_seconds(const struct doctor_facts *f)
{
    return f->service->watch.blind_hang_ms / 1000;
}

static void judge_process(const struct doctor_facts *f, json_t *items)
{
    char fix[300];
    if (f->unit.main_pid <= 1)
        return; /* there is no process */
    if (f->main_process.pid > 0) {
        doctor_put(items, "evidence", FINDING_PASS, NULL,
                   "the state and processor time of process %" PRId64 " can be read",
                   f->main_process.pid);
        return;
    }
    if (f->process.asked) {
        doctor_put(
            items, "evidence", FINDING_WARNING,
            "as root on the host: `findmnt -no OPTIONS /proc` shows `hidepid` where processes "
            "are hidden; then give the account the group of its `gid=`",
            "process %" PRId64 " cannot be read (%s): " WITHOUT_PROCESS, f->unit.main_pid,
            f->process.error[0] == '\0' ? "no text" : f->process.error, blind_seconds(f));
        return;
    }
    if (f->unit.cpu_ms != FACT_UNKNOWN) {
        doctor_put(items, "evidence", FINDING_PASS, NULL,
                   "systemctl shows the processor time of %s; its state would take `commands: "
                   "extended`",
                   f->service->unit);
        return;
    }
    (void)str_format(fix, sizeof fix,
                     "set `commands: extended`; or as root on the host: `systemctl set-property %s "
                     "CPUAccounting=yes`",
                     f->service->unit);
    doctor_put(items, "evidence", FINDING_WARNING, fix,
               "systemctl shows no processor time of %s, and the default commands read no "
               "process: " WITHOUT_PROCESS,
               f->service->unit, blind_seconds(f));
}

static void forwarding_fix(const struct doctor_facts *f, char *fix, size_t size)
{
    const struct redis_settings *redis = &f->service->redis;
    int port = f->info.tcp_port > 0 ? (int)f->info.tcp_port : redis->port;
    (void)str_format(fix, size, "on %s: add `port-forwarding,permitopen=\"127.0.0.1:%d\"",
                     f->service->ssh.host, port);
    if (redis->host[0] != '\0' && !str_equal(redis->host, "127.0.0.1"))
        (void)str_append(fix, size, ",permitopen=\"%s:%d\"", redis->host, redis->port);
    (void)str_append(
        fix, size,
        "` to the options of Resus' key in ~%s/.ssh/authorized_keys (after `restrict`), "
        "and `AllowTcpForwarding local` to sshd_config where it says no",
        f->service->ssh.user);
}

static void judge_witness(const struct doctor_facts *f, json_t *items)
{
    const struct witness_facts *w = &f->witness;
    char fix[1024];
    if (!f->witness_asked)
        return;
    if (!w->possible) {
        forwarding_fix(f, fix, sizeof fix);
        doctor_put(items, "witness", FINDING_WARNING, fix, "%s: " WITHOUT_WITNESS, w->text,
                   blind_seconds(f));
    } else if (reply_answered(w->reply)) {
        doctor_put(items, "witness", FINDING_PASS, NULL,
                   "Redis answers on its own host, too, at %s: Resus can distinguish a broken path "
                   "from a dead Redis",
                   w->address);
    } else if (reply_answered(f->ping.reply)) {
        doctor_put(items, "witness", FINDING_WARNING, "add 127.0.0.1 to `bind` in redis.conf",
                   "Redis answers here, but not on its own host at %s (%s): " WITHOUT_WITNESS,
                   w->address, w->text, blind_seconds(f));
    } else {
        doctor_put(items, "witness", FINDING_PASS, NULL,
                   "the host can be asked; Redis does not answer there either, at %s (%s)",
                   w->address, w->text);
    }
}

void doctor_judge_evidence(const struct doctor_facts *f, json_t *items)
{
    if (!f->status.asked || f->status.end != HOST_EXITED)
        return;
    judge_process(f, items);
    judge_witness(f, items);
}
