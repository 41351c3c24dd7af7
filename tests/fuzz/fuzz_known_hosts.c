/* A file of host keys, which anybody may have added lines to. */
#include "base/str.h"
#include "host/known_hosts.h"
#include "support.h"

/* libssh 0.10 forgets the lines before one that it cannot read: some 300 bytes, not ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libssh.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ssh_settings plain = {.host = "10.0.0.5", .port = 22};
    static struct ssh_settings other = {.host = "redis.example", .port = 2222};
    char path[128];
    struct error err = {0};
    fuzz_write(fuzz_path("known_hosts", path), data, size);
    (void)str_copy(plain.known_hosts, sizeof plain.known_hosts, path);
    (void)str_copy(other.known_hosts, sizeof other.known_hosts, path);
    PROMISE(known_hosts_check(&plain, &err) == 0 || err.text[0] != '\0');
    PROMISE(known_hosts_check(&other, &err) == 0 || err.text[0] != '\0');
    return 0;
}
