/* SPDX-License-Identifier: MIT */
/* Kernel numbers and the names users know them by: capabilities, signals, resource limits. */
#ifndef FLOE_SPEC_NAMES_H
#define FLOE_SPEC_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* "CAP_SYS_ADMIN", "sys_admin": the number, or -EINVAL. */
int capability_from_name(const char *name, size_t length);

/* "CAP_SYS_ADMIN"; NULL for a number no name is known for. */
const char *capability_name(int capability);

/* What a payload keeps unless told otherwise: the set of systemd-nspawn (nspawn.c). */
uint64_t capabilities_default(void);

/* "SIGRTMIN+3", "TERM", "15": the number, or -EINVAL. */
int signal_from_name(const char *name);

/* "SIGTERM", "SIGRTMIN+3" written to BUFFER, which is returned. */
#define SIGNAL_NAME_MAX 16
const char *signal_name(int number, char buffer[static SIGNAL_NAME_MAX]);

/* How the value of a limit is counted. */
enum rlimit_unit {
	RLIMIT_UNIT_COUNT,
	RLIMIT_UNIT_BYTES,
	RLIMIT_UNIT_SECONDS,
	RLIMIT_UNIT_MICROSECONDS,
	RLIMIT_UNIT_NICE, /* 0..40, or a signed nice level */
};

/* "NOFILE", "RLIMIT_NOFILE": RLIMIT_NOFILE, or -EINVAL. */
int rlimit_from_name(const char *name, size_t length);

const char *rlimit_name(int resource); /* "NOFILE"; NULL if unknown */
enum rlimit_unit rlimit_unit(int resource);

/* Space-separated names, for completion and lists of values. */
extern const char capability_words[];
extern const char signal_words[];
extern const char rlimit_words[];

#endif
