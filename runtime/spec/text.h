/* SPDX-License-Identifier: MIT */
/* Reading simple values out of text: numbers, sizes, times, truth, paths, lists. */
#ifndef FLOE_SPEC_TEXT_H
#define FLOE_SPEC_TEXT_H

#include "../base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The readers take the whole of TEXT or nothing: no leading blanks, signs or trailing rest.
 * They return 0, -EINVAL for malformed text or -ERANGE for a value that is too large, and leave
 * their result untouched then.
 */

/* Decimal digits up to MAX. */
int text_to_unsigned(const char *text, uint64_t max, uint64_t *value);

/* Decimal digits and an optional K, M, G, T, P or E for powers of 1024, in bytes. */
int text_to_size(const char *text, uint64_t *bytes);

/* Decimal digits and an optional us, ms, s, min, h, d or w, in microseconds. UNIT_USEC is what a
 * bare number counts. */
int text_to_usec(const char *text, uint64_t unit_usec, uint64_t *usec);

/* yes no true false on off y n t f 1 0, in any case. */
int text_to_bool(const char *text, bool *value);

/* 32 hex digits, or the same with dashes as in RFC 9562, to lower-case digits without dashes.
 * All zero is refused: systemd takes it for unset. */
#define UUID_DIGITS 32
int text_to_uuid(const char *text, char uuid[static UUID_DIGITS + 1]);

bool text_is_utf8(const char *text);
bool text_has_control(const char *text);

/* "/a//b/./c/" as "/a/b/c"; ".." stays, since a link may stand before it. */
char *path_simplify(struct arena *arena, const char *path);

/* PATH simplified, below the current directory when it is relative. NULL with errno set when that
 * cannot be found out. */
char *path_from_here(struct arena *arena, const char *path);

/* Absolute, at most PATH_MAX, UTF-8, without control characters and empty text. */
bool path_is_sane(const char *path);

bool path_has_parent(const char *path); /* has a ".." component */

/* The part of *CURSOR before the next SEPARATOR that no backslash precedes, its backslashes
 * resolved; *CURSOR moves behind it, or becomes NULL at the end. NULL: a backslash ends the text. */
char *text_split(struct arena *arena, const char **cursor, char separator);

/* Whether WORD is one of the comma-separated, or space-separated, LIST. */
bool text_has_word(const char *list, const char *word, size_t length);

#endif
