/* Addresses and networks as texts: which network counts for limits, and which network holds an
 * address. IPv4 and its form mapped into IPv6 are the same address everywhere. */
#ifndef RESUS_BASE_NETWORK_H
#define RESUS_BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_TEXT_MAX 64

struct network {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    int prefix;        /* 0 to 128 */
};

/* An IPv6 host has a whole /64 to itself, so all its addresses are one: "2001:db8:1:2::". An IPv4
 * address, also one mapped into IPv6, and any other text stay as they are, cut at `size`. */
void network_of(const char *address, char *to, size_t size);
/* "10.0.0.0/8", "2001:db8::/32", or an address alone. */
bool network_read(const char *text, struct network *ret);
/* "::ffff:10.0.0.0/104": what network_read() takes back. */
void network_write(const struct network *network, char *to, size_t size);
/* False also for what is no address. */
bool network_holds(const struct network *network, const char *address);
/* The address as people write it: "::FFFF:192.0.2.7" is "192.0.2.7". False for other text
 * and when `size` is too small. */
bool network_plain(const char *address, char *to, size_t size);

#endif
