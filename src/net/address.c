/* SPDX-License-Identifier: Apache-2.0 */
/* Numeric addresses as text, both ways; pure. */
#include "base/text.h"
#include "net/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Cuts "host:port" or "[host]:port"; host has room for an IPv6 address. */
static int split(const char *text, char *host, size_t size, uint16_t *port)
{
    bool bracket = text[0] == '[';
    const char *from = text + bracket;
    const char *to = bracket ? strchr(from, ']') : strrchr(from, ':');
    uint64_t number;

    if (to == NULL || (size_t)(to - from) >= size)
        return KW_EINVAL;
    memcpy(host, from, (size_t)(to - from));
    host[to - from] = 0;
    to += bracket;
    if (*to != ':' || to[1 + strspn(to + 1, "0123456789")] != 0 ||
        kw_text_parse_u64(to + 1, &number) != 0 || number > UINT16_MAX)
        return KW_EINVAL;
    *port = (uint16_t)number;
    return bracket;
}

int kw_address_parse(const char *text, struct sockaddr_storage *address)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    char host[INET6_ADDRSTRLEN];
    uint16_t port = 0;
    int bracket = split(text, host, sizeof(host), &port);

    if (bracket < 0)
        return bracket;
    memset(address, 0, sizeof(*address));
    if (bracket) {
        six.sin6_port = htons(port);
        if (inet_pton(AF_INET6, host, &six.sin6_addr) != 1)
            return KW_EINVAL;
        memcpy(address, &six, sizeof(six));
        return 0;
    }
    four.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &four.sin_addr) != 1)
        return KW_EINVAL;
    memcpy(address, &four, sizeof(four));
    return 0;
}

void kw_address_format(const struct sockaddr *address, char *text, size_t size)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    text[0] = 0;
    if (address->sa_family == AF_INET) {
        memcpy(&four, address, sizeof(four));
        inet_ntop(AF_INET, &four.sin_addr, text, (socklen_t)size);
        return;
    }
    if (address->sa_family != AF_INET6)
        return;
    memcpy(&six, address, sizeof(six));
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
        inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text, (socklen_t)size);
    else
        inet_ntop(AF_INET6, &six.sin6_addr, text, (socklen_t)size);
}
