/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * techniques.c - names of MITRE ATT&CK's techniques (Enterprise, version 16), those that process
 * creations and the events beside them can show, and for each the word that an answer of one line
 * has for it. ATT&CK is a trademark of The MITRE Corporation, which lets its names be used.
 */
#include "internal.h"

#include <string.h>

/* Sorted by id. The word says what was done as a person would; NULL: nothing that needs saying
 * beside the others. */
/* clang-format off */
static const st_technique techniques[] = {
    { "T1003", "OS Credential Dumping", "credential-access", "credentials dumped" },
    { "T1003.001", "LSASS Memory", "credential-access", "credentials dumped" },
    { "T1003.002", "Security Account Manager", "credential-access", "credentials dumped" },
    { "T1003.003", "NTDS", "credential-access", "credentials dumped" },
    { "T1003.004", "LSA Secrets", "credential-access", "credentials dumped" },
    { "T1003.005", "Cached Domain Credentials", "credential-access", "credentials dumped" },
    { "T1003.006", "DCSync", "credential-access", "credentials dumped" },
    { "T1005", "Data from Local System", "collection", "data collected" },
    { "T1007", "System Service Discovery", "discovery", "recon" },
    { "T1012", "Query Registry", "discovery", "recon" },
    { "T1016", "System Network Configuration Discovery", "discovery", "recon" },
    { "T1018", "Remote System Discovery", "discovery", "recon" },
    { "T1021", "Remote Services", "lateral-movement", "moved to other hosts" },
    { "T1021.001", "Remote Desktop Protocol", "lateral-movement", "moved to other hosts" },
    { "T1021.002", "SMB/Windows Admin Shares", "lateral-movement", "moved to other hosts" },
    { "T1021.003", "Distributed Component Object Model", "lateral-movement", "moved to other hosts" },
    { "T1021.004", "SSH", "lateral-movement", "moved to other hosts" },
    { "T1021.006", "Windows Remote Management", "lateral-movement", "moved to other hosts" },
    { "T1027", "Obfuscated Files or Information", "defense-evasion", "obfuscated commands" },
    { "T1027.004", "Compile After Delivery", "defense-evasion", "compiled on the host" },
    { "T1027.010", "Command Obfuscation", "defense-evasion", "encoded commands" },
    { "T1033", "System Owner/User Discovery", "discovery", "recon" },
    { "T1036", "Masquerading", "defense-evasion", "false names" },
    { "T1036.003", "Rename Legitimate Utilities", "defense-evasion", "false names" },
    { "T1036.005", "Match Legitimate Resource Name or Location", "defense-evasion", "false names" },
    { "T1037", "Boot or Logon Initialization Scripts", "persistence", "logon scripts" },
    { "T1040", "Network Sniffing", "credential-access", "network listened to" },
    { "T1041", "Exfiltration Over C2 Channel", "exfiltration", "data sent out" },
    { "T1046", "Network Service Discovery", "discovery", "network scanned" },
    { "T1047", "Windows Management Instrumentation", "execution", "WMI" },
    { "T1048", "Exfiltration Over Alternative Protocol", "exfiltration", "data sent out" },
    { "T1048.003", "Exfiltration Over Unencrypted Non-C2 Protocol", "exfiltration", "data sent out" },
    { "T1049", "System Network Connections Discovery", "discovery", "recon" },
    { "T1053", "Scheduled Task/Job", "persistence", "scheduled tasks" },
    { "T1053.002", "At", "persistence", "scheduled tasks" },
    { "T1053.003", "Cron", "persistence", "scheduled tasks" },
    { "T1053.005", "Scheduled Task", "persistence", "scheduled tasks" },
    { "T1055", "Process Injection", "privilege-escalation", "injection" },
    { "T1055.012", "Process Hollowing", "privilege-escalation", "injection" },
    { "T1057", "Process Discovery", "discovery", "recon" },
    { "T1059", "Command and Scripting Interpreter", "execution", "shells" },
    { "T1059.001", "PowerShell", "execution", "PowerShell" },
    { "T1059.003", "Windows Command Shell", "execution", "shells" },
    { "T1059.004", "Unix Shell", "execution", "shells" },
    { "T1059.005", "Visual Basic", "execution", "scripts" },
    { "T1059.006", "Python", "execution", "scripts" },
    { "T1059.007", "JavaScript", "execution", "scripts" },
    { "T1068", "Exploitation for Privilege Escalation", "privilege-escalation", "became SYSTEM" },
    { "T1069", "Permission Groups Discovery", "discovery", "recon" },
    { "T1069.001", "Local Groups", "discovery", "recon" },
    { "T1069.002", "Domain Groups", "discovery", "recon" },
    { "T1070", "Indicator Removal", "defense-evasion", "traces removed" },
    { "T1070.001", "Clear Windows Event Logs", "defense-evasion", "logs cleared" },
    { "T1070.003", "Clear Command History", "defense-evasion", "traces removed" },
    { "T1070.004", "File Deletion", "defense-evasion", "traces removed" },
    { "T1070.006", "Timestomp", "defense-evasion", "times forged" },
    { "T1071", "Application Layer Protocol", "command-and-control", NULL },
    { "T1071.001", "Web Protocols", "command-and-control", NULL },
    { "T1074", "Data Staged", "collection", "data collected" },
    { "T1078", "Valid Accounts", "initial-access", NULL },
    { "T1082", "System Information Discovery", "discovery", "recon" },
    { "T1083", "File and Directory Discovery", "discovery", "recon" },
    { "T1087", "Account Discovery", "discovery", "recon" },
    { "T1087.001", "Local Account", "discovery", "recon" },
    { "T1087.002", "Domain Account", "discovery", "recon" },
    { "T1090", "Proxy", "command-and-control", "tunnels" },
    { "T1090.001", "Internal Proxy", "command-and-control", "tunnels" },
    { "T1095", "Non-Application Layer Protocol", "command-and-control", "tunnels" },
    { "T1098", "Account Manipulation", "persistence", "accounts changed" },
    { "T1098.004", "SSH Authorized Keys", "persistence", "accounts changed" },
    { "T1105", "Ingress Tool Transfer", "command-and-control", "tools fetched" },
    { "T1106", "Native API", "execution", NULL },
    { "T1110", "Brute Force", "credential-access", "passwords guessed" },
    { "T1112", "Modify Registry", "defense-evasion", "registry changed" },
    { "T1113", "Screen Capture", "collection", "data collected" },
    { "T1114", "Email Collection", "collection", "mail collected" },
    { "T1115", "Clipboard Data", "collection", "data collected" },
    { "T1119", "Automated Collection", "collection", "data collected" },
    { "T1120", "Peripheral Device Discovery", "discovery", "recon" },
    { "T1124", "System Time Discovery", "discovery", "recon" },
    { "T1127", "Trusted Developer Utilities Proxy Execution", "defense-evasion", "signed tools misused" },
    { "T1127.001", "MSBuild", "defense-evasion", "signed tools misused" },
    { "T1132", "Data Encoding", "command-and-control", "encoded commands" },
    { "T1133", "External Remote Services", "initial-access", NULL },
    { "T1134", "Access Token Manipulation", "privilege-escalation", "became SYSTEM" },
    { "T1134.001", "Token Impersonation/Theft", "privilege-escalation", "became SYSTEM" },
    { "T1134.002", "Create Process with Token", "privilege-escalation", "became SYSTEM" },
    { "T1135", "Network Share Discovery", "discovery", "recon" },
    { "T1136", "Create Account", "persistence", "accounts made" },
    { "T1136.001", "Local Account", "persistence", "accounts made" },
    { "T1136.002", "Domain Account", "persistence", "accounts made" },
    { "T1137", "Office Application Startup", "persistence", "autostart" },
    { "T1140", "Deobfuscate/Decode Files or Information", "defense-evasion", "files decoded" },
    { "T1190", "Exploit Public-Facing Application", "initial-access", "server exploited" },
    { "T1197", "BITS Jobs", "defense-evasion", "tools fetched" },
    { "T1201", "Password Policy Discovery", "discovery", "recon" },
    { "T1202", "Indirect Command Execution", "defense-evasion", "signed tools misused" },
    { "T1203", "Exploitation for Client Execution", "execution", NULL },
    { "T1204", "User Execution", "execution", NULL },
    { "T1204.002", "Malicious File", "execution", NULL },
    { "T1210", "Exploitation of Remote Services", "lateral-movement", "moved to other hosts" },
    { "T1216", "System Script Proxy Execution", "defense-evasion", "signed tools misused" },
    { "T1217", "Browser Information Discovery", "discovery", "recon" },
    { "T1218", "System Binary Proxy Execution", "defense-evasion", "signed tools misused" },
    { "T1218.001", "Compiled HTML File", "defense-evasion", "signed tools misused" },
    { "T1218.003", "CMSTP", "defense-evasion", "signed tools misused" },
    { "T1218.004", "InstallUtil", "defense-evasion", "signed tools misused" },
    { "T1218.005", "Mshta", "defense-evasion", "signed tools misused" },
    { "T1218.007", "Msiexec", "defense-evasion", "signed tools misused" },
    { "T1218.008", "Odbcconf", "defense-evasion", "signed tools misused" },
    { "T1218.009", "Regsvcs/Regasm", "defense-evasion", "signed tools misused" },
    { "T1218.010", "Regsvr32", "defense-evasion", "signed tools misused" },
    { "T1218.011", "Rundll32", "defense-evasion", "signed tools misused" },
    { "T1219", "Remote Access Tools", "command-and-control", "remote access tools" },
    { "T1220", "XSL Script Processing", "defense-evasion", "signed tools misused" },
    { "T1222", "File and Directory Permissions Modification", "defense-evasion", "rights changed" },
    { "T1222.001", "Windows File and Directory Permissions Modification", "defense-evasion", "rights changed" },
    { "T1482", "Domain Trust Discovery", "discovery", "recon" },
    { "T1485", "Data Destruction", "impact", "data destroyed" },
    { "T1486", "Data Encrypted for Impact", "impact", "data encrypted" },
    { "T1489", "Service Stop", "impact", "services stopped" },
    { "T1490", "Inhibit System Recovery", "impact", "backups deleted" },
    { "T1496", "Resource Hijacking", "impact", NULL },
    { "T1505", "Server Software Component", "persistence", NULL },
    { "T1505.001", "SQL Stored Procedures", "persistence", NULL },
    { "T1505.003", "Web Shell", "persistence", NULL },
    { "T1505.004", "IIS Components", "persistence", "server modules" },
    { "T1518", "Software Discovery", "discovery", "recon" },
    { "T1518.001", "Security Software Discovery", "discovery", "recon" },
    { "T1529", "System Shutdown/Reboot", "impact", "shut down" },
    { "T1531", "Account Access Removal", "impact", "accounts changed" },
    { "T1543", "Create or Modify System Process", "persistence", "services" },
    { "T1543.003", "Windows Service", "persistence", "services" },
    { "T1546", "Event Triggered Execution", "persistence", "autostart" },
    { "T1546.003", "WMI Event Subscription", "persistence", "WMI subscriptions" },
    { "T1546.008", "Accessibility Features", "persistence", "autostart" },
    { "T1547", "Boot or Logon Autostart Execution", "persistence", "autostart" },
    { "T1547.001", "Registry Run Keys / Startup Folder", "persistence", "autostart" },
    { "T1548", "Abuse Elevation Control Mechanism", "privilege-escalation", "UAC bypassed" },
    { "T1548.002", "Bypass User Account Control", "privilege-escalation", "UAC bypassed" },
    { "T1548.003", "Sudo and Sudo Caching", "privilege-escalation", "sudo used" },
    { "T1550", "Use Alternate Authentication Material", "lateral-movement", "moved to other hosts" },
    { "T1550.002", "Pass the Hash", "lateral-movement", "moved to other hosts" },
    { "T1552", "Unsecured Credentials", "credential-access", "passwords read" },
    { "T1552.001", "Credentials In Files", "credential-access", "passwords read" },
    { "T1552.002", "Credentials in Registry", "credential-access", "passwords read" },
    { "T1552.004", "Private Keys", "credential-access", "keys read" },
    { "T1552.005", "Cloud Instance Metadata API", "credential-access", "cloud credentials read" },
    { "T1555", "Credentials from Password Stores", "credential-access", "passwords read" },
    { "T1555.004", "Windows Credential Manager", "credential-access", "passwords read" },
    { "T1557", "Adversary-in-the-Middle", "credential-access", "network listened to" },
    { "T1558", "Steal or Forge Kerberos Tickets", "credential-access", "tickets stolen" },
    { "T1558.003", "Kerberoasting", "credential-access", "tickets stolen" },
    { "T1559", "Inter-Process Communication", "execution", NULL },
    { "T1560", "Archive Collected Data", "collection", "data packed" },
    { "T1560.001", "Archive via Utility", "collection", "data packed" },
    { "T1562", "Impair Defenses", "defense-evasion", "defences turned off" },
    { "T1562.001", "Disable or Modify Tools", "defense-evasion", "defences turned off" },
    { "T1562.002", "Disable Windows Event Logging", "defense-evasion", "logging turned off" },
    { "T1562.004", "Disable or Modify System Firewall", "defense-evasion", "firewall changed" },
    { "T1564", "Hide Artifacts", "defense-evasion", "things hidden" },
    { "T1564.001", "Hidden Files and Directories", "defense-evasion", "things hidden" },
    { "T1564.003", "Hidden Window", "defense-evasion", "things hidden" },
    { "T1564.004", "NTFS File Attributes", "defense-evasion", "things hidden" },
    { "T1566", "Phishing", "initial-access", NULL },
    { "T1566.001", "Spearphishing Attachment", "initial-access", NULL },
    { "T1567", "Exfiltration Over Web Service", "exfiltration", "data sent out" },
    { "T1569", "System Services", "execution", "services" },
    { "T1569.002", "Service Execution", "execution", "services" },
    { "T1570", "Lateral Tool Transfer", "lateral-movement", "moved to other hosts" },
    { "T1571", "Non-Standard Port", "command-and-control", NULL },
    { "T1572", "Protocol Tunneling", "command-and-control", "tunnels" },
    { "T1574", "Hijack Execution Flow", "persistence", "libraries planted" },
    { "T1574.001", "DLL", "persistence", "libraries planted" },
    { "T1574.002", "DLL Side-Loading", "persistence", "libraries planted" },
    { "T1580", "Cloud Infrastructure Discovery", "discovery", "recon" },
    { "T1583", "Acquire Infrastructure", "resource-development", NULL },
    { "T1587", "Develop Capabilities", "resource-development", NULL },
    { "T1588", "Obtain Capabilities", "resource-development", NULL },
    { "T1613", "Container and Resource Discovery", "discovery", "recon" },
    { "T1614", "System Location Discovery", "discovery", "recon" },
    { "T1615", "Group Policy Discovery", "discovery", "recon" },
    { "T1620", "Reflective Code Loading", "defense-evasion", "injection" },
    { "T1654", "Log Enumeration", "discovery", "recon" },
};
/* clang-format on */

static const st_technique *find(st_str id)
{
    size_t low = 0, high = sizeof techniques / sizeof techniques[0];
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int d = st_str_cmp(st_str_of(techniques[mid].id), id);
        if (d == 0)
            return &techniques[mid];
        if (d < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const st_technique *st_technique_find(st_str id)
{
    const st_technique *t = find(id);
    const char *dot = t || !id.n ? NULL : memchr(id.p, '.', id.n);
    return dot ? find((st_str){ id.p, (size_t)(dot - id.p) }) : t;
}

void st_technique_put(st_buf *b, st_str id)
{
    const st_technique *t = find(id);
    st_buf_str(b, id);
    if (!t)
        return;
    st_str parent = id;
    st_str whole = id;
    const st_technique *up =
        st_str_cut(&whole, '.', &parent) && parent.n < id.n ? find(parent) : NULL;
    st_buf_char(b, ' ');
    if (up)
        st_buf_fmt(b, "%s: ", up->name);
    st_buf_str(b, st_str_of(t->name));
}
