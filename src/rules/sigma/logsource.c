/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logsource.c - product, category and service, as events.
 *
 * The table follows the taxonomy appendix of the Sigma specification and, for the channels of
 * Windows' own logs, the list that the public converters share. A rule whose source isn't here is
 * sound and has nothing to run over.
 */
#include "rules/sigma/sigma.h"

#include <string.h>

#define SYSMON "Microsoft-Windows-Sysmon"
#define SYSMON_LINUX "Linux-Sysmon"
#define POWERSHELL "Microsoft-Windows-PowerShell/Operational|PowerShellCore/Operational"
#define MS "Microsoft-Windows-"

/* A category of Sysmon's on Windows; a service of Windows, by its channels. */
#define EVENTS(category, ...)                    \
    {                                            \
        "windows", category, NULL, SYSMON, NULL, \
        {                                        \
            __VA_ARGS__                          \
        }                                        \
    }
#define SERVICE(service, channels)                \
    {                                             \
        "windows", NULL, service, NULL, channels, \
        {                                         \
            0                                     \
        }                                         \
    }
#define POWERSHELL_EVENT(category, channels, id)   \
    {                                              \
        "windows", category, NULL, NULL, channels, \
        {                                          \
            id                                     \
        }                                          \
    }

static const st_sigma_source sources[] = {
    EVENTS("process_creation", 1),
    EVENTS("file_change", 2),
    EVENTS("network_connection", 3),
    EVENTS("sysmon_status", 4, 16),
    EVENTS("process_termination", 5),
    EVENTS("driver_load", 6),
    EVENTS("image_load", 7),
    EVENTS("create_remote_thread", 8),
    EVENTS("raw_access_thread", 9),
    EVENTS("raw_access_read", 9),
    EVENTS("process_access", 10),
    EVENTS("file_event", 11),
    EVENTS("registry_add", 12),
    EVENTS("registry_delete", 12),
    EVENTS("registry_set", 13),
    EVENTS("registry_rename", 14),
    EVENTS("registry_event", 12, 13, 14),
    EVENTS("create_stream_hash", 15),
    EVENTS("pipe_created", 17, 18),
    EVENTS("wmi_event", 19, 20, 21),
    EVENTS("dns_query", 22),
    EVENTS("file_delete", 23),
    EVENTS("clipboard_capture", 24),
    EVENTS("clipboard_change", 24),
    EVENTS("process_tampering", 25),
    EVENTS("file_delete_detected", 26),
    EVENTS("file_block_executable", 27),
    EVENTS("file_block_shredding", 28),
    EVENTS("file_executable_detected", 29),
    EVENTS("sysmon_error", 255),
    { "windows", NULL, "sysmon", SYSMON, NULL, { 0 } },
    { "linux", "process_creation", NULL, SYSMON_LINUX, NULL, { 1 } },
    { "linux", "network_connection", NULL, SYSMON_LINUX, NULL, { 3 } },
    { "linux", "process_termination", NULL, SYSMON_LINUX, NULL, { 5 } },
    { "linux", "raw_access_thread", NULL, SYSMON_LINUX, NULL, { 9 } },
    { "linux", "file_event", NULL, SYSMON_LINUX, NULL, { 11 } },
    { "linux", "file_create", NULL, SYSMON_LINUX, NULL, { 11 } },
    { "linux", "file_delete", NULL, SYSMON_LINUX, NULL, { 23 } },
    { "linux", NULL, "sysmon", SYSMON_LINUX, NULL, { 0 } },

    POWERSHELL_EVENT("ps_module", POWERSHELL, 4103),
    POWERSHELL_EVENT("ps_script", POWERSHELL, 4104),
    POWERSHELL_EVENT("ps_classic_start", "Windows PowerShell", 400),
    POWERSHELL_EVENT("ps_classic_provider_start", "Windows PowerShell", 600),
    POWERSHELL_EVENT("ps_classic_script", "Windows PowerShell", 800),

    SERVICE("application", "Application"),
    SERVICE("security", "Security"),
    SERVICE("system", "System"),
    SERVICE("powershell", POWERSHELL),
    SERVICE("powershell-classic", "Windows PowerShell"),
    SERVICE("applocker",
            MS "AppLocker/MSI and Script|" MS "AppLocker/EXE and DLL|" MS
               "AppLocker/Packaged app-Deployment|" MS "AppLocker/Packaged app-Execution"),
    SERVICE("appmodel-runtime", MS "AppModel-Runtime/Admin"),
    SERVICE("appxdeployment-server", MS "AppXDeploymentServer/Operational"),
    SERVICE("appxpackaging-om", MS "AppxPackaging/Operational"),
    SERVICE("bitlocker", MS "BitLocker/BitLocker Management"),
    SERVICE("bits-client", MS "Bits-Client/Operational"),
    SERVICE("capi2", MS "CAPI2/Operational"),
    SERVICE("certificateservicesclient-lifecycle-system",
            MS "CertificateServicesClient-Lifecycle-System/Operational"),
    SERVICE("codeintegrity-operational", MS "CodeIntegrity/Operational"),
    SERVICE("dhcp", MS "DHCP-Server/Operational"),
    SERVICE("diagnosis-scripted", MS "Diagnosis-Scripted/Operational"),
    SERVICE("dns-client", MS "DNS Client Events/Operational|" MS "DNS-Client/Operational"),
    SERVICE("dns-server", "DNS Server"),
    SERVICE("dns-server-analytic", MS "DNS-Server/Analytical"),
    SERVICE("dns-server-audit", MS "DNS-Server/Audit"),
    SERVICE("driver-framework", MS "DriverFrameworks-UserMode/Operational"),
    SERVICE("firewall-as", MS "Windows Firewall With Advanced Security/Firewall"),
    SERVICE("hyper-v-worker", MS "Hyper-V-Worker-Admin|" MS "Hyper-V-Worker"),
    SERVICE("iis-configuration", "Microsoft-IIS-Configuration/Operational"),
    SERVICE("kernel-event-tracing", MS "Kernel-EventTracing/Admin|" MS "Kernel-EventTracing"),
    SERVICE("kernel-shimengine",
            MS "Kernel-ShimEngine/Operational|" MS "Kernel-ShimEngine/Diagnostic"),
    SERVICE("ldap", MS "LDAP-Client/Debug"),
    SERVICE("ldap_debug", MS "LDAP-Client/Debug"),
    SERVICE("lsa-server", MS "LSA/Operational"),
    SERVICE("microsoft-servicebus-client", "Microsoft-ServiceBus-Client"),
    SERVICE("servicebus-client", "Microsoft-ServiceBus-Client"),
    SERVICE("msexchange-management", "MSExchange Management"),
    SERVICE("ntfs", MS "Ntfs/Operational"),
    SERVICE("ntlm", MS "NTLM/Operational"),
    SERVICE("openssh", "OpenSSH/Operational"),
    SERVICE("printservice-admin", MS "PrintService/Admin"),
    SERVICE("printservice-operational", MS "PrintService/Operational"),
    SERVICE("security-mitigations",
            MS "Security-Mitigations/Kernel Mode|" MS "Security-Mitigations/User Mode|" MS
               "Security-Mitigations/KernelMode|" MS "Security-Mitigations/UserMode"),
    SERVICE("sense", MS "SENSE/Operational"),
    SERVICE("shell-core", MS "Shell-Core/Operational"),
    SERVICE("smbclient-connectivity", MS "SmbClient/Connectivity|" MS "SMBClient/Connectivity"),
    SERVICE("smbclient-security", MS "SmbClient/Security|" MS "SMBClient/Security"),
    SERVICE("smbserver-connectivity", MS "SmbServer/Connectivity|" MS "SMBServer/Connectivity"),
    SERVICE("taskscheduler", MS "TaskScheduler/Operational"),
    SERVICE("terminalservices-localsessionmanager",
            MS "TerminalServices-LocalSessionManager/Operational"),
    SERVICE("vhdmp", MS "VHDMP-Operational|" MS "VHDMP/Operational"),
    SERVICE("windefend", MS "Windows Defender/Operational"),
    SERVICE("wmi", MS "WMI-Activity/Operational"),
};

static bool agrees(st_str said, const char *row)
{
    return !said.n ||
           (row && (said.p[0] | 0x20) == (row[0] | 0x20) && st_str_ieq(said, st_str_of(row)));
}

/* What a source that isn't here asks for: "the category webserver", "the product macos". */
static st_str needed(st_arena *a, st_str product, st_str category, st_str service)
{
    st_buf b = { 0 };
    st_buf_str(&b, ST_STR("events of the"));
    const struct {
        const char *what;
        st_str value;
    } parts[] = { { "category", category }, { "service", service }, { "product", product } };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.n)
            st_buf_fmt(&b, " %s %.*s,", parts[i].what, ST_FMT(parts[i].value));
    if (b.n && b.p[b.n - 1] == ',')
        b.n--;
    st_str out = { 0 };
    if (!b.failed)
        out = st_arena_copy(a, st_buf_slice(&b));
    st_buf_free(&b);
    return out;
}

void st_sigma_find_source(st_arena *a, st_str product, st_str category, st_str service,
                          st_sigma_logsource *out)
{
    *out = (st_sigma_logsource){ 0 };
    /* The service beside one of Sysmon's categories says once more that it is Sysmon's. */
    if (category.n && st_str_ieq(service, ST_STR("sysmon")))
        service.n = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const st_sigma_source *s = &sources[i];
        bool said = category.n ? agrees(category, s->category) && agrees(service, s->service)
                               : service.n && !s->category && agrees(service, s->service);
        if (said && agrees(product, s->product) && out->n < ST_SIGMA_SOURCES)
            out->of[out->n++] = s;
    }
    if (out->n)
        return;
    out->why = category.n || service.n || product.n
                   ? needed(a, product, category, service)
                   : st_arena_copy(a, ST_STR("a category or a service in logsource"));
}
