/* SPDX-License-Identifier: MIT */
/* What a probed host can do: pure, so that tests can ask about hosts that exist on paper only. */
#include "doctor.h"

#include "../base/cleanup.h"
#include "../base/list.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

/* mount_setattr(2) and id-mapped mounts. */
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 12

static void judge_kernel(struct doctor *doctor, const struct host *host)
{
	bool enough = host->kernel_major > KERNEL_MAJOR ||
		      (host->kernel_major == KERNEL_MAJOR && host->kernel_minor >= KERNEL_MINOR);

	if (enough)
		doctor_fine(doctor, "kernel", "Linux %u.%u", host->kernel_major,
			    host->kernel_minor);
	else
		doctor_missing(doctor, "kernel", "it has no mount_setattr(2): nothing starts",
			       "take Linux 5.12 or newer");
}

/* What floe cannot do without whatever it starts. */
static void judge_privileges(struct doctor *doctor, const struct host *host)
{
	static const struct {
		unsigned int number;
		const char *name;
	} wanted[] = {
		{CAP_SYS_ADMIN, "SYS_ADMIN"},
		{CAP_NET_ADMIN, "NET_ADMIN"},
		{CAP_SETUID, "SETUID"},
		{CAP_SETGID, "SETGID"},
		{CAP_SETPCAP, "SETPCAP"},
		{CAP_CHOWN, "CHOWN"},
		{CAP_DAC_OVERRIDE, "DAC_OVERRIDE"},
		{CAP_SYS_CHROOT, "SYS_CHROOT"},
	};
	char text[256] = "";

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!(host->capabilities & UINT64_C(1) << wanted[i].number))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sCAP_%s",
				 text[0] ? ", " : "the caller lacks ", wanted[i].name);
	if (text[0])
		doctor_missing(doctor, "privileges", text, "run as root");
	else
		doctor_fine(doctor, "privileges", "all that are needed");
}

/* Features of the kernel that are there or not. */
struct feature {
	const char *name;
	bool has;
	bool needed; /* by a NixOS container */
	const char *without, *help;
};

static void judge_feature(struct doctor *doctor, const struct feature *feature)
{
	if (feature->has)
		doctor_fine(doctor, feature->name, "available");
	else if (feature->needed)
		doctor_missing(doctor, feature->name, feature->without, feature->help);
	else
		doctor_limited(doctor, feature->name, feature->without, feature->help);
}

static void judge_namespaces(struct doctor *doctor, const struct host *host)
{
	const struct feature features[] = {
		{"user-namespaces", host->has_user_namespace, false,
		 "root inside is root outside: only --private-users=no works",
		 "set user.max_user_namespaces above 0, or build the kernel with CONFIG_USER_NS"},
		{"ipc-namespaces", host->has_ipc_namespace, false,
		 "machines share System V IPC with the host", "CONFIG_IPC_NS"},
		{"network-namespaces", host->has_net_namespace, false,
		 "machines share the host's network", "CONFIG_NET_NS"},
		{"cgroup-namespaces", host->has_cgroup_namespace, false,
		 "machines see the host's cgroups", "CONFIG_CGROUPS"},
		{"time-namespaces", host->has_time_namespace, false, "--private-time does not work",
		 "CONFIG_TIME_NS"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		judge_feature(doctor, &features[i]);
}

static void judge_features(struct doctor *doctor, const struct host *host)
{
	const struct feature features[] = {
		{"cgroup2", host->has_cgroup2, true, "systemd inside does not boot",
		 "CONFIG_CGROUPS"},
		{"devpts", host->has_devpts, true, "machines have no consoles",
		 "CONFIG_UNIX98_PTYS"},
		{"seccomp", host->has_seccomp, false, "no system call filter holds machines in",
		 "CONFIG_SECCOMP_FILTER"},
		{"overlay", host->has_overlay, false,
		 "--ephemeral, --volatile=overlay, --overlay and --store=overlay do not work",
		 "CONFIG_OVERLAY_FS, \"modprobe overlay\""},
		{"mqueue", host->has_mqueue, false, "machines have no POSIX message queues",
		 "CONFIG_POSIX_MQUEUE"},
		{"fuse", host->has_fuse, false, "no FUSE file systems inside", "\"modprobe fuse\""},
		{"tun", host->has_tun, false, "no tunnels inside (VPN)", "\"modprobe tun\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		judge_feature(doctor, &features[i]);
}

/* ---- Cgroups ---- */

static const char *layout_name(enum host_cgroup_layout layout)
{
	static const char *const names[] = {
		[HOST_CGROUP_NONE] = "none",
		[HOST_CGROUP_V1] = "version 1",
		[HOST_CGROUP_HYBRID] = "version 1 with a version 2 tree",
		[HOST_CGROUP_V2] = "version 2",
	};

	return names[layout];
}

static bool has_controller(const struct host *host, const char *name)
{
	if (host->unified_controllers && list_has(host->unified_controllers, name, strlen(name)))
		return true;
	for (size_t i = 0; i < host->hierarchy_count; i++)
		if (list_has(host->hierarchies[i].controllers, name, strlen(name)))
			return true;
	return false;
}

static void judge_cgroups(struct doctor *doctor, const struct host *host)
{
	static const char *const wanted[] = {"pids", "memory", "cpu", "io"};
	char missing[64] = "", text[256];

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!has_controller(host, wanted[i]) &&
		    !(strcmp(wanted[i], "io") == 0 && has_controller(host, "blkio")))
			snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing),
				 " %s", wanted[i]);
	snprintf(text, sizeof(text), "%s; limits that cannot be set:%s",
		 layout_name(host->cgroup_layout), missing);
	if (missing[0])
		doctor_limited(doctor, "cgroups", text,
			       "mount a cgroup hierarchy with these controllers");
	else
		doctor_fine(doctor, "cgroups", "%s", layout_name(host->cgroup_layout));
	if (host->has_bpf_devices || has_controller(host, "devices"))
		doctor_fine(doctor, "device-policy", "%s",
			    host->has_bpf_devices ? "by a BPF program" : "by a devices cgroup");
	else
		doctor_limited(doctor, "device-policy",
			       "device nodes are kept from machines by nodev mounts alone",
			       "CONFIG_CGROUP_BPF");
}

/* ---- Users and network ---- */

static void judge_users(struct doctor *doctor, const struct host *host)
{
	/* As nspawn: 524288 to 1878982656, in steps of 65536. */
	const size_t ranges = (1878982656 - 524288) / 65536;

	if (host->uid_taken_count >= ranges)
		doctor_limited(doctor, "user-ranges",
			       "all ranges are given away in /etc/subuid or to machines",
			       "name one with --private-users=");
	else
		doctor_fine(doctor, "user-ranges", "%zu of %zu are in use", host->uid_taken_count,
			    ranges);
}

static void judge_forwarding(struct doctor *doctor, const struct host_net *net)
{
	if (net->firewall)
		doctor_limited(doctor, "forwarding", net->firewall, net->firewall_help);
	else
		doctor_fine(doctor, "forwarding", "%s",
			    net->forwards[0] ? "on for all links"
					     : "switched on for the links of machines");
	if (net->dns_is_local)
		doctor_fine(doctor, "names",
			    "the host's resolver listens on its loopback; machines ask it "
			    "through their link");
}

static void judge_network(struct doctor *doctor, const struct host *host)
{
	const struct host_net *net = &host->net;
	const struct feature features[] = {
		{"nftables", net->has_nftables, false,
		 "machines do not get out by masquerade, and ports are not published",
		 "CONFIG_NF_TABLES, \"modprobe nf_tables\""},
		{"ipv6", net->has_ipv6, false, "machines have IPv4 only", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		judge_feature(doctor, &features[i]);
	judge_forwarding(doctor, net);
	doctor_fine(doctor, "networkd", "%s",
		    net->networkd ? "runs, and looks after the links of machines"
				  : "does not run; floe looks after the links of machines");
}

void doctor_judge_host(struct doctor *doctor, const struct host *host)
{
	judge_kernel(doctor, host);
	judge_privileges(doctor, host);
	judge_namespaces(doctor, host);
	judge_features(doctor, host);
	judge_cgroups(doctor, host);
	judge_users(doctor, host);
	if (host->has_net_namespace)
		judge_network(doctor, host);
}
