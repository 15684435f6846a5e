/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A formula becomes steps for a stack of numbers. While it is compiled a
 * second stack has what is known of each number: its dimension, and its value
 * where it is constant (two constants are computed at once, so that an
 * exponent may be written as 1/2).
 */
#include "base/formula.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    PART_MAX = 100, /* of a dimension */
};
static const double tens_max = 10; /* of a power of ten */

enum code {
    NUMBER, /* puts one number on the stack */
    VALUE,
    NEGATE, /* takes one, gives one */
    SQRT,
    ABS,
    SIN,
    COS,
    ACOS,
    ADD, /* takes two, gives one */
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    POWER,
    MIN,
    MAX,
};

struct step {
    enum code code;
    uint16_t index; /* of a VALUE */
    double number;  /* of a NUMBER */
};

struct kw_formula {
    size_t count;
    struct step steps[];
};

static const struct function {
    const char *name;
    enum code code;
} functions[] = {
    {"sqrt", SQRT}, {"abs", ABS}, {"sin", SIN}, {"cos", COS},
    {"acos", ACOS}, {"min", MIN}, {"max", MAX},
};

/* What is known of a number on the stack. */
struct term {
    struct kw_dimension dimension;
    bool constant; /* value is it */
    bool bare;     /* a constant without a unit */
    double value;
};

struct compiler {
    const char *text;
    size_t at;
    const struct kw_formula_names *names;
    struct kw_formula_error *error;
    struct step steps[KW_FORMULA_OPS];
    size_t count;
    struct term terms[KW_FORMULA_DEPTH];
    unsigned depth, nesting;
};

static const double degree = 0.017453292519943295; /* pi / 180 */

bool kw_dimension_equal(struct kw_dimension a, struct kw_dimension b)
{
    return memcmp(a.of, b.of, sizeof(a.of)) == 0;
}

static bool is_plain(struct kw_dimension dimension)
{
    return kw_dimension_equal(dimension, (struct kw_dimension){0});
}

__attribute__((format(printf, 3, 4))) static bool
refuse(struct compiler *compiler, size_t at, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(compiler->error->text, sizeof(compiler->error->text), format,
              arguments);
    va_end(arguments);
    compiler->error->at = at;
    return false;
}

static double compute_one(enum code code, double x)
{
    switch ((int)code) {
    case SQRT:
        return sqrt(x);
    case ABS:
        return fabs(x);
    case SIN:
        return sin(x * degree);
    case COS:
        return cos(x * degree);
    case ACOS:
        return acos(x) / degree;
    default:
        return -x;
    }
}

/* Ten to a power that no scale has is a register that holds a code for "not
 * used" (8000 hexadecimal): it has no value. */
static double power(double a, double b)
{
    return a == 10 && fabs(b) > tens_max ? (double)NAN : pow(a, b);
}

static double compute_two(enum code code, double a, double b)
{
    switch ((int)code) {
    case ADD:
        return a + b;
    case SUBTRACT:
        return a - b;
    case MULTIPLY:
        return a * b;
    case DIVIDE:
        return a / b;
    case POWER:
        return power(a, b);
    case MIN:
        return b < a || isnan(b) ? b : a;
    default:
        return b > a || isnan(b) ? b : a;
    }
}

/* --- dimensions */

/* a + sign * b for each part, or false when it can't be held. */
static bool combine(struct kw_dimension a, int sign, struct kw_dimension b,
                    struct kw_dimension *out)
{
    for (int i = 0; i < KW_DIMENSION_PARTS; i++) {
        int part = a.of[i] + sign * b.of[i];

        if (part < -PART_MAX || part > PART_MAX)
            return false;
        out->of[i] = (int8_t)part;
    }
    return true;
}

/* A dimension to a power; false when that leaves no whole parts. */
static bool raise_all(struct kw_dimension a, double exponent,
                      struct kw_dimension *out)
{
    for (int i = 0; i < KW_DIMENSION_PARTS; i++) {
        double part = a.of[i] * exponent;

        if (!(fabs(part) <= (double)PART_MAX) || rint(part) != part)
            return false;
        out->of[i] = (int8_t)part;
    }
    return true;
}

static bool power_dimension(struct compiler *compiler, size_t at,
                            const struct term *a, const struct term *b,
                            struct kw_dimension *out)
{
    if (!is_plain(b->dimension))
        return refuse(compiler, at, "an exponent has no unit");
    if (is_plain(a->dimension))
        return true;
    if (!b->constant)
        return refuse(compiler, at,
                      "what has a unit can only be raised to a number");
    return raise_all(a->dimension, b->value, out) ||
           refuse(compiler, at, "this power has no unit");
}

/* Both sides of + - min max. */
static bool same_dimension(struct compiler *compiler, size_t at,
                           const struct term *a, const struct term *b,
                           struct kw_dimension *out)
{
    *out = a->bare ? b->dimension : a->dimension;
    return a->bare || b->bare ||
           kw_dimension_equal(a->dimension, b->dimension) ||
           refuse(compiler, at, "both sides have to be of the same unit");
}

static bool two_dimension(struct compiler *compiler, size_t at, enum code code,
                          const struct term *a, const struct term *b,
                          struct kw_dimension *out)
{
    if (code == POWER)
        return power_dimension(compiler, at, a, b, out);
    if (code == MULTIPLY || code == DIVIDE)
        return combine(a->dimension, code == MULTIPLY ? 1 : -1, b->dimension,
                       out) ||
               refuse(compiler, at, "the powers of the units are too high");
    return same_dimension(compiler, at, a, b, out);
}

static bool one_dimension(struct compiler *compiler, size_t at, enum code code,
                          const struct term *a, struct kw_dimension *out)
{
    static const struct kw_dimension angle = {.of[KW_DEGREE] = 1};
    bool plain = is_plain(a->dimension);

    *out = a->dimension;
    if (code == SQRT)
        return raise_all(a->dimension, 0.5, out) ||
               refuse(compiler, at, "this root has no unit");
    if (code == SIN || code == COS) {
        *out = (struct kw_dimension){0};
        return plain || kw_dimension_equal(a->dimension, angle) ||
               refuse(compiler, at, "an angle in degrees is expected");
    }
    if (code == ACOS) {
        *out = angle;
        return plain ||
               refuse(compiler, at, "a number without a unit is expected");
    }
    return true;
}

/* --- steps */

static bool put(struct compiler *compiler, size_t at, const struct step *step,
                const struct term *term)
{
    if (compiler->count == KW_FORMULA_OPS ||
        compiler->depth == KW_FORMULA_DEPTH)
        return refuse(compiler, at, "the formula is too long");
    compiler->steps[compiler->count++] = *step;
    compiler->terms[compiler->depth++] = *term;
    return true;
}

static bool put_number(struct compiler *compiler, size_t at, double number,
                       const struct term *term)
{
    struct step step = {.code = NUMBER, .number = number};
    struct term known = *term;

    if (!isfinite(number))
        return refuse(compiler, at, "this has no value");
    known.constant = true;
    known.value = number;
    return put(compiler, at, &step, &known);
}

static bool put_one(struct compiler *compiler, size_t at, enum code code)
{
    struct term *a = &compiler->terms[compiler->depth - 1];
    struct term out = {.bare = a->bare && code != ACOS};
    struct step step = {.code = code};

    if (!one_dimension(compiler, at, code, a, &out.dimension))
        return false;
    compiler->depth--;
    if (!a->constant)
        return put(compiler, at, &step, &out);
    compiler->count--; /* the number that it was */
    return put_number(compiler, at, compute_one(code, a->value), &out);
}

static bool put_two(struct compiler *compiler, size_t at, enum code code)
{
    struct term *b = &compiler->terms[compiler->depth - 1], *a = b - 1;
    struct term out = {.bare = a->bare && b->bare};
    struct step step = {.code = code};

    if (!two_dimension(compiler, at, code, a, b, &out.dimension))
        return false;
    compiler->depth -= 2;
    if (!a->constant || !b->constant)
        return put(compiler, at, &step, &out);
    compiler->count -= 2;
    return put_number(compiler, at, compute_two(code, a->value, b->value),
                      &out);
}

/* --- reading */

static char peek(struct compiler *compiler)
{
    while (compiler->text[compiler->at] == ' ')
        compiler->at++;
    return compiler->text[compiler->at];
}

static bool take(struct compiler *compiler, char c)
{
    if (peek(compiler) != c)
        return false;
    compiler->at++;
    return true;
}

static bool read_sum(struct compiler *compiler);

/* Letters, digits and '_' at the place; "" when there is none. */
static bool read_word(struct compiler *compiler,
                      char word[KW_FORMULA_NAME_SIZE])
{
    const char *from = compiler->text + compiler->at;
    size_t length = 0;

    while (isalnum((unsigned char)from[length]) || from[length] == '_')
        length++;
    if (length >= KW_FORMULA_NAME_SIZE)
        return refuse(compiler, compiler->at, "a shorter name is expected");
    memcpy(word, from, length);
    word[length] = 0;
    compiler->at += length;
    return true;
}

/* Bytes of a number: digits, a point, an exponent; the unit is no part. */
static size_t number_length(const char *text)
{
    size_t length = strspn(text, "0123456789.");
    size_t sign, digits;

    if (length > 0 && (text[length] == 'e' || text[length] == 'E')) {
        sign = text[length + 1] == '+' || text[length + 1] == '-';
        digits = strspn(text + length + 1 + sign, "0123456789");
        if (digits > 0)
            length += 1 + sign + digits;
    }
    return length;
}

static bool read_number(struct compiler *compiler)
{
    size_t at = compiler->at, length = number_length(compiler->text + at);
    struct term term = {.bare = true};
    char digits[40], word[KW_FORMULA_NAME_SIZE];
    double number, factor = 1;

    if (length >= sizeof(digits))
        return refuse(compiler, at, "a shorter number is expected");
    memcpy(digits, compiler->text + at, length);
    digits[length] = 0;
    if (kw_text_parse_real(digits, &number) != 0)
        return refuse(compiler, at, "a number is expected");
    compiler->at += length;
    if (isalpha((unsigned char)peek(compiler))) {
        at = compiler->at;
        term.bare = false;
        if (!read_word(compiler, word))
            return false;
        if (!compiler->names->unit(compiler->names->arg, word, &factor,
                                   &term.dimension))
            return refuse(compiler, at, "\"%.63s\" is no unit", word);
    }
    return put_number(compiler, at, number * factor, &term);
}

static bool read_arguments(struct compiler *compiler, size_t at, enum code code)
{
    compiler->at++; /* the bracket */
    if (!read_sum(compiler))
        return false;
    if (code < ADD) {
        if (!take(compiler, ')'))
            return refuse(compiler, compiler->at, "\")\" is expected");
        return put_one(compiler, at, code);
    }
    if (peek(compiler) != ',')
        return refuse(compiler, compiler->at,
                      "min and max compare two and more values");
    while (take(compiler, ',')) {
        if (!read_sum(compiler) || !put_two(compiler, at, code))
            return false;
    }
    return take(compiler, ')') ||
           refuse(compiler, compiler->at, "\",\" or \")\" is expected");
}

static bool read_name(struct compiler *compiler)
{
    struct step step = {.code = VALUE};
    struct term term = {0};
    size_t at = compiler->at;
    char word[KW_FORMULA_NAME_SIZE];

    if (!read_word(compiler, word))
        return false;
    if (peek(compiler) == '(') {
        for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
            if (strcmp(word, functions[i].name) == 0)
                return read_arguments(compiler, at, functions[i].code);
        }
        return refuse(compiler, at,
                      "\"%.63s\" is no function, expected sqrt, abs, min, "
                      "max, sin, cos or acos",
                      word);
    }
    if (!compiler->names->value(compiler->names->arg, word, &step.index,
                                &term.dimension))
        return refuse(compiler, at, "\"%.63s\" is no value that can be used",
                      word);
    return put(compiler, at, &step, &term);
}

static bool read_atom(struct compiler *compiler)
{
    char next = peek(compiler);
    bool good;

    if (isdigit((unsigned char)next) || next == '.')
        return read_number(compiler);
    if (isalpha((unsigned char)next) || next == '_')
        return read_name(compiler);
    if (next != '(')
        return refuse(compiler, compiler->at,
                      "a number, a name or \"(\" is expected");
    compiler->at++;
    good = read_sum(compiler);
    if (!good)
        return false;
    return take(compiler, ')') ||
           refuse(compiler, compiler->at, "\")\" is expected");
}

/* -2^2 is -4, and 2^-1 is a half: the sign stands between the two. */
static bool read_sign(struct compiler *compiler)
{
    size_t at;
    bool good, negative;

    if (compiler->nesting == KW_FORMULA_DEPTH)
        return refuse(compiler, compiler->at, "the formula nests too deeply");
    compiler->nesting++;
    peek(compiler);
    at = compiler->at;
    negative = take(compiler, '-');
    good = negative ? read_sign(compiler) && put_one(compiler, at, NEGATE)
                    : read_atom(compiler);
    if (good && !negative && peek(compiler) == '^') {
        at = compiler->at++;
        good = read_sign(compiler) && put_two(compiler, at, POWER);
    }
    compiler->nesting--;
    return good;
}

static bool read_product(struct compiler *compiler)
{
    if (!read_sign(compiler))
        return false;
    for (;;) {
        char next = peek(compiler);
        size_t at = compiler->at;

        if (next != '*' && next != '/')
            return true;
        compiler->at++;
        if (!read_sign(compiler) ||
            !put_two(compiler, at, next == '*' ? MULTIPLY : DIVIDE))
            return false;
    }
}

static bool read_sum(struct compiler *compiler)
{
    if (!read_product(compiler))
        return false;
    for (;;) {
        char next = peek(compiler);
        size_t at = compiler->at;

        if (next != '+' && next != '-')
            return true;
        compiler->at++;
        if (!read_product(compiler) ||
            !put_two(compiler, at, next == '+' ? ADD : SUBTRACT))
            return false;
    }
}

int kw_formula_compile(struct kw_formula **out, const char *text,
                       const struct kw_formula_names *names,
                       struct kw_formula_result *result,
                       struct kw_formula_error *error)
{
    struct compiler compiler = {.text = text, .names = names, .error = error};
    struct kw_formula *formula;

    *out = NULL;
    *error = (struct kw_formula_error){0};
    if (!read_sum(&compiler))
        return KW_EINVAL;
    if (peek(&compiler) != 0) {
        (void)refuse(&compiler, compiler.at,
                     "an operator or the end is "
                     "expected");
        return KW_EINVAL;
    }
    formula =
        kw_alloc(sizeof(*formula) + compiler.count * sizeof(formula->steps[0]));
    if (formula == NULL)
        return KW_ENOMEM;
    formula->count = compiler.count;
    memcpy(formula->steps, compiler.steps,
           compiler.count * sizeof(formula->steps[0]));
    *result = (struct kw_formula_result){compiler.terms[0].dimension,
                                         compiler.terms[0].bare};
    *out = formula;
    return 0;
}

void kw_formula_free(struct kw_formula *formula)
{
    kw_free(formula);
}

double kw_formula_value(const struct kw_formula *formula, const double *values)
{
    double stack[KW_FORMULA_DEPTH] = {0}, *top = stack;

    for (size_t i = 0; i < formula->count; i++) {
        const struct step *step = &formula->steps[i];

        if (step->code == NUMBER) {
            *top++ = step->number;
        } else if (step->code == VALUE) {
            *top++ = values[step->index];
        } else if (step->code < ADD) {
            top[-1] = compute_one(step->code, top[-1]);
        } else {
            top[-2] = compute_two(step->code, top[-2], top[-1]);
            top--;
        }
    }
    return stack[0];
}

bool kw_formula_operand(const struct kw_formula *formula, size_t *at,
                        uint16_t *index)
{
    while (*at < formula->count) {
        const struct step *step = &formula->steps[(*at)++];

        if (step->code == VALUE) {
            *index = step->index;
            return true;
        }
    }
    return false;
}
