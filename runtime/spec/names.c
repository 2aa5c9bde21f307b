/* SPDX-License-Identifier: MIT */
/* Names of capabilities, signals and resource limits, each listed once. */
#include "names.h"

#include "../base/cleanup.h"
#include "text.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

/* In the order of their numbers (linux/capability.h); 1: part of the default set. */
#define CAPABILITIES(X)                                                                            \
	X(CHOWN, 1)                                                                                \
	X(DAC_OVERRIDE, 1)                                                                         \
	X(DAC_READ_SEARCH, 1)                                                                      \
	X(FOWNER, 1)                                                                               \
	X(FSETID, 1)                                                                               \
	X(KILL, 1)                                                                                 \
	X(SETGID, 1)                                                                               \
	X(SETUID, 1)                                                                               \
	X(SETPCAP, 1)                                                                              \
	X(LINUX_IMMUTABLE, 1)                                                                      \
	X(NET_BIND_SERVICE, 1)                                                                     \
	X(NET_BROADCAST, 1)                                                                        \
	X(NET_ADMIN, 0)                                                                            \
	X(NET_RAW, 1)                                                                              \
	X(IPC_LOCK, 0)                                                                             \
	X(IPC_OWNER, 1)                                                                            \
	X(SYS_MODULE, 0)                                                                           \
	X(SYS_RAWIO, 0)                                                                            \
	X(SYS_CHROOT, 1)                                                                           \
	X(SYS_PTRACE, 1)                                                                           \
	X(SYS_PACCT, 0)                                                                            \
	X(SYS_ADMIN, 1)                                                                            \
	X(SYS_BOOT, 1)                                                                             \
	X(SYS_NICE, 1)                                                                             \
	X(SYS_RESOURCE, 1)                                                                         \
	X(SYS_TIME, 0)                                                                             \
	X(SYS_TTY_CONFIG, 1)                                                                       \
	X(MKNOD, 1)                                                                                \
	X(LEASE, 1)                                                                                \
	X(AUDIT_WRITE, 1)                                                                          \
	X(AUDIT_CONTROL, 1)                                                                        \
	X(SETFCAP, 1)                                                                              \
	X(MAC_OVERRIDE, 0)                                                                         \
	X(MAC_ADMIN, 0)                                                                            \
	X(SYSLOG, 0)                                                                               \
	X(WAKE_ALARM, 0)                                                                           \
	X(BLOCK_SUSPEND, 0)                                                                        \
	X(AUDIT_READ, 0)                                                                           \
	X(PERFMON, 0)                                                                              \
	X(BPF, 0)                                                                                  \
	X(CHECKPOINT_RESTORE, 0)

#define CAPABILITY_NAME(name, kept) [CAP_##name] = "CAP_" #name,
#define CAPABILITY_WORD(name, kept) " CAP_" #name
#define CAPABILITY_KEPT(name, kept) | (uint64_t)(kept) << CAP_##name

static const char *const capability_names[] = {CAPABILITIES(CAPABILITY_NAME)};

const char capability_words[] = "all" CAPABILITIES(CAPABILITY_WORD);

uint64_t capabilities_default(void)
{
	return 0 CAPABILITIES(CAPABILITY_KEPT);
}

/* NAME without PREFIX, in any case, when it has it; *LENGTH follows. */
static const char *skip_prefix(const char *name, size_t *length, const char *prefix)
{
	size_t skip = strlen(prefix);

	if (*length < skip || strncasecmp(name, prefix, skip) != 0)
		return name;
	*length -= skip;
	return name + skip;
}

static bool is_same(const char *name, size_t length, const char *known)
{
	return strlen(known) == length && strncasecmp(name, known, length) == 0;
}

int capability_from_name(const char *name, size_t length)
{
	name = skip_prefix(name, &length, "CAP_");
	for (size_t i = 0; i < ARRAY_SIZE(capability_names); i++)
		if (is_same(name, length, capability_names[i] + strlen("CAP_")))
			return (int)i;
	return -EINVAL;
}

const char *capability_name(int capability)
{
	if (capability < 0 || (size_t)capability >= ARRAY_SIZE(capability_names))
		return NULL;
	return capability_names[capability];
}

/* clang-format off */
#define SIGNALS(X)                                                                                 \
	X(HUP) X(INT) X(QUIT) X(ILL) X(TRAP) X(ABRT) X(BUS) X(FPE) X(KILL) X(USR1) X(SEGV)         \
	X(USR2) X(PIPE) X(ALRM) X(TERM) X(STKFLT) X(CHLD) X(CONT) X(STOP) X(TSTP) X(TTIN)          \
	X(TTOU) X(URG) X(XCPU) X(XFSZ) X(VTALRM) X(PROF) X(WINCH) X(IO) X(PWR) X(SYS)
/* clang-format on */

#define SIGNAL_NAME(name) [SIG##name] = #name,
#define SIGNAL_WORD(name) " SIG" #name

static const char *const signal_names[] = {SIGNALS(SIGNAL_NAME)};

const char signal_words[] = "SIGRTMIN+3" SIGNALS(SIGNAL_WORD);

/* "RTMIN", "RTMIN+3", "RTMAX-2". */
static int realtime_from_name(const char *name)
{
	bool from_min = strncasecmp(name, "RTMIN", 5) == 0;
	uint64_t distance = 0;

	if (!from_min && strncasecmp(name, "RTMAX", 5) != 0)
		return -EINVAL;
	name += 5;
	if (*name && (*name != (from_min ? '+' : '-') ||
		      text_to_unsigned(name + 1, (uint64_t)(SIGRTMAX - SIGRTMIN), &distance) < 0))
		return -EINVAL;
	return from_min ? SIGRTMIN + (int)distance : SIGRTMAX - (int)distance;
}

int signal_from_name(const char *name)
{
	size_t length = strlen(name);
	uint64_t number;

	if (text_to_unsigned(name, (uint64_t)SIGRTMAX, &number) == 0)
		return number > 0 ? (int)number : -EINVAL;
	name = skip_prefix(name, &length, "SIG");
	for (size_t i = 1; i < ARRAY_SIZE(signal_names); i++)
		if (signal_names[i] && is_same(name, length, signal_names[i]))
			return (int)i;
	return realtime_from_name(name);
}

const char *signal_name(int number, char buffer[static SIGNAL_NAME_MAX])
{
	if (number > 0 && (size_t)number < ARRAY_SIZE(signal_names) && signal_names[number])
		snprintf(buffer, SIGNAL_NAME_MAX, "SIG%s", signal_names[number]);
	else if (number >= SIGRTMIN && number <= SIGRTMAX)
		snprintf(buffer, SIGNAL_NAME_MAX, "SIGRTMIN+%d", number - SIGRTMIN);
	else
		snprintf(buffer, SIGNAL_NAME_MAX, "%d", number);
	return buffer;
}

#define RLIMITS(X)                                                                                 \
	X(AS, BYTES)                                                                               \
	X(CORE, BYTES)                                                                             \
	X(CPU, SECONDS)                                                                            \
	X(DATA, BYTES)                                                                             \
	X(FSIZE, BYTES)                                                                            \
	X(LOCKS, COUNT)                                                                            \
	X(MEMLOCK, BYTES)                                                                          \
	X(MSGQUEUE, BYTES)                                                                         \
	X(NICE, NICE)                                                                              \
	X(NOFILE, COUNT)                                                                           \
	X(NPROC, COUNT)                                                                            \
	X(RSS, BYTES)                                                                              \
	X(RTPRIO, COUNT)                                                                           \
	X(RTTIME, MICROSECONDS)                                                                    \
	X(SIGPENDING, COUNT)                                                                       \
	X(STACK, BYTES)

#define RLIMIT_NAME(name, unit) [RLIMIT_##name] = {#name, RLIMIT_UNIT_##unit},
#define RLIMIT_WORD(name, unit) #name "= "

static const struct {
	const char *name;
	enum rlimit_unit unit;
} rlimits[RLIM_NLIMITS] = {RLIMITS(RLIMIT_NAME)};

const char rlimit_words[] = RLIMITS(RLIMIT_WORD);

int rlimit_from_name(const char *name, size_t length)
{
	name = skip_prefix(name, &length, "RLIMIT_");
	for (size_t i = 0; i < ARRAY_SIZE(rlimits); i++)
		if (rlimits[i].name && is_same(name, length, rlimits[i].name))
			return (int)i;
	return -EINVAL;
}

const char *rlimit_name(int resource)
{
	if (resource < 0 || (size_t)resource >= ARRAY_SIZE(rlimits))
		return NULL;
	return rlimits[resource].name;
}

enum rlimit_unit rlimit_unit(int resource)
{
	return rlimits[resource].unit;
}
