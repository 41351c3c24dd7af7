-- The tables of schema 10, before it was kept that a start was cancelled, with a service that has had an attempt.
PRAGMA user_version=10;
BEGIN TRANSACTION;
CREATE TABLE audit_anchor (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, file TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE audit_lost (id INTEGER PRIMARY KEY CHECK (id = 1), lines INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TABLE event ( service TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (service, seq)) WITHOUT ROWID;
CREATE TABLE record ( kind TEXT NOT NULL, number INTEGER NOT NULL, service TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID;
CREATE TABLE record_number (kind TEXT PRIMARY KEY NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE "recovery" ( id TEXT NOT NULL, service TEXT NOT NULL, started_at INTEGER NOT NULL, duration_seconds REAL, cause TEXT NOT NULL, level TEXT NOT NULL, result TEXT NOT NULL, attempts INTEGER NOT NULL, message TEXT NOT NULL, evidence TEXT, PRIMARY KEY (service, id));
CREATE TABLE service_state ( id TEXT PRIMARY KEY NOT NULL, stopped_on_purpose INTEGER NOT NULL, stopped_by TEXT NOT NULL, stopped_at INTEGER NOT NULL, ever_answered INTEGER NOT NULL, address TEXT NOT NULL, attempts INTEGER NOT NULL, last_attempt_at INTEGER NOT NULL, exhausted INTEGER NOT NULL, breaker_open INTEGER NOT NULL, breaker_opened_at INTEGER NOT NULL, recoveries_at TEXT NOT NULL, paused_until INTEGER NOT NULL, paused_by TEXT NOT NULL, pause_reason TEXT NOT NULL, event_seq INTEGER NOT NULL, start_seconds REAL NOT NULL, recovery_set INTEGER NOT NULL, enabled INTEGER NOT NULL, max_attempts INTEGER NOT NULL, retry_delay_ms INTEGER NOT NULL, backoff_multiplier REAL NOT NULL, external_stop INTEGER NOT NULL, external_stop_grace_ms INTEGER NOT NULL, breaker_recoveries INTEGER NOT NULL, breaker_window_ms INTEGER NOT NULL, failure_threshold INTEGER NOT NULL, empty_primary INTEGER NOT NULL DEFAULT 0, role TEXT NOT NULL DEFAULT '', role_source TEXT NOT NULL DEFAULT '', role_run_id TEXT NOT NULL DEFAULT '', role_keys INTEGER NOT NULL DEFAULT -1, stopped_reason TEXT NOT NULL DEFAULT '', stop_seen INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
INSERT INTO "service_state" VALUES('cache',0,'',0,1,'10.0.0.2:6379',1,1796034000123,0,0,0,'1796033000456',0,'','',1796034001000,1.25,0,1,3,10000,2.0,0,90000,3,300000,3,1,'primary','','',-1,'',0);
CREATE INDEX event_by_time ON event (at);
CREATE INDEX event_operations ON event (service, at) WHERE type = 'service_event';
CREATE INDEX recovery_by_service ON recovery (service, started_at);
CREATE INDEX recovery_by_time ON recovery (started_at);
CREATE INDEX record_by_time ON record (kind, at, number) WHERE at > 0;
CREATE INDEX record_by_service ON record (kind, service, at, number) WHERE service <> '';
CREATE INDEX record_by_state ON record (kind, state, at, number) WHERE state <> '';
COMMIT;
