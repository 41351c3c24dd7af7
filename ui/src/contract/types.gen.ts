// Generated from the daemon's /openapi.json by `npm run generate`. Do not edit.

/** RFC 3339, UTC, whole seconds. */
export type Time = string & { readonly time: unique symbol };

export type Error = {
  readonly error: string;
  readonly message: string;
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly timestamp: Time;
  readonly request_id?: string;
  readonly required_roles?: readonly (string)[];
  readonly user_role?: string;
  readonly operation?: Running;
  readonly confirmation_required?: boolean;
  readonly affected_services?: readonly (string)[];
  readonly retry_after_seconds?: number;
  readonly limit?: number;
  readonly window_seconds?: number;
  readonly status?: string;
  readonly overall_status?: string;
  readonly last_check?: Time | null;
  readonly reasons?: readonly (string)[];
};

export type Service = {
  readonly id: string;
  readonly name: string;
  readonly address?: string;
  readonly vm_name?: string;
  readonly group?: string;
  readonly tags?: readonly (string)[];
  readonly public?: boolean;
  readonly status: 'running' | 'stopped' | 'failed' | 'starting' | 'stopping' | 'unknown';
  readonly overall_status: 'healthy' | 'degraded' | 'critical' | 'unknown';
  readonly not_guarded?: Withheld | null;
  readonly maintenance?: MaintenanceHold;
  readonly warning?: string;
  readonly stopped_by?: string;
  readonly stopped_at?: Time;
  readonly stop_reason?: string;
  readonly last_check: Time | null;
  readonly cause?: string;
  readonly cause_since?: Time | null;
  readonly response_time_ms?: number | null;
  readonly memory_mb?: number | null;
  readonly connections?: number | null;
  readonly commands_per_second?: number | null;
};

export type Services = {
  readonly items: readonly (Service)[];
  readonly next_cursor: string | null;
};

export type Running = {
  readonly id?: string;
  readonly operation: string;
  readonly user: string;
  readonly since: Time;
  readonly phase?: 'checking' | 'saving' | 'writing' | 'running' | 'verifying';
  readonly percent?: number;
  readonly eta_seconds?: number | null;
};

export type Notice = {
  readonly message: string;
  readonly user: string;
  readonly timestamp: Time;
  readonly expires_at: Time;
};

export type Told = {
  readonly success: boolean;
  readonly service: string | null;
  readonly services: number;
  readonly timestamp: Time;
};

export type Column = {
  readonly unit: string;
  readonly values?: readonly (number | null)[];
  readonly min?: readonly (number | null)[];
  readonly mean?: readonly (number | null)[];
  readonly max?: readonly (number | null)[];
};

export type States = {
  readonly up: readonly (number | null)[];
  readonly down: readonly (number | null)[];
  readonly planned: readonly (number | null)[];
  readonly unknown: readonly (number | null)[];
};

export type Outage = {
  readonly began: Time;
  readonly ended: Time;
  readonly duration_seconds: number;
  readonly cause: string;
  readonly ended_by: 'recovery' | 'operation' | 'systemd' | 'itself';
};

export type Limit = {
  readonly warning?: number;
  readonly critical?: number;
  readonly max?: number;
};

export type Mark = {
  readonly kind: 'recovery' | 'operation';
  readonly at: Time;
  readonly result: string;
  readonly duration_seconds: number | null;
  readonly level?: string;
  readonly cause?: string;
  readonly operation?: string;
  readonly user?: string;
};

export type Metrics = {
  readonly service: string;
  readonly from: Time;
  readonly to: Time;
  readonly step_seconds: number;
  readonly times: readonly (number)[];
  readonly states: States;
  readonly series: Readonly<Record<string, Column>>;
  readonly outages: readonly (Outage)[];
  readonly limits: Readonly<Record<string, Limit>>;
  readonly marks: readonly (Mark)[];
};

export type Availability = {
  readonly target_percent: number;
  readonly percent: number | null;
  readonly state: 'met' | 'missed' | 'unknown';
  readonly up_seconds: number;
  readonly down_seconds: number;
  readonly planned_seconds: number;
  readonly unknown_seconds: number;
  readonly unwatched_seconds: number;
  readonly budget_minutes: number;
  readonly budget_left_minutes: number;
};

export type ResponseTime = {
  readonly target_ms: number;
  readonly target_percent: number;
  readonly percent: number | null;
  readonly state: 'met' | 'missed' | 'unknown';
  readonly pings: number;
};

export type Within = {
  readonly target_seconds: number;
  readonly percent: number | null;
  readonly state: 'met' | 'missed' | 'unknown';
  readonly count: number;
  readonly within: number;
  readonly longest_seconds: number | null;
};

export type Window = {
  readonly days: number;
  readonly since: Time | null;
  readonly availability: Availability;
  readonly response_time: ResponseTime;
  readonly automatic_recovery: Within;
  readonly manual_recovery: Within;
  readonly outages: number;
  readonly longest_outage_seconds: number | null;
};

export type ServiceLevels = {
  readonly service: string;
  readonly until: Time;
  readonly windows: readonly (Window)[];
};

export type Step = {
  readonly check: string;
  readonly status: 'pass' | 'finding' | 'unknown';
  readonly seen: string;
  readonly cause: string | null;
  readonly action: string | null;
};

export type Tree = {
  readonly tree: 'service_wont_start' | 'performance_degradation' | 'auto_recovery_failing';
  readonly title: string;
  readonly applies: boolean;
  readonly steps: readonly (Step)[];
};

export type Diagnosis = {
  readonly service: string;
  readonly status: 'running' | 'stopped' | 'failed' | 'starting' | 'stopping' | 'unknown';
  readonly cause: Cause;
  readonly findings: number;
  readonly trees: readonly (Tree)[];
  readonly timestamp: Time;
};

export type VmInfo = {
  readonly host: string;
  readonly name: string;
  readonly ssh_accessible: boolean | null;
  readonly ssh_key_notice?: string;
};

export type Dependent = {
  readonly name: string;
  readonly url?: string;
  readonly ok: boolean | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly checked_at: Time | null;
  readonly checking: boolean;
};

export type LimitedDependent = {
  readonly name: string;
  readonly ok: boolean | null;
};

export type Status = {
  readonly service: string;
  readonly name: string;
  readonly status: 'running' | 'stopped' | 'failed' | 'starting' | 'stopping' | 'unknown';
  readonly owner?: string | null;
  readonly fence?: number;
  readonly overall_status: 'healthy' | 'degraded' | 'critical' | 'unknown';
  readonly pid: number | null;
  readonly uptime_seconds: number | null;
  readonly memory_mb: number | null;
  readonly connections: number | null;
  readonly commands_processed: number | null;
  readonly last_check: Time | null;
  readonly vm_info: VmInfo;
  readonly operation?: Running;
  readonly maintenance?: MaintenanceHold;
  readonly notices?: readonly (Notice)[];
  readonly role?: 'primary' | 'replica';
  readonly primary?: string;
  readonly stopped_by?: string;
  readonly stopped_at?: Time;
  readonly stop_reason?: string;
  readonly not_guarded: Withheld | null;
  readonly affected_services?: readonly (Dependent)[];
  readonly backup_problem?: string;
  readonly group?: string;
  readonly tags?: readonly (string)[];
};

export type LimitedStatus = {
  readonly status: 'running' | 'stopped' | 'failed' | 'starting' | 'stopping' | 'unknown';
  readonly overall_status: 'healthy' | 'degraded' | 'critical' | 'unknown';
  readonly last_check: Time | null;
  readonly stopped_at?: Time;
  readonly affected_services?: readonly (LimitedDependent)[];
};

export type Gauge = {
  readonly value: number | null;
  readonly warning: number;
  readonly critical: number;
  readonly max?: number;
  readonly status: 'pass' | 'warning' | 'fail' | 'unknown';
};

export type Figures = {
  readonly memory_mb?: Gauge;
  readonly cpu_percent?: Gauge;
  readonly connections?: Gauge;
  readonly response_time_ms?: Gauge;
  readonly commands_per_second?: Gauge;
  readonly errors_per_hour?: Gauge;
  readonly memory_usage_mb?: number;
  readonly memory_limit_mb?: number;
  readonly cpu_usage_percent?: number;
  readonly max_connections?: number;
};

export type Check = {
  readonly status: 'pass' | 'warning' | 'fail' | 'unknown';
  readonly duration_ms: number | null;
  readonly message: string;
  readonly error?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly metrics?: Figures;
};

export type Checks = {
  readonly connectivity: Check;
  readonly systemd: Check;
  readonly performance: Check;
  readonly canary?: Check;
};

export type Cause = {
  readonly code: string;
  readonly summary: string;
  readonly since: Time | null;
  readonly evidence: readonly (string)[];
  readonly restart: 'helps' | 'useless' | 'harmful' | 'unneeded';
  readonly advice: string;
};

export type Withheld = {
  readonly reason_code: string;
  readonly text: string;
};

export type Breaker = {
  readonly state: 'closed' | 'open';
  readonly recoveries_in_window: number;
  readonly window_seconds: number;
  readonly opened_at: Time | null;
};

export type RecoveryPolicy = {
  readonly retry_delay_seconds: number;
  readonly backoff_multiplier: number;
  readonly failure_threshold: number;
  readonly external_stop: 'recover' | 'respect';
  readonly external_stop_grace_seconds: number;
};

export type RecoveryMetrics = {
  readonly since: Time;
  readonly count: number;
  readonly successes: number;
  readonly success_rate: number | null;
  readonly mean_seconds: number | null;
  readonly max_seconds: number | null;
  readonly commonest_level: 'soft' | 'standard' | 'hard' | 'critical' | null;
  readonly last_recovery: Time | null;
};

export type AutoRecovery = {
  readonly enabled: boolean;
  readonly state: 'monitoring' | 'confirming' | 'recovering' | 'waiting' | 'succeeded' | 'failed' | 'disabled' | 'paused';
  readonly recent_recoveries: number;
  readonly last_recovery: Time | null;
  readonly recovery_status: 'success' | 'failed' | null;
  readonly recovery_level: 'soft' | 'standard' | 'hard' | 'critical' | null;
  readonly duration_seconds: number | null;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly requires_manual_intervention: boolean;
  readonly circuit_breaker: Breaker;
  readonly withheld: Withheld | null;
  readonly phase: string;
  readonly next_step_in_seconds?: number;
  readonly next_step_at?: Time;
  readonly next_step?: string;
  readonly paused_until?: Time;
  readonly policy: RecoveryPolicy;
  readonly metrics?: RecoveryMetrics | null;
};

export type Health = {
  readonly service: string;
  readonly owner?: string | null;
  readonly fence?: number;
  readonly overall_status: 'healthy' | 'degraded' | 'critical' | 'unknown';
  readonly service_running: boolean;
  readonly connectivity: boolean;
  readonly response_time_ms: number | null;
  readonly last_successful_command: Time | null;
  readonly error_count_last_hour: number | null;
  readonly last_check: Time | null;
  readonly health_checks: Checks;
  readonly cause: Cause;
  readonly recommendations: readonly (string)[];
  readonly auto_recovery: AutoRecovery;
};

export type CheckStatus = {
  readonly status: 'pass' | 'warning' | 'fail' | 'unknown';
};

export type LimitedChecks = {
  readonly connectivity: CheckStatus;
  readonly systemd: CheckStatus;
  readonly performance: CheckStatus;
  readonly canary?: CheckStatus;
};

export type LimitedHealth = {
  readonly overall_status: 'healthy' | 'degraded' | 'critical' | 'unknown';
  readonly last_check: Time | null;
  readonly health_checks: LimitedChecks;
};

export type Refreshed = {
  readonly status: Status;
  readonly health: Health;
};

export type LimitedRefreshed = {
  readonly status: LimitedStatus;
  readonly health: LimitedHealth;
};

export type Result = {
  readonly success: boolean;
  readonly operation: string;
  readonly message: string;
  readonly duration_seconds: number;
  readonly timestamp: Time;
  readonly new_status: 'running' | 'stopped' | 'failed' | 'starting' | 'stopping' | 'unknown';
  readonly operation_id: string;
  readonly previous_uptime_seconds?: number;
  readonly connections_terminated?: number;
  readonly warning?: string;
  readonly affected_services?: readonly (Dependent)[];
};

export type Preflight = {
  readonly operation: 'stop' | 'restart' | 'start';
  readonly allowed: boolean;
  readonly warnings: readonly (string)[];
  readonly connections: number | null;
  readonly unsaved_changes: number | null;
  readonly saves_first: boolean;
  readonly saved_since_start: boolean | null;
  readonly last_save_age_seconds: number | null;
  readonly last_save_ok: boolean | null;
  readonly aof_enabled: boolean | null;
  readonly replicas: number | null;
  readonly expected_downtime_seconds: number | null;
  readonly blockers: readonly (string)[];
};

export type LogLine = {
  readonly timestamp: Time | null;
  readonly level: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly zone_assumed?: boolean;
};

export type Logs = {
  readonly logs: readonly (LogLine)[];
  readonly total_lines: number;
  readonly service: string;
  readonly vm: string;
  readonly problem?: string;
};

export type Explanation = {
  readonly would_act: boolean;
  readonly action: string | null;
  readonly level: 'soft' | 'standard' | 'hard' | 'critical' | null;
  readonly cause: Cause;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly reasons: readonly (string)[];
  readonly withheld: Withheld | null;
};

export type PastRecovery = {
  readonly id: string;
  readonly service: string;
  readonly started_at: Time;
  readonly duration_seconds: number | null;
  readonly cause: string;
  readonly recovery_level: 'soft' | 'standard' | 'hard' | 'critical' | null;
  readonly result: string | null;
  readonly attempts: number;
  readonly message: string;
  readonly evidence: readonly (string)[] | null;
  readonly stored: boolean;
};

export type PastRecoveries = {
  readonly items: readonly (PastRecovery)[];
  readonly next_cursor: string | null;
  readonly metrics: RecoveryMetrics | null;
};

export type Event = {
  readonly type: 'service_status' | 'service_health' | 'service_event' | 'auto_recovery' | 'notice' | 'alert' | 'incident' | 'resync';
  readonly service: string;
  readonly timestamp: Time;
  readonly seq: number;
};

export type Events = {
  readonly items: readonly (Event)[];
  readonly next_cursor: string | null;
};

export type Inspection = {
  readonly info?: Readonly<Record<string, unknown>>;
  readonly items?: readonly (Readonly<Record<string, unknown>>)[];
  readonly keys_measured?: number;
  readonly keys_passed_over?: number;
  readonly complete?: boolean;
  readonly total?: number;
};

export type Finding = {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly fix?: string;
};

export type Findings = {
  readonly service: string;
  readonly items: readonly (Finding)[];
};

export type Identity = {
  readonly id: number;
  readonly email: string;
  readonly role: 'viewer' | 'operator' | 'admin';
};

export type Login = {
  readonly token: string;
  readonly token_type: 'Bearer';
  readonly expires_at: Time;
  readonly csrf_token: string;
  readonly user: Identity;
  readonly totp_setup_required: boolean;
};

export type Grant = {
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly ends_at: Time;
};

export type Me = {
  readonly id: unknown;
  readonly email: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly own_role?: 'viewer' | 'operator' | 'admin';
  readonly totp?: boolean;
  readonly recovery_codes_left?: number;
  readonly wrong_codes?: number;
  readonly totp_setup_required?: boolean;
  readonly grant?: Grant | null;
  readonly csrf_token?: string;
  readonly expires_at?: Time | null;
  readonly session_ends_at?: Time | null;
  readonly session?: number;
  readonly services?: readonly (string)[];
};

export type Done = {
  readonly success: boolean;
};

export type PasswordChanged = {
  readonly success: boolean;
  readonly sessions_ended: number;
};

export type Session = {
  readonly id: number;
  readonly issued_at: Time;
  readonly expires_at: Time;
  readonly address: string;
  readonly current: boolean;
};

export type Sessions = {
  readonly items: readonly (Session)[];
  readonly next_cursor: string | null;
};

export type TotpSecret = {
  readonly secret: string;
  readonly uri: string;
};

export type Totp = {
  readonly totp: boolean;
  readonly recovery_codes?: readonly (string)[];
};

export type User = {
  readonly id: number;
  readonly email: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly disabled: boolean;
  readonly totp: boolean;
  readonly created_at: Time;
  readonly changed_at: Time | null;
  readonly locked_until: Time | null;
  readonly granted_role: 'viewer' | 'operator' | 'admin' | null;
  readonly grant_ends_at: Time | null;
  readonly api_tokens?: readonly (ApiToken)[];
};

export type Users = {
  readonly items: readonly (User)[];
  readonly next_cursor: string | null;
};

export type ApiToken = {
  readonly id: number;
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly services: readonly (string)[] | null;
  readonly begins_with: string;
  readonly disabled: boolean;
  readonly created_at: Time;
  readonly created_by: string | null;
  readonly expires_at: Time | null;
  readonly last_used: Time | null;
  readonly token?: string;
};

export type ApiTokens = {
  readonly items: readonly (ApiToken)[];
  readonly next_cursor: string | null;
};

export type AccessRequest = {
  readonly id: number;
  readonly user_id: number;
  readonly email: string | null;
  readonly current_role: 'viewer' | 'operator' | 'admin';
  readonly requested_role: 'viewer' | 'operator' | 'admin';
  readonly justification: string;
  readonly duration_seconds: number;
  readonly state: 'pending' | 'approved' | 'rejected' | 'ended';
  readonly created_at: Time;
  readonly decided_at: Time | null;
  readonly decided_by: string | null;
  readonly note: string | null;
  readonly ends_at: Time | null;
};

export type AccessRequests = {
  readonly items: readonly (AccessRequest)[];
  readonly next_cursor: string | null;
};

export type AuditUser = {
  readonly id: string | null;
  readonly email: string | null;
  readonly role: string | null;
};

export type AuditResult = {
  readonly success: boolean;
  readonly duration_seconds: number | null;
  readonly exit_code: number | null;
  readonly error?: string | null;
};

export type AuditSecurity = {
  readonly command_validated: boolean | null;
  readonly risk_level: 'low' | 'moderate' | 'high' | 'critical';
  readonly ssh_key_used: boolean | null;
};

export type AuditLine = {
  readonly timestamp: Time;
  readonly event_type: string;
  readonly service: string | null;
  readonly operation: string | null;
  readonly user: AuditUser;
  readonly source_ip: string | null;
  readonly result: AuditResult | null;
  readonly security: AuditSecurity;
  readonly request_id: string | null;
  readonly recovery_level: string | null;
  readonly reason: string | null;
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
};

export type AuditLines = {
  readonly items: readonly (AuditLine)[];
  readonly next_cursor: string | null;
};

export type AuditReport = {
  readonly since: Time | null;
  readonly until: Time | null;
  readonly recoveries: Readonly<Record<string, unknown>>;
  readonly failed_operations?: Readonly<Record<string, unknown>>;
  readonly outside_business_hours?: unknown;
  readonly lines?: number;
  readonly operations?: Readonly<Record<string, unknown>>;
  readonly by_operation?: readonly (Readonly<Record<string, unknown>>)[];
  readonly by_user?: readonly (Readonly<Record<string, unknown>>)[];
  readonly by_event?: readonly (Readonly<Record<string, unknown>>)[];
  readonly failures?: readonly (Readonly<Record<string, unknown>>)[];
  readonly trend?: unknown;
};

export type KeyHost = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly services: readonly (string)[];
  readonly line?: string;
  readonly command?: string;
};

export type KeyRotation = {
  readonly key: string;
  readonly phase: 'idle' | 'made' | 'switched';
  readonly message: string;
  readonly new_file?: string;
  readonly new_fingerprint?: string;
  readonly old_file?: string;
  readonly old_fingerprint?: string;
  readonly switched_at?: Time;
  readonly old_kept_until?: Time;
  readonly hosts: readonly (KeyHost)[];
};

export type Delivery = {
  readonly id: number;
  readonly message: number;
  readonly channel: string;
  readonly kind: 'trigger' | 'update' | 'reminder' | 'resolve' | 'announce' | 'test' | 'emergency' | 'digest';
  readonly state: 'queued' | 'sending' | 'waiting' | 'delivered' | 'accepted' | 'dead' | 'expired' | 'superseded' | 'stale' | 'dropped';
  readonly attempts: number;
  readonly code: number | null;
  readonly receipt: string | null;
  readonly error: string | null;
  readonly at: Time;
  readonly next_attempt_at: Time | null;
};

export type Alert = {
  readonly id: number;
  readonly service: string | null;
  readonly host: string | null;
  readonly class: 'availability' | 'writes' | 'performance' | 'access' | 'host' | 'security' | 'backup' | 'self';
  readonly detail: string | null;
  readonly dedup_key: string | null;
  readonly state: 'pending' | 'firing' | 'clearing' | 'flapping' | 'resolved';
  readonly severity: 'none' | 'P4' | 'P3' | 'P2' | 'P1';
  readonly cause: string | null;
  readonly summary: string;
  readonly sent: boolean;
  readonly channels: readonly (string)[];
  readonly began_at: Time;
  readonly ended_at: Time | null;
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: Time | null;
  readonly action?: string;
  readonly stake?: string;
  readonly command?: string;
  readonly link?: string;
  readonly evidence?: readonly (string)[];
  readonly deliveries?: readonly (Delivery)[];
};

export type Alerts = {
  readonly items: readonly (Alert)[];
  readonly next_cursor: string | null;
};

export type Channel = {
  readonly name: string;
  readonly type: 'smtp' | 'slack' | 'teams' | 'pagerduty' | 'webhook' | 'alertmanager';
  readonly state: 'unused' | 'ok' | 'retrying' | 'failing';
  readonly failing_since: Time | null;
  readonly last_code: number | null;
  readonly last_error: string | null;
  readonly last_success: Time | null;
  readonly waiting: number;
};

export type Channels = {
  readonly items: readonly (Channel)[];
  readonly next_cursor: string | null;
};

export type IncidentEntry = {
  readonly seq: number;
  readonly at: Time;
  readonly kind: 'open' | 'reopen' | 'status' | 'severity' | 'command' | 'update' | 'note' | 'set' | 'acknowledge' | 'call' | 'skip' | 'reminder' | 'action';
  readonly actor: string | null;
  readonly text: string;
};

export type Incident = {
  readonly id: number;
  readonly service: string | null;
  readonly host: string | null;
  readonly status: 'investigating' | 'mitigated' | 'resolved' | 'closed';
  readonly severity: 'none' | 'P4' | 'P3' | 'P2' | 'P1';
  readonly worst_severity: 'none' | 'P4' | 'P3' | 'P2' | 'P1';
  readonly cause: string | null;
  readonly commander: string | null;
  readonly acknowledged_by: string | null;
  readonly escalation: 'off' | 'calling' | 'acknowledged' | 'paused';
  readonly opened_at: Time;
  readonly mitigated_at: Time | null;
  readonly resolved_at: Time | null;
  readonly closed_at: Time | null;
  readonly update_due_at: Time | null;
  readonly response_due_at: Time | null;
  readonly responded_at: Time | null;
  readonly response_missed: boolean;
  readonly resolution_due_at: Time | null;
  readonly resolution_missed: boolean;
  readonly war_room: string | null;
  readonly window: number | null;
  readonly title: string | null;
  readonly impact: string | null;
  readonly summary: string | null;
  readonly root_cause: string | null;
  readonly resolution: string | null;
  readonly preventive_measures: string | null;
  readonly entries_left_out?: number;
  readonly timeline?: readonly (IncidentEntry)[];
};

export type Incidents = {
  readonly items: readonly (Incident)[];
  readonly next_cursor: string | null;
};

export type Sent = {
  readonly message: number;
  readonly success: boolean;
  readonly deliveries: readonly (Delivery)[];
  readonly timestamp: Time;
};

export type FleetEngine = {
  readonly engine: string;
  readonly alive: boolean;
  readonly drained: boolean;
  readonly services: number;
  readonly site: string | null;
  readonly url: string | null;
  readonly version: string | null;
  readonly same_settings: boolean;
};

export type FleetService = {
  readonly service: string;
  readonly owner: string | null;
  readonly fence: number;
  readonly state: 'here' | 'unsure' | 'elsewhere' | 'none';
};

export type FleetEtcd = {
  readonly problem: string | null;
  readonly renewal_ms: number | null;
  readonly heard_ms_ago: number | null;
  readonly leases_lost: number;
};

export type Fleet = {
  readonly engine: string;
  readonly lease: 'none' | 'asking' | 'joining' | 'held' | 'unsure' | 'leaving';
  readonly sure: boolean;
  readonly drained: boolean;
  readonly owned: number;
  readonly elsewhere: number;
  readonly unowned: number;
  readonly etcd: FleetEtcd;
  readonly engines: readonly (FleetEngine)[];
  readonly services?: readonly (FleetService)[];
};

export type FleetDifference = {
  readonly service: string;
  readonly owner: string;
};

export type FleetDiff = {
  readonly engine: string;
  readonly engines: readonly (string)[];
  readonly services: readonly (FleetDifference)[];
  readonly unknown_services: number;
};

export type MaintenanceHold = {
  readonly id: number;
  readonly title: string;
  readonly state: 'open' | 'verifying';
  readonly impact: 'outage' | 'degraded' | 'reduced-redundancy' | 'no-impact';
  readonly ends_at: Time;
};

export type ChecklistItem = {
  readonly item: number;
  readonly stage: 'before' | 'during' | 'after';
  readonly text: string;
  readonly done: boolean;
  readonly user: string | null;
  readonly at: Time | null;
  readonly note: string | null;
};

export type MaintainedService = {
  readonly overall_status: 'healthy' | 'degraded' | 'critical' | 'unknown';
  readonly cause: string | null;
  readonly role: string | null;
  readonly canary: boolean;
  readonly smoke?: 'off' | 'skipped' | 'pending' | 'passed' | 'failed';
  readonly smoke_failed_at?: 'SET' | 'GET' | 'DEL';
  readonly well?: boolean;
};

export type MaintenanceWindow = {
  readonly id: number;
  readonly title: string;
  readonly window: string | null;
  readonly state: 'planned' | 'announced' | 'open' | 'verifying' | 'ended' | 'cancelled';
  readonly starts_at: Time;
  readonly ends_at: Time;
  readonly duration_minutes: number;
  readonly services: readonly (string)[];
  readonly impact: 'outage' | 'degraded' | 'reduced-redundancy' | 'no-impact';
  readonly by_hand: boolean;
  readonly planned_by: string | null;
  readonly planned_at: Time;
  readonly sequence: number;
  readonly opened_at: Time | null;
  readonly closed_at: Time | null;
  readonly verified: 'unverified' | 'well' | 'not_well';
  readonly summary: string | null;
  readonly checklist?: readonly (ChecklistItem)[];
  readonly before?: Readonly<Record<string, MaintainedService>> | null;
  readonly after?: Readonly<Record<string, MaintainedService>> | null;
};

export type MaintenanceWindows = {
  readonly items: readonly (MaintenanceWindow)[];
  readonly next_cursor: string | null;
};

export type Backup = {
  readonly id: string;
  readonly kind: 'daily' | 'manual';
  readonly reason: string | null;
  readonly by: string | null;
  readonly source: BackupSource | null;
  readonly started_at: Time | null;
  readonly finished_at: Time | null;
  readonly bytes: number;
  readonly keys: number;
  readonly proved: 'no' | 'file' | 'structure' | 'loaded';
  readonly latest: boolean;
  readonly checked_at: Time | null;
  readonly check_result: 'good' | 'bad' | 'cannot_tell' | null;
  readonly check_reason: string | null;
  readonly check_text: string | null;
  readonly suspicious: readonly (string)[];
  readonly accepted_at: Time | null;
  readonly pinned_until: Time | null;
  readonly kept_by: readonly (string)[];
  readonly sealed: boolean;
  readonly copies: readonly (BackupCopy)[];
  readonly folder: string;
};

export type BackupSource = {
  readonly address: string;
  readonly role: string;
  readonly server: string;
  readonly version: string;
};

export type BackupCopy = {
  readonly target: string;
  readonly state: 'copied' | 'removed' | 'waiting' | 'copying' | 'failing' | 'none';
  readonly at: Time | null;
};

export type BackupPlace = {
  readonly target: string;
  readonly state: 'up_to_date' | 'waiting' | 'copying' | 'failing';
  readonly waiting: number;
  readonly waiting_since: Time | null;
  readonly last_success_at: Time | null;
  readonly failing_since: Time | null;
  readonly failures: number;
  readonly next_at: Time | null;
  readonly problem: string | null;
  readonly note: string | null;
};

export type BackupThere = {
  readonly id: string;
  readonly kind: 'daily' | 'manual';
  readonly reason: string | null;
  readonly started_at: Time | null;
  readonly bytes: number;
  readonly keys: number;
  readonly proved: 'no' | 'file' | 'structure' | 'loaded';
  readonly suspicious: boolean;
  readonly sealed: boolean;
};

export type BackupsElsewhere = {
  readonly target: string;
  readonly items: readonly (BackupThere)[];
};

export type Backups = {
  readonly items: readonly (Backup)[];
  readonly next_cursor: string | null;
};

export type BackupTask = {
  readonly number: number;
  readonly task: 'create' | 'verify' | 'pin' | 'unpin' | 'accept' | 'delete' | 'prune' | 'fetch' | 'drill' | 'rehearse';
  readonly status: BackupStatus;
};

export type BackupJob = {
  readonly number: number;
  readonly task: 'create' | 'verify' | 'pin' | 'unpin' | 'accept' | 'delete' | 'prune' | 'fetch' | 'drill' | 'rehearse';
  readonly backup: string | null;
  readonly stage: string;
  readonly waits_for: string | null;
  readonly bytes: number;
  readonly user: string;
  readonly since: Time;
};

export type BackupLast = {
  readonly number: number;
  readonly task: 'create' | 'verify' | 'pin' | 'unpin' | 'accept' | 'delete' | 'prune' | 'fetch' | 'drill' | 'rehearse';
  readonly backup: string | null;
  readonly result: 'proved' | 'not_proved' | 'suspicious' | 'good' | 'bad' | 'cannot_tell' | 'done' | 'failed' | 'cancelled';
  readonly cause: string | null;
  readonly message: string;
  readonly user: string;
  readonly ended_at: Time;
  readonly duration_seconds: number;
};

export type BackupStatus = {
  readonly service: string;
  readonly schedule: string | null;
  readonly next_at: Time | null;
  readonly last_at: Time | null;
  readonly last_proved_at: Time | null;
  readonly last_proved: string | null;
  readonly count: number;
  readonly proved_count: number;
  readonly bytes: number;
  readonly removable_count: number;
  readonly free_bytes: number | null;
  readonly overdue: boolean;
  readonly problem: string | null;
  readonly directory: string;
  readonly drill: BackupDrilling;
  readonly copies: readonly (BackupPlace)[];
  readonly job: BackupJob | null;
  readonly last: BackupLast | null;
  readonly failure: BackupLast | null;
};

export type Procedure = {
  readonly number: number;
  readonly service: string;
  readonly kind: 'update' | 'config';
  readonly phase: 'checking' | 'blocked' | 'guarding' | 'rehearsing' | 'ready' | 'applying' | 'verifying' | 'watching' | 'needs_human' | 'undoing' | 'done' | 'undone' | 'cancelled';
  readonly text: string | null;
  readonly notes: string | null;
  readonly name: string | null;
  readonly value: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly written: boolean;
  readonly server: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly safety: string | null;
  readonly rehearsed: boolean;
  readonly user: string | null;
  readonly reason: string | null;
  readonly started_at: Time | null;
  readonly ended_at: Time | null;
  readonly watched_until: Time | null;
  readonly orders: readonly (string)[];
  readonly checklist: readonly (ChecklistItem)[];
  readonly steps: readonly (RebuildStep)[];
  readonly way_back: readonly (RebuildStep)[];
};

export type Procedures = {
  readonly items: readonly (Procedure)[];
};

export type RebuildSheet = {
  readonly service: string;
  readonly name: string;
  readonly at: Time;
  readonly backup: Backup;
  readonly parts: readonly (RebuildPart)[];
  readonly acting: boolean;
  readonly withheld: Withheld | null;
  readonly problem: string | null;
  readonly steps: readonly (RebuildStep)[];
};

export type RebuildPart = {
  readonly part: 'host' | 'ssh' | 'redis';
  readonly reached: 'yes' | 'no' | 'unknown';
  readonly text: string;
};

export type RebuildStep = {
  readonly title: string;
  readonly on: 'resus' | 'host';
  readonly text: string;
  readonly commands: readonly (string)[];
};

export type BackupDrill = {
  readonly number: number;
  readonly backup: string;
  readonly backup_at: Time | null;
  readonly started_at: Time;
  readonly ended_at: Time;
  readonly result: 'good' | 'bad' | 'cannot_tell' | 'failed' | 'cancelled';
  readonly check_reason: string | null;
  readonly message: string;
  readonly user: string;
  readonly bytes: number;
  readonly keys: number | null;
  readonly read_seconds: number | null;
  readonly load_seconds: number | null;
  readonly rto_seconds: number | null;
  readonly rpo_seconds: number | null;
};

export type BackupDrills = {
  readonly items: readonly (BackupDrill)[];
};

export type BackupDrilling = {
  readonly every_seconds: number | null;
  readonly next_at: Time | null;
  readonly overdue: boolean;
  readonly last: BackupDrill | null;
  readonly passed: BackupDrill | null;
};

export type BackupOverview = {
  readonly items: readonly (BackupStatus)[];
};

export type RestorePoint = {
  readonly code: string;
  readonly text: string;
};

export type RestorePlan = {
  readonly service: string;
  readonly source: string;
  readonly backup: string;
  readonly method: 'file' | 'replicate' | 'keys';
  readonly method_reason: string | null;
  readonly mode: 'exact' | 'overwrite' | 'missing';
  readonly db: number | null;
  readonly match: string | null;
  readonly allowed: boolean;
  readonly blockers: readonly (RestorePoint)[];
  readonly warnings: readonly (RestorePoint)[];
  readonly keys: number | null;
  readonly keys_now: number | null;
  readonly bytes: number | null;
  readonly memory_bytes: number | null;
  readonly downtime_seconds: number | null;
  readonly safety_backup: boolean;
};

export type Restore = {
  readonly number: number;
  readonly service: string;
  readonly source: string;
  readonly backup: string;
  readonly method: 'file' | 'replicate' | 'keys';
  readonly mode: 'exact' | 'overwrite' | 'missing';
  readonly db: number | null;
  readonly match: string | null;
  readonly state: 'running' | 'held' | 'needs_human' | 'done' | 'undone' | 'failed' | 'cancelled' | 'interrupted';
  readonly stage: string | null;
  readonly message: string | null;
  readonly can_resume: boolean;
  readonly can_undo: boolean;
  readonly keys: number | null;
  readonly keys_before: number | null;
  readonly restored: number;
  readonly kept: number;
  readonly expired: number;
  readonly removed: number;
  readonly safety_backup: string | null;
  readonly reason: string | null;
  readonly user: string;
  readonly began_at: Time;
  readonly ended_at: Time | null;
};

export type Restores = {
  readonly items: readonly (Restore)[];
  readonly next_cursor: string | null;
};

export type PrunableBackups = {
  readonly items: readonly (Backup)[];
  readonly bytes: number;
  readonly needs_confirmation: boolean;
};

export type AuditVerdict = {
  readonly intact: boolean;
  readonly lines: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly last_hash: string | null;
  readonly anchor: AuditHead | null;
  readonly anchored: boolean;
  readonly seals: number;
  readonly sealed_seq: number;
  readonly other_seals: number;
  readonly bad_file: string | null;
  readonly bad_line: number | null;
  readonly why: string | null;
};

export type AuditHead = {
  readonly seq: number;
  readonly hash: string;
  readonly kept_at: Time;
};

export type AuditKey = {
  readonly key: string;
  readonly id: string;
  readonly timestamp: Time;
};

export type Bundle = {
  readonly document: string;
  readonly timestamp: Time;
  readonly resus: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly status: Status;
  readonly health: Health;
  readonly explain: Explanation;
  readonly diagnosis: Diagnosis;
  readonly clients_total?: number;
};

export type Lateness = {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
};

export type Timing = {
  readonly services: number;
  readonly wakeups: number;
  readonly late_ms: Lateness;
};

export type Version = {
  readonly name: string;
  readonly version?: string;
  readonly commit?: string;
  readonly schema?: number;
};

export type Alive = {
  readonly status: 'ok';
};

export type Anything = {

};

/** Every operation: how it is called, and the least role for it. */
export const OPERATIONS = {
  services: { method: 'GET', path: '/api/services', least: 'anonymous' },
  status: { method: 'GET', path: '/api/services/{id}/status', least: 'anonymous' },
  health: { method: 'GET', path: '/api/services/{id}/health', least: 'anonymous' },
  start: { method: 'POST', path: '/api/services/{id}/start', least: 'operator' },
  stop: { method: 'POST', path: '/api/services/{id}/stop', least: 'admin' },
  restart: { method: 'POST', path: '/api/services/{id}/restart', least: 'operator' },
  reload: { method: 'POST', path: '/api/services/{id}/reload', least: 'operator' },
  refresh: { method: 'POST', path: '/api/services/{id}/refresh', least: 'anonymous' },
  preflight: { method: 'GET', path: '/api/services/{id}/preflight', least: 'operator' },
  logs: { method: 'GET', path: '/api/services/{id}/logs', least: 'admin' },
  logs_follow: { method: 'GET', path: '/ws/services/{id}/logs', least: 'admin' },
  recovery_status: { method: 'GET', path: '/api/services/{id}/auto-recovery', least: 'viewer' },
  recovery_set: { method: 'PATCH', path: '/api/services/{id}/auto-recovery', least: 'admin' },
  recovery_reset: { method: 'POST', path: '/api/services/{id}/reset-circuit-breaker', least: 'admin' },
  recovery_history: { method: 'GET', path: '/api/services/{id}/recoveries', least: 'viewer' },
  explain: { method: 'GET', path: '/api/services/{id}/explain', least: 'viewer' },
  pause: { method: 'POST', path: '/api/services/{id}/pause', least: 'admin' },
  resume: { method: 'POST', path: '/api/services/{id}/resume', least: 'admin' },
  events: { method: 'GET', path: '/api/services/{id}/events', least: 'viewer' },
  events_all: { method: 'GET', path: '/api/events', least: 'viewer' },
  events_follow: { method: 'GET', path: '/ws/services/{id}/status', least: 'viewer' },
  inspect: { method: 'GET', path: '/api/services/{id}/inspect/{what}', least: 'admin', budgetMs: 5000 },
  doctor: { method: 'GET', path: '/api/services/{id}/doctor', least: 'admin' },
  audit: { method: 'GET', path: '/api/audit', least: 'admin' },
  audit_report: { method: 'GET', path: '/api/audit/report', least: 'admin' },
  audit_verify: { method: 'GET', path: '/api/audit/verify', least: 'admin' },
  audit_key: { method: 'POST', path: '/api/audit/key', least: 'admin' },
  metrics: { method: 'GET', path: '/api/services/{id}/metrics', least: 'viewer' },
  slo: { method: 'GET', path: '/api/services/{id}/slo', least: 'viewer' },
  diagnosis: { method: 'GET', path: '/api/services/{id}/diagnosis', least: 'admin' },
  bundle: { method: 'GET', path: '/api/services/{id}/bundle', least: 'admin' },
  notify: { method: 'POST', path: '/api/notifications', least: 'operator' },
  notify_emergency: { method: 'POST', path: '/api/notifications/emergency', least: 'admin' },
  notify_test: { method: 'POST', path: '/api/notifications/test', least: 'admin' },
  channels: { method: 'GET', path: '/api/channels', least: 'admin' },
  alerts: { method: 'GET', path: '/api/alerts', least: 'viewer' },
  alert: { method: 'GET', path: '/api/alerts/{n}', least: 'viewer' },
  alert_acknowledge: { method: 'POST', path: '/api/alerts/{n}/acknowledge', least: 'operator' },
  incidents: { method: 'GET', path: '/api/incidents', least: 'viewer' },
  incident_open: { method: 'POST', path: '/api/incidents', least: 'operator' },
  incident: { method: 'GET', path: '/api/incidents/{n}', least: 'viewer' },
  incident_set: { method: 'PATCH', path: '/api/incidents/{n}', least: 'operator' },
  incident_take: { method: 'POST', path: '/api/incidents/{n}/take', least: 'operator' },
  incident_note: { method: 'POST', path: '/api/incidents/{n}/notes', least: 'operator' },
  incident_update: { method: 'POST', path: '/api/incidents/{n}/updates', least: 'operator' },
  incident_acknowledge: { method: 'POST', path: '/api/incidents/{n}/acknowledge', least: 'operator' },
  incident_escalate: { method: 'POST', path: '/api/incidents/{n}/escalate', least: 'operator' },
  incident_postmortem: { method: 'GET', path: '/api/incidents/{n}/postmortem', least: 'viewer' },
  link_show: { method: 'GET', path: '/acknowledge/{link}', least: 'anonymous' },
  link_acknowledge: { method: 'POST', path: '/acknowledge/{link}', least: 'anonymous' },
  key_rotate: { method: 'POST', path: '/api/ssh-keys/rotate', least: 'admin' },
  login: { method: 'POST', path: '/api/auth/login', least: 'anonymous' },
  logout: { method: 'POST', path: '/api/auth/logout', least: 'viewer' },
  renew: { method: 'POST', path: '/api/auth/renew', least: 'viewer' },
  me: { method: 'GET', path: '/api/auth/me', least: 'viewer' },
  password: { method: 'POST', path: '/api/auth/password', least: 'viewer' },
  sessions: { method: 'GET', path: '/api/auth/sessions', least: 'viewer' },
  session_revoke: { method: 'DELETE', path: '/api/auth/sessions/{n}', least: 'viewer' },
  totp_begin: { method: 'POST', path: '/api/auth/totp', least: 'viewer' },
  totp_confirm: { method: 'POST', path: '/api/auth/totp/confirm', least: 'viewer' },
  totp_disable: { method: 'POST', path: '/api/auth/totp/disable', least: 'viewer' },
  users: { method: 'GET', path: '/api/users', least: 'admin' },
  user_add: { method: 'POST', path: '/api/users', least: 'admin' },
  user_set: { method: 'PATCH', path: '/api/users/{n}', least: 'admin' },
  tokens: { method: 'GET', path: '/api/tokens', least: 'admin' },
  token_add: { method: 'POST', path: '/api/tokens', least: 'admin' },
  token_set: { method: 'PATCH', path: '/api/tokens/{n}', least: 'admin' },
  token_revoke: { method: 'DELETE', path: '/api/tokens/{n}', least: 'admin' },
  access_requests: { method: 'GET', path: '/api/access-requests', least: 'viewer' },
  access_request: { method: 'POST', path: '/api/access-requests', least: 'viewer' },
  access_approve: { method: 'POST', path: '/api/access-requests/{n}/approve', least: 'admin' },
  access_reject: { method: 'POST', path: '/api/access-requests/{n}/reject', least: 'admin' },
  maintenance: { method: 'GET', path: '/api/maintenance', least: 'viewer' },
  maintenance_plan: { method: 'POST', path: '/api/maintenance', least: 'admin' },
  maintenance_show: { method: 'GET', path: '/api/maintenance/{n}', least: 'viewer' },
  maintenance_set: { method: 'PATCH', path: '/api/maintenance/{n}', least: 'admin' },
  maintenance_cancel: { method: 'DELETE', path: '/api/maintenance/{n}', least: 'admin' },
  maintenance_begin: { method: 'POST', path: '/api/maintenance/{n}/begin', least: 'admin' },
  maintenance_end: { method: 'POST', path: '/api/maintenance/{n}/end', least: 'admin' },
  maintenance_extend: { method: 'POST', path: '/api/maintenance/{n}/extend', least: 'admin' },
  maintenance_checklist: { method: 'POST', path: '/api/maintenance/{n}/checklist', least: 'admin' },
  calendar: { method: 'GET', path: '/maintenance.ics', least: 'viewer' },
  backup_overview: { method: 'GET', path: '/api/backups', least: 'viewer' },
  backups: { method: 'GET', path: '/api/services/{id}/backups', least: 'viewer' },
  backup_create: { method: 'POST', path: '/api/services/{id}/backups', least: 'operator' },
  backup: { method: 'GET', path: '/api/services/{id}/backups/{b}', least: 'viewer' },
  backup_delete: { method: 'DELETE', path: '/api/services/{id}/backups/{b}', least: 'admin' },
  backup_status: { method: 'GET', path: '/api/services/{id}/backup-status', least: 'viewer' },
  backup_verify: { method: 'POST', path: '/api/services/{id}/backups/{b}/verify', least: 'operator' },
  backup_accept: { method: 'POST', path: '/api/services/{id}/backups/{b}/accept', least: 'admin' },
  backup_pin: { method: 'POST', path: '/api/services/{id}/backups/{b}/pin', least: 'admin' },
  backup_unpin: { method: 'DELETE', path: '/api/services/{id}/backups/{b}/pin', least: 'admin' },
  backup_prunable: { method: 'GET', path: '/api/services/{id}/backup-prune', least: 'viewer' },
  backup_prune: { method: 'POST', path: '/api/services/{id}/backup-prune', least: 'admin' },
  backup_copy: { method: 'POST', path: '/api/services/{id}/backup-copy', least: 'operator' },
  backup_elsewhere: { method: 'GET', path: '/api/services/{id}/backup-copy', least: 'operator' },
  backup_fetch: { method: 'POST', path: '/api/services/{id}/backup-fetch', least: 'admin' },
  procedures: { method: 'GET', path: '/api/services/{id}/procedures', least: 'viewer' },
  procedure_begin: { method: 'POST', path: '/api/services/{id}/procedures', least: 'admin' },
  procedure: { method: 'GET', path: '/api/services/{id}/procedures/{n}', least: 'viewer' },
  procedure_order: { method: 'POST', path: '/api/services/{id}/procedures/{n}', least: 'admin' },
  procedure_checklist: { method: 'POST', path: '/api/services/{id}/procedures/{n}/checklist', least: 'admin' },
  backup_rebuild_sheet: { method: 'GET', path: '/api/services/{id}/rebuild-sheet', least: 'admin' },
  backup_drills: { method: 'GET', path: '/api/services/{id}/backup-drills', least: 'viewer' },
  backup_drill: { method: 'POST', path: '/api/services/{id}/backup-drills', least: 'operator' },
  restore_plan: { method: 'POST', path: '/api/services/{id}/backups/{b}/plan', least: 'admin' },
  restore: { method: 'POST', path: '/api/services/{id}/backups/{b}/restore', least: 'admin' },
  restores: { method: 'GET', path: '/api/services/{id}/restores', least: 'admin' },
  restore_show: { method: 'GET', path: '/api/services/{id}/restores/{n}', least: 'admin' },
  restore_undo: { method: 'POST', path: '/api/services/{id}/restores/{n}/undo', least: 'admin' },
  restore_resume: { method: 'POST', path: '/api/services/{id}/restores/{n}/resume', least: 'admin' },
  restore_cancel: { method: 'POST', path: '/api/services/{id}/restores/{n}/cancel', least: 'admin' },
  fleet: { method: 'GET', path: '/api/fleet', least: 'viewer' },
  fleet_diff: { method: 'GET', path: '/api/fleet/diff', least: 'viewer' },
  fleet_drain: { method: 'POST', path: '/api/fleet/engines/{name}/drain', least: 'admin' },
  fleet_undrain: { method: 'POST', path: '/api/fleet/engines/{name}/undrain', least: 'admin' },
  fleet_remove: { method: 'DELETE', path: '/api/fleet/engines/{name}', least: 'admin' },
  prometheus: { method: 'GET', path: '/metrics', least: 'viewer' },
  healthz: { method: 'GET', path: '/healthz', least: 'anonymous' },
  readyz: { method: 'GET', path: '/readyz', least: 'anonymous' },
  openapi: { method: 'GET', path: '/openapi.json', least: 'anonymous' },
  timing: { method: 'GET', path: '/api/timing', least: 'viewer' },
  version: { method: 'GET', path: '/version', least: 'anonymous' },
} as const;
