/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows.c - Windows' own providers: their events, the texts that each keeps, and what rows they
 * are of which tables. ActionTypes are Defender's where it has one for the same thing:
 * LogonSuccess, LogonFailed, LogonAttempted, ServiceInstalled, ScheduledTask..., PowerShellCommand,
 * AntivirusDetection, SecurityLogCleared; the others are ours.
 *
 * That a log was cleared: 1102 says so of Security, 104 of any other; both have their fields below
 * UserData, as those of remote desktops have.
 */
#include "events/store.h"

#define T(name) ST_T_##name
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
/* The three tables NAME_kinds, NAME_rows and NAME_extras. */
#define TABLES(of)                                                                              \
    .kinds = of##_kinds, .rows = of##_rows, .extras = of##_extras, .nkinds = COUNT(of##_kinds), \
    .nrows = COUNT(of##_rows), .nextras = COUNT(of##_extras)
#define ALWAYS ST_T_NONE, NULL
#define TEXT(id, name, text)                      \
    {                                             \
        id, name, ST_T_##text, ST_FORM_TEXT, NULL \
    }
#define NUMBER(id, name, text)                      \
    {                                               \
        id, name, ST_T_##text, ST_FORM_NUMBER, NULL \
    }

#define SUBJECT T(subject_user), T(subject_domain), T(subject_logon)

/* the log service */

static const st_event_kind log_kinds[] = {
    { { ST_EVENTLOG, 104 },
      "log",
      "cleared: % by %",
      { T(cleared_log), T(subject_user) },
      0,
      { T(subject_user), T(subject_domain), T(cleared_log), T(backup_path) },
      ST_TIE_TIME },
    { { ST_EVENTLOG, 1102 },
      "log",
      "cleared: Security by %",
      { T(subject_user) },
      0,
      { T(subject_user), T(subject_domain) },
      ST_TIE_TIME },
};
static const st_event_rows log_rows[] = {
    { 104, "DeviceEvents", "EventLogCleared", ALWAYS },
    { 1102, "DeviceEvents", "SecurityLogCleared", ALWAYS },
};
static const st_extra log_extras[] = {
    TEXT(104, "Channel", cleared_log),
    TEXT(104, "BackupPath", backup_path),
    TEXT(0, "SubjectUserName", subject_user),
    TEXT(0, "SubjectDomainName", subject_domain),
};
const st_provider st_eventlog = {
    .name = "Microsoft-Windows-Eventlog",
    .shown = "Eventlog ",
    .guid = { { 0xd8, 0xdd, 0x65, 0xfc, 0xef, 0xd6, 0x62, 0x49, 0x83, 0xd5, 0x6e, 0x5c, 0xfe, 0x9c,
                0xe1, 0x48 } },
    TABLES(log),
};

/* The same service as it writes to the log System, where it has no manifest. */
const st_provider st_system_log = { .name = "EventLog", .shown = "System " };

/* Security: its creations and ends of processes aren't here (audit.c) */

#define ACCOUNT T(account_name), T(account_domain), T(account_sid)
#define HOW T(logon_type), T(logon_process), T(package), T(workstation), T(image)
#define FROM T(ip_address), T(ip_port)
#define LOGON(form, ...) "logon", form, { __VA_ARGS__ }, 0
#define TASK(id, verb)                                                 \
    {                                                                  \
        { ST_SECURITY, id }, "task", verb ": %", { T(task_name) }, 0,  \
            { SUBJECT, T(task_name), T(task_content) }, ST_TIE_SESSION \
    }

static const st_event_kind security_kinds[] = {
    { { ST_SECURITY, 4624 },
      LOGON("% type % from %", T(account_name), T(logon_type), T(ip_address)),
      { SUBJECT, ACCOUNT, T(logon_session), HOW, FROM, T(elevated) },
      ST_TIE_SESSION },
    { { ST_SECURITY, 4625 },
      LOGON("failed: % type % from %", T(account_name), T(logon_type), T(ip_address)),
      { SUBJECT, ACCOUNT, HOW, FROM, T(status), T(sub_status), T(failure) },
      ST_TIE_SESSION },
    { { ST_SECURITY, 4634 },
      LOGON("logoff: % type %", T(account_name), T(logon_type)),
      { ACCOUNT, T(logon_session), T(logon_type) },
      ST_TIE_SESSION },
    { { ST_SECURITY, 4648 },
      LOGON("as % to % by %", T(account_name), T(target_server), T(image)),
      { SUBJECT, T(account_name), T(account_domain), T(target_server), T(image), FROM },
      ST_TIE_SESSION },
    { { ST_SECURITY, 4697 },
      "service",
      "% = %",
      { T(service_name), T(service_file) },
      T(service_file),
      { SUBJECT, T(service_name), T(service_file), T(service_type), T(start_type),
        T(service_account) },
      ST_TIE_SESSION },
    TASK(4698, "created"),
    TASK(4699, "deleted"),
    TASK(4700, "enabled"),
    TASK(4701, "disabled"),
    TASK(4702, "updated"),
};
static const st_event_rows security_rows[] = {
    { 4624, "DeviceLogonEvents", "LogonSuccess", ALWAYS },
    { 4625, "DeviceLogonEvents", "LogonFailed", ALWAYS },
    { 4634, "DeviceLogonEvents", "Logoff", ALWAYS },
    { 4648, "DeviceLogonEvents", "LogonAttempted", ALWAYS },
    { 4697, "DeviceEvents", "ServiceInstalled", ALWAYS },
    { 4698, "DeviceEvents", "ScheduledTaskCreated", ALWAYS },
    { 4699, "DeviceEvents", "ScheduledTaskDeleted", ALWAYS },
    { 4700, "DeviceEvents", "ScheduledTaskEnabled", ALWAYS },
    { 4701, "DeviceEvents", "ScheduledTaskDisabled", ALWAYS },
    { 4702, "DeviceEvents", "ScheduledTaskUpdated", ALWAYS },
};
static const st_extra security_extras[] = {
    TEXT(0, "LogonProcessName", logon_process),
    TEXT(0, "Status", status),
    TEXT(0, "SubStatus", sub_status),
    TEXT(0, "ElevatedToken", elevated),
    TEXT(4648, "TargetServerName", target_server),
    TEXT(0, "ServiceName", service_name),
    TEXT(0, "ServiceType", service_type),
    TEXT(0, "ServiceStartType", start_type),
    TEXT(0, "ServiceAccount", service_account),
    TEXT(0, "TaskName", task_name),
    TEXT(0, "TaskContent", task_content),
    TEXT(0, "SubjectUserName", subject_user),
    TEXT(0, "SubjectDomainName", subject_domain),
    TEXT(0, "SubjectLogonId", subject_logon),
};
const st_provider st_security = {
    .name = "Microsoft-Windows-Security-Auditing",
    .shown = "Security ",
    .guid = { { 0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xa5, 0xba, 0x3e, 0x3b, 0x03, 0x28,
                0xc3, 0x0d } },
    TABLES(security),
};

/* services, tasks */

static const st_event_kind service_kinds[] = {
    { { ST_SERVICES, 7045 },
      "service",
      "% = %",
      { T(service_name), T(service_file) },
      T(service_file),
      { T(service_name), T(service_file), T(service_type), T(start_type), T(service_account) },
      ST_TIE_TIME },
};
static const st_event_rows service_rows[] = {
    { 7045, "DeviceEvents", "ServiceInstalled", ALWAYS },
};
static const st_extra service_extras[] = {
    TEXT(0, "ServiceName", service_name),
    TEXT(0, "ServiceType", service_type),
    TEXT(0, "ServiceStartType", start_type),
    TEXT(0, "ServiceAccount", service_account),
};
const st_provider st_services = {
    .name = "Service Control Manager",
    .shown = "Services ",
    .guid = { { 0xd1, 0x08, 0x59, 0x55, 0xd7, 0xa6, 0x95, 0x46, 0x8e, 0x1e, 0x26, 0x93, 0x1d, 0x20,
                0x12, 0xf4 } },
    TABLES(service),
};

static const st_event_kind task_kinds[] = {
    { { ST_TASKS, 106 },
      "task",
      "created: %",
      { T(task_name) },
      0,
      { T(task_name), T(task_user) },
      ST_TIE_TIME },
    { { ST_TASKS, 141 },
      "task",
      "deleted: %",
      { T(task_name) },
      0,
      { T(task_name), T(task_user) },
      ST_TIE_TIME },
};
static const st_event_rows task_rows[] = {
    { 106, "DeviceEvents", "ScheduledTaskCreated", ALWAYS },
    { 141, "DeviceEvents", "ScheduledTaskDeleted", ALWAYS },
};
static const st_extra task_extras[] = {
    TEXT(0, "TaskName", task_name),
    TEXT(0, "UserName", task_user),
};
const st_provider st_tasks = {
    .name = "Microsoft-Windows-TaskScheduler",
    .shown = "Tasks ",
    .guid = { { 0xea, 0x24, 0x7b, 0xde, 0xc8, 0x73, 0x09, 0x4a, 0x98, 0x5d, 0x5b, 0xda, 0xdc, 0xfa,
                0x90, 0x17 } },
    TABLES(task),
};

/* PowerShell: a script of several records is one event (tree/events.c) */

static const st_event_kind powershell_kinds[] = {
    { { ST_POWERSHELL, 4103 },
      "script",
      "%",
      { T(payload) },
      0,
      { T(context_info), T(payload) },
      ST_TIE_PID },
    { { ST_POWERSHELL, 4104 },
      "script",
      "%",
      { T(script_text) },
      T(path),
      { T(message_number), T(message_total), T(script_text), T(script_id), T(path) },
      ST_TIE_PID },
};
static const st_event_rows powershell_rows[] = {
    { 4103, "DeviceEvents", "PowerShellCommand", ALWAYS },
    { 4104, "DeviceEvents", "PowerShellScriptBlock", ALWAYS },
};
static const st_extra powershell_extras[] = {
    TEXT(4103, "ContextInfo", context_info),       TEXT(4103, "Command", payload),
    TEXT(4104, "ScriptContent", script_text),      TEXT(4104, "ScriptBlockId", script_id),
    NUMBER(4104, "MessageNumber", message_number), NUMBER(4104, "MessageTotal", message_total),
};
const st_provider st_powershell = {
    .name = "Microsoft-Windows-PowerShell",
    .shown = "PowerShell ",
    .guid = { { 0x3b, 0x85, 0xc1, 0xa0, 0x40, 0x5c, 0x15, 0x4b, 0x87, 0x66, 0x3c, 0xf1, 0xc5, 0x8f,
                0x98, 0x5a } },
    TABLES(powershell),
};

/* Defender's antivirus */

static const st_event_kind defender_kinds[] = {
    { { ST_DEFENDER, 1116 },
      "log",
      "detected: % in %",
      { T(threat), T(path) },
      T(path),
      { T(threat), T(severity), T(category), T(path), T(detection), T(image), T(user) },
      ST_TIE_TIME },
    { { ST_DEFENDER, 1117 },
      "log",
      "%: % in %",
      { T(taken_action), T(threat), T(path) },
      T(path),
      { T(threat), T(severity), T(category), T(path), T(detection), T(image), T(user),
        T(taken_action) },
      ST_TIE_TIME },
};
static const st_event_rows defender_rows[] = {
    { 1116, "DeviceEvents", "AntivirusDetection", ALWAYS },
    { 1117, "DeviceEvents", "AntivirusAction", ALWAYS },
};
static const st_extra defender_extras[] = {
    TEXT(0, "ThreatName", threat),      TEXT(0, "Severity", severity),
    TEXT(0, "Category", category),      TEXT(0, "DetectionId", detection),
    TEXT(1117, "Action", taken_action),
};
const st_provider st_defender = {
    .name = "Microsoft-Windows-Windows Defender",
    .shown = "Defender ",
    .guid = { { 0x8a, 0x95, 0xcd, 0x11, 0x07, 0xc5, 0xf3, 0x4e, 0xb3, 0xf2, 0x5f, 0xd9, 0xdf, 0xbd,
                0x2c, 0x78 } },
    TABLES(defender),
};

/* transfers, remote shells, remote desktops */

#define TRANSFER(id)                                                                       \
    {                                                                                      \
        { ST_BITS, id }, "connection", "% (%)", { T(url), T(job_name) }, 0,                \
            { T(job_name), T(job_id), T(url), T(bytes_total), T(bytes_moved), T(result) }, \
            ST_TIE_PID                                                                     \
    }
static const st_event_kind bits_kinds[] = { TRANSFER(59), TRANSFER(60) };
static const st_event_rows bits_rows[] = {
    { 59, "DeviceEvents", "BitsTransferStarted", ALWAYS },
    { 60, "DeviceEvents", "BitsTransferStopped", ALWAYS },
};
static const st_extra bits_extras[] = {
    TEXT(0, "JobName", job_name),         TEXT(0, "JobId", job_id),
    NUMBER(0, "BytesTotal", bytes_total), NUMBER(0, "BytesTransferred", bytes_moved),
    TEXT(60, "Result", result),
};
const st_provider st_bits = {
    .name = "Microsoft-Windows-Bits-Client",
    .shown = "BITS ",
    .guid = { { 0x5b, 0xc1, 0x1c, 0xef, 0xc1, 0x46, 0x4e, 0x41, 0xbb, 0x95, 0xe7, 0x6b, 0x07, 0x7b,
                0xd5, 0x1e } },
    TABLES(bits),
};

static const st_event_kind winrm_kinds[] = {
    { { ST_WINRM, 6 }, LOGON("session to %", T(connection)), { T(connection) }, ST_TIE_PID },
    { { ST_WINRM, 91 }, LOGON("shell: %", T(resource)), { T(resource) }, ST_TIE_PID },
};
static const st_event_rows winrm_rows[] = {
    { 6, "DeviceEvents", "WSManSessionCreated", ALWAYS },
    { 91, "DeviceEvents", "WSManShellCreated", ALWAYS },
};
static const st_extra winrm_extras[] = {
    TEXT(6, "Connection", connection),
    TEXT(91, "ResourceUri", resource),
};
const st_provider st_winrm = {
    .name = "Microsoft-Windows-WinRM",
    .shown = "WinRM ",
    .guid = { { 0x8c, 0x97, 0x97, 0xa7, 0x13, 0xac, 0xf1, 0x49, 0x87, 0xda, 0x5a, 0x98, 0x4a, 0x4a,
                0xb4, 0x17 } },
    TABLES(winrm),
};

static const st_event_kind desktop_kinds[] = {
    { { ST_DESKTOP, 1149 },
      LOGON("desktop: % from %", T(account_name), T(ip_address)),
      { T(account_name), T(account_domain), T(ip_address) },
      ST_TIE_TIME },
};
static const st_event_rows desktop_rows[] = {
    { 1149, "DeviceEvents", "RemoteDesktopAuthenticated", ALWAYS },
};
static const st_extra desktop_extras[] = {
    TEXT(0, "AccountDomain", account_domain),
};
const st_provider st_desktop = {
    .name = "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
    .shown = "RemoteConnectionManager ",
    .guid = { { 0x63, 0xba, 0x6b, 0xc7, 0xae, 0x81, 0x1c, 0x42, 0xb4, 0x25, 0x34, 0x0b, 0x4b, 0x24,
                0x15, 0x7f } },
    TABLES(desktop),
};

#define SESSION(id, verb)                                                                 \
    {                                                                                     \
        { ST_SESSIONS, id }, LOGON("desktop " verb ": % from %", T(user), T(ip_address)), \
            { T(user), T(ip_address), T(remote_session) }, ST_TIE_TIME                    \
    }
static const st_event_kind session_kinds[] = {
    SESSION(21, "logon"),        SESSION(22, "shell"),       SESSION(23, "logoff"),
    SESSION(24, "disconnected"), SESSION(25, "reconnected"),
};
static const st_event_rows session_rows[] = {
    { 21, "DeviceEvents", "RemoteDesktopLogon", ALWAYS },
    { 22, "DeviceEvents", "RemoteDesktopShellStarted", ALWAYS },
    { 23, "DeviceEvents", "RemoteDesktopLogoff", ALWAYS },
    { 24, "DeviceEvents", "RemoteDesktopDisconnected", ALWAYS },
    { 25, "DeviceEvents", "RemoteDesktopReconnected", ALWAYS },
};
static const st_extra session_extras[] = {
    NUMBER(0, "SessionId", remote_session),
};
const st_provider st_sessions = {
    .name = "Microsoft-Windows-TerminalServices-LocalSessionManager",
    .shown = "LocalSessionManager ",
    .guid = { { 0x12, 0x69, 0x89, 0x5d, 0x2d, 0x02, 0xaa, 0x40, 0xa3, 0xa8, 0x4f, 0xa5, 0x51, 0x5c,
                0x76, 0xd7 } },
    TABLES(session),
};
