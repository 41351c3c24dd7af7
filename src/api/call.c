#include "api/call.h"

#include "api/error_body.h"
#include "base/mem.h"
#include "base/str.h"

bool call_sees(const struct call *call, const char *id)
{
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)call->services, i, one) /* the macro's is not const */
        if (str_equal(json_string_value(one), id))
            return true;
    return call->services == NULL;
}

void call_wipe_secrets(const struct call *call)
{
    for (const struct field *f = call->operation->fields; f->name != NULL; f++) {
        const json_t *value = json_object_get(call->args, f->name);
        if (f->type == FIELD_SECRET && json_is_string(value))
            mem_wipe((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
}

void call_refuse(struct call *call, int status, const char *title, const char *message,
                 const char *code, wall_ms now)
{
    call->answer(call, status, error_body(title, message, code, now));
}
