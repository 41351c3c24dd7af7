#include "sshkeys/key_book.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/log.h"

/* ── the file ── */

static void read_time(const json_t *o, const char *name, wall_ms *ret)
{
    *ret = WALL_NONE;
    (void)wall_parse(json_text_or(o, name, ""), ret);
}

static enum key_phase phase_of(const char *word)
{
    static const enum key_phase recorded[] = {KEY_MAKING, KEY_MADE, KEY_SWITCHING, KEY_SWITCHED};
    for (size_t i = 0; i < ARRAY_LENGTH(recorded); i++)
        if (str_equal(key_phase_word(recorded[i]), word))
            return recorded[i];
    return KEY_IDLE;
}

static const struct {
    const char *name;
    size_t offset, size;
} texts[] = {
#define TEXT_MEMBER(name_)                                                                         \
    {                                                                                              \
#name_, offsetof(struct key_record, name_), sizeof(((struct key_record *)0)->name_)        \
    }
    TEXT_MEMBER(key), TEXT_MEMBER(by),       TEXT_MEMBER(accepted_by),
    TEXT_MEMBER(old), TEXT_MEMBER(old_tail), TEXT_MEMBER(old_fingerprint),
};

static void read_record(struct key_book *b, const json_t *o)
{
    struct key_record r = {.recorded = phase_of(json_text_or(o, "phase", ""))};
    bool whole = true;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        whole = str_copy((char *)&r + texts[i].offset, texts[i].size,
                         json_text_or(o, texts[i].name, "")) &&
                whole;
    read_time(o, "made", &r.made);
    read_time(o, "switched", &r.switched);
    read_time(o, "asked", &r.asked);
    read_time(o, "warned", &r.warned);
    if (whole && r.key[0] == '/' && r.recorded != KEY_IDLE && b->count < KEY_ROTATIONS_MAX)
        b->records[b->count++] = r;
}

int key_book_open(struct key_book *b, const char *state_dir, struct error *err)
{
    struct buf text = BUF_LIMIT(KEY_BOOK_SIZE_MAX);
    b->count = 0;
    if (!str_format(b->file, sizeof b->file, "%s/%s", state_dir, KEY_BOOK_FILE))
        return error_set(err, -ENAMETOOLONG, "the path %s is too long", state_dir);
    int r = file_read(b->file, &text, err);
    if (r == 0) {
        JSON_CLEANUP json_t *file = json_loads(buf_text(&text), JSON_READ_FLAGS, NULL);
        const json_t *list = json_object_get(file, "rotations");
        size_t i;
        json_t *o;
        if (!json_is_array(list))
            r = error_set(err, -EINVAL,
                          "%s is not what Resus wrote: move it away. No key is lost by that; one "
                          "that was being exchanged keeps its .new or .old file",
                          b->file);
        json_array_foreach((json_t *)list, i, o) /* the macro's is not const */
        {
            read_record(b, o);
        }
    }
    buf_free(&text);
    return r == -ENOENT ? 0 : r;
}

int key_book_write(const struct key_book *b, struct error *err)
{
    JSON_CLEANUP json_t *file = json_object();
    json_t *list = json_array();
    for (size_t n = 0; n < b->count; n++) {
        const struct key_record *r = &b->records[n];
        json_t *o = json_object();
        (void)json_put_text(o, "phase", key_phase_word(r->recorded));
        for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
            (void)json_put_text(o, texts[i].name, (const char *)r + texts[i].offset);
        (void)json_put_wall(o, "made", r->made);
        (void)json_put_wall(o, "switched", r->switched);
        (void)json_put_wall(o, "asked", r->asked);
        (void)json_put_wall(o, "warned", r->warned);
        (void)json_array_append_new(list, o);
    }
    (void)json_put(file, "rotations", list);
    char *text = json_dumps(file, JSON_WRITE_FLAGS | JSON_INDENT(1));
    if (text == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = file_write_atomic(b->file, text, strlen(text), 0600, err);
    mem_free(text);
    return r;
}

struct key_record *key_book_find(struct key_book *b, const char *key)
{
    for (size_t i = 0; i < b->count; i++)
        if (str_equal(b->records[i].key, key))
            return &b->records[i];
    return NULL;
}

static void drop(struct key_book *b, const char *key)
{
    struct key_record *r = key_book_find(b, key);
    if (r != NULL)
        *r = b->records[--b->count];
}

void key_book_comment(wall_ms made, char ret[32])
{
    char text[WALL_TEXT_SIZE];
    (void)wall_text(made, text);
    (void)str_format(ret, 32, "resus-%.4s%.2s%.2s", text, text + 5, text + 8);
}

/* ── the steps ── */

static int record(struct key_book *b, const struct key_order *o, enum key_phase phase,
                  struct error *err)
{
    struct key_record *r = key_book_find(b, o->key);
    if (r == NULL && b->count == KEY_ROTATIONS_MAX)
        return error_set(err, -ENOSPC, "%d keys are being exchanged already: finish one first",
                         KEY_ROTATIONS_MAX);
    if (r == NULL) {
        r = &b->records[b->count++];
        *r = (struct key_record){.made = o->now};
        (void)str_copy(r->key, sizeof r->key, o->key);
    }
    r->recorded = phase;
    (void)str_copy(r->by, sizeof r->by, o->by);
    return key_book_write(b, err);
}

/* Where the act is decided already. A record that is not written is put right at the next look: it
 * is the files that say which key is in use. */
static void write_again(const struct key_book *b)
{
    struct error err = {0};
    if (key_book_write(b, &err) < 0)
        log_warning("keys", "%s", err.text);
}

static int record_making(struct key_book *b, const struct key_order *o, struct error *err)
{
    char fresh[SETTINGS_PATH_MAX];
    keypair_fresh_path(o->key, fresh);
    if (keypair_has_fresh(o->key))
        return error_set(err, -EEXIST, "%s is there already, and no rotation made it: move it away",
                         fresh);
    return record(b, o, KEY_MAKING, err);
}

/* Another file may have taken the new key's place since the hosts were asked. */
static int check_proved(const struct key_order *o, struct error *err)
{
    char fresh[SETTINGS_PATH_MAX];
    struct keypair_public public;
    keypair_fresh_path(o->key, fresh);
    int r = keypair_read(fresh, &public, err);
    if (r == 0 && !str_equal(public.fingerprint, o->proved))
        r = error_set(err, -ESTALE, "%s is not the key that the hosts accepted: it was replaced",
                      fresh);
    return r;
}

/* Everything that is said of the old key later is read while it is in use. */
static int record_switching(struct key_book *b, const struct key_order *o, struct error *err)
{
    struct keypair_public public;
    struct key_record *r = key_book_find(b, o->key);
    if (r == NULL)
        return error_set(err, -ENOENT, "no rotation of %s is under way", o->key);
    int code = check_proved(o, err);
    if (code == 0)
        code = keypair_read(o->key, &public, err);
    if (code < 0)
        return code;
    keypair_old_path(o->key, o->now, r->old);
    (void)str_copy(r->old_tail, sizeof r->old_tail, keypair_tail(&public));
    (void)str_copy(r->old_fingerprint, sizeof r->old_fingerprint, public.fingerprint);
    r->switched = o->now;
    r->asked = r->warned = WALL_NONE;
    r->accepted_by[0] = '\0';
    return record(b, o, KEY_SWITCHING, err);
}

static int record_ended(struct key_book *b, const struct key_order *o, struct error *err)
{
    drop(b, o->key);
    return key_book_write(b, err);
}

static const char *old_of(struct key_book *b, const char *key)
{
    const struct key_record *r = key_book_find(b, key);
    return r == NULL ? "" : r->old;
}

static int put_public(struct key_book *b, const struct key_order *o, struct error *err)
{
    const struct key_record *r = key_book_find(b, o->key);
    char comment[32];
    key_book_comment(r == NULL ? o->now : r->made, comment);
    return keypair_put_public(o->key, comment, err);
}

int key_book_step(struct key_book *b, const struct key_order *o, enum key_book_step step,
                  struct error *err)
{
    switch (step) {
    case STEP_RECORD_MAKING:
        return record_making(b, o, err);
    case STEP_WRITE_PART:
        return keypair_write_part(o->key, o->kind, err);
    case STEP_PLACE_NEW:
        return keypair_place_new(o->key, err);
    case STEP_RECORD_MADE:
        return record(b, o, KEY_MADE, err);
    case STEP_RECORD_SWITCHING:
        return record_switching(b, o, err);
    case STEP_KEEP_OLD:
        return keypair_keep_old(o->key, old_of(b, o->key), err);
    case STEP_PUT_NEW:
        return keypair_put_new(o->key, err);
    case STEP_PUT_PUBLIC:
        return put_public(b, o, err);
    case STEP_RECORD_SWITCHED:
        return record(b, o, KEY_SWITCHED, err);
    case STEP_WIPE_OLD:
        return keypair_wipe(o->key, old_of(b, o->key), err);
    case STEP_RECORD_ENDED:
        return record_ended(b, o, err);
    case KEY_BOOK_STEP_COUNT:
        break;
    }
    return error_set(err, -EINVAL, "no such step: %d", (int)step);
}

static int steps(struct key_book *b, const struct key_order *o, enum key_book_step first,
                 enum key_book_step last, struct error *err)
{
    int r = 0;
    for (int step = (int)first; r == 0 && step <= (int)last; step++)
        r = key_book_step(b, o, (enum key_book_step)step, err);
    return r;
}

int key_book_make(struct key_book *b, const struct key_order *o, struct error *err)
{
    int r = steps(b, o, STEP_RECORD_MAKING, STEP_RECORD_MADE, err);
    if (r < 0 && !keypair_has_fresh(o->key)) {
        drop(b, o->key);
        write_again(b);
    }
    return r;
}

int key_book_switch(struct key_book *b, const struct key_order *o, struct error *err)
{
    int r = steps(b, o, STEP_RECORD_SWITCHING, STEP_RECORD_SWITCHED, err);
    if (r == 0)
        return 0;
    struct error note = {0};
    const char *old = old_of(b, o->key);
    if (!keypair_has_fresh(o->key) && keypair_has_old(o->key, old)) {
        if (key_book_step(b, o, STEP_RECORD_SWITCHED, &note) < 0)
            log_warning("keys", "%s", note.text);
        return 0;
    }
    (void)keypair_clean(o->key, old);
    if (record(b, o, KEY_MADE, &note) < 0)
        log_warning("keys", "%s", note.text);
    return r;
}

int key_book_remove(struct key_book *b, const struct key_order *o, struct error *err)
{
    return steps(b, o, STEP_WIPE_OLD, STEP_RECORD_ENDED, err);
}

enum key_event key_book_look(struct key_book *b, const struct key_order *o, char *ret_note,
                             size_t size)
{
    struct key_record *r = key_book_find(b, o->key);
    ret_note[0] = '\0';
    if (r == NULL) {
        (void)keypair_clean(o->key, "");
        return KEY_FOUND_NOTHING;
    }
    enum key_phase recorded = r->recorded;
    enum key_event found =
        key_rotation_found(recorded, keypair_has_fresh(o->key), keypair_has_old(o->key, r->old));
    bool cleaned = keypair_clean(o->key, r->old);
    if (found == KEY_FOUND_NOTHING) {
        (void)str_copy(ret_note, size,
                       recorded == KEY_SWITCHED
                           ? "The old key's file was removed by hand: that rotation is over."
                           : "An earlier rotation ended before its key was whole: cleaned up.");
        drop(b, o->key);
        write_again(b);
    } else if (recorded == KEY_SWITCHING && found == KEY_FOUND_OLD) {
        (void)str_copy(ret_note, size,
                       "An interrupted switch was finished: the new key is in use.");
        (void)steps(b, o, STEP_PUT_PUBLIC, STEP_RECORD_SWITCHED, NULL);
    } else if (recorded == KEY_MAKING || recorded == KEY_SWITCHING) {
        (void)str_copy(ret_note, size,
                       recorded == KEY_SWITCHING || cleaned
                           ? "An interrupted switch was taken back: the old key is in use."
                           : "An interrupted rotation goes on with the key that it had made.");
        (void)record(b, o, KEY_MADE, NULL);
    }
    return found;
}
