/* SPDX-License-Identifier: MIT */
/* Cgroup layouts out of the text of mountinfo and cgroup: ordinary hosts, odd ones, nonsense. */
#include "../../runtime/plan/host_parts.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define ROOT "20 1 8:1 / / rw - ext4 /dev/sda rw\n21 20 0:5 / /sys rw - sysfs sysfs rw\n"
#define TOP  ROOT "22 21 0:6 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
#define V2   "30 21 0:7 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

/* "LAYOUT UNIFIED-MOUNT UNIFIED-OWN; CONTROLLERS MOUNT OWN; …" */
static const char *summary(const char *mountinfo, const char *own)
{
	static const char *const layouts[] = {"none", "v1", "hybrid", "v2"};
	static char text[1024];
	struct host host = {0};
	size_t used;

	host_parse_cgroup(&host, mountinfo, own);
	used = (size_t)snprintf(text, sizeof(text), "%s %s %s", layouts[host.cgroup_layout],
				host.unified.mount, host.unified.own);
	for (size_t i = 0; i < host.hierarchy_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "; %s %s %s",
					 host.hierarchies[i].controllers, host.hierarchies[i].mount,
					 host.hierarchies[i].own);
	arena_free(&host.arena);
	return text;
}

#define assert_layout(expected, mountinfo, own)                                                    \
	assert_string_equal(summary(mountinfo, own), expected)

static void ordinary_hosts(void **state)
{
	(void)state;
	assert_layout("v2 /sys/fs/cgroup /user.slice/a.scope", ROOT V2, "0::/user.slice/a.scope\n");
	assert_layout("hybrid /sys/fs/cgroup/unified /; cpu,cpuacct /sys/fs/cgroup/cpu,cpuacct /; "
		      "name=systemd /sys/fs/cgroup/systemd /init.scope",
		      TOP "31 22 0:8 / /sys/fs/cgroup/unified rw shared:3 - cgroup2 none rw\n"
			  "32 22 0:9 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup none rw,cpu,cpuacct\n"
			  "33 22 0:10 / /sys/fs/cgroup/systemd rw - cgroup none "
			  "rw,xattr,name=systemd\n",
		      "4:cpu,cpuacct:/\n1:name=systemd:/init.scope\n0::/\n");
	assert_layout("v1  /; pids /sys/fs/cgroup/pids /",
		      TOP "31 22 0:8 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
		      "1:pids:/\n");
	assert_layout("none  /", ROOT, "");
	assert_layout("none  /", ROOT, "0::/\n");
	assert_layout("none  /", "", "");
}

static void controllers_are_compared_whole(void **state)
{
	static const char mounts[] =
		TOP "31 22 0:8 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		    "32 22 0:9 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		    "33 22 0:10 / /c rw - cgroup cgroup rw,cpuacct\n";

	(void)state;
	assert_layout("v1  /; cpu /sys/fs/cgroup/cpu /", mounts, "1:cpu:/\n");
	/* Mounted together or not at all. */
	assert_layout("none  /", mounts, "1:cpu,cpuacct:/\n");
	assert_layout("v1  /; cpuacct /c /", mounts, "1:cpuacct:/\n7:memory:/x\n");
}

static void unusual_places(void **state)
{
	(void)state;
	assert_layout("v2 /my cgroups\\here /a b",
		      ROOT "30 20 0:7 / /my\\040cgroups\\134here rw - cgroup2 none rw\n",
		      "0::/a b\n");
	assert_layout("v2 /odd\\9 /", ROOT "30 20 0:7 / /odd\\9 rw - cgroup2 none rw\n", "0::/\n");
	/* Many optional fields; no source at all. */
	assert_layout("v2 /c /",
		      ROOT
		      "30 20 0:7 / /c rw shared:1 master:2 propagate_from:3 - cgroup2 none rw\n",
		      "0::/\n");
	assert_layout("v2 /c /", ROOT "30 20 0:7 / /c rw - cgroup2  rw\n", "0::/\n");
	assert_layout("v2 /cgroup /",
		      "1 1 0:1 / / rw - rootfs rootfs rw\n"
		      "30 1 0:7 / /cgroup rw - cgroup2 none rw\n",
		      "0::/\n");
}

static void mounts_of_a_part(void **state)
{
	static const char part[] = ROOT "30 20 0:7 /docker/abc /c rw - cgroup2 none rw\n";

	(void)state;
	assert_layout("v2 /c /", part, "0::/docker/abc\n");
	assert_layout("v2 /c /x/y", part, "0::/docker/abc/x/y\n");
	assert_layout("none  /", part, "0::/docker/abcd\n");
	assert_layout("none  /", part, "0::/\n");
	/* From outside the cgroup namespace. */
	assert_layout("none  /", ROOT "30 20 0:7 /.. /c rw - cgroup2 none rw\n", "0::/\n");
	/* The whole one is found behind the part. */
	assert_layout("v2 /d /other",
		      ROOT "30 20 0:7 /docker/abc /c rw - cgroup2 none rw\n"
			   "31 20 0:7 / /d rw - cgroup2 none rw\n",
		      "0::/other\n");
}

static void mounts_that_cannot_be_used(void **state)
{
	(void)state;
	assert_layout("none  /", ROOT "30 21 0:7 / /sys/fs/cgroup ro,nosuid - cgroup2 none rw\n",
		      "0::/\n");
	/* "ro" is an option, not a part of one. */
	assert_layout("v2 /c /", ROOT "30 20 0:7 / /c rw,relatime,group - cgroup2 none ro\n",
		      "0::/\n");
	/* Covered by a later mount on its path or above; not by one beside or below it. */
	assert_layout("none  /", ROOT V2 "31 21 0:9 / /sys/fs rw - tmpfs none rw\n", "0::/\n");
	assert_layout("none  /", ROOT V2 "31 30 0:9 / /sys/fs/cgroup rw - tmpfs none rw\n",
		      "0::/\n");
	assert_layout("v2 /sys/fs/cgroup /", ROOT V2 "31 21 0:9 / /sys/fs/cgrou rw - tmpfs n rw\n",
		      "0::/\n");
	assert_layout("v2 /sys/fs/cgroup /",
		      ROOT V2 "31 30 0:9 / /sys/fs/cgroup/a rw - tmpfs n rw\n", "0::/\n");
	/* Mounted over the cover. */
	assert_layout("v2 /sys/fs/cgroup /",
		      ROOT "29 21 0:9 / /sys/fs/cgroup rw - tmpfs none rw\n"
			   "30 29 0:7 / /sys/fs/cgroup rw - cgroup2 none rw\n",
		      "0::/\n");
}

static void a_removed_cgroup_is_no_place(void **state)
{
	(void)state;
	assert_layout("v2 /sys/fs/cgroup /", ROOT V2, "0::/gone (deleted)\n");
	assert_layout("v2 /sys/fs/cgroup /not (deleted)/x", ROOT V2, "0::/not (deleted)/x\n");
}

static void nonsense_is_passed_over(void **state)
{
	static const char *const lines[] = {
		"\n",
		"30\n",
		"30 21 0:7 / /c rw\n",
		"30 21 0:7 / /c rw -\n",
		"30 21 0:7 / /c rw - cgroup2\n",
		"30 21 0:7 / /c rw cgroup2 none rw\n",
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(text, sizeof(text), "%s%s%s", lines[i], ROOT, V2);
		assert_layout("v2 /sys/fs/cgroup /", text, "nonsense\n0:\n:\n0::/\n");
	}
	/* Parents in a circle. */
	assert_layout("none  /",
		      "1 2 0:1 / / rw - x x rw\n2 1 0:1 / /c rw - cgroup2 n rw\n"
		      "3 3 0:1 / /c rw - tmpfs n rw\n",
		      "0::/\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_hosts),
		cmocka_unit_test(controllers_are_compared_whole),
		cmocka_unit_test(unusual_places),
		cmocka_unit_test(mounts_of_a_part),
		cmocka_unit_test(mounts_that_cannot_be_used),
		cmocka_unit_test(a_removed_cgroup_is_no_place),
		cmocka_unit_test(nonsense_is_passed_over),
	};

	return cmocka_run_group_tests_name("host_cgroup", tests, NULL, NULL);
}
