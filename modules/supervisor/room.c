/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/room.h"

/* True when a must go before b. */
static bool goes_before(const struct kw_supervisor_guest *a,
                        const struct kw_supervisor_guest *b)
{
    if (a->gone != b->gone)
        return a->gone;
    if (a->asked != b->asked)
        return b->asked;
    return a->active_ms < b->active_ms;
}

static bool may_go(const struct kw_supervisor_guest *guest, uint64_t now_ms)
{
    if (guest->gone)
        return true;
    return !guest->busy && (!guest->asked || now_ms - guest->active_ms >=
                                                 KW_SUPERVISOR_SPARED_MS);
}

int kw_supervisor_room(const struct kw_supervisor_guest *guests, size_t count,
                       const struct kw_station *newcomer, uint64_t now_ms)
{
    size_t own = 0;
    bool among_own;
    int best = KW_SUPERVISOR_ROOM_NONE;

    for (size_t i = 0; i < count; i++)
        own += kw_station_same(&guests[i].station, newcomer);
    among_own = own >= KW_SUPERVISOR_STATION_MAX;
    if (!among_own && count < KW_SUPERVISOR_CONNECTIONS_MAX)
        return KW_SUPERVISOR_ROOM_FREE;
    for (size_t i = 0; i < count; i++) {
        if (!may_go(&guests[i], now_ms) ||
            (among_own && !kw_station_same(&guests[i].station, newcomer)))
            continue;
        if (best < 0 || goes_before(&guests[i], &guests[best]))
            best = (int)i;
    }
    return best;
}
