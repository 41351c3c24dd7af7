/* usage: fleetsim runs SEEDS=N seeds from FROM=K on; SEED=N TRACE=1 replays one. As a test
 * (--tap COUNT) it is one line of TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

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

int main(int argc, char **argv)
{
    bool tap = argc == 3 && strcmp(argv[1], "--tap") == 0;
    if (argc > 1 && !tap) {
        (void)fprintf(stderr, "usage: [SEEDS=N] [FROM=K] [STOP=1] %s [--tap COUNT]\n", argv[0]);
        return EX_USAGE;
    }
    if (getenv("SEED") != NULL)
        return replay(number("SEED", 0));
    uint64_t from = number("FROM", 1);
    uint64_t count = number("SEEDS", tap ? strtoull(argv[2], NULL, 10) : 1000);
    bool stop = number("STOP", 0) != 0;
    const char *mark = tap ? "# " : "";
    uint64_t violations = 0, acts = 0, writes = 0, excused = 0, handed_over = 0;
    if (tap)
        (void)printf("1..1\n");
    for (uint64_t seed = from; seed < from + count; seed++) {
        if (!world_run(seed, false, &world)) {
            if (++violations <= FAILURES_SHOWN)
                (void)printf("%sseed %llu: %s\n", mark, (unsigned long long)seed, world.failure);
            if (stop)
                break;
        }
        acts += world.acts;
        writes += world.writes;
        excused += world.excused;
        handed_over += world.handed_over;
    }
    (void)printf("%s%llu seeds, %llu commands, %llu of them writes of a longer change, %llu late "
                 "with an excuse, %llu services handed over, %llu violations\n",
                 mark, (unsigned long long)count, (unsigned long long)acts,
                 (unsigned long long)writes, (unsigned long long)excused,
                 (unsigned long long)handed_over, (unsigned long long)violations);
    if (tap)
        (void)printf("%s 1 - %llu seeds keep every promise\n", violations == 0 ? "ok" : "not ok",
                     (unsigned long long)count);
    return violations == 0 ? 0 : 1;
}
