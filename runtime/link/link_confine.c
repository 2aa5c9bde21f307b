/* SPDX-License-Identifier: MIT */
/* Giving up every privilege, in the process that serves a link. */
#include "link_confine.h"

#include "../base/cleanup.h"
#include "../sys/caps.h"
#include "../sys/memory.h"
#include "../sys/process.h"
#include "../sys/title.h"
#include "link_filter.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* The kernel's own number for who is nobody in particular, also for files of others (overflowuid
 * in proc(5)): no file of a sane host is its. */
#define NOBODY 65534

/* More than it ever has open; poll(2) takes no more descriptors than may be open either. */
#define DESCRIPTORS 64

/* On 32-bit architectures the first numbers are those for ids of 16 bits. */
#ifdef SYS_setresuid32
#define SET_USER   SYS_setresuid32
#define SET_GROUP  SYS_setresgid32
#define SET_GROUPS SYS_setgroups32
#else
#define SET_USER   SYS_setresuid
#define SET_GROUP  SYS_setresgid
#define SET_GROUPS SYS_setgroups
#endif

const char *link_step_text(enum link_step step)
{
	static const char *const texts[] = {
		[LINK_STEP_NONE] = "start",
		[LINK_STEP_PARENT] = "end with its monitor",
		[LINK_STEP_SESSION] = "leave the monitor's session and directory",
		[LINK_STEP_CAPABILITIES] = "drop its capabilities",
		[LINK_STEP_DUMPABLE] = "keep others from tracing it",
		[LINK_STEP_LIMITS] = "limit its resources",
		[LINK_STEP_PRIVILEGES] = "give up gaining privileges",
		[LINK_STEP_FILTER] = "limit its system calls",
	};

	return (size_t)step < ARRAY_SIZE(texts) ? texts[step] : texts[LINK_STEP_NONE];
}

/* The signal is of no use to who is late: then somebody else is the parent by now. 0: it is in
 * another pid namespace. */
static int die_with_parent(pid_t parent)
{
	pid_t now;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	now = getppid();
	return now == parent || now == 0 ? 0 : -ESRCH;
}

/* A session of its own: no terminal's signals, no process group that somebody kills. All signals
 * stay blocked, as they are since the clone: SIGTERM to a whole service is for the monitor, which
 * needs the link until the machine has gone. */
static int leave(void)
{
	if (setsid() < 0)
		return -errno;
	return chdir("/") < 0 ? -errno : 0;
}

/* Raw calls: the C library's would wait for the threads that the parent has and this process has
 * not (nptl(7)). What one of them cannot do is no reason not to try the others. */
static int become_nobody(void)
{
	int r = 0;

	if (syscall(SET_GROUPS, 0, NULL) < 0)
		r = -errno;
	if (syscall(SET_GROUP, NOBODY, NOBODY, NOBODY) < 0)
		r = -errno;
	if (syscall(SET_USER, NOBODY, NOBODY, NOBODY) < 0)
		r = -errno;
	return r;
}

/* Who may not change the bounding set has not much of it, and no_new_privs makes it of no use. */
static int drop_capabilities(void)
{
	int r = caps_set_ambient(0);

	return r < 0 ? r : caps_set(0, 0, 0);
}

static int set_limits(void)
{
	static const struct {
		int resource;
		rlim_t limit;
	} rows[] = {
		{RLIMIT_NPROC, 0}, {RLIMIT_NOFILE, DESCRIPTORS}, {RLIMIT_FSIZE, 0},
		{RLIMIT_CORE, 0},  {RLIMIT_MEMLOCK, 0},          {RLIMIT_MSGQUEUE, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rlimit limit = {rows[i].limit, rows[i].limit};

		if (setrlimit(rows[i].resource, &limit) < 0)
			return -errno;
	}
	return 0;
}

/* Returns the step that failed, with errno in *R. The last step but the report. */
static enum link_step drop_all(const struct link_confinement *confinement, int32_t *kept_ids,
			       int *r)
{
	caps_drop_bounding(0);
	*kept_ids = -become_nobody();
	if ((*r = drop_capabilities()) < 0)
		return LINK_STEP_CAPABILITIES;
	/* Changing ids takes both away (prctl(2)). */
	if ((*r = die_with_parent(confinement->parent)) < 0)
		return LINK_STEP_PARENT;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
		*r = -errno;
		return LINK_STEP_DUMPABLE;
	}
	if ((*r = set_limits()) < 0)
		return LINK_STEP_LIMITS;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		*r = -errno;
		return LINK_STEP_PRIVILEGES;
	}
	*r = link_filter_load(confinement->filter, confinement->filter_count);
	return *r < 0 ? LINK_STEP_FILTER : LINK_STEP_NONE;
}

static enum link_step confine(const struct link_confinement *confinement, int32_t *kept_ids, int *r)
{
	if ((*r = die_with_parent(confinement->parent)) < 0)
		return LINK_STEP_PARENT;
	prctl(PR_SET_NAME, confinement->name);
	process_close_others(0, confinement->fds, confinement->fd_count);
	/* Without /proc what the parent had stays, for a process that can tell nobody; and the
	 * title is for people to read. */
	memory_keep_only(confinement->kept, confinement->kept_size);
	title_set(confinement->title);
	if ((*r = leave()) < 0)
		return LINK_STEP_SESSION;
	return drop_all(confinement, kept_ids, r);
}

int link_confine(const struct link_confinement *confinement)
{
	struct link_report report = {0};
	int r = 0;

	report.step = confine(confinement, &report.kept_ids, &r);
	report.errnum = -r;
	if (write(confinement->report_fd, &report, sizeof(report)) != sizeof(report))
		return -1;
	close(confinement->report_fd);
	return report.step == LINK_STEP_NONE ? 0 : -1;
}
