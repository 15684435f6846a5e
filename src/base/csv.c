/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of RFC 4180 for files that people write and spreadsheets save. It
 * takes one record a line (no line end inside quotes, so that one forgotten
 * quote doesn't swallow the file), comment lines that begin with `#`, and clean
 * UTF-8 only. Each field keeps its line and column: what is wrong with a value
 * is found much later, by the code that knows what it means.
 *
 * A line that is refused is passed over; the next call goes on behind it, so
 * all findings of a file come at once.
 */
#include "base/csv.h"

#include "base/text.h"

#include <string.h>

/* The line being split: where it is read, and where its text goes. */
struct line {
    const char *at, *end;
    struct kw_mark mark;
    struct kw_csv *csv;
    size_t used; /* of csv->text */
    struct kw_diag *diag;
};

/* The first comma or semicolon outside quotes; 0 when there is none. */
static char first_separator(const char *at, const char *end)
{
    bool quoted = false;

    for (; at < end; at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (!quoted && (*at == ',' || *at == ';'))
            return *at;
    }
    return 0;
}

static bool is_comment(const char *at, const char *end)
{
    if (at < end && *at == '"')
        at++;
    return at < end && *at == '#';
}

/* What stands between the fields: the head says it, the first line with
 * several cells that is no comment. */
static char find_separator(const char *at, const char *end)
{
    char found = 0;

    while (found == 0 && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline != NULL ? newline : end;

        if (!is_comment(at, line_end))
            found = first_separator(at, line_end);
        at = newline != NULL ? newline + 1 : end;
    }
    return found != 0 ? found : ',';
}

void kw_csv_init(struct kw_csv *csv, const char *text, size_t length)
{
    static const char mark[] = "\xEF\xBB\xBF";

    if (length >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        length -= 3;
    }
    csv->at = text;
    csv->end = length > 0 ? text + length : text;
    csv->line = 1;
    csv->separator = find_separator(csv->at, csv->end);
    csv->width = 0;
    csv->comment = false;
    csv->fields = 0;
    csv->text[0] = 0;
}

static int too_long(const struct line *line)
{
    return kw_diag_add(line->diag, line->mark, NULL,
                       "the line is longer than %d bytes",
                       KW_CSV_RECORD_BYTES - 1);
}

/* Copies the character at line->at; a tab is the only control allowed. */
static int put_char(struct line *line)
{
    struct kw_csv *csv = line->csv;
    size_t step = kw_text_step(line->at, (size_t)(line->end - line->at));

    if (*line->at == '\t')
        step = 1;
    if (step == 0)
        return kw_diag_add(
            line->diag, line->mark, NULL,
            "byte 0x%02X is no UTF-8 text or a control character",
            (unsigned char)*line->at);
    if (line->used + step >= sizeof(csv->text))
        return too_long(line);
    memcpy(csv->text + line->used, line->at, step);
    line->used += step;
    line->at += step;
    line->mark.column++;
    return 0;
}

/* What stands inside quotes, up to behind the closing one. */
static int put_quoted(struct line *line)
{
    struct kw_mark open = line->mark;
    int err;

    line->at++;
    line->mark.column++;
    while (line->at < line->end) {
        if (*line->at == '"') {
            line->at++;
            line->mark.column++;
            if (line->at == line->end || *line->at != '"')
                return 0;
        }
        err = put_char(line);
        if (err != 0)
            return err;
    }
    return kw_diag_add(line->diag, open, NULL,
                       "the quote that opens here is not closed on this line");
}

static int put_plain(struct line *line)
{
    int err = 0;

    while (err == 0 && line->at < line->end &&
           *line->at != line->csv->separator) {
        if (*line->at == '"')
            return kw_diag_add(line->diag, line->mark, NULL,
                               "a quote inside a field; put the whole field "
                               "in quotes and double the quote");
        err = put_char(line);
    }
    return err;
}

/* Makes a decimal comma a point if the cell is a number then. */
static void mend_decimal(char *text)
{
    char *comma = strchr(text, ',');
    double number;

    if (comma == NULL)
        return;
    *comma = '.';
    if (kw_text_parse_real(text, &number) != 0)
        *comma = ',';
}

/* One field up to the separator or the end of the line. */
static int put_field(struct line *line)
{
    struct kw_csv *csv = line->csv;
    char *text = csv->text + line->used;
    int err;

    if (csv->fields == KW_CSV_FIELDS)
        return kw_diag_add(line->diag, line->mark, NULL,
                           "more than %d fields on a line", KW_CSV_FIELDS);
    csv->field[csv->fields] = text;
    csv->mark[csv->fields] = line->mark;
    if (line->at < line->end && *line->at == '"')
        err = put_quoted(line);
    else
        err = put_plain(line);
    if (err != 0)
        return err;
    if (line->at < line->end && *line->at != csv->separator)
        return kw_diag_add(line->diag, line->mark, NULL,
                           "text behind a closing quote, expected \"%c\"",
                           csv->separator);
    if (line->used >= sizeof(csv->text))
        return too_long(line);
    csv->text[line->used++] = 0;
    if (csv->separator == ';')
        mend_decimal(text);
    csv->fields++;
    return 0;
}

/* Fills a record up to the columns of the head, which it may be itself. */
static void fill_up(struct line *line)
{
    struct kw_csv *csv = line->csv;

    if (csv->width == 0)
        csv->width = csv->fields;
    while (csv->fields < csv->width) {
        csv->field[csv->fields] = "";
        csv->mark[csv->fields++] = line->mark;
    }
}

static int split(struct line *line)
{
    int err = put_field(line);

    while (err == 0 && line->at < line->end) {
        line->at++;
        line->mark.column++;
        err = put_field(line);
    }
    if (err == 0)
        fill_up(line);
    return err;
}

static int split_comment(struct line *line)
{
    struct kw_csv *csv = line->csv;
    int err = 0;

    csv->comment = true;
    csv->field[0] = csv->text + 1; /* behind the hash */
    csv->mark[0] = line->mark;
    csv->mark[0].column += *line->at == '"' ? 2 : 1;
    if (*line->at == '"')
        err = put_quoted(line);
    while (err == 0 && line->at < line->end)
        err = put_char(line);
    while (line->used > 0 && csv->text[line->used - 1] == ' ')
        line->used--;
    csv->text[line->used] = 0;
    csv->fields = 1;
    return err;
}

/* The line's end without the cells at it that are empty. */
static const char *trimmed(const char *at, const char *end, char separator)
{
    for (;;) {
        if (end > at && (end[-1] == ' ' || end[-1] == separator))
            end--;
        else if (end - at >= 2 && end[-1] == '"' && end[-2] == '"' &&
                 (end - at == 2 || end[-3] == separator))
            end -= 2;
        else
            return end;
    }
}

/* Cuts the next line off; false at the end of the text. */
static bool next_line(struct kw_csv *csv, struct line *line)
{
    const char *newline;

    if (csv->at == csv->end)
        return false;
    newline = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
    line->at = csv->at;
    line->end = newline != NULL ? newline : csv->end;
    line->mark = (struct kw_mark){csv->line, 1};
    csv->at = newline != NULL ? newline + 1 : csv->end;
    csv->line++;
    if (line->end > line->at && line->end[-1] == '\r')
        line->end--;
    line->end = trimmed(line->at, line->end, csv->separator);
    return true;
}

int kw_csv_next(struct kw_csv *csv, struct kw_diag *diag)
{
    struct line line = {.csv = csv, .diag = diag};
    int err;

    do {
        if (!next_line(csv, &line))
            return KW_EOF;
    } while (line.at == line.end);
    csv->comment = false;
    csv->fields = 0;
    err = is_comment(line.at, line.end) ? split_comment(&line) : split(&line);
    if (err != 0)
        csv->fields = 0;
    return err;
}

bool kw_csv_comment(const struct kw_csv *csv, char *key, size_t key_size,
                    const char **value)
{
    const char *text = csv->field[0], *colon;
    size_t length;

    if (!csv->comment || csv->fields == 0)
        return false;
    text += strspn(text, " ");
    colon = strchr(text, ':');
    if (colon == NULL || colon == text)
        return false;
    length = (size_t)(colon - text);
    if (length >= key_size || memchr(text, ' ', length) != NULL)
        return false;
    memcpy(key, text, length);
    key[length] = 0;
    *value = colon + 1 + strspn(colon + 1, " ");
    return true;
}
