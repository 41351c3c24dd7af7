#include "base/json.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/verb.h"
#include "cli/view.h"

/* Big keys are searched within a time budget; the doctor walks over every host. */
#define SLOW_MS 180000

int verb_inspect(const struct invocation *in)
{
    json_t *args = json_object();
    (void)json_put_text(args, "what", in->sub);
    if (arguments_has(in, OPTION_WITH_ARGUMENTS))
        (void)json_put_bool(args, "with_arguments", true);
    return ask_show(in, "inspect", args, SLOW_MS, view_anything, NULL);
}

int verb_doctor(const struct invocation *in)
{
    json_t *body = NULL;
    int status = ask_show(in, "doctor", NULL, SLOW_MS, view_doctor, &body);
    if (status == CLI_DONE && view_doctor_findings(body) > 0)
        status = CLI_REFUSED;
    json_decref(body);
    return status;
}
