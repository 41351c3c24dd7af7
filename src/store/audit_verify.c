#include "store/audit_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "store/audit_read.h"
#include "store/audit_seal.h"

/* A rotation or an append while we read makes a sound chain look broken: look again, this often. */
#define VERIFY_ROUNDS_MAX 8

struct walk {
    const struct audit_check *check;
    struct audit_verdict *v;
    struct audit_link last;
    struct audit_seal seal; /* the key of the last seal that was checked */
    bool from_seen;
};

static bool broken(struct audit_verdict *v, const char *path, uint64_t line, const char *why)
{
    v->intact = false;
    (void)str_copy(v->bad_file, sizeof v->bad_file, path);
    v->bad_line = line;
    (void)str_copy(v->why, sizeof v->why, why);
    return false;
}

/* `why` is "" when the line follows the previous one. */
static void judge_link(const struct walk *w, const struct audit_link *link, char *why, size_t size)
{
    const struct audit_verdict *v = w->v;
    why[0] = '\0';
    if (v->lines == 0) {
        /* Older lines may have been rotated away; the very first one has nothing before it. */
        if (link->seq == 1 && !str_equal(link->prev, AUDIT_HASH_NONE))
            (void)str_copy(why, size, "the first line names a line before it");
    } else if (link->seq != w->last.seq + 1) {
        (void)str_format(why, size, "seq %" PRIu64 " follows seq %" PRIu64 ": lines are %s",
                         link->seq, w->last.seq,
                         link->seq > w->last.seq ? "missing" : "repeated or out of order");
    } else if (!str_equal(link->prev, w->last.hash)) {
        (void)str_copy(why, size, "prev is not the hash of the line before");
    }
}

/* `why` is "" unless the line differs from a known head. */
static void judge_head(struct walk *w, const struct audit_link *link, char *why, size_t size)
{
    const struct audit_head *heads[] = {w->check->from,
                                        w->check->anchor == NULL ? NULL : &w->check->anchor->head};
    for (size_t i = 0; i < ARRAY_LENGTH(heads); i++) {
        if (heads[i] == NULL || heads[i]->seq != link->seq)
            continue;
        if (!str_equal(heads[i]->hash, link->hash)) {
            (void)str_format(why, size,
                             "the line with seq %" PRIu64
                             " is not the line that was written: its hash is %s, expected %s",
                             link->seq, link->hash, heads[i]->hash);
            return;
        }
        w->v->anchored |= i == 1;
    }
}

/* Advances the key to that number. Returns false when a number goes back or is skipped. */
static bool key_reaches(struct walk *w, uint64_t number)
{
    if (w->v->seals > 0 && (number < w->seal.number || number > w->seal.number + 1))
        return false;
    while (w->seal.number < number)
        audit_seal_next(&w->seal);
    return true;
}

static void judge_seal(struct walk *w, const struct audit_link *link, char *why, size_t size)
{
    struct audit_seal_said said;
    char wanted[sizeof link->said];
    if (audit_seal_read(link->said, &said) < 0) {
        (void)str_copy(why, size, "the seal cannot be read");
        return;
    }
    if (w->check->key != NULL && !str_equal(said.id, w->seal.id)) {
        w->v->other_seals++;
        return;
    }
    if (w->check->key != NULL && !key_reaches(w, said.number)) {
        (void)str_format(why, size,
                         "seal number %" PRIu64 " follows number %" PRIu64 ": seals are missing",
                         said.number, w->seal.number);
        return;
    }
    if (w->check->key != NULL) {
        audit_seal_say(&w->seal, link->seq, link->prev, wanted, sizeof wanted);
        if (!str_equal(wanted, link->said)) {
            (void)str_copy(
                why, size,
                "the seal does not match: this line or one since the previous seal was changed");
            return;
        }
    }
    w->v->seals++;
    w->v->sealed_seq = link->seq;
}

static bool check_link(struct walk *w, const char *path, uint64_t number,
                       const struct audit_link *link)
{
    char why[sizeof w->v->why] = "";
    struct audit_verdict *v = w->v;
    if (w->check->from != NULL && !w->from_seen) {
        if (link->seq < w->check->from->seq)
            return true;
        w->from_seen = link->seq == w->check->from->seq;
        if (!w->from_seen)
            return false;
    }
    judge_link(w, link, why, sizeof why);
    if (why[0] == '\0')
        judge_head(w, link, why, sizeof why);
    if (why[0] == '\0' && link->mark == AUDIT_MARK_SEAL)
        judge_seal(w, link, why, sizeof why);
    if (why[0] == '\0' && link->mark == AUDIT_MARK_MISSING)
        (void)str_copy(why, sizeof why, link->said);
    if (why[0] != '\0')
        return broken(v, path, number, why);
    if (v->lines == 0)
        v->first_seq = link->seq;
    w->last = *link;
    v->last_seq = link->seq;
    memcpy(v->last_hash, link->hash, sizeof v->last_hash);
    v->lines++;
    return true;
}

static bool check_source(struct walk *w, const char *path, struct audit_reader *r)
{
    struct audit_verdict *v = w->v;
    for (;;) {
        const char *text = NULL;
        size_t length = 0;
        struct error why;
        enum audit_read kind = audit_reader_next(r, &text, &length, &why);
        if (kind == AUDIT_READ_END)
            return true;
        if (kind == AUDIT_READ_FAILED)
            return broken(v, path, r->line_number + 1, why.text);
        struct audit_link link;
        enum audit_flaw flaw =
            kind == AUDIT_READ_LONG ? AUDIT_FLAW_LENGTH : audit_line_read(text, length, &link);
        if (flaw != AUDIT_FLAW_NONE && w->check->from != NULL && !w->from_seen)
            continue; /* before the requested line */
        if (flaw != AUDIT_FLAW_NONE)
            return broken(v, path, r->line_number,
                          kind == AUDIT_READ_TORN ? "the line was cut off" : audit_flaw_text(flaw));
        if (!check_link(w, path, r->line_number, &link))
            return false;
    }
}

/* The newest source whose first line is not newer than that line. */
static size_t source_of(struct audit_set *set, uint64_t seq)
{
    struct audit_link first;
    for (size_t i = set->count; i-- > 0;)
        if (audit_source_first(&set->sources[i], &first) && first.seq <= seq)
            return i;
    return 0;
}

/* Checks what the lines themselves cannot show. */
static void judge_whole(const char *file, const struct walk *w)
{
    char why[sizeof w->v->why];
    struct audit_verdict *v = w->v;
    const struct audit_head *anchor = w->check->anchor == NULL ? NULL : &w->check->anchor->head;
    if (w->check->from != NULL && !w->from_seen) {
        (void)str_format(why, sizeof why, "the log has no line with seq %" PRIu64,
                         w->check->from->seq);
        (void)broken(v, file, 0, why);
    } else if (anchor != NULL && !v->anchored && v->last_seq < anchor->seq) {
        audit_missing_text(v->last_seq, v->last_hash, anchor, why, sizeof why);
        (void)broken(v, file, 0, why);
    } else if (anchor != NULL && !v->anchored && v->first_seq > anchor->seq &&
               w->check->from == NULL) {
        (void)str_format(why, sizeof why,
                         "the oldest line is seq %" PRIu64 ", but the recorded head is seq %" PRIu64
                         ": lines in between may be missing",
                         v->first_seq, anchor->seq);
        (void)broken(v, file, 0, why);
    } else if (w->check->key != NULL && v->seals == 0) {
        (void)str_format(why, sizeof why, "the log has no seal made with this key (%s)",
                         w->seal.id);
        (void)broken(v, file, 0, why);
    }
}

static int verify_once(const char *file, const struct audit_check *check, struct audit_verdict *v,
                       struct error *err)
{
    struct audit_set set = {0};
    struct walk w = {.check = check, .v = v};
    if (check->key != NULL)
        audit_seal_first(&w.seal, check->key);
    int r = audit_set_open(file, &set, err);
    bool expected = check->anchor != NULL || check->from != NULL;
    if (r < 0 && !(r == -ENOENT && expected)) {
        mem_wipe(&w.seal, sizeof w.seal);
        return r;
    }
    r = 0;
    bool going = true;
    size_t first = check->from == NULL ? 0 : source_of(&set, check->from->seq);
    for (size_t i = first; going && i < set.count; i++) {
        char path[SETTINGS_PATH_MAX + 16];
        audit_source_path(file, set.sources[i].index, set.sources[i].gzip, path, sizeof path);
        struct audit_reader *reader;
        r = audit_reader_open(&set.sources[i], &reader, err);
        if (r < 0)
            break;
        going = check_source(&w, path, reader);
        audit_reader_close(reader);
    }
    audit_set_close(&set);
    if (r == 0 && v->intact)
        judge_whole(file, &w);
    mem_wipe(&w.seal, sizeof w.seal);
    return r;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size;
}

int audit_verify(const char *file, const struct audit_check *given, struct audit_verdict *ret,
                 struct error *err)
{
    struct audit_verdict v;
    struct audit_check check = {0};
    if (given != NULL)
        check = *given;
    const struct audit_anchor *anchor = check.anchor;
    if (anchor != NULL && (anchor->head.seq == 0 || !str_equal(anchor->file, file)))
        check.anchor = NULL;
    for (int round = 0; round < VERIFY_ROUNDS_MAX; round++) {
        struct stat before = {0};
        struct stat after = {0};
        v = (struct audit_verdict){.intact = true};
        (void)stat(file, &before);
        int r = verify_once(file, &check, &v, err);
        if (r < 0)
            return r;
        (void)stat(file, &after);
        if (v.intact || same(&before, &after))
            break;
    }
    *ret = v;
    return 0;
}

json_t *audit_verdict_json(const struct audit_verdict *v, const struct audit_anchor *anchor)
{
    json_t *body = json_object();
    json_t *kept = json_null();
    if (anchor->head.seq > 0) {
        kept = json_object();
        (void)json_put_int(kept, "seq", (int64_t)anchor->head.seq);
        (void)json_put_text(kept, "hash", anchor->head.hash);
        (void)json_put_wall(kept, "kept_at", anchor->at);
    }
    if (json_put_bool(body, "intact", v->intact) &&
        json_put_int(body, "lines", (int64_t)v->lines) &&
        json_put_int(body, "first_seq", (int64_t)v->first_seq) &&
        json_put_int(body, "last_seq", (int64_t)v->last_seq) &&
        json_put_text(body, "last_hash", v->lines == 0 ? NULL : v->last_hash) &&
        json_put(body, "anchor", json_incref(kept)) &&
        json_put_bool(body, "anchored", v->anchored) &&
        json_put_int(body, "seals", (int64_t)v->seals) &&
        json_put_int(body, "sealed_seq", (int64_t)v->sealed_seq) &&
        json_put_int(body, "other_seals", (int64_t)v->other_seals) &&
        json_put_text(body, "bad_file", v->intact ? NULL : v->bad_file) &&
        (v->bad_line == 0 ? json_put_null(body, "bad_line")
                          : json_put_int(body, "bad_line", (int64_t)v->bad_line)) &&
        json_put_text(body, "why", v->intact ? NULL : v->why)) {
        json_decref(kept);
        return body;
    }
    json_decref(kept);
    json_decref(body);
    return NULL;
}

void audit_missing_text(uint64_t seq, const char *hash, const struct audit_head *wanted, char *to,
                        size_t size)
{
    char found[128] = "the audit log is empty";
    if (seq > 0)
        (void)str_format(found, sizeof found, "the audit log ends at seq %" PRIu64 " (hash %s)",
                         seq, hash);
    (void)str_format(to, size,
                     "%s, but the last line written was seq %" PRIu64 " (hash %s): %" PRIu64
                     " line%s missing",
                     found, wanted->seq, wanted->hash, wanted->seq - seq,
                     wanted->seq - seq == 1 ? " is" : "s are");
}

int audit_head_read(const char *text, struct audit_head *ret, struct error *err)
{
    char seq[24];
    int64_t number = 0;
    const char *colon = strchr(text, ':');
    if (colon == NULL || !str_copy_n(seq, sizeof seq, text, (size_t)(colon - text)) ||
        parse_int(seq, 1, INT64_MAX, &number, NULL) < 0 ||
        strlen(colon + 1) != AUDIT_HASH_SIZE - 1 ||
        strspn(colon + 1, "0123456789abcdef") != AUDIT_HASH_SIZE - 1)
        return error_set(err, -EINVAL, "not SEQ:HASH, as in the journal after \"audit-head\"");
    ret->seq = (uint64_t)number;
    memcpy(ret->hash, colon + 1, sizeof ret->hash);
    return 0;
}
