/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols: 0 to 31 are the number itself. From 32 on the number has its
 * highest bit at 5 to 23: eight symbols each, by the three bits below the
 * highest. From 184 on its highest bit is at 24 to 63: one symbol each. The
 * bits that the symbol doesn't tell follow in the other stream, lowest first.
 */
#include "history/code.h"

#include "base/sample.h"

enum {
    DIRECT_BITS = 5, /* numbers below 2^5 are their own symbols */
    MANTISSA_BITS = 3,
    FINE_BITS = 24, /* highest bits below this have a mantissa */
    FINE = 1 << DIRECT_BITS,
    COARSE = FINE + ((FINE_BITS - DIRECT_BITS) << MANTISSA_BITS),
    SYMBOLS = COARSE + 64 - FINE_BITS,
};

/* Position of the highest bit that is set; number is not 0. */
static unsigned highest_bit(uint64_t number)
{
    return 63U - (unsigned)__builtin_clzll(number);
}

/* The state between two numbers. */
struct predictor {
    uint64_t last, step;
    bool slope;
};

/* What the next number should be. */
static uint64_t predict(const struct predictor *predictor)
{
    return predictor->last + (predictor->slope ? predictor->step : 0);
}

static void learn(struct predictor *predictor, uint64_t number)
{
    predictor->step = number - predictor->last;
    predictor->last = number;
}

static struct predictor begin(const struct kw_history_code *code)
{
    return (struct predictor){code->first, code->step, code->slope};
}

/* Bits gathered lowest first. */
struct bits {
    uint64_t held;
    unsigned count;
};

/* Appends the count lowest bits of value; whole bytes go out at once. */
static void put_bits(struct bits *bits, struct kw_buf *out, uint64_t value,
                     unsigned count)
{
    while (count > 0) {
        unsigned part = count < 32 ? count : 32;

        bits->held |= (value & ((UINT64_C(1) << part) - 1)) << bits->count;
        bits->count += part;
        value >>= part;
        count -= part;
        for (; bits->count >= 8; bits->count -= 8, bits->held >>= 8)
            kw_buf_put_byte(out, (unsigned char)bits->held);
    }
}

/* The way back. At most 32 bits at a time fit beside those held. */
static uint64_t get_bits(struct bits *bits, struct kw_reader *in,
                         unsigned count)
{
    uint64_t value = 0;

    for (unsigned done = 0; done < count;) {
        unsigned part = count - done < 32 ? count - done : 32;

        for (; bits->count < part; bits->count += 8)
            bits->held |= (uint64_t)kw_read_byte(in) << bits->count;
        value |= (bits->held & ((UINT64_C(1) << part) - 1)) << done;
        bits->held >>= part;
        bits->count -= part;
        done += part;
    }
    return value;
}

/* A number's symbol; the bits that it leaves open go to extra. */
static uint8_t put_number(uint64_t number, struct bits *bits,
                          struct kw_buf *extra)
{
    unsigned high, low;

    if (number < FINE)
        return (uint8_t)number;
    high = highest_bit(number);
    if (high >= FINE_BITS) {
        put_bits(bits, extra, number & ~(UINT64_C(1) << high), high);
        return (uint8_t)(COARSE + high - FINE_BITS);
    }
    low = high - MANTISSA_BITS;
    put_bits(bits, extra, number & ((UINT64_C(1) << low) - 1), low);
    return (uint8_t)(FINE + ((high - DIRECT_BITS) << MANTISSA_BITS) +
                     (number >> low & ((1U << MANTISSA_BITS) - 1)));
}

/* The way back. */
static uint64_t get_number(uint8_t symbol, struct bits *bits,
                           struct kw_reader *extra)
{
    unsigned high, low;
    uint64_t top;

    if (symbol < FINE)
        return symbol;
    if (symbol >= COARSE) {
        high = (unsigned)(symbol - COARSE + FINE_BITS);
        return UINT64_C(1) << high | get_bits(bits, extra, high);
    }
    low = ((symbol - FINE + 0U) >> MANTISSA_BITS) + DIRECT_BITS - MANTISSA_BITS;
    top =
        (1U << MANTISSA_BITS) | ((symbol - FINE) & ((1U << MANTISSA_BITS) - 1));
    return top << low | get_bits(bits, extra, low);
}

/* Counts the bits of both predictions: close to what they will cost. */
static bool prefers_slope(const uint64_t *numbers, size_t count)
{
    uint64_t level = 0, slope = 0;

    for (size_t i = 2; i < count; i++) {
        uint64_t step = numbers[i] - numbers[i - 1];
        uint64_t bend = step - (numbers[i - 1] - numbers[i - 2]);

        level += highest_bit(kw_history_zigzag(step) | 1);
        slope += highest_bit(kw_history_zigzag(bend) | 1);
    }
    return slope < level;
}

bool kw_history_code_put(struct kw_history_code *code, const uint64_t *numbers,
                         size_t count, uint8_t *symbols, struct kw_buf *extra)
{
    struct predictor predictor;
    struct bits bits = {0};
    unsigned any = 0;

    *code = (struct kw_history_code){0};
    if (count == 0)
        return false;
    code->first = numbers[0];
    code->slope = prefers_slope(numbers, count);
    if (code->slope)
        code->step = numbers[1] - numbers[0];
    predictor = begin(code);
    symbols[0] = 0;
    for (size_t i = 1; i < count; i++) {
        uint64_t miss = kw_history_zigzag(numbers[i] - predict(&predictor));

        symbols[i] = put_number(miss, &bits, extra);
        any |= symbols[i];
        learn(&predictor, numbers[i]);
    }
    /* the last byte is filled up with zeros */
    if (bits.count > 0)
        kw_buf_put_byte(extra, (unsigned char)bits.held);
    return any != 0;
}

int kw_history_code_get(const struct kw_history_code *code,
                        const uint8_t *symbols, size_t count,
                        struct kw_reader *extra, uint64_t *numbers)
{
    struct predictor predictor = begin(code);
    struct bits bits = {0};

    if (count > 0)
        numbers[0] = code->first;
    for (size_t i = 1; i < count; i++) {
        uint8_t symbol = symbols != NULL ? symbols[i] : 0;
        uint64_t miss;

        if (symbol >= SYMBOLS)
            return KW_ECORRUPT;
        miss = get_number(symbol, &bits, extra);
        numbers[i] = predict(&predictor) + kw_history_unzigzag(miss);
        learn(&predictor, numbers[i]);
    }
    return extra->err;
}

uint64_t kw_history_ordered(uint8_t encoding, uint64_t raw)
{
    const uint64_t sign32 = UINT64_C(1) << 31, sign64 = UINT64_C(1) << 63;

    /* negative floats count downwards from the sign bit: turn them all */
    if (encoding == KW_ENCODING_FLOAT32) {
        raw &= UINT32_MAX;
        return raw & sign32 ? ~raw & UINT32_MAX : raw | sign32;
    }
    if (encoding == KW_ENCODING_FLOAT64)
        return raw & sign64 ? ~raw : raw | sign64;
    return raw;
}

uint64_t kw_history_raw(uint8_t encoding, uint64_t ordered)
{
    const uint64_t sign32 = UINT64_C(1) << 31, sign64 = UINT64_C(1) << 63;

    if (encoding == KW_ENCODING_FLOAT32) {
        ordered &= UINT32_MAX;
        return ordered & sign32 ? ordered & ~sign32 : ~ordered & UINT32_MAX;
    }
    if (encoding == KW_ENCODING_FLOAT64)
        return ordered & sign64 ? ordered & ~sign64 : ~ordered;
    return ordered;
}
