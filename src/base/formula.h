/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formulas over named values: "sqrt(p^2 + q^2)", "0.1 * 10^scale", compiled
 * once and computed often, without allocation. Units are looked after: what
 * is added or compared has to be of one dimension, and a number may have a
 * unit ("100 Wh"); a bare number next to + - min max takes that of the other
 * side.
 *
 * sum     = product { ("+" | "-") product }
 * product = sign { ("*" | "/") sign }
 * sign    = ["-"] power
 * power   = atom ["^" sign]
 * atom    = number [unit] | name | function "(" sum { "," sum } ")"
 *         | "(" sum ")"
 *
 * Functions: sqrt abs min max sin cos acos (angles in degrees).
 */
#ifndef KW_BASE_FORMULA_H
#define KW_BASE_FORMULA_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KW_FORMULA_OPS = 96,      /* steps of one formula */
    KW_FORMULA_DEPTH = 16,    /* values waiting, and brackets inside others */
    KW_FORMULA_NAME_SIZE = 64 /* of a name, with the NUL */
};

/*
 * Powers of what a unit is made of: W, var and VA are volt 1, ampere 1. The
 * hour of Wh is not the second: what would be wrong by 3600 doesn't fit.
 */
enum kw_dimension_part {
    KW_VOLT,
    KW_AMPERE,
    KW_SECOND,
    KW_HOUR,
    KW_DEGREE,
    KW_DIMENSION_PARTS
};
struct kw_dimension {
    int8_t of[KW_DIMENSION_PARTS];
};

bool kw_dimension_equal(struct kw_dimension a, struct kw_dimension b);

struct kw_formula; /* constant once compiled */

/* What the names in a formula are. */
struct kw_formula_names {
    /* Number and dimension of a value; false when there is none. */
    bool (*value)(void *arg, const char *name, uint16_t *index,
                  struct kw_dimension *dimension);
    /* Factor to the base unit and dimension of a unit. */
    bool (*unit)(void *arg, const char *name, double *factor,
                 struct kw_dimension *dimension);
    void *arg;
};

struct kw_formula_error {
    size_t at;      /* bytes into the text */
    char text[160]; /* what was expected there */
};

/*
 * *formula is owned: kw_formula_free. dimension is the result's; *constant is
 * true for a number without a unit, which fits everywhere. KW_EINVAL with
 * *error filled, KW_ENOMEM.
 */
struct kw_formula_result {
    struct kw_dimension dimension;
    bool constant;
};
KW_MUST_CHECK int kw_formula_compile(struct kw_formula **formula,
                                     const char *text,
                                     const struct kw_formula_names *names,
                                     struct kw_formula_result *result,
                                     struct kw_formula_error *error);
void kw_formula_free(struct kw_formula *formula);

/*
 * The value; values is indexed by the numbers that names->value gave. NaN or
 * infinite where there is none: a division by zero, the root of a negative
 * number, 10 to a power below -10 or above 10, an operand that is NaN.
 */
double kw_formula_value(const struct kw_formula *formula, const double *values);

/*
 * The values that a formula uses, one after another (some more than once):
 * *at begins with 0. False when there are no more.
 */
bool kw_formula_operand(const struct kw_formula *formula, size_t *at,
                        uint16_t *index);

#endif
