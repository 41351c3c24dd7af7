#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "store/audit.h"
#include "store/audit_line.h"
#include "store/audit_read.h"

/* A rotation or an append while we read makes a sound chain look broken: look again, this often. */
#define VERIFY_ROUNDS_MAX 8

static bool broken(struct audit_verdict *v, const char *path, uint64_t line, const char *why)
{
    v->intact = false;
    (void)str_copy(v->bad_file, sizeof v->bad_file, path);
    v->bad_line = line;
    (void)str_copy(v->why, sizeof v->why, why);
    return false;
}

static bool check_link(struct audit_verdict *v, struct audit_link *last, const char *path,
                       uint64_t number, const struct audit_link *link)
{
    char why[sizeof v->why];
    if (v->lines == 0) {
        /* Older lines may have been rotated away; the very first one has nothing before it. */
        if (link->seq == 1 && !str_equal(link->prev, AUDIT_HASH_NONE))
            return broken(v, path, number, "the first line names a line before it");
        v->first_seq = link->seq;
    } else if (link->seq != last->seq + 1) {
        (void)str_format(why, sizeof why, "seq %" PRIu64 " follows seq %" PRIu64 ": lines are %s",
                         link->seq, last->seq,
                         link->seq > last->seq ? "missing" : "repeated or out of order");
        return broken(v, path, number, why);
    } else if (!str_equal(link->prev, last->hash)) {
        return broken(v, path, number, "prev is not the hash of the line before");
    }
    *last = *link;
    v->last_seq = link->seq;
    v->lines++;
    return true;
}

static bool check_source(struct audit_verdict *v, struct audit_link *last, const char *path,
                         struct audit_reader *r)
{
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
        if (flaw != AUDIT_FLAW_NONE)
            return broken(v, path, r->line_number,
                          kind == AUDIT_READ_TORN ? "the line was cut off" : audit_flaw_text(flaw));
        if (!check_link(v, last, path, r->line_number, &link))
            return false;
    }
}

static int verify_once(const char *file, struct audit_verdict *v, struct error *err)
{
    struct audit_set set;
    int r = audit_set_open(file, &set, err);
    if (r < 0)
        return r;
    struct audit_link last = {0};
    bool going = true;
    for (size_t i = 0; going && i < set.count; i++) {
        char path[SETTINGS_PATH_MAX + 16];
        audit_source_path(file, set.sources[i].index, set.sources[i].gzip, path, sizeof path);
        struct audit_reader *reader;
        r = audit_reader_open(&set.sources[i], &reader, err);
        if (r < 0)
            break;
        going = check_source(v, &last, path, reader);
        audit_reader_close(reader);
    }
    audit_set_close(&set);
    return r;
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size;
}

int audit_verify(const char *file, struct audit_verdict *ret, struct error *err)
{
    struct audit_verdict v;
    for (int round = 0; round < VERIFY_ROUNDS_MAX; round++) {
        struct stat before = {0};
        struct stat after = {0};
        v = (struct audit_verdict){.intact = true};
        (void)stat(file, &before);
        int r = verify_once(file, &v, err);
        if (r < 0)
            return r;
        (void)stat(file, &after);
        if (v.intact || same(&before, &after))
            break;
    }
    *ret = v;
    return 0;
}
