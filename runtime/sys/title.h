/* SPDX-License-Identifier: MIT */
/* What ps(1) shows of a cloned process that let go of the memory it had its arguments in. */
#ifndef FLOE_SYS_TITLE_H
#define FLOE_SYS_TITLE_H

/*
 * Maps fresh memory where the arguments of the parent were, after memory_keep_only() took that
 * away, and writes TITLE there, or as much of it as there is room. Otherwise the process would look
 * like one of the kernel's: without any arguments. Async-signal-safe; 0 or a negative errno.
 */
int title_set(const char *title);

#endif
