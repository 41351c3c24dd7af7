#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"

#define HOST_PART 8 /* bytes after the /64 */
#define MAPPED 12   /* bytes before an IPv4 address */
#define BITS 128

/* IPv4 in its IPv6 form, so that both compare. */
static bool read_address(const char *text, uint8_t bytes[16], bool *ret_v4)
{
    struct in_addr v4;
    *ret_v4 = inet_pton(AF_INET, text, &v4) == 1;
    if (!*ret_v4)
        return inet_pton(AF_INET6, text, bytes) == 1;
    memset(bytes, 0, MAPPED);
    bytes[10] = bytes[11] = 0xFF;
    memcpy(&bytes[MAPPED], &v4, sizeof v4);
    return true;
}

void network_of(const char *address, char *to, size_t size)
{
    struct in6_addr v6;
    bool own = inet_pton(AF_INET6, address, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6) &&
               !IN6_IS_ADDR_LOOPBACK(&v6);
    if (own)
        memset(&v6.s6_addr[sizeof v6 - HOST_PART], 0, HOST_PART);
    if (!own || inet_ntop(AF_INET6, &v6, to, (socklen_t)size) == NULL)
        (void)str_copy(to, size, address);
}

bool network_read(const char *text, struct network *ret)
{
    char address[NETWORK_TEXT_MAX];
    size_t slash = strcspn(text, "/");
    bool v4 = false;
    if (!str_copy_n(address, sizeof address, text, slash) ||
        !read_address(address, ret->bytes, &v4))
        return false;
    int64_t prefix = v4 ? BITS - MAPPED * 8 : BITS;
    if (text[slash] == '/' && parse_int(text + slash + 1, 0, prefix, &prefix, NULL) < 0)
        return false;
    ret->prefix = (int)prefix + (v4 ? MAPPED * 8 : 0);
    return true;
}

void network_write(const struct network *network, char *to, size_t size)
{
    char address[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(AF_INET6, network->bytes, address, sizeof address);
    (void)str_format(to, size, "%s/%d", address, network->prefix);
}

bool network_holds(const struct network *network, const char *address)
{
    uint8_t bytes[16];
    bool v4 = false;
    if (!read_address(address, bytes, &v4))
        return false;
    size_t whole = (size_t)network->prefix / 8;
    int rest = network->prefix % 8;
    int mask = 0xFF00 >> rest & 0xFF;
    return memcmp(bytes, network->bytes, whole) == 0 &&
           (rest == 0 || ((bytes[whole] ^ network->bytes[whole]) & mask) == 0);
}

bool network_plain(const char *address, char *to, size_t size)
{
    struct in6_addr v6;
    bool v4 = false;
    if (!read_address(address, v6.s6_addr, &v4))
        return false;
    return (IN6_IS_ADDR_V4MAPPED(&v6) ? inet_ntop(AF_INET, &v6.s6_addr[MAPPED], to, (socklen_t)size)
                                      : inet_ntop(AF_INET6, &v6, to, (socklen_t)size)) != NULL;
}
