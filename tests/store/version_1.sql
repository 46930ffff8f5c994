-- A store as the release with schema 1 wrote it (sqlite3's dump).
BEGIN TRANSACTION;
CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, outcome TEXT NOT NULL,
    user TEXT NOT NULL, mac TEXT NOT NULL, identity TEXT NOT NULL, nas_address TEXT NOT NULL,
    server TEXT NOT NULL, rule TEXT NOT NULL, profile TEXT NOT NULL, reason_code TEXT NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO "decisions" VALUES(1,'000000000000000000000001',1700000000.0,'accept','host/1','0011223344AA','00000000-0000-0000-0000-000000000001','','','compliant','corporate','','{"id":"000000000000000000000001","at":1700000000.0,"outcome":"accept","user":"host/1","mac":"0011223344AA","access":"","method":"","nas_address":"","nas_name":"","nas_port":"","audit_session_id":"","identity":"00000000-0000-0000-0000-000000000001","identity_kind":"","identity_source":"","identity_proven":false,"server":"","registration":"","compliance":"","managed":"","reachable":"","record_source":"","record_age":null,"rule":"compliant","profile":"corporate","would_be_rule":"","would_be_profile":"","reason":"","reason_code":"","attributes":[["Tunnel-Private-Group-Id:1","20"],["Session-Timeout","14400"]],"steps":[{"code":"M1101","text":"endpoint identified","at_ms":0.5}],"total_ms":0.0}');
INSERT INTO "decisions" VALUES(2,'000000000000000000000002',1700000000.0,'reject','host/2','0011223344AA','00000000-0000-0000-0000-000000000002','','','','corporate','','{"id":"000000000000000000000002","at":1700000000.0,"outcome":"reject","user":"host/2","mac":"0011223344AA","access":"","method":"","nas_address":"","nas_name":"","nas_port":"","audit_session_id":"","identity":"00000000-0000-0000-0000-000000000002","identity_kind":"","identity_source":"","identity_proven":false,"server":"","registration":"","compliance":"","managed":"","reachable":"","record_source":"","record_age":null,"rule":"","profile":"corporate","would_be_rule":"","would_be_profile":"","reason":"","reason_code":"","attributes":[["Tunnel-Private-Group-Id:1","20"],["Session-Timeout","14400"]],"steps":[{"code":"M1101","text":"endpoint identified","at_ms":0.5}],"total_ms":0.0}');
CREATE TABLE journal_positions (
    segment TEXT PRIMARY KEY, inode INTEGER NOT NULL, position INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "journal_positions" VALUES('20231114T22.jsonl',4711,900);
CREATE TABLE journal_rejects (
    seq INTEGER PRIMARY KEY, segment TEXT NOT NULL, position INTEGER NOT NULL, at REAL NOT NULL,
    reason TEXT NOT NULL, line BLOB NOT NULL
);
INSERT INTO "journal_rejects" VALUES(1,'20231114T22.jsonl',100,1700000200.0,'unknown type',X'7B2274797065223A22646F776E6C6F6164227D');
CREATE TABLE records (
    server TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
    registration TEXT, compliance TEXT, managed TEXT, macs TEXT NOT NULL DEFAULT '',
    answered_at REAL NOT NULL DEFAULT 0, failed_at REAL NOT NULL DEFAULT 0, failure TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (server, kind, value)
) WITHOUT ROWID;
INSERT INTO "records" VALUES('intune','intune','00000000-0000-0000-0000-000000000001','Registered','Compliant','True','0011223344AA 0011223344AB',1700000000.0,0.0,'');
INSERT INTO "records" VALUES('intune','intune','00000000-0000-0000-0000-000000000002',NULL,NULL,NULL,'',0.0,1700000100.0,'M1211 timed out');
CREATE TABLE rules (name TEXT PRIMARY KEY, hits INTEGER NOT NULL, last_hit REAL NOT NULL) WITHOUT ROWID;
INSERT INTO "rules" VALUES('compliant',1,1700000000.0);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_user ON decisions (user);
CREATE INDEX decisions_mac ON decisions (mac);
CREATE INDEX decisions_identity ON decisions (identity);
COMMIT;
PRAGMA user_version=1;
