/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost[i] is the least number of bits for the first i characters. From each
 * place every kind of piece that begins there is offered; a piece that is
 * cheaper than what is known takes its end over.
 */
#include "auth/guess.h"

#include "auth/common.h"
#include "auth/form.h"
#include "base/secret.h"

#include <stdbool.h>
#include <string.h>

enum {
    /* Bits of a piece. A character: log2 of how many there are of its kind;
     * a word: log2 of the length of the list, names are tried first. */
    BITS_DIGIT = 3,
    BITS_LETTER = 5,
    BITS_OTHER = 6,
    BITS_CONTEXT = 2,
    BITS_WORD = 9,
    BITS_RUN = 6,
    BITS_KEYS = 7,
    BITS_YEAR = 6,
    BITS_REPEAT = 6,
    BITS_BACKWARDS = 1, /* more for a word written backwards */
    BITS_SEPARATOR = 3, /* for each separator that is used, once */

    PIECE_MIN = 3,     /* characters of a piece */
    CONTEXT_MAX = 512, /* characters of all names */
};

/* Walks over the keys of common keyboards, each read both ways. */
static const char *const key_rows[] = {
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertzuiop",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7ki8lo9p0",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qweasdzxcrtyfghvbnuiojklm",
    "147258369",
    "159357",
    "asdfjkl",
};

/* What is written for a letter: pairs of character and letter. */
static const char look_alikes[] = "0o1i1l3e4a5s6g7t8b9g@a$s!i";

struct guess {
    size_t length;
    int32_t at[KW_AUTH_GUESS_MAX];
    size_t repeat[KW_AUTH_GUESS_MAX]; /* longest earlier text found here */
    int32_t names[CONTEXT_MAX];       /* the context's, 0 behind each */
    size_t names_length;
    unsigned cost[KW_AUTH_GUESS_MAX + 1];
    unsigned pieces[KW_AUTH_GUESS_MAX + 1];
};

/* A word to look for: text, or code points when text is NULL. */
struct word {
    const char *text;
    const int32_t *points;
    size_t length;
    unsigned bits, piece;
};

static void offer(struct guess *guess, size_t from, size_t length,
                  unsigned bits, unsigned piece)
{
    size_t to = from + length;

    if (guess->cost[from] + bits >= guess->cost[to])
        return;
    guess->cost[to] = guess->cost[from] + bits;
    guess->pieces[to] = guess->pieces[from] | piece;
}

/* A piece of which every part from PIECE_MIN on is a piece too. */
static void offer_all(struct guess *guess, size_t from, size_t length,
                      unsigned bits)
{
    for (size_t part = PIECE_MIN; part <= length; part++)
        offer(guess, from, part, bits, KW_AUTH_PIECE_PATTERN);
}

static bool is_digit(int32_t point)
{
    return point >= '0' && point <= '9';
}

static bool is_letter(int32_t point)
{
    return point >= 'a' && point <= 'z';
}

/* Stands between words and says little: blanks and most punctuation. */
static bool is_separator(int32_t point)
{
    return point < 0x80 && !is_digit(point) && !is_letter(point) &&
           point != '@' && point != '$' && point != '!';
}

static unsigned char_bits(int32_t point)
{
    if (is_digit(point))
        return BITS_DIGIT;
    return is_letter(point) ? BITS_LETTER : BITS_OTHER;
}

/* Equal characters, or consecutive ones upwards or downwards. */
static void offer_runs(struct guess *guess, size_t from)
{
    for (int32_t step = -1; step <= 1; step++) {
        size_t length = 1;

        while (from + length < guess->length &&
               guess->at[from + length] == guess->at[from + length - 1] + step)
            length++;
        offer_all(guess, from, length, BITS_RUN);
    }
}

/* How far the text follows a row of keys from start in one direction. */
static size_t follow(const struct guess *guess, size_t from, const char *row,
                     size_t start, bool backwards)
{
    size_t length = 0, end = backwards ? start + 1 : strlen(row) - start;

    while (length < end && from + length < guess->length &&
           guess->at[from + length] ==
               row[backwards ? start - length : start + length])
        length++;
    return length;
}

static void offer_keys(struct guess *guess, size_t from)
{
    for (size_t r = 0; r < sizeof(key_rows) / sizeof(key_rows[0]); r++) {
        for (size_t start = 0; key_rows[r][start] != 0; start++) {
            if (key_rows[r][start] != guess->at[from])
                continue;
            offer_all(guess, from,
                      follow(guess, from, key_rows[r], start, false),
                      BITS_KEYS);
            offer_all(guess, from,
                      follow(guess, from, key_rows[r], start, true), BITS_KEYS);
        }
    }
}

/* A year from 1900 to 2099. */
static void offer_year(struct guess *guess, size_t from)
{
    const int32_t *at = guess->at + from;

    if (from + 4 <= guess->length &&
        ((at[0] == '1' && at[1] == '9') || (at[0] == '2' && at[1] == '0')) &&
        is_digit(at[2]) && is_digit(at[3]))
        offer(guess, from, 4, BITS_YEAR, KW_AUTH_PIECE_PATTERN);
}

/* True when point is the letter or is often written for it. */
static bool looks_like(int32_t point, int32_t letter)
{
    if (point == letter || is_letter(point))
        return point == letter;
    for (const char *pair = look_alikes; *pair != 0; pair += 2) {
        if (point == pair[0] && letter == pair[1])
            return true;
    }
    return false;
}

static int32_t letter_at(const struct word *word, size_t index)
{
    return word->text != NULL ? word->text[index] : word->points[index];
}

static void offer_word(struct guess *guess, size_t from,
                       const struct word *word)
{
    size_t there = 0, back = 0, length = word->length;

    if (from + length > guess->length)
        return;
    while (there < length &&
           looks_like(guess->at[from + there], letter_at(word, there)))
        there++;
    if (there == length)
        offer(guess, from, length, word->bits, word->piece);
    while (back < length && looks_like(guess->at[from + back],
                                       letter_at(word, length - 1 - back)))
        back++;
    if (back == length)
        offer(guess, from, length, word->bits + BITS_BACKWARDS, word->piece);
}

static void offer_common(struct guess *guess, size_t from)
{
    struct word word = {.bits = BITS_WORD, .piece = KW_AUTH_PIECE_WORD};

    for (const char *const *line = kw_auth_common; *line != NULL; line++) {
        for (word.text = *line; *word.text != 0;
             word.text += word.length + (word.text[word.length] == ' ')) {
            word.length = strcspn(word.text, " ");
            offer_word(guess, from, &word);
        }
    }
}

/* The words of the context's names, divided at separators. */
static void offer_context(struct guess *guess, size_t from)
{
    struct word word = {.bits = BITS_CONTEXT, .piece = KW_AUTH_PIECE_CONTEXT};

    for (size_t start = 0; start < guess->names_length;
         start += word.length + 1) {
        word.points = guess->names + start;
        word.length = 0;
        while (!is_separator(word.points[word.length]))
            word.length++;
        if (word.length >= PIECE_MIN)
            offer_word(guess, from, &word);
    }
}

/* Folds the context's names, as many as fit. */
static void prepare_names(struct guess *guess, const char *const *context)
{
    guess->names_length = 0;
    for (; *context != NULL && guess->names_length < CONTEXT_MAX; context++) {
        int32_t *to = guess->names + guess->names_length;
        size_t room = CONTEXT_MAX - guess->names_length - 1;
        size_t count = kw_auth_form_fold(*context, to, room);

        to[count] = 0;
        guess->names_length += count + 1;
    }
}

/* repeat[i]: the longest text at i that also begins at an earlier place. */
static void find_repeats(struct guess *guess)
{
    size_t equal[KW_AUTH_GUESS_MAX + 1] = {0}; /* of i + 1 and each place */

    for (size_t i = guess->length; i-- > 0;) {
        guess->repeat[i] = 0;
        for (size_t j = 0; j < i; j++) {
            equal[j] = guess->at[i] == guess->at[j] ? equal[j + 1] + 1 : 0;
            if (equal[j] > guess->repeat[i])
                guess->repeat[i] = equal[j];
        }
        equal[i] = 0;
    }
}

/* Folds the text and takes the separators out; gives the bits they add. */
static unsigned prepare(struct guess *guess, const char *text)
{
    bool seen[0x80] = {false};
    unsigned bits = 0;
    size_t count = kw_auth_form_fold(text, guess->at, KW_AUTH_GUESS_MAX);

    guess->length = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t point = guess->at[i];

        if (!is_separator(point)) {
            guess->at[guess->length++] = point;
        } else if (!seen[point]) {
            seen[point] = true;
            bits += BITS_SEPARATOR;
        }
    }
    return bits;
}

unsigned kw_auth_guess_bits(const char *text, const char *const *context,
                            unsigned *pieces)
{
    struct guess guess;
    unsigned bits = prepare(&guess, text);

    prepare_names(&guess, context);
    find_repeats(&guess);
    memset(guess.cost, 0x7F, sizeof(guess.cost));
    guess.cost[0] = guess.pieces[0] = 0;
    for (size_t i = 0; i < guess.length; i++) {
        offer(&guess, i, 1, char_bits(guess.at[i]), 0);
        offer_runs(&guess, i);
        offer_keys(&guess, i);
        offer_year(&guess, i);
        offer_all(&guess, i, guess.repeat[i], BITS_REPEAT);
        offer_common(&guess, i);
        offer_context(&guess, i);
    }
    bits += guess.cost[guess.length];
    *pieces = guess.pieces[guess.length];
    kw_secret_wipe(&guess, sizeof(guess));
    return bits;
}
