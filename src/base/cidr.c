/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cidr.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { ALL_BITS = 128, FOUR_BITS = 32, FOUR_AT = 12 };

static void map_four(const void *four, struct kw_station *station)
{
    static const uint8_t front[FOUR_AT] = {0, 0, 0, 0, 0,    0,
                                           0, 0, 0, 0, 0xFF, 0xFF};

    memcpy(station->bytes, front, sizeof(front));
    memcpy(station->bytes + FOUR_AT, four, 4);
}

/* The bit at index, from the highest of the first byte. */
static unsigned bit_of(const struct kw_station *station, unsigned index)
{
    return (unsigned)station->bytes[index / 8] >> (7 - index % 8) & 1U;
}

/* Bits of the address's own kind, or 0 when it is none. */
static unsigned parse_address(const char *text, struct kw_station *station)
{
    struct in_addr four;

    if (inet_pton(AF_INET, text, &four) == 1) {
        map_four(&four, station);
        return FOUR_BITS;
    }
    return inet_pton(AF_INET6, text, station->bytes) == 1 ? ALL_BITS : 0;
}

int kw_cidr_parse(const char *text, struct kw_cidr *cidr)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    uint64_t prefix;
    unsigned most;

    if (length >= sizeof(address))
        return KW_EINVAL;
    memcpy(address, text, length);
    address[length] = 0;
    most = parse_address(address, &cidr->first);
    if (most == 0)
        return KW_EINVAL;
    prefix = most;
    if (slash != NULL &&
        (slash[1 + strspn(slash + 1, "0123456789")] != 0 ||
         kw_text_parse_u64(slash + 1, &prefix) != 0 || prefix > most))
        return KW_EINVAL;
    cidr->bits = (uint8_t)(ALL_BITS - most + prefix);
    for (unsigned i = cidr->bits; i < ALL_BITS; i++) {
        if (bit_of(&cidr->first, i) != 0)
            return KW_EINVAL;
    }
    return 0;
}

void kw_station_of(const struct sockaddr *address, struct kw_station *station)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    memset(station, 0, sizeof(*station));
    if (address->sa_family == AF_INET) {
        memcpy(&four, address, sizeof(four));
        map_four(&four.sin_addr, station);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&six, address, sizeof(six));
        memcpy(station->bytes, &six.sin6_addr, KW_STATION_BYTES);
    }
}

bool kw_cidr_has(const struct kw_cidr *cidr, const struct kw_station *station)
{
    size_t whole = cidr->bits / 8;
    unsigned rest = cidr->bits % 8;
    unsigned mask = 0xFF00U >> rest & 0xFFU;

    if (memcmp(cidr->first.bytes, station->bytes, whole) != 0)
        return false;
    return rest == 0 ||
           cidr->first.bytes[whole] == (station->bytes[whole] & mask);
}

bool kw_cidr_any(const struct kw_cidr *list, size_t count,
                 const struct kw_station *station)
{
    for (size_t i = 0; i < count; i++) {
        if (kw_cidr_has(&list[i], station))
            return true;
    }
    return false;
}

bool kw_station_same(const struct kw_station *a, const struct kw_station *b)
{
    return memcmp(a->bytes, b->bytes, KW_STATION_BYTES) == 0;
}

bool kw_station_is_local(const struct kw_station *station)
{
    static const struct kw_cidr local[] = {
        {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127}}, 104},
        {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, ALL_BITS},
    };

    return kw_cidr_any(local, 2, station);
}
