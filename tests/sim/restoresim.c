/* A restore by file against a small world: the files of the server, the server, Resus, and a person,
 * with every outcome of each act and a death of Resus, of the server and of the host at every step.
 * All states that can be reached are visited, so that nothing is left to chance. What is promised:
 *   - Redis serves the old data or the backup, and each start that the restore orders finds a
 *     complete set of files
 *   - done: the backup is served; undone and released: the old data are in place
 *   - nothing is placed that was not staged, and the journal ends only when the files are settled
 *   - from wherever it stopped, a person gets the old data back by `undo` once the parts work again
 *
 * usage: restoresim        (a broken promise is a line "seed 1: ...", status 1) */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "core/restore.h"

/* What is in the data folder. Placing and undoing are made of small steps; one of them, a rename,
 * decides which data a server finds. */
enum files {
    OLD,
    PLACING_OLD, /* partly placed; a server would still load the old data */
    PLACING_NEW, /* the rename is done, the tidying is not */
    NEW,
    UNDOING_NEW,
    UNDOING_OLD,
    BACK, /* undone */
    FILES_COUNT
};
enum server { DOWN, SERVES_OLD, SERVES_NEW, SERVER_COUNT };

struct world {
    enum restore_state state; /* as the journal has it */
    enum restore_act act;     /* under way; NONE = none, its end was reported */
    enum files files;
    enum server server;
    bool staged;
};

#define WORLDS_MAX (RESTORE_STATE_COUNT * RESTORE_ACT_COUNT * FILES_COUNT * SERVER_COUNT * 2)

static bool seen[WORLDS_MAX];
static struct world queue[WORLDS_MAX];
static size_t queued;
static const char *broken;

static size_t number(const struct world *w)
{
    size_t n = (size_t)w->state;
    n = n * RESTORE_ACT_COUNT + (size_t)w->act;
    n = n * FILES_COUNT + (size_t)w->files;
    n = n * SERVER_COUNT + (size_t)w->server;
    return n * 2 + (w->staged ? 1 : 0);
}

static void visit(struct world w)
{
    size_t n = number(&w);
    if (seen[n])
        return;
    seen[n] = true;
    queue[queued++] = w;
}

static bool old_data(enum files files)
{
    return files == OLD || files == PLACING_OLD || files == UNDOING_OLD || files == BACK;
}

static enum server started(enum files files)
{
    return old_data(files) ? SERVES_OLD : SERVES_NEW;
}

static void promise(bool kept, const struct world *w, const char *what)
{
    if (kept || broken != NULL)
        return;
    broken = what;
    (void)printf("seed 1: %s (in %s, act %s, files %d, server %d)\n", what,
                 restore_state_word(w->state), restore_act_word(w->act), (int)w->files,
                 (int)w->server);
}

/* Looks at an act as it is ordered. */
static void ordered(const struct world *w)
{
    switch (w->act) {
    case RESTORE_ACT_PLACE:
        promise(w->staged || w->files != OLD, w, "nothing is staged that could be placed");
        break;
    case RESTORE_ACT_START:
        promise(w->files == NEW, w, "a start before the backup is in place");
        break;
    case RESTORE_ACT_START_OLD:
        promise(w->files == OLD || w->files == BACK, w, "a start before the old data are back");
        break;
    case RESTORE_ACT_RELEASE:
        promise(w->files == OLD, w, "released with files that are not the old ones");
        break;
    case RESTORE_ACT_UNDONE:
        promise(w->files == OLD || w->files == BACK, w, "undone without the old data");
        break;
    default:
        break;
    }
    promise(!restore_busy(w->state) || w->act != RESTORE_ACT_NONE, w, "it waits for no act");
}

static struct world told(struct world w, enum restore_event event)
{
    struct restore_step s = restore_step(w.state, event);
    if (restore_refused(s.act))
        return w;
    bool same = s.act == RESTORE_ACT_NONE && s.next == w.state;
    w.state = s.next;
    w.act = same && event != RESTORE_OK && event != RESTORE_FAILED && event != RESTORE_UNKNOWN
                ? w.act
                : s.act;
    ordered(&w);
    if (w.act == RESTORE_ACT_FINISH)
        promise(w.files == NEW, &w, "done with other files than the backup");
    if (w.act == RESTORE_ACT_RELEASE)
        w.staged = false;
    if (!restore_busy(w.state))
        w.act = RESTORE_ACT_NONE; /* reports only */
    return w;
}

/* The act ended with this effect; Resus may get to know it in these ways, or die before. */
static void ends(struct world w, bool ok, bool failed)
{
    if (ok)
        visit(told(w, RESTORE_OK));
    if (failed)
        visit(told(w, RESTORE_FAILED));
    visit(told(w, RESTORE_UNKNOWN));
    visit(told(w, RESTORE_RESTARTED));
}

static void place(struct world w)
{
    if (w.server != DOWN || (!w.staged && w.files == OLD) || w.files >= UNDOING_NEW) {
        ends(w, false, true); /* the helper refuses */
        return;
    }
    ends(w, false, true);
    for (enum files f = w.files == OLD ? PLACING_OLD : w.files; f <= NEW; f++) {
        struct world then = w;
        then.files = f;
        then.staged = w.staged && f != NEW;
        ends(then, f == NEW, f != NEW);
        /* A server that was started meanwhile: the helper sees it in the end. */
        then.server = SERVES_OLD;
        ends(then, false, true);
    }
}

static void undo(struct world w)
{
    if (w.server != DOWN) {
        ends(w, false, true);
        return;
    }
    if (w.files == OLD || w.files == BACK) {
        ends(w, true, true);
        return;
    }
    ends(w, false, true);
    for (enum files f = old_data(w.files) ? UNDOING_OLD : UNDOING_NEW; f <= BACK; f++) {
        struct world then = w;
        then.files = f;
        ends(then, f == BACK, f != BACK);
    }
}

static void start(struct world w)
{
    ends(w, false, true);
    w.server = w.server == DOWN ? started(w.files) : w.server;
    ends(w, true, false);
}

static void stop(struct world w)
{
    ends(w, w.server == DOWN, true);
    w.server = DOWN;
    ends(w, true, true);
}

static void act_of(struct world w)
{
    switch (w.act) {
    case RESTORE_ACT_GUARD:
        ends(w, true, true);
        break;
    case RESTORE_ACT_STAGE:
        ends(w, false, true);
        w.staged = true;
        ends(w, true, true);
        break;
    case RESTORE_ACT_STOP:
        stop(w);
        break;
    case RESTORE_ACT_PLACE:
        place(w);
        break;
    case RESTORE_ACT_START:
    case RESTORE_ACT_START_OLD:
        start(w);
        break;
    case RESTORE_ACT_PROVE:
        ends(w, w.server == SERVES_NEW, true);
        break;
    case RESTORE_ACT_UNDO:
        undo(w);
        break;
    default:
        break;
    }
}

/* With parts that work: the person's order, and each act succeeds. */
static void way_back(struct world w)
{
    if (restore_busy(w.state) || w.state == RESTORE_PLANNED)
        return;
    if (restore_over(w.state)) {
        promise(w.state == RESTORE_DONE || w.files == OLD || w.files == BACK, &w,
                "ended without the old data");
        if (w.state != RESTORE_DONE)
            return;
    }
    struct world from = w;
    w = told(w, RESTORE_UNDO);
    for (int steps = 0; steps < 8 && restore_busy(w.state); steps++) {
        if (w.act == RESTORE_ACT_STOP)
            w.server = DOWN;
        else if (w.act == RESTORE_ACT_UNDO)
            w.files = BACK;
        else if (w.act == RESTORE_ACT_START_OLD)
            w.server = started(w.files);
        w = told(w, RESTORE_OK);
    }
    promise(w.state == RESTORE_UNDONE && w.server == SERVES_OLD, &from,
            "no way back to the old data");
}

static void environment(struct world w)
{
    struct world other = w;
    other.server = DOWN; /* it crashes, or is stopped */
    visit(other);
    if (w.server == DOWN) { /* the host starts again, or an operator starts it */
        other.server = started(w.files);
        visit(other);
    }
    visit(told(w, RESTORE_RESTARTED));
    visit(told(w, RESTORE_RESUME));
    visit(told(w, RESTORE_UNDO));
    visit(told(w, RESTORE_CANCEL));
}

int main(int argc, char **argv)
{
    (void)argv;
    for (enum server s = DOWN; s <= SERVES_OLD; s++) {
        struct world w = {.state = RESTORE_PLANNED, .server = s};
        visit(w);
        visit(told(w, s == DOWN ? RESTORE_BEGIN_UNGUARDED : RESTORE_BEGIN));
    }
    bool states[RESTORE_FILE_STATES] = {false};
    for (size_t i = 0; i < queued && broken == NULL; i++) {
        states[queue[i].state] = true;
        act_of(queue[i]);
        environment(queue[i]);
        way_back(queue[i]);
    }
    for (int s = 0; s < RESTORE_FILE_STATES && broken == NULL; s++)
        promise(states[s], &(struct world){.state = (enum restore_state)s}, "is never reached");
    if (argc > 1)
        (void)printf("1..1\n%s 1 - %zu states of the world\n", broken == NULL ? "ok" : "not ok",
                     queued);
    return broken == NULL ? 0 : 1;
}
