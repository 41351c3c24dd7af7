#include "notify/board.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

struct entry {
    char key[MESSAGE_KEY_MAX];
    wall_ms over; /* WALL_NONE = open */
    json_t *message;
};

struct board {
    size_t count;
    struct entry entries[BOARD_ALERTS_MAX];
};

int board_new(struct board **ret, struct error *err)
{
    struct board *b = mem_calloc(1, sizeof *b);
    if (b == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    *ret = b;
    return 0;
}

void board_free(struct board *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->count; i++)
        json_decref(b->entries[i].message);
    mem_free(b);
}

static struct entry *find(struct board *b, const char *key)
{
    for (size_t i = 0; i < b->count; i++)
        if (str_equal(b->entries[i].key, key))
            return &b->entries[i];
    return NULL;
}

/* Keys that differ in their episode alone: resus/INSTANCE/SERVICE/CLASS/EPISODE. */
static bool same_alert(const char *a, const char *b)
{
    const char *end_a = strrchr(a, '/'), *end_b = strrchr(b, '/');
    return end_a != NULL && end_b != NULL && end_a - a == end_b - b &&
           strncmp(a, b, (size_t)(end_a - a)) == 0;
}

const json_t *board_open_again(const struct board *b, const struct message *m)
{
    if (m->kind != MESSAGE_RESOLVE)
        return NULL;
    for (size_t i = 0; i < b->count; i++)
        if (b->entries[i].over.ms == 0 && same_alert(b->entries[i].key, m->key))
            return b->entries[i].message;
    return NULL;
}

static void drop(struct board *b, struct entry *e)
{
    json_decref(e->message);
    *e = b->entries[--b->count];
}

static void drop_over(struct board *b, wall_ms now)
{
    for (size_t i = b->count; i-- > 0;) {
        wall_ms over = b->entries[i].over;
        /* A clock that was put back must not keep it for good. */
        if (over.ms != 0 && (wall_since(now, over) >= BOARD_OVER_MS || over.ms > now.ms))
            drop(b, &b->entries[i]);
    }
}

static int keep(struct board *b, const struct message *m, wall_ms over, struct error *err)
{
    struct entry *e = find(b, m->key);
    if (e == NULL && b->count == BOARD_ALERTS_MAX)
        return error_set(err, -ENOBUFS, "%d alerts are open already", BOARD_ALERTS_MAX);
    json_t *message = message_write(m);
    if (message == NULL ||
        (over.ms != 0 && m->ended.ms == 0 && !json_put_wall(message, "ended_at", over))) {
        json_decref(message);
        return error_set(err, -ENOMEM, "out of memory");
    }
    if (e == NULL) {
        e = &b->entries[b->count++];
        *e = (struct entry){0};
        (void)str_copy(e->key, sizeof e->key, m->key);
    }
    json_decref(e->message);
    e->message = message;
    e->over = over;
    return 0;
}

/* What is said of an episode that is over would close the one that is open. */
static void drop_episodes_before(struct board *b, const char *key)
{
    for (size_t i = b->count; i-- > 0;)
        if (b->entries[i].over.ms != 0 && same_alert(b->entries[i].key, key))
            drop(b, &b->entries[i]);
}

int board_note(struct board *b, const struct message *m, wall_ms now, struct error *err)
{
    bool opens =
        m->kind == MESSAGE_TRIGGER || m->kind == MESSAGE_UPDATE || m->kind == MESSAGE_REMINDER;
    if ((!opens && m->kind != MESSAGE_RESOLVE) || m->key[0] == '\0')
        return 0;
    drop_over(b, now);
    if (opens) {
        drop_episodes_before(b, m->key);
        return keep(b, m, WALL_NONE, err);
    }
    struct entry *e = find(b, m->key);
    if (e != NULL)
        drop(b, e);
    if (board_open_again(b, m) != NULL || b->count == BOARD_ALERTS_MAX)
        return 0; /* it is said once, or not at all */
    return keep(b, m, now, err);
}

/* `one` is a list of one alert as the channel writes it. */
static int add(json_t *all, const struct channel *c, const json_t *stored, struct message *m,
               wall_ms now, struct error *err)
{
    struct buf one = BUF_LIMIT(CHANNEL_BODY_MAX);
    int r = message_read(stored, m, err);
    if (r == 0)
        r = c->kind->render(c, m, "", now, &one, err);
    JSON_CLEANUP json_t *list = r < 0 ? NULL : json_loadb(one.data, one.length, 0, NULL);
    buf_free(&one);
    if (r == 0 && json_array_extend(all, list) < 0)
        r = error_set(err, -ENOMEM, "out of memory");
    return r;
}

int board_render(struct board *b, const struct channel *c, wall_ms now, struct buf *body,
                 struct error *err)
{
    JSON_CLEANUP json_t *all = json_array();
    struct message *m = mem_calloc(1, sizeof *m);
    int r = m == NULL || all == NULL ? error_set(err, -ENOMEM, "out of memory") : 0;
    drop_over(b, now);
    for (size_t i = 0; r == 0 && i < b->count; i++)
        r = add(all, c, b->entries[i].message, m, now, err);
    mem_free(m);
    if (r == 0)
        r = channel_write_json(all, body, err);
    return r < 0 ? r : (int)b->count;
}
