#include "accounts/login_attempts.h"

#include <string.h>

#include "accounts/roles.h"
#include "base/network.h"
#include "base/str.h"

/* A person who mistypes never meets these; who guesses does. The rules of the account and of the
 * address are mild, because anybody can fail as anybody, and many may share an address: they slow
 * guessing down without keeping an owner out. Of an account and an address that it has logged in
 * from before, the pair's own rule counts alone. */
static const struct throttle_rule pair_rule = {.free = 5, .longest_ms = 900000};
static const struct throttle_rule address_rule = {.free = 20, .longest_ms = 60000};
static const struct throttle_rule account_rule = {.free = 10, .longest_ms = 30000};

struct throttle_keys {
    char pair[400], address[100], account[300];
};

static void lower(const char *text, char *to, size_t size)
{
    (void)str_copy(to, size, text);
    for (char *p = to; *p != '\0'; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
}

static void keys_of(const char *address, const char *name, struct throttle_keys *k)
{
    char email[256], network[NETWORK_TEXT_MAX];
    lower(name, email, sizeof email);
    network_of(address, network, sizeof network);
    (void)str_format(k->pair, sizeof k->pair, "pair|%s|%s", network, email);
    (void)str_format(k->address, sizeof k->address, "address|%s", network);
    (void)str_format(k->account, sizeof k->account, "account|%s", email);
}

/* Where it stands among them, KNOWN_ADDRESSES_MAX = nowhere. An IPv6 host changes its address
 * within its network. */
static size_t known_at(const struct user *u, const char *address)
{
    char network[NETWORK_TEXT_MAX], known[NETWORK_TEXT_MAX];
    size_t at = 0;
    network_of(address, network, sizeof network);
    for (; at < KNOWN_ADDRESSES_MAX; at++) {
        network_of(u->known[at], known, sizeof known);
        if (known[0] != '\0' && str_equal(known, network))
            break;
    }
    return at;
}

bool login_address_known(const struct user *u, const char *address)
{
    return u != NULL && known_at(u, address) < KNOWN_ADDRESSES_MAX;
}

bool login_address_remember(struct user *u, const char *address)
{
    size_t at = known_at(u, address);
    if (at == 0)
        return false;
    at = at < KNOWN_ADDRESSES_MAX ? at : KNOWN_ADDRESSES_MAX - 1;
    memmove(u->known[1], u->known[0], at * sizeof u->known[0]);
    network_of(address, u->known[0], ADDRESS_SIZE);
    return true;
}

int64_t login_wait_ms(const struct accounts *a, const char *address, const char *email,
                      const struct user *u, int *limit)
{
    mono_ms now = accounts_now(a).mono;
    struct throttle_keys k;
    keys_of(address, email, &k);
    bool known = login_address_known(u, address);
    int64_t pair = throttle_wait_ms(a->throttle, k.pair, &pair_rule, now);
    int64_t of_address = known ? 0 : throttle_wait_ms(a->throttle, k.address, &address_rule, now);
    int64_t of_account = known ? 0 : throttle_wait_ms(a->throttle, k.account, &account_rule, now);
    if (pair == 0 && of_address == 0 && of_account == 0)
        return 0;
    const struct throttle_rule *rule = &pair_rule;
    int64_t wait = pair;
    if (of_address > wait) {
        wait = of_address;
        rule = &address_rule;
    }
    if (of_account > wait) {
        wait = of_account;
        rule = &account_rule;
    }
    *limit = rule->free;
    return wait;
}

static void lock_out(struct accounts *a, struct user *u, int failures)
{
    const struct security_settings *s = &a->ports.settings(a->ports.context)->security;
    if (u == NULL || s->lockout_failures == 0 || failures < s->lockout_failures ||
        user_is_last_admin(a, u))
        return;
    u->locked_until = wall_add(accounts_now(a).wall, s->lockout_ms);
    (void)account_save(a, STORE_USER, u);
}

void login_missed(struct accounts *a, const char *address, const char *email, struct user *u)
{
    mono_ms now = accounts_now(a).mono;
    struct throttle_keys k;
    keys_of(address, email, &k);
    (void)throttle_failed(a->throttle, k.pair, now);
    (void)throttle_failed(a->throttle, k.address, now);
    lock_out(a, u, throttle_failed(a->throttle, k.account, now));
}

void login_succeeded(struct accounts *a, const char *address, const char *email)
{
    struct throttle_keys k;
    keys_of(address, email, &k);
    throttle_forget(a->throttle, k.pair);
    throttle_forget(a->throttle, k.account);
}
