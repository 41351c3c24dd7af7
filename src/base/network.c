#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/str.h"

#define HOST_PART 8 /* bytes after the /64 */

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
