#include "store/unsaved.h"

#include "base/mem.h"
#include "base/str.h"

static struct unsaved_state **find(struct unsaved *u, const char *id)
{
    struct unsaved_state **at = &u->first;
    while (*at != NULL && !str_equal((*at)->state.id, id))
        at = &(*at)->next;
    return at;
}

static void keep(struct unsaved *u, struct unsaved_state *state)
{
    state->next = u->first;
    u->first = state;
    u->count++;
}

static struct unsaved_state *take(struct unsaved *u, struct unsaved_state **at)
{
    struct unsaved_state *state = *at;
    *at = state->next;
    u->count--;
    return state;
}

void unsaved_keep(struct unsaved *u, const struct service_state *state, uint64_t serial)
{
    struct unsaved_state *mine = *find(u, state->id);
    if (mine == NULL) {
        if (u->count >= SETTINGS_SERVICES_MAX)
            return;
        mine = mem_calloc(1, sizeof *mine);
        if (mine == NULL)
            return;
        keep(u, mine);
    } else if (mine->serial > serial) {
        return;
    }
    mine->serial = serial;
    mine->state = *state;
}

void unsaved_done(struct unsaved *u, const char *id, uint64_t serial)
{
    struct unsaved_state **at = find(u, id);
    if (*at != NULL && (*at)->serial < serial)
        mem_free(take(u, at));
}

void unsaved_merge(struct unsaved *u, struct unsaved *other)
{
    for (struct unsaved_state **at = &other->first; *at != NULL;) {
        struct unsaved_state **mine = find(u, (*at)->state.id);
        if (*mine != NULL) { /* kept meanwhile, so newer */
            at = &(*at)->next;
            continue;
        }
        keep(u, take(other, at));
    }
}

void unsaved_free(struct unsaved *u)
{
    while (u->first != NULL)
        mem_free(take(u, &u->first));
}
