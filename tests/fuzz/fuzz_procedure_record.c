/* A row of the database as a procedure: what is taken is written again as the same, and no line for
 * people to copy has a control character. */
#include "base/json.h"
#include "procedures/inside.h"
#include "support.h"

static void check_commands(const json_t *steps)
{
    size_t i;
    size_t k;
    const json_t *step;
    const json_t *command;
    json_array_foreach(steps, i, step) {
        json_array_foreach(json_object_get(step, "commands"), k, command) {
            for (const char *p = json_string_value(command); *p != '\0'; p++)
                PROMISE((unsigned char)*p >= 32 && *p != 127);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct procedures none;
    static struct procedure one;
    static struct procedure two;
    json_t *o JSON_CLEANUP = json_loadb((const char *)data, size, JSON_READ_FLAGS, NULL);
    if (!json_is_object(o))
        return 0;
    one = two = (struct procedure){.p = &none, .service = -1};
    procedure_read(&one, o);
    json_t *once JSON_CLEANUP = procedure_body(&one);
    PROMISE(once != NULL);
    procedure_read(&two, once);
    json_t *twice JSON_CLEANUP = procedure_body(&two);
    PROMISE(json_equal(once, twice));
    json_t *shown JSON_CLEANUP = procedure_json(&one);
    PROMISE(json_is_array(json_object_get(shown, "orders")));
    check_commands(json_object_get(shown, "steps"));
    check_commands(json_object_get(shown, "way_back"));
    return 0;
}
