/** What the daemon says about a service. */
import { boolean, list, nullable, number, object, oneOf, optional, text, time, type Checked } from './parse';

export const overall = oneOf('healthy', 'degraded', 'critical', 'unknown');
export const unitStatus = oneOf('running', 'stopped', 'failed', 'starting', 'stopping', 'unknown');
export const checkStatus = oneOf('pass', 'warning', 'fail', 'unknown');
export const recoveryLevel = oneOf('soft', 'standard', 'hard', 'critical');

export const withheld = object({ reason_code: text, text });

/** The maintenance window that holds a service. */
export const maintenanceHold = object({ id: number, title: text, state: oneOf('open', 'verifying'), impact: text, ends_at: time });

export const serviceItem = object({
  id: text,
  name: text,
  status: unitStatus,
  overall_status: overall,
  last_check: nullable(time),
  cause: optional(text),
  /** What one that is healthy is to be warned of. */
  warning: optional(text),
  /** Where it was stopped on purpose. */
  stopped_by: optional(text),
  stopped_at: optional(time),
  stop_reason: optional(text),
  /** Why a failure would not be treated now. */
  not_guarded: optional(withheld),
  maintenance: optional(maintenanceHold),
  address: optional(text),
  vm_name: optional(text),
  group: optional(text),
  tags: optional(list(text)),
});
export const serviceList = object({ items: list(serviceItem) });

export const runningPhase = oneOf('checking', 'saving', 'writing', 'running', 'verifying');
export type RunningPhase = Checked<typeof runningPhase>;

export const runningOperation = object({
  id: optional(text),
  operation: text,
  user: text,
  since: nullable(time),
  phase: optional(runningPhase),
  percent: optional(number),
  eta_seconds: optional(number),
});

/** Anonymous callers get the first three members only. */
export const status = object({
  status: unitStatus,
  overall_status: overall,
  last_check: nullable(time),
  name: optional(text),
  pid: optional(number),
  role: optional(oneOf('primary', 'replica')),
  primary: optional(text),
  uptime_seconds: optional(number),
  memory_mb: optional(number),
  connections: optional(number),
  commands_processed: optional(number),
  vm_info: optional(object({ host: optional(text), name: optional(text), ssh_accessible: optional(boolean), ssh_key_notice: optional(text) })),
  operation: optional(runningOperation),
  stopped_by: optional(text),
  stopped_at: optional(time),
  stop_reason: optional(text),
  not_guarded: optional(withheld),
  /** Who suffers when it stops, as configured. */
  affected_services: optional(list(object({ name: text, ok: nullable(boolean) }))),
});

export const gauge = object({
  value: nullable(number),
  warning: optional(number),
  critical: optional(number),
  max: optional(number),
  status: checkStatus,
});

/** The same figures stand beside them as plain numbers, for other clients. */
export const figures = object({
  memory_mb: optional(gauge),
  cpu_percent: optional(gauge),
  connections: optional(gauge),
  response_time_ms: optional(gauge),
  commands_per_second: optional(gauge),
  errors_per_hour: optional(gauge),
});

export const healthCheck = object({
  status: checkStatus,
  duration_ms: optional(number),
  message: optional(text),
  error: optional(text),
  metrics: optional(figures),
});

export const cause = object({
  code: text,
  summary: text,
  since: nullable(time),
  evidence: list(text),
  restart: oneOf('helps', 'useless', 'harmful', 'unneeded'),
  advice: text,
});

export const autoRecovery = object({
  enabled: boolean,
  state: oneOf('monitoring', 'confirming', 'recovering', 'waiting', 'succeeded', 'failed', 'disabled', 'paused'),
  recent_recoveries: number,
  last_recovery: nullable(time),
  recovery_status: nullable(oneOf('success', 'failed')),
  recovery_level: nullable(recoveryLevel),
  duration_seconds: nullable(number),
  attempts: number,
  max_attempts: number,
  requires_manual_intervention: boolean,
  circuit_breaker: object({
    state: oneOf('closed', 'open'),
    recoveries_in_window: number,
    window_seconds: number,
    opened_at: nullable(time),
  }),
  withheld: nullable(withheld),
  phase: optional(text),
  next_step_in_seconds: optional(number),
  next_step_at: optional(time),
  paused_until: optional(time),
  policy: optional(
    object({
      retry_delay_seconds: number,
      backoff_multiplier: number,
      failure_threshold: number,
      external_stop: oneOf('recover', 'respect'),
      external_stop_grace_seconds: number,
    }),
  ),
});

export const health = object({
  overall_status: overall,
  last_check: nullable(time),
  service_running: optional(boolean),
  connectivity: optional(boolean),
  response_time_ms: optional(number),
  last_successful_command: optional(time),
  error_count_last_hour: optional(number),
  health_checks: object({ connectivity: healthCheck, systemd: healthCheck, performance: healthCheck, canary: optional(healthCheck) }),
  cause: optional(cause),
  recommendations: optional(list(text)),
  auto_recovery: optional(autoRecovery),
});

export const refreshed = object({ status: optional(status), health: optional(health) });

export const preflight = object({
  operation: oneOf('stop', 'restart', 'start'),
  allowed: boolean,
  warnings: list(text),
  connections: nullable(number),
  unsaved_changes: nullable(number),
  saves_first: boolean,
  saved_since_start: nullable(boolean),
  last_save_age_seconds: nullable(number),
  last_save_ok: nullable(boolean),
  aof_enabled: nullable(boolean),
  replicas: nullable(number),
  expected_downtime_seconds: nullable(number),
  blockers: list(text),
});

export const operated = object({
  success: boolean,
  operation: text,
  message: text,
  duration_seconds: nullable(number),
  new_status: optional(unitStatus),
  previous_uptime_seconds: optional(number),
  connections_terminated: optional(number),
  warning: optional(text),
});

export const explained = object({
  would_act: boolean,
  action: nullable(text),
  cause: optional(cause),
  reasons: list(text),
  withheld: nullable(withheld),
});

export const recoveryItem = object({
  id: text,
  service: text,
  started_at: time,
  duration_seconds: nullable(number),
  cause: text,
  recovery_level: nullable(text),
  result: nullable(text),
  attempts: number,
  message: text,
  evidence: optional(list(text)),
  stored: boolean,
});
export const recoveryList = object({ items: list(recoveryItem) });

export const logLine = object({ timestamp: nullable(time), level: text, message: text, zone_assumed: optional(boolean) });
export const logs = object({ logs: list(logLine), total_lines: optional(number), service: optional(text), vm: optional(text), problem: optional(text) });

export type Overall = Checked<typeof overall>;
export type UnitStatus = Checked<typeof unitStatus>;
export type CheckStatus = Checked<typeof checkStatus>;
export type ServiceItem = Checked<typeof serviceItem>;
export type Status = Checked<typeof status>;
export type RunningOperation = Checked<typeof runningOperation>;
export type Gauge = Checked<typeof gauge>;
export type Figures = Checked<typeof figures>;
export type HealthCheck = Checked<typeof healthCheck>;
export type Cause = Checked<typeof cause>;
export type AutoRecovery = Checked<typeof autoRecovery>;
export type Health = Checked<typeof health>;
export type Preflight = Checked<typeof preflight>;
export type Operated = Checked<typeof operated>;
export type RecoveryItem = Checked<typeof recoveryItem>;
export type LogLine = Checked<typeof logLine>;
