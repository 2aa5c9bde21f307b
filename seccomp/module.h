/* SPDX-License-Identifier: MIT */
/* Filters that were not made at build time: the interface of the loadable module. */
#ifndef FLOE_SECCOMP_MODULE_H
#define FLOE_SECCOMP_MODULE_H

#include "../runtime/base/arena.h"
#include "../runtime/floe.h"
#include "seccomp.h"

/*
 * The module is the only part of floe that needs libseccomp at run time. It is the shared object
 * seccomp.so exporting one object, `const struct seccomp_module floe_module_seccomp`, so that a
 * start that needs none of it does not pay for loading it; a static build links the same object.
 * Loading takes 0.2 ms and compiling 0.4 ms: too little for keeping compiled filters in files,
 * whose content would have to be trusted.
 */
#define SECCOMP_MODULE_SYMBOL "floe_module_seccomp"

/* What is wanted. Everything stays the caller's. */
struct seccomp_request {
	const char *policy;         /* the policy text: seccomp_policy_text() */
	uint64_t capabilities;      /* of the payload, bit n is capability n */
	const char *const *entries; /* --system-call-filter: name, @group, ~name, ~@group */
	size_t entry_count;
};

/* What came of it; all memory belongs to the arena given to compile(). */
struct seccomp_compiled {
	struct seccomp_filters filters;
	const char *const *warnings; /* complete sentences, for the user */
	size_t warning_count;
};

struct seccomp_module {
	/*
	 * Compiles the policy for the payload's capabilities with the entries applied: allowed
	 * entries are added, refused ones (leading '~') taken away, and refusing wins whatever the
	 * order. A name that is no system call gives a warning, a group that does not exist is an
	 * error (FLOE_ERROR_USAGE). 0 or a negative errno.
	 * An entry covers the call on all architectures of the kernel, with one limit: i386 has
	 * socket and IPC calls also inside `socketcall` and `ipc`, where no filter can see which
	 * it is. Who refuses one of them to 32-bit programs too refuses these two as well.
	 */
	int (*compile)(const struct seccomp_request *request, struct arena *arena,
		       struct seccomp_compiled *out, struct floe_error *error);
};

extern const struct seccomp_module floe_module_seccomp;

/* The policy that the build-time filters were made from, NUL-terminated. Part of libfloe. */
const char *seccomp_policy_text(void);

#endif
