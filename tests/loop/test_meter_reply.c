/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing but the reply becomes a good value. A peer with three meters
 * repeats, delays, reorders, cuts, spoils, glues and mixes its frames at
 * random, on a serial line, RTU over TCP and Modbus TCP. Each register says
 * whose it is, which, and to which request it was given, so that each good
 * value that is published can be proved. Afterwards the peer behaves, and all
 * values have to be good again.
 *
 * Some hundred seeds run by default; KW_SEEDS=COUNT KW_FIRST_SEED=N runs so
 * many from that one on. KW_SHARES=1 also prints what share of the values stays
 * good under each fault alone.
 */
#include "test_meter_rig.h"

enum {
    UNITS = 3,
    PERIOD_MS = 250,
    TIMEOUT_MS = 150,
    FAULTY_MS = 4000,
    WELL_MS = 3000,
    ASIDE_MS = 64000,
    HISTORY = 64,
    POINTS_MAX = 10,
    GENERATIONS = 512,
};

enum fault {
    COPY_SOON,  /* again within some milliseconds */
    COPY_LATER, /* within a quarter of a second */
    COPY_OLD,   /* after seconds */
    COPY_GLUED, /* in the same piece */
    COPY_CUT,   /* its beginning in the same piece, the rest later */
    PIECES,     /* in two pieces */
    LATE,       /* after the time-out */
    LOST,       /* not at all */
    CUT,        /* only its beginning */
    SPOILED,    /* a wrong byte */
    MIXED,      /* what was sent before, of any meter, before or after */
    SECOND,     /* another meter of the same address answers, too */
    FAULTS
};
static const char *const fault_names[FAULTS] = {
    "copy soon", "copy later", "copy old", "copy glued", "copy cut", "pieces",
    "late",      "lost",       "cut",      "spoiled",    "mixed",    "second",
};

/* The maps: lengths of blocks. Each has a point at its begin and its end. */
static const struct layout {
    const char *name;
    unsigned blocks;
    uint16_t lengths[5];
} layouts[] = {
    {"mixed", 5, {6, 6, 8, 8, 16}},
    {"equal", 4, {6, 6, 6, 6}},
    {"single", 1, {6}},
    {"pairs", 4, {6, 8, 6, 8}},
};
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static const char *const quantities[POINTS_MAX] = {
    "voltage_l1_n",  "voltage_l2_n",  "voltage_l3_n", "voltage_l1_l2",
    "voltage_l2_l3", "voltage_l3_l1", "current_l1",   "current_l2",
    "current_l3",    "current_n",
};

/* One seed's world. */
static struct world {
    uint64_t random;
    const struct layout *layout;
    unsigned share[FAULTS]; /* of a thousand requests */
    bool faulty;
    unsigned values; /* a register goes through so many */
    uint64_t given_ms[UNITS + 1][GENERATIONS];
    unsigned generation[UNITS + 1];
    uint64_t answered_ms[UNITS + 1], spoiled_ms[UNITS + 1][5];
    struct sent {
        uint64_t at_ms;
        size_t length;
        unsigned char frame[300];
    } history[HISTORY];
    unsigned sent;
    unsigned wrong, stale, good[UNITS + 1];
} world;

static uint64_t now_ms(void)
{
    return kw_clock_mono_ms(&kw_clock_system);
}

/* splitmix64 */
static uint64_t next_random(void)
{
    uint64_t z = world.random += 0x9E3779B97F4A7C15U;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

static unsigned below(unsigned end)
{
    return (unsigned)(next_random() % end);
}

/* TCP has check sums and an order of its own: what comes in pieces comes whole,
 * and nothing comes in between. */
static bool strikes(const struct peer *peer, enum fault fault)
{
    bool serial = fault == CUT || fault == COPY_CUT || fault == SPOILED ||
                  fault == SECOND || fault == PIECES;

    return world.faulty && below(1000) < world.share[fault] &&
           (peer->at.rtu || !serial);
}

/* Unit 2 bits, block 3, place in it 2, generation 9. */
static uint16_t value_of(unsigned unit, unsigned address, unsigned generation)
{
    unsigned block = address / 100, at = address % 100;
    unsigned place = at == 0                                  ? 0
                     : at + 1 == world.layout->lengths[block] ? 1
                                                              : 2;

    return (uint16_t)(unit << 14 | block << 11 | place << 9 |
                      generation % GENERATIONS);
}

static void look(struct rig *rig, const struct kw_point *point,
                 const struct kw_sample *sample)
{
    unsigned unit = (unsigned)(point->name[1] - '0'), index = 0;
    unsigned raw = (unsigned)sample->raw;
    int64_t before_ms; /* the poll began */

    (void)rig;
    if (!kw_quality_has_value(sample->quality))
        return;
    while (strcmp(point->name + 3, quantities[index]) != 0)
        index++;
    world.good[unit]++;
    if (raw >> 9 != (unit << 5 | index / 2 << 2 | index % 2)) {
        world.wrong++;
        return;
    }
    if (now_ms() - world.spoiled_ms[unit][index / 2] < 8 * PERIOD_MS)
        return;
    before_ms = (int64_t)(now_ms() - world.given_ms[unit][raw % GENERATIONS]) -
                (kw_clock_wall_ms(&kw_clock_system) - sample->time_ms);
    world.stale += before_ms > 4 * TIMEOUT_MS;
}

static void keep_sent(unsigned ms, const unsigned char *frame, size_t length)
{
    struct sent *sent = &world.history[world.sent++ % HISTORY];

    memcpy(sent->frame, frame, length);
    sent->length = length;
    sent->at_ms = now_ms() + ms;
}

static void send_copies(struct peer *peer, unsigned ms,
                        const unsigned char *frame, size_t length)
{
    if (strikes(peer, COPY_SOON))
        peer_later(peer, ms + 1 + below(20), frame, length);
    if (strikes(peer, COPY_LATER))
        peer_later(peer, ms + 1 + below(250), frame, length);
    if (strikes(peer, COPY_OLD))
        peer_later(peer, ms + 300 + below(2000), frame, length);
}

static void send_mixed(struct peer *peer, unsigned ms)
{
    unsigned sent = world.sent < HISTORY ? world.sent : HISTORY;
    const struct sent *old = &world.history[sent > 0 ? below(sent) : 0];

    if (sent > 0 && old->at_ms < now_ms() && strikes(peer, MIXED))
        peer_later(peer, 1 + below(2 * ms), old->frame, old->length);
}

/* The other meter of that address: its registers say unit 0. */
static void send_second(struct peer *peer, const struct kw_meter_ask *ask,
                        unsigned ms, const unsigned char *frame, size_t length)
{
    unsigned char other[300];
    uint16_t crc;

    memcpy(other, frame, length);
    for (unsigned i = 0; i < ask->count; i++)
        other[3 + 2 * i] &= 0x3F;
    crc = kw_meter_rtu_crc(other, length - 2);
    other[length - 2] = (unsigned char)crc;
    other[length - 1] = (unsigned char)(crc >> 8);
    peer_later(peer, 1 + below(2 * ms), other, length);
}

/* The reply itself, maybe with a copy in the same piece. */
static void send_reply(struct peer *peer, unsigned ms,
                       const unsigned char *frame, size_t length)
{
    unsigned char both[300];
    size_t part = 1 + below((unsigned)length - 1);

    memcpy(both, frame, length);
    if (strikes(peer, COPY_GLUED)) {
        memcpy(both + length, frame, length);
        peer_later(peer, ms, both, 2 * length);
    } else if (strikes(peer, COPY_CUT)) {
        memcpy(both + length, frame, length);
        peer_later(peer, ms, both, length + part);
        peer_later(peer, ms + 1 + below(20), frame + part, length - part);
    } else if (strikes(peer, PIECES)) {
        peer_later(peer, ms, both, part);
        peer_later(peer, ms + 1 + below(10), both + part, length - part);
    } else {
        peer_later(peer, ms, both, length);
    }
}

/* Instead of the reply. */
static bool spoil_reply(struct peer *peer, unsigned ms,
                        const unsigned char *frame, size_t length)
{
    unsigned char other[300];

    if (strikes(peer, LOST))
        return true;
    memcpy(other, frame, length);
    if (strikes(peer, SPOILED)) {
        other[below((unsigned)length)] ^= (unsigned char)(1U << below(8));
        peer_later(peer, ms, other, length);
        return true;
    }
    if (!strikes(peer, CUT))
        return false;
    peer_later(peer, ms, other, 1 + below((unsigned)length - 1));
    return true;
}

/* A meter answers in the order in which it is asked, also when it is late. */
static unsigned delay(struct peer *peer, const struct kw_meter_ask *ask)
{
    uint64_t at_ms = now_ms() + 2 + below(25);

    if (strikes(peer, LATE))
        at_ms += TIMEOUT_MS + below(3 * TIMEOUT_MS);
    if (at_ms > now_ms() + TIMEOUT_MS)
        world.spoiled_ms[ask->unit][ask->address / 100] = now_ms();
    if (at_ms <= world.answered_ms[ask->unit])
        at_ms = world.answered_ms[ask->unit] + 1;
    world.answered_ms[ask->unit] = at_ms;
    return (unsigned)(at_ms - now_ms());
}

static void on_ask(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char pdu[260], frame[300];
    unsigned generation = ++world.generation[ask->unit] % world.values;
    unsigned ms = delay(peer, ask);
    size_t length;

    world.given_ms[ask->unit][generation % GENERATIONS] = now_ms();
    pdu[0] = ask->function;
    pdu[1] = (unsigned char)(ask->count * 2);
    for (unsigned i = 0; i < ask->count; i++) {
        uint16_t value = value_of(ask->unit, ask->address + i, generation);

        pdu[2 + 2 * i] = (unsigned char)(value >> 8);
        pdu[3 + 2 * i] = (unsigned char)value;
    }
    length = peer_frame(peer, ask->unit, peer->transaction, pdu,
                        2 + 2U * ask->count, frame);
    send_mixed(peer, ms);
    if (spoil_reply(peer, ms, frame, length)) {
        world.spoiled_ms[ask->unit][ask->address / 100] = now_ms();
        return;
    }
    send_reply(peer, ms, frame, length);
    send_copies(peer, ms, frame, length);
    keep_sent(ms, frame, length);
    if (strikes(peer, SECOND))
        send_second(peer, ask, ms, frame, length);
}

static void write_map(struct rig *rig, const struct layout *layout)
{
    char rows[2048];
    size_t length = 0;

    for (unsigned i = 0; i < 2 * layout->blocks; i++)
        length += (size_t)snprintf(
            rows + length, sizeof(rows) - length,
            "%s,3,%u,1,u16,-,0.001,%s,fast,,,,\n", quantities[i],
            i / 2 * 100 + (i % 2 ? layout->lengths[i / 2] - 1U : 0),
            quantities[i][0] == 'v' ? "V" : "A");
    rig_map(rig, "reply", "#gap: 20\n", rows);
}

struct outcome {
    double good; /* values of all that were due while the peer was faulty */
    unsigned wrong, stale;
    unsigned silent; /* meters that are not good again afterwards */
};

static unsigned count_silent(struct rig *rig)
{
    unsigned silent = 0;

    memset(world.good, 0, sizeof(world.good));
    kw_fixture_run_ms(&rig->fixture, 4 * PERIOD_MS);
    for (unsigned unit = 1; unit <= UNITS; unit++)
        silent += world.good[unit] < 2 * 2 * world.layout->blocks;
    return silent;
}

static struct outcome run(unsigned transport)
{
    struct outcome outcome;
    struct rig rig;
    struct peer peer;
    char meters[512] = "", options[64], yaml[2048];
    size_t length = 0;

    for (unsigned unit = 1; unit <= UNITS; unit++)
        length += (size_t)snprintf(
            meters + length, sizeof(meters) - length,
            "  - { name: m%u, line: a, unit: %u, profile: reply, every: %ums "
            "}\n",
            unit, unit, (unsigned)PERIOD_MS);
    snprintf(options, sizeof(options), ", timeout: %ums", (unsigned)TIMEOUT_MS);
    rig_open(&rig);
    write_map(&rig, world.layout);
    if (transport == 0)
        peer_open_serial(&peer, &rig, on_ask);
    else
        peer_open_tcp(&peer, &rig, transport == 1, on_ask);
    rig.look = look;
    rig.any_quality = true;
    rig_line(yaml, sizeof(yaml), &peer.at, options, meters);
    rig_start(&rig, yaml);
    world.faulty = true;
    kw_fixture_run_ms(&rig.fixture, FAULTY_MS);
    outcome.good = (double)(rig.good * PERIOD_MS) /
                   (2.0 * (UNITS * world.layout->blocks * FAULTY_MS));
    world.faulty = false;
    kw_fixture_run_ms(&rig.fixture, WELL_MS);
    outcome.silent = count_silent(&rig);
    if (outcome.silent > 0) { /* set aside: asked once a minute */
        kw_fixture_run_ms(&rig.fixture, ASIDE_MS);
        outcome.silent = count_silent(&rig);
    }
    outcome.wrong = world.wrong;
    outcome.stale = world.stale;
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
    return outcome;
}

static void begin(uint64_t seed)
{
    memset(&world, 0, sizeof(world));
    world.random = seed;
    world.values = GENERATIONS;
    world.layout = &layouts[seed / 3 % LAYOUTS];
}

static void read_number(const char *variable, uint64_t *number)
{
    const char *text = getenv(variable);

    if (text != NULL)
        assert_int_equal(kw_text_parse_u64(text, number), 0);
}

/* Runs it and adds what went wrong. */
static void add_seed(uint64_t seed, struct outcome *sum)
{
    struct outcome outcome;
    unsigned most;

    begin(seed);
    most = 1U << below(8); /* up to an eighth of the requests each */
    for (unsigned i = 0; i < FAULTS; i++)
        world.share[i] = below(2) ? below(most) : 0;
    /* One reply too many and one too few would be as many as asked for. */
    for (unsigned i = COPY_CUT; world.share[SECOND] > 0 && i < SECOND; i++)
        world.share[i] = 0;
    outcome = run((unsigned)(seed % 3));
    if (outcome.wrong > 0 || outcome.stale > 0 || outcome.silent > 0)
        print_error("seed %u: %u wrong, %u stale, %u not good again\n",
                    (unsigned)seed, outcome.wrong, outcome.stale,
                    outcome.silent);
    sum->wrong += outcome.wrong;
    sum->stale += outcome.stale;
    sum->silent += outcome.silent;
}

static void must_be_right(const struct outcome *sum)
{
    assert_int_equal(sum->wrong, 0);
    assert_int_equal(sum->stale, 0);
    assert_int_equal(sum->silent, 0);
}

static void test_seeds(void **state)
{
    uint64_t count = 240, first = 0;
    struct outcome sum = {0};

    (void)state;
    read_number("KW_SEEDS", &count);
    read_number("KW_FIRST_SEED", &first);
    for (uint64_t seed = first; seed < first + count; seed++)
        add_seed(seed, &sum);
    must_be_right(&sum);
}

/* Seeds in which a wrong reply was taken once: copies of replies that had been
 * forgotten, of the same block, of a late one, of the newest while its block
 * was late; a repeat answered by the reply before it; a reply later than any
 * before; a late answer to a marker; a copy, and the block's real reply cut or
 * with a wrong check sum. */
static void test_found_seeds(void **state)
{
    static const uint16_t seeds[] = {3237,  3436,  3453,  5268,  6688,  7740,
                                     11307, 13324, 33829, 34023, 35554, 38488,
                                     40564, 54528, 55399, 55546, 55756, 59557};
    struct outcome sum = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
        add_seed(seeds[i], &sum);
    must_be_right(&sum);
}

/* A meter that says everything twice, always, is good nevertheless, also when
 * its values go to and fro. */
static void test_always_twice(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 2 * 3 * LAYOUTS; seed++) {
        struct outcome outcome;

        begin(seed);
        if (seed >= 3 * LAYOUTS)
            world.values = 2;
        world.share[COPY_SOON] = 1000;
        outcome = run(seed % 3);
        assert_int_equal(outcome.wrong + outcome.stale, 0);
        assert_true(outcome.good > 0.7);
    }
}

/* Prints; of a few seeds alone, so that nothing is asserted. */
static void show_share(unsigned fault, unsigned way, unsigned share)
{
    static const char *const ways[] = {"serial", "rtu_tcp", "tcp"};
    const unsigned seeds = 12;
    double good = 0;
    unsigned wrong = 0;

    for (unsigned seed = 0; seed < seeds; seed++) {
        struct outcome outcome;

        begin(seed);
        if (fault < FAULTS)
            world.share[fault] = share;
        outcome = run(way);
        good += outcome.good;
        wrong += outcome.wrong + outcome.stale;
    }
    printf("%-10s %-8s %4u of 1000: %.3f good, %u wrong\n",
           fault < FAULTS ? fault_names[fault] : "none", ways[way], share,
           good / seeds, wrong);
}

static void test_shares(void **state)
{
    (void)state;
    for (unsigned fault = 0; getenv("KW_SHARES") != NULL && fault <= FAULTS;
         fault++) {
        for (unsigned way = 0; way < 3; way++) {
            show_share(fault, way, 50);
            show_share(fault, way, 1000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_found_seeds),
        cmocka_unit_test(test_always_twice),
        cmocka_unit_test(test_shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
