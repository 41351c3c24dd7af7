/* usage: alertsim runs SEEDS=N seeds of the environment from FROM=K on; SEED=N TRACE=1 replays one.
 * As a test (--tap COUNT) it is one line of TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "world.h"

#define FAILURES_SHOWN 20

static struct world world;

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || text[0] == '\0' ? otherwise : strtoull(text, NULL, 10);
}

static int replay(uint64_t seed)
{
    bool well = world_run(seed, number("TRACE", 0) != 0, &world);
    (void)printf("seed %llu: %s\n", (unsigned long long)seed,
                 well ? "no violation" : world.failure);
    return well ? 0 : 1;
}

static uint64_t count_of(const char *text)
{
    char *end;
    uint64_t count = strtoull(text, &end, 10);
    return text[0] >= '1' && text[0] <= '9' && *end == '\0' ? count : 0;
}

int main(int argc, char **argv)
{
    bool tap = argc == 3 && strcmp(argv[1], "--tap") == 0 && count_of(argv[2]) > 0;
    if (argc > 1 && !tap) {
        (void)fprintf(stderr,
                      "usage: [SEEDS=N] [FROM=K] [STOP=1] %s [--tap COUNT]\n"
                      "       SEED=N [TRACE=1] %s\n",
                      argv[0], argv[0]);
        return EX_USAGE;
    }
    if (getenv("SEED") != NULL)
        return replay(number("SEED", 0));
    uint64_t from = number("FROM", 1), count = number("SEEDS", tap ? count_of(argv[2]) : 1000);
    bool stop = number("STOP", 0) != 0;
    const char *mark = tap ? "# " : "";
    uint64_t violations = 0, turns = 0, sent = 0, kills = 0, windows = 0, acks = 0, flaps = 0,
             lost = 0, attempts = 0, decisions = 0;
    double hours = 0;
    clock_t begin = clock();
    if (tap)
        (void)printf("1..1\n");
    for (uint64_t seed = from; seed < from + count; seed++) {
        if (!world_run(seed, false, &world)) {
            if (++violations <= FAILURES_SHOWN)
                (void)printf("%sseed %llu: %s\n", mark, (unsigned long long)seed, world.failure);
            if (stop)
                break;
        }
        turns += world.turns;
        sent += world.sent;
        kills += world.kills;
        windows += world.windows;
        acks += world.acks;
        flaps += world.flaps;
        lost += world.lost;
        attempts += world.attempts;
        decisions = decisions * 31 + world.decisions;
        hours += (double)world.now / 3600000;
    }
    (void)printf(
        "%s%llu turns, %llu effects, %llu attempts, %llu lost by a kill, %llu kills, %llu windows, "
        "%llu acknowledgements, %llu alerts that flapped; %.1f s of one core\n",
        mark, (unsigned long long)turns, (unsigned long long)sent, (unsigned long long)attempts,
        (unsigned long long)lost, (unsigned long long)kills, (unsigned long long)windows,
        (unsigned long long)acks, (unsigned long long)flaps,
        (double)(clock() - begin) / CLOCKS_PER_SEC);
    (void)printf("%sdecisions %016llx\n", mark, (unsigned long long)decisions);
    (void)printf("%s%llu seeds, %.2f virtual years, %llu violations\n", mark,
                 (unsigned long long)count, hours / 8766, (unsigned long long)violations);
    if (tap)
        (void)printf("%s 1 - %llu seeds keep every promise\n", violations == 0 ? "ok" : "not ok",
                     (unsigned long long)count);
    return violations == 0 ? 0 : 1;
}
