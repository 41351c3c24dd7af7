/* key rotate: which key is meant, and may it be exchanged now. */
#include "base/json.h"
#include "base/str.h"
#include "handlers/resources.h"
#include "sshkeys/sshkeys.h"

static const struct service_settings *target_of(struct handlers *h, struct call *call)
{
    const char *target = json_text_or(call->args, "target", NULL);
    bool several = false;
    char text[2 * SETTINGS_HOST_MAX];
    const struct service_settings *found = sshkeys_target(h->ports.keys, target, &several);
    if (found != NULL)
        return found;
    if (several)
        (void)str_format(text, sizeof text, "There are several SSH keys: name a service.");
    else if (target == NULL)
        (void)str_format(text, sizeof text, "No service is reached by SSH: there is no key.");
    else
        (void)str_format(text, sizeof text, "No service or host \"%s\" is reached by SSH.", target);
    handlers_refuse(h, call, several ? 400 : 404, several ? "Service needed" : "Not found", text,
                    several ? "service_required" : "not_found");
    return NULL;
}

static bool possible(struct handlers *h, struct call *call)
{
    char why[ERROR_TEXT_MAX];
    wall_ms now = handlers_now(h).wall;
    enum sshkeys_ready ready = sshkeys_ready(h->ports.keys, why, sizeof why);
    if (ready == SSHKEYS_RUNNING) {
        call_refuse(call, 409, "Rotation already running", why, "operation_running", now);
    } else if (ready == SSHKEYS_BROKEN) {
        call_refuse(call, 500, "Cannot exchange keys", why, "key_book_unreadable", now);
    } else {
        return true;
    }
    return false;
}

static void key_rotate(struct handlers *h, struct call *call)
{
    struct sshkeys *k = h->ports.keys;
    bool goes_on = str_equal(json_text_or(call->args, "step", "begin"), "continue");
    if (k == NULL) {
        handlers_refuse(h, call, 404, "Not found", "Not available here.", "not_found");
        return;
    }
    const struct service_settings *s = target_of(h, call);
    if (s == NULL)
        return;
    if (goes_on && !json_bool_or(call->args, "confirmation", false)) {
        handlers_unconfirmed(h, call,
                             "Every service that uses the key goes over to the new one. To confirm "
                             "it: {\"confirmation\": true}.");
        return;
    }
    if (!possible(h, call))
        return;
    struct sshkeys_order order = {
        .call = call,
        .goes_on = goes_on,
        .kind = str_equal(json_text_or(call->args, "type", "ed25519"), "rsa") ? KEYPAIR_RSA
                                                                              : KEYPAIR_ED25519,
    };
    struct error err = {0};
    if (sshkeys_order(k, s, &order, &err) < 0)
        handlers_refuse(h, call, 500, "Out of memory", err.text, "out_of_memory");
}

static const struct handling rows[] = {
    {OP_KEY_ROTATE, .run = key_rotate},
    {0},
};

const struct resource resource_key_rotate = {NEEDS_NOTHING, rows};
