/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table as a spreadsheet saves it after it was opened and nothing was
 * changed: every row as wide as the widest, cells in quotes where they need
 * them, CR LF, perhaps semicolons and decimal commas. Its splitter shares
 * nothing with base/csv.
 */
#ifndef KW_TEST_SPREADSHEET_H
#define KW_TEST_SPREADSHEET_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct spreadsheet {
    const char *name;
    char separator;       /* ';' comes with decimal commas */
    bool mark, crlf;      /* byte order mark; CR LF */
    bool quotes;          /* around all cells, also empty ones */
    bool drops;           /* empty cells at the end of a row are not saved */
    size_t columns, rows; /* empty ones behind the last */
};

static const struct spreadsheet spreadsheets[] = {
    {"Excel, comma", ',', false, true, false, false, 0, 0},
    {"Excel, comma, UTF-8", ',', true, true, false, false, 2, 3},
    {"Excel, semicolon", ';', false, true, false, false, 0, 0},
    {"Excel, semicolon, UTF-8", ';', true, true, false, false, 30, 2},
    {"Excel, cells of the last columns left out", ',', true, true, false, true,
     0, 0},
    {"LibreOffice", ',', false, false, false, false, 0, 0},
    {"LibreOffice, all in quotes", ',', false, false, true, false, 1, 1},
    {"LibreOffice, all in quotes, semicolon", ';', false, false, true, false, 1,
     1},
};
enum { SPREADSHEETS = sizeof(spreadsheets) / sizeof(spreadsheets[0]) };

/* The cell at *at into cell, without its quotes; *at moves behind it. */
static void spreadsheet_cell(const char **at, char *cell)
{
    bool quoted = **at == '"';

    *at += quoted;
    while (**at != 0 && **at != '\n' && (quoted || **at != ',')) {
        if (quoted && **at == '"' && *++*at != '"')
            break;
        *cell++ = *(*at)++;
    }
    *cell = 0;
}

static void spreadsheet_put(struct kw_buf *out, const struct spreadsheet *how,
                            char *cell)
{
    size_t digits = strspn(cell, "0123456789");
    bool decimal =
        cell[digits] == '.' && digits > 0 &&
        strspn(cell + digits + 1, "0123456789") == strlen(cell + digits + 1);

    if (how->separator == ';' && decimal)
        cell[digits] = ',';
    if (!how->quotes && strchr(cell, how->separator) == NULL &&
        strchr(cell, '"') == NULL) {
        kw_buf_put_text(out, cell);
        return;
    }
    kw_buf_put_byte(out, '"');
    for (; *cell != 0; cell++) {
        if (*cell == '"')
            kw_buf_put_byte(out, '"');
        kw_buf_put_byte(out, (unsigned char)*cell);
    }
    kw_buf_put_byte(out, '"');
}

/* The rest of a row from its cell on: empty ones, and the end of the line. */
static void spreadsheet_end(struct kw_buf *out, const struct spreadsheet *how,
                            size_t cells, size_t width)
{
    char empty[1] = "";

    for (; cells < width; cells++) {
        if (cells > 0)
            kw_buf_put_byte(out, (unsigned char)how->separator);
        spreadsheet_put(out, how, empty);
    }
    kw_buf_put_text(out, how->crlf ? "\r\n" : "\n");
}

/* width: the cells of the longest row of the text. */
static void spreadsheet_save(struct kw_buf *out, const struct spreadsheet *how,
                             const char *text, size_t width)
{
    char cell[4096];

    width += how->columns;
    if (how->mark)
        kw_buf_put_text(out, "\xEF\xBB\xBF");
    while (*text != 0) {
        size_t cells = 0, owed = 0; /* separators */

        do {
            text += cells > 0; /* the comma */
            spreadsheet_cell(&text, cell);
            owed += cells++ > 0;
            if (how->drops && cell[0] == 0)
                continue;
            for (; owed > 0; owed--)
                kw_buf_put_byte(out, (unsigned char)how->separator);
            spreadsheet_put(out, how, cell);
        } while (*text == ',');
        text += *text == '\n';
        spreadsheet_end(out, how, cells, how->drops ? 0 : width);
    }
    for (size_t i = 0; i < how->rows; i++)
        spreadsheet_end(out, how, 0, width);
    kw_buf_put_byte(out, 0);
}

#endif
