-- A store of schema version 4, as its own program wrote it: one answer, one decision, one session, one order.
BEGIN TRANSACTION;
CREATE TABLE coa_orders (
    id TEXT NOT NULL PRIMARY KEY, session_id TEXT NOT NULL, client TEXT NOT NULL, family TEXT NOT NULL,
    state TEXT NOT NULL, created_at REAL NOT NULL, changed_at REAL NOT NULL, due_at REAL, decision_id TEXT NOT NULL,
    old_rule TEXT NOT NULL, old_profile TEXT NOT NULL, rule TEXT NOT NULL, profile TEXT NOT NULL,
    accept INTEGER NOT NULL, basis TEXT NOT NULL, reason TEXT NOT NULL, worse INTEGER NOT NULL, action TEXT NOT NULL,
    tried TEXT NOT NULL, narrower INTEGER NOT NULL, attempts INTEGER NOT NULL, attributes TEXT NOT NULL, packet BLOB,
    device TEXT NOT NULL, port INTEGER NOT NULL, source TEXT NOT NULL, source_port INTEGER NOT NULL, prepared_at REAL,
    code TEXT NOT NULL, cause INTEGER, detail TEXT NOT NULL, settled INTEGER NOT NULL
);
INSERT INTO "coa_orders" VALUES('ffffffffffffffffffffffff','000000000000000000000001','192.0.2.10','cisco-ios-xe','acked',1700000100.0,1700000101.0,NULL,'000000000000000000000001','compliant','corporate','noncompliant','quarantine',1,'Registered/NonCompliant/True','why',0,'','',0,0,'',X'2B01','',0,'',0,NULL,'',NULL,'',1);
CREATE TABLE dacl_versions (
    wire_name TEXT NOT NULL, style TEXT NOT NULL, entries TEXT NOT NULL, digest TEXT NOT NULL,
    first_at REAL NOT NULL, current_at REAL NOT NULL,
    PRIMARY KEY (wire_name, style)
);
CREATE TABLE dacls_handed (
    client TEXT NOT NULL, wire_name TEXT NOT NULL, at REAL NOT NULL, decision TEXT NOT NULL,
    PRIMARY KEY (client, wire_name)
) WITHOUT ROWID;
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, outcome TEXT NOT NULL,
    user TEXT NOT NULL, mac TEXT NOT NULL, identity TEXT NOT NULL, nas_address TEXT NOT NULL,
    server TEXT NOT NULL, rule TEXT NOT NULL, profile TEXT NOT NULL, reason_code TEXT NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO "decisions" VALUES(1,'000000000000000000000001',1700000000.0,'accept','host/1','0011223344AA','00000000-0000-0000-0000-000000000001','','','compliant','corporate','','{"id":"000000000000000000000001","at":1700000000.0,"outcome":"accept","user":"host/1","mac":"0011223344AA","access":"","method":"","nas_address":"","nas_name":"","client":"","nas_identifier":"","nas_port":"","nas_port_id":"","calling_station":"","called_station":"","acct_session_id":"","family":"","audit_session_id":"","identity":"00000000-0000-0000-0000-000000000001","identity_kind":"","identity_source":"","identity_proven":false,"server":"","registration":"","compliance":"","managed":"","reachable":"","record_source":"","record_age":null,"rule":"compliant","profile":"corporate","would_be_rule":"","would_be_profile":"","reason":"","reason_code":"","session_timeout":null,"attributes":[["Tunnel-Private-Group-Id:1","20"],["Session-Timeout","14400"]],"request":[],"steps":[{"code":"M1101","text":"endpoint identified","at_ms":0.5}],"total_ms":0.0}');
CREATE TABLE downloads (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL,
    reason TEXT NOT NULL, wire_name TEXT NOT NULL, client TEXT NOT NULL, client_name TEXT NOT NULL,
    nas_address TEXT NOT NULL, packets INTEGER NOT NULL, entries INTEGER NOT NULL, decision TEXT NOT NULL
);
CREATE TABLE journal_positions (
    segment TEXT PRIMARY KEY, inode INTEGER NOT NULL, position INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "journal_positions" VALUES('20231114T22.jsonl',1,100);
CREATE TABLE journal_rejects (
    seq INTEGER PRIMARY KEY, segment TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL,
    reason TEXT NOT NULL, line BLOB NOT NULL
);
CREATE TABLE record_changes (
    server TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
    old_registration TEXT, old_compliance TEXT, old_managed TEXT, at REAL NOT NULL,
    PRIMARY KEY (server, kind, value)
) WITHOUT ROWID;
INSERT INTO "record_changes" VALUES('intune','intune','00000000-0000-0000-0000-000000000001',NULL,NULL,NULL,1700000000.0);
CREATE TABLE records (
    server TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
    registration TEXT, compliance TEXT, managed TEXT, macs TEXT NOT NULL DEFAULT '',
    answered_at REAL NOT NULL DEFAULT 0, failed_at REAL NOT NULL DEFAULT 0, failure TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (server, kind, value)
) WITHOUT ROWID;
INSERT INTO "records" VALUES('intune','intune','00000000-0000-0000-0000-000000000001','Registered','Compliant','True','0011223344AA 0011223344AB',1700000000.0,0.0,'');
CREATE TABLE rules (name TEXT PRIMARY KEY, hits INTEGER NOT NULL, last_hit REAL NOT NULL) WITHOUT ROWID;
INSERT INTO "rules" VALUES('compliant',1,1700000000.0);
CREATE TABLE server_info (server TEXT PRIMARY KEY, redirect_url TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, client TEXT NOT NULL, decision_id TEXT NOT NULL,
    authorized_at REAL NOT NULL, reauthorized_at REAL NOT NULL, last_seen REAL NOT NULL,
    nas_name TEXT NOT NULL, nas_address TEXT NOT NULL, nas_identifier TEXT NOT NULL, nas_port TEXT NOT NULL,
    nas_port_id TEXT NOT NULL, family TEXT NOT NULL, access TEXT NOT NULL, user TEXT NOT NULL, mac TEXT NOT NULL,
    calling_station TEXT NOT NULL, called_station TEXT NOT NULL, acct_session_id TEXT NOT NULL,
    former_acct_session_ids TEXT NOT NULL, acct_multi_session_id TEXT NOT NULL, audit_session_id TEXT NOT NULL,
    framed_ip TEXT NOT NULL, framed_ipv6 TEXT NOT NULL, server TEXT NOT NULL, identity_kind TEXT NOT NULL,
    identity TEXT NOT NULL, rule TEXT NOT NULL, profile TEXT NOT NULL, session_timeout INTEGER, timer_ends_at REAL,
    started_at REAL, ended_at REAL, end_cause TEXT NOT NULL, terminate_cause TEXT NOT NULL,
    coa_at REAL, coa_result TEXT NOT NULL, node TEXT NOT NULL
);
INSERT INTO "sessions" VALUES('000000000000000000000001','started','192.0.2.10','000000000000000000000001',1700000000.0,1700000000.0,1700000000.0,'','','','','','','','host/1','0011223344AA','','','','','','','','','intune','intune','00000000-0000-0000-0000-000000000001','compliant','corporate',NULL,NULL,NULL,NULL,'','',NULL,'','');
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_user ON decisions (user);
CREATE INDEX decisions_mac ON decisions (mac);
CREATE INDEX decisions_identity ON decisions (identity);
CREATE INDEX downloads_at ON downloads (at);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE state = 'ended';
CREATE INDEX sessions_live ON sessions (id) WHERE state != 'ended';
CREATE INDEX sessions_mac ON sessions (mac);
CREATE INDEX sessions_identity ON sessions (identity);
CREATE INDEX coa_orders_open ON coa_orders (id) WHERE settled = 0;
CREATE INDEX coa_orders_session ON coa_orders (session_id, created_at);
CREATE INDEX coa_orders_changed ON coa_orders (changed_at);
PRAGMA user_version=4;
COMMIT;
