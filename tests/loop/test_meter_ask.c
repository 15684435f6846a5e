/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of all functions over each kind of line: what comes back, lines
 * that echo, time-outs of one's own, late answers to writes.
 */
#include "test_meter_stage.h"

#include "meter/request.h"

static const unsigned char ten[] = {0, 10, 0, 20}, eleven[] = {0, 11, 0, 20};
static const unsigned char on[] = {0xFF, 0};

struct asker {
    struct kw_meter_request request;
    struct kw_meter_answer answer;
    unsigned char data[256]; /* a copy of the answer's */
    bool done;
};

static void on_done(struct kw_meter_request *request,
                    const struct kw_meter_answer *answer)
{
    struct asker *asker = KW_LIST_ENTRY(request, struct asker, request);

    assert_false(asker->done);
    asker->done = true;
    asker->answer = *answer;
    if (answer->length > 0)
        memcpy(asker->data, answer->data, answer->length);
}

static void ask(struct stage *stage, struct asker *asker,
                struct kw_meter_ask what)
{
    *asker = (struct asker){.request = {.ask = what, .done = on_done}};
    assert_true(kw_meter_ask_valid(&what));
    assert_int_equal(kw_meter_request_start(&asker->request, stage->line,
                                            kw_clock_mono_ns(&kw_clock_system)),
                     0);
}

static void ask_and_wait(struct stage *stage, struct asker *asker,
                         struct kw_meter_ask what)
{
    ask(stage, asker, what);
    kw_fixture_until_set(&stage->rig.fixture, &asker->done);
}

/* What each function gives, and that a write arrives as it was given. */
static void test_functions(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        size_t length;
        unsigned char data[12];
    } rows[] = {
        {{5, 1, 0, 3}, 1, {0xA5}},
        {{5, 3, 100, 2}, 4, {0, 100, 0, 101}},
        {{5, 4, 7, 1}, 2, {0, 7}},
        {{5, 5, 3, 1, 0, on}, 4, {0, 3, 0xFF, 0}},
        {{5, 6, 9, 1, 0, ten}, 4, {0, 9, 0, 10}},
        {{5, 15, 3, 9, 0, ten}, 4, {0, 3, 0, 9}},
        {{5, 16, 9, 2, 0, ten}, 4, {0, 9, 0, 2}},
        {{5, 17}, 4, {'K', 'W', 0xFF, 1}},
        {{5, 43, 0x0100}, 9, {1, 1, 0, 0, 1, 0, 2, 'K', 'W'}},
    };

    (void)state;
    for (int kind = STAGE_SERIAL; kind <= STAGE_RTU_TCP; kind++) {
        static struct stage stage;
        struct asker asker;

        open_stage(&stage, (enum stage_kind)kind, peer_answer, 2);
        kw_fixture_until_set(&stage.rig.fixture, &stage.up);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            memset(stage.peer.values, 0, sizeof(stage.peer.values));
            ask_and_wait(&stage, &asker, rows[i].ask);
            assert_int_equal(asker.answer.outcome, KW_METER_GOOD);
            assert_int_equal(asker.answer.length, rows[i].length);
            assert_memory_equal(asker.data, rows[i].data, rows[i].length);
            if (rows[i].ask.data != NULL)
                assert_memory_equal(stage.peer.values, rows[i].ask.data,
                                    kw_meter_ask_value_bytes(&rows[i].ask));
        }
        assert_int_equal(kw_meter_line_foreign(stage.line), 0);
        close_stage(&stage);
    }
}

static void refuse(struct peer *peer, const struct kw_meter_ask *what)
{
    peer_exception(peer, what, 1);
}

static void test_refused(void **state)
{
    static const struct kw_meter_ask asks[] = {
        {5, 6, 9, 1, 0, ten}, {5, 16, 9, 2, 0, ten}, {5, 17}, {5, 43, 0x0100}};
    static struct stage stage;
    struct asker asker;

    (void)state;
    open_stage(&stage, STAGE_SERIAL, refuse, 1);
    kw_fixture_until_set(&stage.rig.fixture, &stage.up);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        ask_and_wait(&stage, &asker, asks[i]);
        assert_int_equal(asker.answer.outcome, KW_METER_EXCEPTION);
        assert_int_equal(asker.answer.exception, 1);
    }
    close_stage(&stage);
}

static bool answers;

/* Gives back what is sent, then answers, or does not. */
static void echo(struct peer *peer, const struct kw_meter_ask *what)
{
    unsigned char frame[KW_METER_RTU_MAX];

    peer_write(peer, frame, kw_meter_rtu_encode(what, frame));
    if (answers)
        peer_answer(peer, what);
}

/* On a line that echoes all functions work, and the echo of a single write is
 * not taken for its answer once a read has shown that there are echoes. */
static void test_echo(void **state)
{
    static const struct kw_meter_ask asks[] = {
        {5, 3, 100, 2},
        {5, 6, 9, 1, 0, ten},
        {5, 5, 3, 1, 0, on},
        {5, 16, 9, 2, 0, ten},
        {5, 17},
        {5, 43, 0x0100},
        {5, 15, 3, 9, 0, ten},
    };
    static struct stage stage;
    struct asker asker;

    (void)state;
    answers = true;
    open_stage(&stage, STAGE_SERIAL, echo, 1);
    kw_fixture_until_set(&stage.rig.fixture, &stage.up);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        ask_and_wait(&stage, &asker, asks[i]);
        assert_int_equal(asker.answer.outcome, KW_METER_GOOD);
        assert_int_equal(asker.answer.foreign, 0);
    }
    answers = false;
    ask_and_wait(&stage, &asker, asks[1]);
    assert_int_equal(asker.answer.outcome, KW_METER_TIMEOUT);
    ask_and_wait(&stage, &asker, asks[3]);
    assert_int_equal(asker.answer.outcome, KW_METER_TIMEOUT);
    close_stage(&stage);
}

static void silent(struct peer *peer, const struct kw_meter_ask *what)
{
    (void)peer;
    (void)what;
}

/* A request's own time-out, shorter and longer than the line's 200 ms; the
 * line itself repeats nothing. */
static void test_own_timeout(void **state)
{
    static const struct {
        uint32_t timeout_ms;
        uint64_t least_ms, most_ms;
    } rows[] = {{0, 200, 399}, {50, 50, 199}, {400, 400, 5000}};

    (void)state;
    for (int kind = STAGE_SERIAL; kind <= STAGE_TCP; kind++) {
        static struct stage stage;
        struct asker asker;

        open_stage(&stage, (enum stage_kind)kind, silent, 1);
        kw_fixture_until_set(&stage.rig.fixture, &stage.up);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct kw_meter_ask what = {5, 16, 9, 2, rows[i].timeout_ms, ten};
            unsigned asked = stage.peer.asks;

            what.address = (uint16_t)i; /* never in doubt */
            ask_and_wait(&stage, &asker, what);
            assert_int_equal(asker.answer.outcome, KW_METER_TIMEOUT);
            assert_in_range(asker.answer.rtt_us / 1000, rows[i].least_ms,
                            rows[i].most_ms);
            assert_int_equal(stage.peer.asks, asked + 1);
        }
        close_stage(&stage);
    }
}

/* The values are gone when the request is cancelled; its answer still is
 * recognised, and nobody is told. */
static void test_cancelled_write(void **state)
{
    static struct stage stage;
    struct asker first, second;
    unsigned char *values = malloc(4);

    (void)state;
    assert_non_null(values);
    memcpy(values, ten, 4);
    open_stage(&stage, STAGE_SERIAL, silent, 2);
    kw_fixture_until_set(&stage.rig.fixture, &stage.up);
    ask(&stage, &first, (struct kw_meter_ask){5, 6, 9, 1, 0, values});
    while (stage.peer.asks == 0)
        uv_run(&stage.rig.fixture.loop.uv, UV_RUN_ONCE);
    kw_meter_request_cancel(&first.request);
    memset(values, 0x55, 4);
    free(values);
    peer_answer(&stage.peer, &(struct kw_meter_ask){5, 6, 9, 1, 0, ten});
    stage.peer.on_ask = peer_answer;
    ask_and_wait(&stage, &second, (struct kw_meter_ask){5, 3, 100, 1});
    assert_false(first.done);
    assert_int_equal(second.answer.outcome, KW_METER_GOOD);
    assert_int_equal(second.answer.foreign, 0);
    assert_int_equal(kw_meter_line_foreign(stage.line), 0);
    close_stage(&stage);
}

static unsigned writes, reads;
static unsigned char written[4];

/* The first write is answered late, and so in order is what follows. */
static void late_write(struct peer *peer, const struct kw_meter_ask *what)
{
    unsigned char frame[300];
    size_t length = peer_answer_frame(peer, what, frame);

    reads += what->function == 3;
    if (what->function == 16) {
        writes++;
        memcpy(written, what->data, 4);
    }
    peer_later(peer, writes == 1 ? 120 : 1, frame, length);
}

/* A late answer to a write must not confirm the next one to the same place:
 * a read is put between them, and each write leaves once. */
static void test_late_write(void **state)
{
    static struct stage stage;
    struct asker asker;

    (void)state;
    writes = reads = 0;
    open_stage(&stage, STAGE_SERIAL, late_write, 1);
    kw_fixture_until_set(&stage.rig.fixture, &stage.up);
    ask_and_wait(&stage, &asker, (struct kw_meter_ask){5, 16, 9, 2, 60, ten});
    assert_int_equal(asker.answer.outcome, KW_METER_TIMEOUT);
    assert_int_equal(writes, 1);
    ask_and_wait(&stage, &asker, (struct kw_meter_ask){5, 16, 9, 2, 0, eleven});
    assert_int_equal(asker.answer.outcome, KW_METER_GOOD);
    assert_int_equal(writes, 2);
    assert_int_equal(reads, 1);
    assert_memory_equal(written, eleven, 4);
    close_stage(&stage);
}

/* The refusal of a block comes late, while another is asked for. */
static void late_refusal(struct peer *peer, const struct kw_meter_ask *what)
{
    static const unsigned char pdu[] = {0x83, 2};
    unsigned char frame[300];
    size_t length;

    if (what->address == 900) {
        length = peer_frame(peer, what->unit, 0, pdu, sizeof(pdu), frame);
        peer_later(peer, 100, frame, length);
        return;
    }
    length = peer_answer_frame(peer, what, frame);
    peer_later(peer, 100, frame, length);
}

static void test_late_refusal(void **state)
{
    static struct stage stage;
    struct asker asker;

    (void)state;
    open_stage(&stage, STAGE_SERIAL, late_refusal, 1);
    kw_fixture_until_set(&stage.rig.fixture, &stage.up);
    ask_and_wait(&stage, &asker, (struct kw_meter_ask){5, 3, 900, 5, 50});
    assert_int_equal(asker.answer.outcome, KW_METER_TIMEOUT);
    ask_and_wait(&stage, &asker, (struct kw_meter_ask){5, 3, 100, 2});
    assert_int_equal(asker.answer.outcome, KW_METER_GOOD);
    assert_int_equal(asker.answer.foreign, 1);
    close_stage(&stage);
}

/* The bytes that come before the reply of eight registers, of those here. */
static size_t ahead;

static void behind_others(struct peer *peer, const struct kw_meter_ask *what)
{
    static const unsigned char begun[] = {5, 3, 4, 0, 100, 0};
    size_t before = what->count == 8 ? ahead : 0;
    unsigned char bytes[300];

    memcpy(bytes, begun, before);
    peer_write(peer, bytes,
               before + peer_answer_frame(peer, what, bytes + before));
}

/* The beginning of a reply to an earlier request comes before a reply: there
 * has been one more than was known of. */
static void test_part_before(void **state)
{
    static struct stage stage;
    struct asker asker;

    (void)state;
    open_stage(&stage, STAGE_SERIAL, behind_others, 1);
    kw_fixture_until_set(&stage.rig.fixture, &stage.up);
    ask_and_wait(&stage, &asker, (struct kw_meter_ask){5, 3, 100, 2});
    for (ahead = 2; ahead <= 6; ahead++) {
        uint32_t before = kw_meter_line_strays(stage.line, 5);

        ask_and_wait(&stage, &asker, (struct kw_meter_ask){5, 3, 200, 8});
        assert_int_equal(asker.answer.outcome, KW_METER_GOOD);
        assert_int_equal(kw_meter_line_strays(stage.line, 5) - before,
                         ahead > 2);
    }
    close_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_own_timeout),
        cmocka_unit_test(test_cancelled_write),
        cmocka_unit_test(test_late_write),
        cmocka_unit_test(test_late_refusal),
        cmocka_unit_test(test_part_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
