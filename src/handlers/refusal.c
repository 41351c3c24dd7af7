#include <errno.h>

#include "handlers/inside.h"

static const struct refusal usual[] = {
    {-ENOENT, 404, "Not found", "not_found"},
    {-EBUSY, 409, "Something else runs", "operation_running"},
    {-EINVAL, 400, "Bad input", "bad_input"},
    {-ENOMEM, 500, "Out of memory", "out_of_memory"},
};

static const struct refusal *row_of(const struct refusal *rows, size_t count, int error)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].error == error)
            return &rows[i];
    return NULL;
}

void handlers_refuse(struct handlers *h, struct call *call, int error, const char *text,
                     const struct refusal *own, size_t count, const char *otherwise)
{
    const struct refusal unknown = {error, 500, "Operation failed", otherwise};
    const struct refusal *row = row_of(own, count, error);
    if (row == NULL)
        row = row_of(usual, ARRAY_LENGTH(usual), error);
    if (row == NULL)
        row = &unknown;
    call_refuse(call, row->status, row->title, text, row->code, handlers_now(h).wall);
}
