/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/throttle.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

/* No global unicast address has a /64 like these two. */
static const uint64_t ipv4_space = UINT64_C(0xFFFFFFFF00000000);
static const uint64_t no_address = UINT64_C(0xFFFFFFFEFFFFFFFF);

/* The pause that so many failures cost. */
static uint64_t pause_ms(uint32_t failures)
{
    uint64_t pause = 1000;

    if (failures < KW_AUTH_FREE_FAILURES)
        return 0;
    while (failures-- > KW_AUTH_FREE_FAILURES && pause < KW_AUTH_PAUSE_MAX_MS)
        pause *= 2;
    return pause < KW_AUTH_PAUSE_MAX_MS ? pause : KW_AUTH_PAUSE_MAX_MS;
}

static struct kw_auth_failures *find(struct kw_auth_failures *table,
                                     size_t count, uint64_t key)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].failures > 0 && table[i].key == key)
            return &table[i];
    }
    return NULL;
}

/* Finds a record that is still remembered. */
static struct kw_auth_failures *recall(struct kw_auth_failures *table,
                                       size_t count, uint64_t key,
                                       uint64_t now_ms)
{
    struct kw_auth_failures *record = find(table, count, key);

    if (record != NULL && now_ms - record->last_ms >= KW_AUTH_FORGET_MS)
        record->failures = 0;
    return record;
}

/* What is left of a pause at most limit long. */
static uint64_t left_ms(const struct kw_auth_failures *record,
                        uint64_t limit_ms, uint64_t now_ms)
{
    uint64_t pause, end;

    if (record == NULL)
        return 0;
    pause = pause_ms(record->failures);
    end = record->last_ms + (pause < limit_ms ? pause : limit_ms);
    return end > now_ms ? end - now_ms : 0;
}

/* One failure more; a new record takes a free place or the oldest one. */
static void charge_to(struct kw_auth_failures *table, size_t count,
                      uint64_t key, uint64_t now_ms)
{
    struct kw_auth_failures *record = find(table, count, key);

    if (record == NULL) {
        /* Only what is charged takes a place: refused attempts with made-up
         * names must not push out the account they are after. */
        record = table;
        for (size_t i = 1; i < count && record->failures > 0; i++) {
            if (table[i].failures == 0 || table[i].last_ms < record->last_ms)
                record = &table[i];
        }
        *record = (struct kw_auth_failures){.key = key};
    }
    record->failures++;
    record->last_ms = now_ms;
}

uint64_t kw_auth_throttle_begin(struct kw_auth_throttle *throttle,
                                const struct kw_auth_charge *charge,
                                uint64_t now_ms)
{
    const struct kw_auth_failures *source =
        recall(throttle->sources, KW_AUTH_SOURCES, charge->source, now_ms);
    const struct kw_auth_failures *account =
        recall(throttle->accounts, KW_AUTH_ACCOUNTS, charge->account, now_ms);
    /* The account's pause is cut for sources that did nothing, else anybody
     * could lock its owner out. */
    bool clean = source == NULL || source->failures < KW_AUTH_FREE_FAILURES;
    uint64_t wait = left_ms(source, KW_AUTH_PAUSE_MAX_MS, now_ms);
    uint64_t other = left_ms(
        account, clean ? KW_AUTH_PAUSE_OTHER_MS : KW_AUTH_PAUSE_MAX_MS, now_ms);

    if (wait > 0 || other > 0)
        return wait > other ? wait : other;
    charge_to(throttle->sources, KW_AUTH_SOURCES, charge->source, now_ms);
    charge_to(throttle->accounts, KW_AUTH_ACCOUNTS, charge->account, now_ms);
    return 0;
}

static void give_back(struct kw_auth_failures *record)
{
    if (record != NULL)
        record->failures--;
}

void kw_auth_throttle_succeed(struct kw_auth_throttle *throttle,
                              const struct kw_auth_charge *charge)
{
    struct kw_auth_failures *account =
        find(throttle->accounts, KW_AUTH_ACCOUNTS, charge->account);

    give_back(find(throttle->sources, KW_AUTH_SOURCES, charge->source));
    if (account != NULL)
        account->failures = 0;
}

void kw_auth_throttle_refund(struct kw_auth_throttle *throttle,
                             const struct kw_auth_charge *charge)
{
    give_back(find(throttle->sources, KW_AUTH_SOURCES, charge->source));
    give_back(find(throttle->accounts, KW_AUTH_ACCOUNTS, charge->account));
}

static uint64_t big_endian(const uint8_t *bytes, size_t length)
{
    uint64_t value = 0;

    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint64_t kw_auth_throttle_source(const char *address)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;

    if (!kw_text_copy(text, sizeof(text), address))
        return no_address;
    text[strcspn(text, "%")] = 0; /* the zone of a link-local address */
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ipv4_space | ntohl(v4.s_addr);
    if (inet_pton(AF_INET6, text, &v6) != 1)
        return no_address;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
        return ipv4_space | big_endian(v6.s6_addr + 12, 4);
    return big_endian(v6.s6_addr, 8);
}
