/* usage: sim runs SEEDS=N seeds of the environment from FROM=K on; SEED=N TRACE=1 replays one. As a
 * test (--tap COUNT) it is one line of TAP. RECORD=0 and RECORD=1 measure what recordings cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "sim.h"

#define FAILURES_SHOWN 20
#define YEAR_MS (365.25 * 86400 * 1000)

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || text[0] == '\0' ? otherwise : strtoull(text, NULL, 10);
}

static struct sim sim;

static int replay(uint64_t seed)
{
    bool trace = number("TRACE", 0) != 0;
    bool well = sim_run(seed, trace, &sim);
    if (well)
        (void)printf("seed %llu: no violation, %llu steps\n", (unsigned long long)seed,
                     (unsigned long long)sim.steps);
    else
        (void)printf("seed %llu: %s\n", (unsigned long long)seed, sim.failure);
    return well ? 0 : 1;
}

static int usage(FILE *to, const char *program, int status)
{
    (void)fprintf(to,
                  "usage: [SEEDS=N] [FROM=K] [STOP=1] %s [--tap COUNT]   seeds K to K+N-1\n"
                  "       SEED=N [TRACE=1] %s                            that one again\n",
                  program, program);
    return status;
}

/* The number after --tap; 0 = not a number. */
static uint64_t count_of(const char *text)
{
    char *end;
    uint64_t count = strtoull(text, &end, 10);
    return text[0] >= '1' && text[0] <= '9' && *end == '\0' ? count : 0;
}

int main(int argc, char **argv)
{
    bool tap = argc == 3 && strcmp(argv[1], "--tap") == 0 && count_of(argv[2]) > 0;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return usage(stdout, argv[0], 0);
    if (argc > 1 && !tap)
        return usage(stderr, argv[0], EX_USAGE);
    if (getenv("RECORD") != NULL)
        sim.recordings = number("RECORD", 0) == 0 ? RECORDINGS_NONE : RECORDINGS_ALL;
    if (getenv("SEED") != NULL)
        return replay(number("SEED", 0));
    uint64_t from = number("FROM", 1);
    uint64_t count = number("SEEDS", tap ? count_of(argv[2]) : 1000);
    uint64_t violations = 0;
    bool stop = number("STOP", 0) != 0; /* at the first violation */
    uint64_t steps = 0, actions = 0, crashes = 0, alerts = 0, faults = 0, cures = 0, hangs = 0,
             decisions = 0;
    double virtual_ms = 0;
    const char *mark = tap ? "# " : "";
    clock_t begin = clock();
    if (tap)
        (void)printf("1..1\n");
    for (uint64_t seed = from; seed < from + count; seed++) {
        if (!sim_run(seed, false, &sim)) {
            violations++;
            if (violations <= FAILURES_SHOWN)
                (void)printf("%sseed %llu: %s\n", mark, (unsigned long long)seed, sim.failure);
            if (stop)
                break;
        }
        steps += sim.steps;
        actions += sim.actions;
        crashes += sim.crashes;
        alerts += sim.alerts;
        faults += sim.faults;
        cures += sim.cures;
        hangs += sim.hangs;
        decisions = decisions * 31 + sim.decisions;
        virtual_ms += (double)sim.now;
    }
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    (void)printf("%s%llu faults and doings of people, %llu actions, %llu deaths of the daemon, "
                 "%llu calls for a human, %llu crashes and %llu hangs by themselves; %llu steps, "
                 "%.0f steps/s, %.1f s of one core\n",
                 mark, (unsigned long long)faults, (unsigned long long)actions,
                 (unsigned long long)crashes, (unsigned long long)alerts, (unsigned long long)cures,
                 (unsigned long long)hangs, (unsigned long long)steps,
                 seconds > 0 ? (double)steps / seconds : 0.0, seconds);
    (void)printf("%sdecisions %016llx\n", mark, (unsigned long long)decisions);
    (void)printf("%s%llu seeds, %.2f virtual years, %llu violations\n", mark,
                 (unsigned long long)count, virtual_ms / YEAR_MS, (unsigned long long)violations);
    if (tap)
        (void)printf("%s 1 - %llu seeds keep every promise\n", violations == 0 ? "ok" : "not ok",
                     (unsigned long long)count);
    return violations == 0 ? 0 : 1;
}
