// SPDX-License-Identifier: Apache-2.0
/*
 * The structures that Go decodes the documents into, as their sources declare them: runtime-spec
 * 1.3 (specs-go/config.go), checkpointctl (lib/metadata.go), CRI-O 1.36
 * (internal/lib/checkpoint.go, internal/oci/container.go), the CRI (cri-api, runtime/v1),
 * podman 2.0 to 6.0 (libpod/container_config.go and what it names). A name that a later version
 * adds is not looked into until it is here.
 */
#include "checkpoint/shape.h"

#include <stddef.h>

/* The specification of the OCI runtime. */

static const struct shape id_mapping = {"containerID hostID size", {{0}}};
static const struct shape mount = {
    "destination type source options",
    {{"uidMappings", SHAPE_LIST, &id_mapping}, {"gidMappings", SHAPE_LIST, &id_mapping}},
};
static const struct shape root = {"path readonly", {{0}}};
static const struct shape hook = {"path args env timeout", {{0}}};
static const struct shape hooks = {
    "",
    {
        {"prestart", SHAPE_LIST, &hook},
        {"createRuntime", SHAPE_LIST, &hook},
        {"createContainer", SHAPE_LIST, &hook},
        {"startContainer", SHAPE_LIST, &hook},
        {"poststart", SHAPE_LIST, &hook},
        {"poststop", SHAPE_LIST, &hook},
    },
};

static const struct shape box = {"height width", {{0}}};
static const struct shape user = {"uid gid umask additionalGids username", {{0}}};
static const struct shape capabilities = {"bounding effective inheritable permitted ambient",
                                          {{0}}};
static const struct shape rlimit = {"type hard soft", {{0}}};
static const struct shape scheduler = {"policy nice priority flags runtime deadline period", {{0}}};
static const struct shape io_priority = {"class priority", {{0}}};
static const struct shape affinity = {"initial final", {{0}}};
static const struct shape process = {
    "terminal args commandLine env cwd noNewPrivileges apparmorProfile oomScoreAdj selinuxLabel",
    {
        {"consoleSize", SHAPE_STRUCT, &box},
        {"user", SHAPE_STRUCT, &user},
        {"capabilities", SHAPE_STRUCT, &capabilities},
        {"rlimits", SHAPE_LIST, &rlimit},
        {"scheduler", SHAPE_STRUCT, &scheduler},
        {"ioPriority", SHAPE_STRUCT, &io_priority},
        {"execCPUAffinity", SHAPE_STRUCT, &affinity},
    },
};

static const struct shape device_rule = {"allow type major minor access", {{0}}};
static const struct shape memory = {
    "limit reservation swap kernel kernelTCP swappiness disableOOMKiller useHierarchy "
    "checkBeforeUpdate",
    {{0}},
};
static const struct shape cpu = {
    "shares quota burst period realtimeRuntime realtimePeriod cpus mems idle",
    {{0}},
};
static const struct shape pids = {"limit", {{0}}};
static const struct shape weight_device = {"major minor weight leafWeight", {{0}}};
static const struct shape throttle_device = {"major minor rate", {{0}}};
static const struct shape block_io = {
    "weight leafWeight",
    {
        {"weightDevice", SHAPE_LIST, &weight_device},
        {"throttleReadBpsDevice", SHAPE_LIST, &throttle_device},
        {"throttleWriteBpsDevice", SHAPE_LIST, &throttle_device},
        {"throttleReadIOPSDevice", SHAPE_LIST, &throttle_device},
        {"throttleWriteIOPSDevice", SHAPE_LIST, &throttle_device},
    },
};
static const struct shape hugepage_limit = {"pageSize limit", {{0}}};
static const struct shape interface_priority = {"name priority", {{0}}};
static const struct shape network_class = {
    "classID",
    {{"priorities", SHAPE_LIST, &interface_priority}},
};
static const struct shape rdma = {"hcaHandles hcaObjects", {{0}}};
static const struct shape resources = {
    "",
    {
        {"devices", SHAPE_LIST, &device_rule},
        {"memory", SHAPE_STRUCT, &memory},
        {"cpu", SHAPE_STRUCT, &cpu},
        {"pids", SHAPE_STRUCT, &pids},
        {"blockIO", SHAPE_STRUCT, &block_io},
        {"hugepageLimits", SHAPE_LIST, &hugepage_limit},
        {"network", SHAPE_STRUCT, &network_class},
        {"rdma", SHAPE_MAP, &rdma},
        {"unified", SHAPE_MAP, NULL},
    },
};

static const struct shape namespace = {"type path", {{0}}};
static const struct shape device = {"path type major minor fileMode uid gid", {{0}}};
static const struct shape net_device = {"name", {{0}}};
static const struct shape syscall_argument = {"index value valueTwo op", {{0}}};
static const struct shape syscalls = {
    "names action errnoRet",
    {{"args", SHAPE_LIST, &syscall_argument}},
};
static const struct shape seccomp = {
    "defaultAction defaultErrnoRet architectures flags listenerPath listenerMetadata",
    {{"syscalls", SHAPE_LIST, &syscalls}},
};
static const struct shape intel_rdt = {
    "closID schemata l3CacheSchema memBwSchema enableMonitoring enableCMT enableMBM",
    {{0}},
};
static const struct shape memory_policy = {"mode nodes flags", {{0}}};
static const struct shape personality = {"domain flags", {{0}}};
static const struct shape time_offset = {"secs nanosecs", {{0}}};
static const struct shape linux_part = {
    "cgroupsPath rootfsPropagation maskedPaths readonlyPaths mountLabel",
    {
        {"uidMappings", SHAPE_LIST, &id_mapping},
        {"gidMappings", SHAPE_LIST, &id_mapping},
        {"sysctl", SHAPE_MAP, NULL},
        {"resources", SHAPE_STRUCT, &resources},
        {"namespaces", SHAPE_LIST, &namespace},
        {"devices", SHAPE_LIST, &device},
        {"netDevices", SHAPE_MAP, &net_device},
        {"seccomp", SHAPE_STRUCT, &seccomp},
        {"intelRdt", SHAPE_STRUCT, &intel_rdt},
        {"memoryPolicy", SHAPE_STRUCT, &memory_policy},
        {"personality", SHAPE_STRUCT, &personality},
        {"timeOffsets", SHAPE_MAP, &time_offset},
    },
};

static const struct shape hypervisor = {"path parameters", {{0}}};
static const struct shape kernel = {"path parameters initrd", {{0}}};
static const struct shape vm_image = {"path format", {{0}}};
static const struct shape io_memory = {"firstGFN firstMFN nrMFNs", {{0}}};
static const struct shape hardware = {
    "deviceTree vcpus memory dtdevs irqs",
    {{"iomems", SHAPE_LIST, &io_memory}},
};
static const struct shape vm = {
    "",
    {
        {"hypervisor", SHAPE_STRUCT, &hypervisor},
        {"kernel", SHAPE_STRUCT, &kernel},
        {"image", SHAPE_STRUCT, &vm_image},
        {"hwconfig", SHAPE_STRUCT, &hardware},
    },
};
/* A system that CRIU does not run on. */
static const struct shape other_system = {"", {{0}}};

const struct shape shape_spec = {
    "ociVersion hostname domainname",
    {
        {"process", SHAPE_STRUCT, &process},
        {"root", SHAPE_STRUCT, &root},
        {"mounts", SHAPE_LIST, &mount},
        {"hooks", SHAPE_STRUCT, &hooks},
        {"annotations", SHAPE_MAP, NULL},
        {"linux", SHAPE_STRUCT, &linux_part},
        {"vm", SHAPE_STRUCT, &vm},
        {"solaris", SHAPE_STRUCT, &other_system},
        {"windows", SHAPE_STRUCT, &other_system},
        {"zos", SHAPE_STRUCT, &other_system},
        {"freebsd", SHAPE_STRUCT, &other_system},
    },
};

/* CRI-O's, containerd's and podman's config.dump. The first two write what podman has, too, but for
 * the line that comes first. */

static const struct shape podman_id_map = {"container_id host_id size", {{0}}};
static const struct shape auto_user_namespace = {
    "Size InitialSize PasswdFile GroupFile",
    {
        {"AdditionalUIDMappings", SHAPE_LIST, &podman_id_map},
        {"AdditionalGIDMappings", SHAPE_LIST, &podman_id_map},
    },
};
static const struct shape id_mappings = {
    "HostUIDMapping HostGIDMapping AutoUserNs",
    {
        {"UIDMap", SHAPE_LIST, &podman_id_map},
        {"GIDMap", SHAPE_LIST, &podman_id_map},
        {"AutoUserNsOpts", SHAPE_STRUCT, &auto_user_namespace},
    },
};
static const struct shape named_volume = {
    "volumeName dest options setAnonymous SubPath noCreate",
    {{0}},
};
static const struct shape overlay_volume = {"dest source options", {{0}}};
static const struct shape image_volume = {"source dest rw subPath", {{0}}};
static const struct shape artifact_volume = {"source dest title digest name", {{0}}};
static const struct shape secret = {
    "name id createdAt updatedAt driver UID GID Mode Target",
    {
        {"labels", SHAPE_MAP, NULL},
        {"metadata", SHAPE_MAP, NULL},
        {"driverOptions", SHAPE_MAP, NULL},
    },
};
static const struct shape port = {"host_ip container_port host_port range protocol", {{0}}};
static const struct shape old_port = {"hostPort containerPort protocol hostIP", {{0}}};
static const struct shape network_options = {
    "name static_ips aliases static_mac interface_name",
    {{"options", SHAPE_MAP, NULL}},
};
static const struct shape health_check = {
    "Test StartPeriod StartInterval Interval Timeout Retries Successes",
    {{0}},
};

const struct shape shape_config = {
    "rootfsImage rootfsImageRef checkpointedTime restoredTime restored "
    "id name pod namespace lockID CreateCommand RawImageName rawImageName Dependencies "
    "rootfsImageID rootfsImageName rootfs rootfs_overlay rootfs_mapping ShmDir NOShmShare NoShm "
    "shmSize shmSizeSystemd staticDir mounts createWorkingDir secretsPath volatile passwd "
    "chroot_directories privileged ProcessLabel MountLabel labelopts user groups HostUsers "
    "addCurrentUserPasswdEntry label_nested ipcNsCtr mountNsCtr netNsCtr pidNsCtr userNsCtr "
    "utsNsCtr cgroupNsCtr createNetNS UseImageResolvConf dnsServer dnsSearch dnsOption "
    "useImageHostname UseImageHosts baseHostsFile hostsAdd networks networkMode staticIP staticMAC "
    "network_alises userVolumes entrypoint command stdin stopSignal stopTimeout timeout "
    "createdTime cgroupManager noCgroups cgroupsMode cgroupParent group_entry "
    "kubeExitCodePropagation logPath logTag logSize logDriver conmonPidFile restart_policy "
    "restart_retries postConfigureNetNS runtime ociRuntime exitCommand pause defaultPause "
    "isService sdnotifyMode sdnotifySocket systemd healthcheck_on_failure_action "
    "healthLogDestination healthMaxLogCount healthMaxLogSize preserveFds preserveFd timezone umask "
    "pid_file cdiDevices gpus init_container_type passwd_entry mountAllDevices readWriteTmpfs "
    /* Maps of data. */
    "storageOpts exposedPorts network_options labels logLabels",
    {
        {"spec", SHAPE_STRUCT, &shape_spec},
        {"idMappingsOptions", SHAPE_STRUCT, &id_mappings},
        {"namedVolumes", SHAPE_LIST, &named_volume},
        {"overlayVolumes", SHAPE_LIST, &overlay_volume},
        {"ctrImageVolumes", SHAPE_LIST, &image_volume},
        {"artifactVolumes", SHAPE_LIST, &artifact_volume},
        {"secrets", SHAPE_LIST, &secret},
        {"newPortMappings", SHAPE_LIST, &port},
        {"portMappings", SHAPE_LIST, &old_port},
        {"orderedNetworks", SHAPE_LIST, &network_options},
        {"newNetworks", SHAPE_MAP, &network_options},
        {"healthcheck", SHAPE_STRUCT, &health_check},
        {"startupHealthCheck", SHAPE_STRUCT, &health_check},
        {"device_host_src", SHAPE_LIST, &device},
        {"secret_env", SHAPE_MAP, &secret},
    },
};

/* podman's network.status. */

static const struct shape address = {"ipnet gateway", {{0}}};
static const struct shape interface = {
    "mac_address",
    {{"subnets", SHAPE_LIST, &address}},
};
const struct shape shape_network = {
    "dns_server_ips dns_search_domains",
    {{"interfaces", SHAPE_MAP, &interface}},
};

/* ContainerStatus of the CRI, and what CRI-O writes beside spec.dump. */

const struct shape shape_metadata = {"name attempt", {{0}}};
static const struct shape image_spec = {
    "image user_specified_image runtime_handler image_ref",
    {{"annotations", SHAPE_MAP, NULL}},
};
static const struct shape cri_id_mapping = {"host_id container_id length", {{0}}};
const struct shape shape_volume = {
    "container_path host_path readonly selinux_relabel propagation recursive_read_only "
    "image_sub_path",
    {
        {"uidMappings", SHAPE_LIST, &cri_id_mapping},
        {"gidMappings", SHAPE_LIST, &cri_id_mapping},
        {"image", SHAPE_STRUCT, &image_spec},
    },
};
static const struct shape cri_hugepage_limit = {"page_size limit", {{0}}};
static const struct shape cri_linux_resources = {
    "cpu_period cpu_quota cpu_shares memory_limit_in_bytes oom_score_adj cpuset_cpus cpuset_mems "
    "memory_swap_limit_in_bytes",
    {
        {"hugepage_limits", SHAPE_LIST, &cri_hugepage_limit},
        {"unified", SHAPE_MAP, NULL},
    },
};
static const struct shape cri_resources = {
    "windows",
    {{"linux", SHAPE_STRUCT, &cri_linux_resources}},
};
static const struct shape cri_linux_user = {"uid gid supplemental_groups", {{0}}};
static const struct shape cri_user = {"", {{"linux", SHAPE_STRUCT, &cri_linux_user}}};
const struct shape shape_status = {
    "id state created_at started_at finished_at exit_code image_ref reason message log_path "
    "image_id stop_signal",
    {
        {"metadata", SHAPE_STRUCT, &shape_metadata},
        {"image", SHAPE_STRUCT, &image_spec},
        {"labels", SHAPE_MAP, NULL},
        {"annotations", SHAPE_MAP, NULL},
        {"mounts", SHAPE_LIST, &shape_volume},
        {"resources", SHAPE_STRUCT, &cri_resources},
        {"user", SHAPE_STRUCT, &cri_user},
    },
};

const struct shape shape_bind_mount = {"source destination file_type permissions", {{0}}};
