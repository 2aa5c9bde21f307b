/* SPDX-License-Identifier: MIT */
/*
 * libfloe: machines made of Linux namespaces.
 *
 * Every function returns 0 (or a count) on success and a negative errno on failure, and then fills
 * the error object it was given (which may be NULL). Nothing here prints, exits, changes the
 * working directory, the umask or signal handling of the caller.
 * Strings and descriptors given stay the caller's; what is handed out says who releases it.
 */
#ifndef FLOE_H
#define FLOE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLOE_PUBLIC __attribute__((visibility("default")))

enum floe_error_code {
	FLOE_ERROR_NONE,
	FLOE_ERROR_USAGE,       /* the request makes no sense; nothing was touched */
	FLOE_ERROR_NOT_FOUND,   /* no such machine, image or file */
	FLOE_ERROR_BUSY,        /* the name, image or uid range is in use */
	FLOE_ERROR_PERMISSION,  /* the caller may not do this */
	FLOE_ERROR_UNSUPPORTED, /* this kernel or host cannot do this */
	FLOE_ERROR_CONTENT,     /* an image or file is damaged or refused */
	FLOE_ERROR_SYSTEM,      /* a kernel act failed: see errnum */
	FLOE_ERROR_PAYLOAD,     /* the machine's own program failed early */
};

/* What failed. Zero-initialise before use; it then holds the first failure. No allocation. */
struct floe_error {
	enum floe_error_code code;
	int errnum;         /* positive errno, 0 when none applies */
	char step[64];      /* phase or verb, may be empty */
	char message[1024]; /* one line: what was being done, to what, why it failed, what helps */
};

#ifdef __cplusplus
}
#endif

#endif
