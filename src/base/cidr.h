/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and networks of stations, for lists of who may do what. IPv4 is
 * kept as the IPv6 address it is mapped to (RFC 4291, 2.5.5.2), so that both
 * compare alike however a connection came in. Pure.
 */
#ifndef KW_BASE_CIDR_H
#define KW_BASE_CIDR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum { KW_STATION_BYTES = 16 };

/* An address without its port. */
struct kw_station {
    uint8_t bytes[KW_STATION_BYTES];
};

/* A network: the addresses whose first bits are these. */
struct kw_cidr {
    struct kw_station first; /* the bits beyond are 0 */
    uint8_t bits;            /* 0 to 128 */
};

/*
 * "192.0.2.7", "192.0.2.0/24", "2001:db8::/32". KW_EINVAL: it is neither, or
 * has bits set behind its prefix ("192.0.2.7/24" may mean either).
 */
KW_MUST_CHECK int kw_cidr_parse(const char *text, struct kw_cidr *cidr);

/* The station of an IPv4 or IPv6 socket address; any other kind is "::". */
void kw_station_of(const struct sockaddr *address, struct kw_station *station);

bool kw_cidr_has(const struct kw_cidr *cidr, const struct kw_station *station);

/* True when one of the networks has it. */
bool kw_cidr_any(const struct kw_cidr *list, size_t count,
                 const struct kw_station *station);

bool kw_station_same(const struct kw_station *a, const struct kw_station *b);

/* 127.0.0.0/8 and ::1: this machine itself. */
bool kw_station_is_local(const struct kw_station *station);

#endif
