/* The network that an address counts for, where limits are kept per client. */
#ifndef RESUS_BASE_NETWORK_H
#define RESUS_BASE_NETWORK_H

#include <stddef.h>

#define NETWORK_TEXT_MAX 64

/* An IPv6 host has a whole /64 to itself, so all its addresses are one: "2001:db8:1:2::". An IPv4
 * address, also one mapped into IPv6, and any other text stay as they are, cut at `size`. */
void network_of(const char *address, char *to, size_t size);

#endif
