/* audit_key: starts a new seal chain. The initial key leaves this machine with the answer and is
 * not stored here. */
#include <sodium.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/resources.h"
#include "store/audit_seal.h"

void audit_key_post(struct handlers *h, struct call *call)
{
    uint8_t key[AUDIT_KEY_BYTES];
    char text[AUDIT_KEY_TEXT_SIZE];
    struct audit_seal seal;
    struct audit_line line;
    char reason[80];
    randombytes_buf(key, sizeof key);
    audit_seal_first(&seal, key);
    audit_key_text(key, text);
    (void)str_format(reason, sizeof reason, "a new seal chain with the key %s", seal.id);
    account_line(h, call, reason, &line);
    call->kept = json_object();
    (void)json_put_text(call->kept, "key", text);
    (void)json_put_text(call->kept, "id", seal.id);
    (void)json_put_wall(call->kept, "timestamp", handlers_now(h).wall);
    h->ports.audit_rekey(h->ports.context, handlers_wait(h, call), key, &line);
    mem_wipe(key, sizeof key);
    mem_wipe(text, sizeof text);
    mem_wipe(&seal, sizeof seal);
}
