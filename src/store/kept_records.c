#include "store/kept_records.h"

#include <string.h>

#include "base/mem.h"

static size_t bytes_of(const struct record_row *row)
{
    return row->body == NULL ? 0 : strlen(row->body);
}

static void free_record(struct kept_record *record)
{
    if (record->row.body != NULL)
        mem_wipe(record->row.body, strlen(record->row.body));
    mem_free(record->row.body);
    mem_free(record);
}

static struct kept_record **find(struct kept_records *k, const struct record_row *row)
{
    struct kept_record **at = &k->first;
    while (*at != NULL && ((*at)->row.kind != row->kind || (*at)->row.number != row->number))
        at = &(*at)->next;
    return at;
}

static struct kept_record *take(struct kept_records *k, struct kept_record **at)
{
    struct kept_record *record = *at;
    *at = record->next;
    record->next = NULL;
    k->count--;
    k->bytes -= bytes_of(&record->row);
    return record;
}

static void append(struct kept_records *k, struct kept_record *record)
{
    struct kept_record **at = &k->first;
    while (*at != NULL)
        at = &(*at)->next;
    *at = record;
    record->next = NULL;
    k->count++;
    k->bytes += bytes_of(&record->row);
}

static void keep_within_limits(struct kept_records *k)
{
    while (k->first != NULL && (k->count > RECORD_KEPT_MAX || k->bytes > RECORD_KEPT_BYTES_MAX)) {
        free_record(take(k, &k->first));
        k->dropped++;
    }
}

static struct kept_record *copy(const struct record_row *row, uint64_t serial)
{
    struct kept_record *mine = mem_calloc(1, sizeof *mine);
    if (mine == NULL)
        return NULL;
    mine->serial = serial;
    mine->row = *row;
    if (row->body != NULL && (mine->row.body = mem_strdup(row->body)) == NULL) {
        mem_free(mine);
        return NULL;
    }
    return mine;
}

void kept_records_keep(struct kept_records *k, const struct record_batch *batch, uint64_t serial)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct record_row *row = &batch->rows[i];
        if (!record_kinds[row->kind].kept)
            continue;
        struct kept_record **at = find(k, row);
        if (*at != NULL && (*at)->serial > serial)
            continue;
        struct kept_record *mine = copy(row, serial);
        if (mine == NULL) {
            k->dropped++;
            continue;
        }
        if (*at != NULL)
            free_record(take(k, at));
        append(k, mine);
    }
    keep_within_limits(k);
}

void kept_records_done(struct kept_records *k, const struct record_batch *batch, uint64_t serial)
{
    for (size_t i = 0; i < batch->count && k->count > 0; i++) {
        struct kept_record **at = find(k, &batch->rows[i]);
        if (*at != NULL && (*at)->serial < serial)
            free_record(take(k, at));
    }
}

void kept_records_drop(struct kept_records *k, uint64_t before)
{
    for (struct kept_record **at = &k->first; *at != NULL;)
        if ((*at)->serial < before)
            free_record(take(k, at));
        else
            at = &(*at)->next;
}

void kept_records_merge(struct kept_records *k, struct kept_records *other)
{
    struct kept_records younger = *k;
    *k = (struct kept_records){.dropped = k->dropped + other->dropped};
    while (other->first != NULL) {
        struct kept_record *record = take(other, &other->first);
        if (*find(&younger, &record->row) == NULL)
            append(k, record);
        else
            free_record(record);
    }
    while (younger.first != NULL)
        append(k, take(&younger, &younger.first));
    other->dropped = 0;
    keep_within_limits(k);
}

void kept_records_free(struct kept_records *k)
{
    while (k->first != NULL)
        free_record(take(k, &k->first));
}
