/* The table of causes: what each is called, what it means, whether a restart helps. */
#include <assert.h>

#include "base/attr.h"
#include "base/str.h"
#include "core/cause.h"

static const struct cause_row rows[] = {
    [CAUSE_NONE] = {"unknown", OVERALL_UNKNOWN, RESTART_UNNEEDED, REMEDY_OBSERVE, CLASS_NONE,
                    SEVERITY_NONE, "Not checked yet.", ""},
    [CAUSE_OK] = {"ok", OVERALL_HEALTHY, RESTART_UNNEEDED, REMEDY_NONE, CLASS_NONE, SEVERITY_NONE,
                  "Redis answers and its unit is active.", ""},
    [CAUSE_LOADING] = {"loading", OVERALL_DEGRADED, RESTART_HARMFUL, REMEDY_WAIT,
                       CLASS_AVAILABILITY, SEVERITY_P2,
                       "Redis is loading its data set into memory.",
                       "Wait: a restart would begin the load again from the start."},
    [CAUSE_BUSY_SCRIPT] = {"busy_script", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_KILL_SCRIPT,
                           CLASS_AVAILABILITY, SEVERITY_P1,
                           "A script blocks Redis: every other client waits.",
                           "Find out who runs it (SLOWLOG, the client's log). A script that has "
                           "written cannot be killed: "
                           "wait for it, or decide to lose unsaved data with SHUTDOWN NOSAVE."},
    [CAUSE_HUNG] =
        {"hung", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_LADDER, CLASS_AVAILABILITY, SEVERITY_P1,
         "The Redis process runs but serves no client: it does not answer, or does not listen.",
         "The evidence says what was seen. Look at the host (swap, a process stopped by a signal) "
         "and at the last lines of Redis' log: resus logs."},
    [CAUSE_BUSY_COMMAND] =
        {"busy_command", OVERALL_CRITICAL, RESTART_HARMFUL, REMEDY_PATIENCE, CLASS_AVAILABILITY,
         SEVERITY_P1, "A long command keeps Redis busy: its process works, and every client waits.",
         "Wait: a restart waits for the command too, and then costs a shutdown and a load. When it "
         "is over, Resus names the command. Use SCAN, UNLINK and FLUSHALL ASYNC instead of KEYS, "
         "DEL and FLUSHALL."},
    [CAUSE_IO_BLOCKED] =
        {"io_blocked", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1,
         "Redis waits for its disk (process state D): no signal ends it until the disk answers.",
         "Look at the disk on the host: dmesg, iostat -x 1, network storage that is gone. Redis "
         "goes on when the disk does."},
    [CAUSE_TRACED] =
        {"traced", OVERALL_CRITICAL, RESTART_HARMFUL, REMEDY_PATIENCE, CLASS_AVAILABILITY,
         SEVERITY_P1,
         "A debugger or tracer holds the Redis process: it cannot answer until it is let go.",
         "Find out who examines it (gdb, gcore, strace on the host). Ending the tracer lets Redis "
         "go on; a restart would destroy what is being examined."},
    [CAUSE_FROZEN] = {"frozen", OVERALL_CRITICAL, RESTART_HARMFUL, REMEDY_HUMAN, CLASS_AVAILABILITY,
                      SEVERITY_P1,
                      "The unit is frozen: its processes do nothing until they are let go.",
                      "Find out who froze it and why (systemctl freeze, a snapshot, a backup), "
                      "then let it go on: "
                      "systemctl thaw. A restart of a frozen unit fails or waits."},
    [CAUSE_PATH_BROKEN] =
        {"path_broken", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1,
         "Redis answers on its own host, but not at its address: clients on this path are cut off.",
         "Repair the path, not Redis: a proxy or stunnel that is down, a firewall, `bind` in "
         "redis.conf, or the address in resus.yaml."},
    [CAUSE_CONNECTION_REFUSED] =
        {"connection_refused", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1,
         "Connections to Redis are refused from here, and its host could not be asked whether "
         "Redis "
         "serves there.",
         "See on the host whether Redis listens (ss -ltnp), then repair what stands in between: a "
         "proxy, a firewall, `bind` or `port`. For Resus to see it itself: allow the key to "
         "forward "
         "(permitopen: resus doctor), or set `via: ssh` or `commands: extended` in resus.yaml."},
    [CAUSE_UNIT_STOPPED] = {"unit_stopped", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_START,
                            CLASS_AVAILABILITY, SEVERITY_P1,
                            "The unit was stopped, and not through Resus.",
                            "Find out who stopped it. To keep it stopped, run: resus stop "
                            "--confirm STOP, or resus pause."},
    [CAUSE_STOPPED_ON_PURPOSE] = {"stopped_on_purpose", OVERALL_CRITICAL, RESTART_UNNEEDED,
                                  REMEDY_NONE, CLASS_NONE, SEVERITY_NONE,
                                  "Redis was stopped on purpose through Resus.",
                                  "To start it again, run: resus start."},
    [CAUSE_UNIT_FAILED] = {"unit_failed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,
                           CLASS_AVAILABILITY, SEVERITY_P1, "systemd reports the unit as failed.",
                           "Look at the log lines: resus logs."},
    [CAUSE_CRASHED] = {"crashed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,
                       CLASS_AVAILABILITY, SEVERITY_P1, "The Redis process was killed or crashed.",
                       "Find out what killed it: the kernel's log, another administrator, a crash "
                       "report in Redis' log."},
    [CAUSE_OOM_KILLED] = {"oom_killed", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_RESTART,
                          CLASS_AVAILABILITY, SEVERITY_P1,
                          "The kernel killed Redis because memory ran out.",
                          "Set maxmemory well below the host's memory, or give the host more."},
    [CAUSE_SYSTEMD_RESTARTING] = {"systemd_restarting", OVERALL_DEGRADED, RESTART_UNNEEDED,
                                  REMEDY_WAIT, CLASS_AVAILABILITY, SEVERITY_P2,
                                  "systemd is at work on the unit itself.", ""},
    [CAUSE_START_LIMIT_HIT] =
        {"start_limit_hit", OVERALL_CRITICAL, RESTART_HELPS, REMEDY_WINDOW, CLASS_AVAILABILITY,
         SEVERITY_P1, "Redis was restarted too often: systemd refuses further starts for a while.",
         "Find out why it keeps dying before it is started again: resus logs."},
    [CAUSE_START_TIMEOUT] =
        {"start_timeout", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1, "systemd ended Redis because loading took longer than TimeoutStartSec.",
         "Raise TimeoutStartSec in the unit (systemctl edit %U), then start it."},
    [CAUSE_STOP_HANGING] =
        {"stop_hanging", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1, "A stop of the unit hangs: Redis does not exit.",
         "Redis cannot save: repair the disk, then decide with redis-cli SHUTDOWN "
         "NOSAVE (unsaved changes "
         "are lost)."},
    [CAUSE_PERSISTENCE_FAILING] =
        {"persistence_failing", OVERALL_CRITICAL, RESTART_HARMFUL, REMEDY_BGSAVE, CLASS_WRITES,
         SEVERITY_P2, "Redis cannot save to disk and refuses writes or risks losing them.",
         "Read in its log why (resus logs): a full disk, the permissions of the data folder, or no "
         "memory to fork; a restart would hang or lose data."},
    [CAUSE_WRITES_REFUSED_MEMORY] =
        {"writes_refused_memory", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_WRITES,
         SEVERITY_P2, "maxmemory is reached and no key can be evicted: writes are refused.",
         "Delete keys, raise maxmemory, or choose a policy that finds keys to evict: volatile-* "
         "takes "
         "only keys that expire."},
    [CAUSE_WRITES_PAUSED] =
        {"writes_paused", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE, CLASS_WRITES,
         SEVERITY_P2,
         "Redis answers reads and makes writes wait: its clients are paused (CLIENT PAUSE).",
         "Find out who paused them: a failover, a migration, an operator. The pause ends by itself "
         "when its time is over, or at once with: redis-cli CLIENT UNPAUSE."},
    [CAUSE_CLIENTS_EXHAUSTED] =
        {"clients_exhausted", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P2, "The limit of clients is reached: new connections are refused.",
         "See who holds them (resus inspect clients); close idle ones or raise maxclients."},
    [CAUSE_CONFIG_ERROR] = {"config_error", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                            CLASS_AVAILABILITY, SEVERITY_P1,
                            "Redis does not start: its configuration is wrong.",
                            "Fix the named line of redis.conf, then start it."},
    [CAUSE_PORT_IN_USE] =
        {"port_in_use", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1, "Redis does not start: another process holds its port.",
         "Find that process on the host (ss -ltnp) and end it, or change the port."},
    [CAUSE_DATA_CORRUPT] = {"data_corrupt", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                            CLASS_AVAILABILITY, SEVERITY_P1,
                            "Redis does not start: its data files are damaged.",
                            "Keep a copy of the files, then restore a backup or repair with "
                            "redis-check-rdb / redis-check-aof."},
    [CAUSE_PERMISSION_DENIED] =
        {"permission_denied", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1, "Redis does not start: it may not read or write its files.",
         "Give the file or folder that the log line names back to the user of the "
         "unit, such as redis:redis."},
    [CAUSE_DISK_FULL] = {"disk_full", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                         CLASS_AVAILABILITY, SEVERITY_P1,
                         "Redis does not run because the disk is full.",
                         "Free space on the host, then start it."},
    [CAUSE_MODULE_MISSING] = {"module_missing", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN,
                              CLASS_AVAILABILITY, SEVERITY_P1,
                              "Redis does not start: a module that it needs is missing.",
                              "Install the module again or take its line out of redis.conf."},
    [CAUSE_WRONG_INSTANCE] =
        {"wrong_instance", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1, "Something answers at this address, but it is not the unit's process.",
         "Find the process that holds the port (ss -ltnp), and check address and unit in "
         "resus.yaml."},
    [CAUSE_REPLICA_LINK_DOWN] = {"replica_link_down", OVERALL_DEGRADED, RESTART_USELESS,
                                 REMEDY_NONE, CLASS_PERFORMANCE, SEVERITY_P3,
                                 "This replica has lost its primary.",
                                 "Look at the primary and the network between them."},
    [CAUSE_ACCESS_REFUSED] =
        {"access_refused", OVERALL_UNKNOWN, RESTART_USELESS, REMEDY_OBSERVE, CLASS_ACCESS,
         SEVERITY_P3, "Redis refuses Resus: credential, protected mode, TLS or address.",
         "Check redis.username, redis.password_file, tls and address in resus.yaml: resus doctor."},
    [CAUSE_CONTROL_LOST] =
        {"control_lost", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE, CLASS_ACCESS, SEVERITY_P3,
         "Redis answers, but the host cannot be controlled.",
         "Restore the control: resus doctor names the fault. Until then Resus cannot help."},
    [CAUSE_DOWN_UNCONTROLLED] =
        {"down_uncontrolled", OVERALL_CRITICAL, RESTART_USELESS, REMEDY_HUMAN, CLASS_AVAILABILITY,
         SEVERITY_P1, "Redis refuses connections, and Resus has no control over its host.",
         "Start Redis on the host, then restore the control: resus doctor names the fault."},
    [CAUSE_HOST_UNREACHABLE] = {"host_unreachable", OVERALL_UNKNOWN, RESTART_USELESS,
                                REMEDY_OBSERVE, CLASS_HOST, SEVERITY_P1,
                                "Neither Redis nor the host can be reached well enough to judge.",
                                "Check the host and the network: a host that is down, a line that "
                                "is slow or loses packets."},
    [CAUSE_SELF_DOUBT] =
        {"self_doubt", OVERALL_UNKNOWN, RESTART_USELESS, REMEDY_OBSERVE, CLASS_NONE, SEVERITY_NONE,
         "Resus' own clock jumped or it was held up: it only observes for a while.", ""},
    [CAUSE_MISCONFIGURED] =
        {"misconfigured", OVERALL_UNKNOWN, RESTART_USELESS, REMEDY_OBSERVE, CLASS_SELF, SEVERITY_P3,
         "The settings of this service cannot be used, so Resus does not watch it.",
         "Correct what is named, try it with resus serve --check, then run: systemctl reload "
         "resus."},
    [CAUSE_MEMORY_HIGH] = {"memory_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                           CLASS_PERFORMANCE, SEVERITY_P3, "Memory use is high.",
                           "Find large keys, let keys expire, or raise the limit."},
    [CAUSE_CONNECTIONS_HIGH] = {"connections_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                                CLASS_PERFORMANCE, SEVERITY_P3, "Connections approach the limit.",
                                "Pool connections in the applications or raise maxclients."},
    [CAUSE_LATENCY_HIGH] =
        {"latency_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE, CLASS_PERFORMANCE,
         SEVERITY_P3, "Redis answers slowly.",
         "Look at slow commands (resus inspect slowlog), the host's load and the network."},
    [CAUSE_CPU_HIGH] = {"cpu_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                        CLASS_PERFORMANCE, SEVERITY_P3, "Redis uses much processor time.",
                        "Find expensive commands: resus inspect commandstats."},
    [CAUSE_ERRORS_HIGH] = {"errors_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                           CLASS_PERFORMANCE, SEVERITY_P3, "Many commands fail.",
                           "See which errors rise: redis-cli INFO errorstats."},
    [CAUSE_LOAD_HIGH] = {"load_high", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                         CLASS_PERFORMANCE, SEVERITY_P3, "The rate of commands is high.",
                         "Find the client that causes it: resus inspect clients."},
    [CAUSE_MEMORY_GROWING] = {"memory_growing", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                              CLASS_PERFORMANCE, SEVERITY_P3, "Memory has grown hour after hour.",
                              "Check for keys without expiry and for leaks."},
    [CAUSE_SLOW_QUERIES] = {"slow_queries", OVERALL_DEGRADED, RESTART_UNNEEDED, REMEDY_NONE,
                            CLASS_PERFORMANCE, SEVERITY_P3, "Slow commands are logged.",
                            "Review them: resus inspect slowlog."},
    [CAUSE_WATCHED_ELSEWHERE] = {"watched_elsewhere", OVERALL_UNKNOWN, RESTART_USELESS,
                                 REMEDY_OBSERVE, CLASS_NONE, SEVERITY_NONE,
                                 "Another engine of the fleet watches this service.",
                                 "Ask that engine: resus fleet status names it."},
};
static_assert(ARRAY_LENGTH(rows) == CAUSE_COUNT, "a row for every cause");

static const char *const overall_words[] = {
    [OVERALL_UNKNOWN] = "unknown",
    [OVERALL_HEALTHY] = "healthy",
    [OVERALL_DEGRADED] = "degraded",
    [OVERALL_CRITICAL] = "critical",
};
static_assert(ARRAY_LENGTH(overall_words) == OVERALL_COUNT, "a word for every overall status");

static const char *const restart_words[] = {
    [RESTART_UNNEEDED] = "unneeded",
    [RESTART_HELPS] = "helps",
    [RESTART_USELESS] = "useless",
    [RESTART_HARMFUL] = "harmful",
};
static_assert(ARRAY_LENGTH(restart_words) == RESTART_VERDICT_COUNT, "a word for every verdict");

const struct cause_row *cause_row(enum cause cause)
{
    assert(cause < CAUSE_COUNT);
    return &rows[cause];
}

const char *overall_word(enum overall overall)
{
    return overall_words[overall];
}

const char *restart_word(enum restart_verdict verdict)
{
    return restart_words[verdict];
}

enum cause cause_by_code(const char *code)
{
    for (int i = 0; i < CAUSE_COUNT; i++)
        if (str_equal(rows[i].code, code))
            return (enum cause)i;
    return CAUSE_NONE;
}
