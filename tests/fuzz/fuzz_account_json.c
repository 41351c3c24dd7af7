/* A row of `account` in the database: the first byte says of which kind, the rest is its JSON. What
 * is taken is written again as something that is taken, and as the same. */
#include "accounts/book.h"
#include "accounts/book_json.h"
#include "base/json.h"
#include "base/mem.h"
#include "support.h"

static struct accounts *book(void)
{
    static struct accounts *accounts;
    struct error err;
    char folder[128];
    if (accounts != NULL)
        return accounts;
    accounts = mem_must(mem_calloc(1, sizeof *accounts));
    PROMISE(keyring_open(fuzz_path("", folder), (wall_ms){1800000000000}, &accounts->keyring,
                         &err) == 0);
    return accounts;
}

/* A second factor's secret is sealed with another nonce each time. */
static void take_seal(json_t *object)
{
    (void)json_object_del(object, "totp");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct accounts *a = book();
    void *item = NULL, *again = NULL;
    enum store_account kind = (enum store_account)(input_byte(&in) % STORE_ACCOUNT_COUNT);
    JSON_CLEANUP json_t *body =
        json_loadb(in.left == 0 ? "" : in.at, in.left, JSON_READ_FLAGS, NULL);
    if (!json_is_object(body) || account_from_json(a, kind, 7, body, &item) < 0)
        return 0;
    JSON_CLEANUP json_t *written = account_to_json(a, kind, item);
    PROMISE(json_is_object(written));
    PROMISE(account_from_json(a, kind, 7, written, &again) == 0);
    if (kind == STORE_USER)
        PROMISE(((struct user *)item)->totp_lost == ((struct user *)again)->totp_lost);
    JSON_CLEANUP json_t *twice = account_to_json(a, kind, again);
    take_seal(written);
    take_seal(twice);
    PROMISE(json_equal(written, twice));
    account_free_item(kind, item);
    account_free_item(kind, again);
    return 0;
}
