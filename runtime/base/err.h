/* SPDX-License-Identifier: MIT */
/* Filling the one error object of libfloe where the failure is known. */
#ifndef FLOE_BASE_ERR_H
#define FLOE_BASE_ERR_H

#include "../floe.h"

/*
 * Every function returns the negative errno to hand on, so a failure is one statement:
 *	return err_errno(error, -fd, "cannot open %s", path);
 * The first failure stays: filling an object that already holds one does nothing but return.
 * ERROR may be NULL when the caller only wants the number.
 */

/* A failed act: ERRNUM (positive) and its text are appended, "cannot open /x: No such file…". */
int err_errno(struct floe_error *error, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Bad input: code FLOE_ERROR_USAGE, returns -EINVAL, no errno text. */
int err_usage(struct floe_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A failure that errno does not explain: CODE as given, returns -ERRNUM, no errno text. */
int err_set(struct floe_error *error, enum floe_error_code code, int errnum, const char *format,
	    ...) __attribute__((format(printf, 4, 5)));

/* Appends what the user can do about it: "; HINT". Returns -errnum of the object. */
int err_hint(struct floe_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Names the step (phase or verb) in which it happened, if none is named yet. */
int err_step(struct floe_error *error, const char *step);

#endif
