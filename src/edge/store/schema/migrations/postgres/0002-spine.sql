CREATE TABLE "party" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "role" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "party_one_name" ON "party" ("name");

CREATE TABLE "product" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "party" bytea NOT NULL,
  "exposure" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "product_one_name" ON "product" ("name");

CREATE TABLE "device" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "serial" text COLLATE "C" NOT NULL,
  "hardwareRevision" text COLLATE "C",
  "lot" text COLLATE "C",
  "udiDi" text COLLATE "C",
  "state" text COLLATE "C" NOT NULL,
  "enrolmentsLeft" bigint NOT NULL,
  "createdAt" bigint NOT NULL,
  "seenAt" bigint,
  "missedSince" bigint
);

CREATE UNIQUE INDEX "device_one_serial" ON "device" ("product", "serial");

CREATE INDEX "device_by_state" ON "device" ("state", "id");

CREATE INDEX "device_by_lot" ON "device" ("lot", "id") WHERE "lot" IS NOT NULL;

CREATE INDEX "device_by_productState" ON "device" ("product", "state", "id");

CREATE INDEX "device_by_bySerial" ON "device" ("serial", "id");

CREATE INDEX "device_by_missed" ON "device" ("missedSince", "id") WHERE "missedSince" IS NOT NULL;

CREATE INDEX "device_by_productMissed" ON "device" ("product", "missedSince", "id") WHERE "missedSince" IS NOT NULL;

CREATE TABLE "key" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "fingerprint" bytea NOT NULL,
  "algorithm" text COLLATE "C" NOT NULL,
  "bits" bigint NOT NULL,
  "spki" bytea NOT NULL,
  "origin" text COLLATE "C" NOT NULL,
  "protection" text COLLATE "C" NOT NULL,
  "attested" bigint NOT NULL,
  "exportable" bigint,
  "purpose" text COLLATE "C" NOT NULL,
  "environment" text COLLATE "C" NOT NULL,
  "owner" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "moduleCertificate" text COLLATE "C",
  "activatedAt" bigint NOT NULL,
  "deactivateAt" bigint
);

CREATE UNIQUE INDEX "key_one_fingerprint" ON "key" ("fingerprint");

CREATE INDEX "key_by_owner" ON "key" ("owner", "id");

CREATE TABLE "certificate" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "serialNumber" bytea NOT NULL,
  "authority" bytea NOT NULL,
  "profile" text COLLATE "C" NOT NULL,
  "profileVersion" bigint NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "owner" text COLLATE "C" NOT NULL,
  "product" bytea,
  "subject" text COLLATE "C" NOT NULL,
  "deviceSerial" text COLLATE "C",
  "lot" text COLLATE "C",
  "key" bytea NOT NULL,
  "algorithm" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "notBefore" bigint NOT NULL,
  "notAfter" bigint NOT NULL,
  "toBeSignedSha256" bytea NOT NULL,
  "sha256" bytea,
  "enrolment" bytea,
  "shard" bigint NOT NULL,
  "reservedAt" bigint NOT NULL,
  "issuedAt" bigint,
  "usedAt" bigint,
  "replaces" bytea,
  "revokedAt" bigint,
  "revocationReason" bigint
);

CREATE UNIQUE INDEX "certificate_one_serialNumber" ON "certificate" ("authority", "serialNumber");

CREATE UNIQUE INDEX "certificate_one_sha256" ON "certificate" ("sha256") WHERE "sha256" IS NOT NULL;

CREATE INDEX "certificate_by_owner" ON "certificate" ("owner", "id");

CREATE INDEX "certificate_by_state" ON "certificate" ("state", "notAfter", "id");

CREATE INDEX "certificate_by_product" ON "certificate" ("product", "deviceSerial", "id") WHERE "product" IS NOT NULL AND "deviceSerial" IS NOT NULL;

CREATE INDEX "certificate_by_lot" ON "certificate" ("lot", "id") WHERE "lot" IS NOT NULL;

CREATE INDEX "certificate_by_deviceSerial" ON "certificate" ("deviceSerial", "id") WHERE "deviceSerial" IS NOT NULL;

CREATE INDEX "certificate_by_algorithm" ON "certificate" ("algorithm", "id");

CREATE INDEX "certificate_by_shard" ON "certificate" ("authority", "shard", "id");

CREATE INDEX "certificate_by_revoked" ON "certificate" ("authority", "shard", "revokedAt", "id") WHERE "revokedAt" IS NOT NULL;

CREATE TABLE "encoding" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "der" bytea NOT NULL
);

CREATE TABLE "enrolment" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "protocol" text COLLATE "C" NOT NULL,
  "operation" text COLLATE "C" NOT NULL,
  "entrance" bytea,
  "owner" text COLLATE "C" NOT NULL,
  "certificate" bytea NOT NULL,
  "request" bytea NOT NULL,
  "proof" text COLLATE "C" NOT NULL,
  "credential" text COLLATE "C",
  "possession" text COLLATE "C" NOT NULL,
  "profile" text COLLATE "C" NOT NULL,
  "profileVersion" bigint NOT NULL,
  "sourceAddress" text COLLATE "C",
  "at" bigint NOT NULL,
  "approval" bytea,
  "registrar" bytea,
  "proxy" bytea
);

CREATE TABLE "repetition" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "requestKey" bytea NOT NULL,
  "certificate" bytea NOT NULL,
  "until" bigint NOT NULL
);

CREATE UNIQUE INDEX "repetition_one_requestKey" ON "repetition" ("requestKey");

CREATE TABLE "profile" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "number" bigint NOT NULL,
  "document" text COLLATE "C" NOT NULL,
  "author" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "profile_one_number" ON "profile" ("name", "number");

CREATE TABLE "authority" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "environment" text COLLATE "C" NOT NULL,
  "algorithm" text COLLATE "C" NOT NULL,
  "parent" bytea,
  "key" bytea,
  "certificate" bytea NOT NULL,
  "certificateSha256" bytea NOT NULL,
  "subjectKeyIdentifier" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "notAfter" bigint NOT NULL,
  "issueUntil" bigint NOT NULL,
  "successor" bytea,
  "createdAt" bigint NOT NULL,
  "products" text COLLATE "C" NOT NULL,
  "crlNumberFrom" bigint,
  "origin" text COLLATE "C",
  "twin" bytea
);

CREATE UNIQUE INDEX "authority_one_name" ON "authority" ("name");

CREATE UNIQUE INDEX "authority_one_certificate" ON "authority" ("certificateSha256");

CREATE INDEX "authority_by_kind" ON "authority" ("kind", "id");

CREATE TABLE "bareRevocation" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "authority" bytea NOT NULL,
  "serialNumber" bytea NOT NULL,
  "revokedAt" bigint NOT NULL,
  "reason" bigint NOT NULL
);

CREATE UNIQUE INDEX "bareRevocation_one_serialNumber" ON "bareRevocation" ("authority", "serialNumber");

CREATE INDEX "bareRevocation_by_authority" ON "bareRevocation" ("authority", "id");

CREATE TABLE "crl" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "authority" bytea NOT NULL,
  "shard" bigint NOT NULL,
  "number" bigint NOT NULL,
  "der" bytea NOT NULL,
  "thisUpdate" bigint NOT NULL,
  "nextUpdate" bigint NOT NULL
);

CREATE UNIQUE INDEX "crl_one_number" ON "crl" ("authority", "shard", "number");

CREATE TABLE "entrance" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "label" text COLLATE "C" NOT NULL,
  "product" bytea NOT NULL,
  "profile" text COLLATE "C" NOT NULL,
  "authority" bytea NOT NULL,
  "isDefault" bigint NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "entrance_one_label" ON "entrance" ("label");

CREATE INDEX "entrance_by_product" ON "entrance" ("product", "id");

CREATE TABLE "code" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "codeSha256" bytea NOT NULL,
  "device" bytea NOT NULL,
  "product" bytea NOT NULL,
  "createdAt" bigint NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL,
  "expiresAt" bigint NOT NULL,
  "usedAt" bigint,
  "usedFor" bytea,
  "heldFor" bytea
);

CREATE UNIQUE INDEX "code_one_codeSha256" ON "code" ("codeSha256");

CREATE INDEX "code_by_device" ON "code" ("device", "id");

CREATE INDEX "code_by_expires" ON "code" ("expiresAt", "id");

CREATE TABLE "request" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "requestKey" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "device" bytea NOT NULL,
  "product" bytea NOT NULL,
  "entrance" bytea NOT NULL,
  "operation" text COLLATE "C" NOT NULL,
  "request" bytea NOT NULL,
  "requestSha256" bytea NOT NULL,
  "proof" text COLLATE "C" NOT NULL,
  "credential" text COLLATE "C" NOT NULL,
  "registrar" bytea,
  "proxy" bytea,
  "sourceAddress" text COLLATE "C" NOT NULL,
  "profile" text COLLATE "C" NOT NULL,
  "profileVersion" bigint NOT NULL,
  "askedAt" bigint NOT NULL,
  "expiresAt" bigint NOT NULL,
  "codeExpiresAt" bigint,
  "decidedAt" bigint,
  "decidedBy" text COLLATE "C",
  "reason" text COLLATE "C",
  "certificate" bytea
);

CREATE UNIQUE INDEX "request_one_requestKey" ON "request" ("requestKey");

CREATE INDEX "request_by_state" ON "request" ("state", "expiresAt", "id");

CREATE INDEX "request_by_device" ON "request" ("device", "state", "id");

CREATE TABLE "registrar" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "key" bytea NOT NULL,
  "certificateSha256" bytea NOT NULL,
  "products" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL,
  "expiresAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "registrar_one_name" ON "registrar" ("name");

CREATE UNIQUE INDEX "registrar_one_certificate" ON "registrar" ("certificateSha256");

CREATE TABLE "proxy" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "key" bytea NOT NULL,
  "certificateSha256" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "proxy_one_name" ON "proxy" ("name");

CREATE UNIQUE INDEX "proxy_one_certificate" ON "proxy" ("certificateSha256");

CREATE TABLE "exception" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "rule" text COLLATE "C" NOT NULL,
  "subject" text COLLATE "C" NOT NULL,
  "grantedBy" text COLLATE "C" NOT NULL,
  "reason" text COLLATE "C" NOT NULL,
  "until" bigint,
  "createdAt" bigint NOT NULL
);

CREATE INDEX "exception_by_subject" ON "exception" ("subject", "id");

CREATE INDEX "exception_by_rule" ON "exception" ("rule", "id");

CREATE TABLE "person" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "role" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "passphrase" text COLLATE "C",
  "createdAt" bigint NOT NULL,
  "signedInAt" bigint
);

CREATE UNIQUE INDEX "person_one_name" ON "person" ("name");

CREATE INDEX "person_by_state" ON "person" ("state", "id");

CREATE TABLE "session" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "tokenSha256" bytea NOT NULL,
  "person" bytea NOT NULL,
  "createdAt" bigint NOT NULL,
  "expiresAt" bigint NOT NULL,
  "endedAt" bigint
);

CREATE UNIQUE INDEX "session_one_tokenSha256" ON "session" ("tokenSha256");

CREATE INDEX "session_by_person" ON "session" ("person", "id");

CREATE INDEX "session_by_expires" ON "session" ("expiresAt", "id");

CREATE TABLE "invitation" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "tokenSha256" bytea NOT NULL,
  "person" bytea,
  "expiresAt" bigint NOT NULL,
  "usedAt" bigint,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "invitation_one_tokenSha256" ON "invitation" ("tokenSha256");

CREATE INDEX "invitation_by_expires" ON "invitation" ("expiresAt", "id");

CREATE TABLE "machine" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "role" text COLLATE "C" NOT NULL,
  "key" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "machine_one_name" ON "machine" ("name");

CREATE UNIQUE INDEX "machine_one_key" ON "machine" ("key");

CREATE TABLE "alarm" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "subject" text COLLATE "C" NOT NULL,
  "severity" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "text" text COLLATE "C" NOT NULL,
  "facts" text COLLATE "C" NOT NULL,
  "raisedAt" bigint NOT NULL,
  "lastSeenAt" bigint NOT NULL,
  "clearedAt" bigint,
  "acknowledgedBy" text COLLATE "C",
  "acknowledgedAt" bigint,
  "openKey" text COLLATE "C"
);

CREATE UNIQUE INDEX "alarm_one_open" ON "alarm" ("openKey") WHERE "openKey" IS NOT NULL;

CREATE INDEX "alarm_by_raised" ON "alarm" ("raisedAt", "id");

CREATE INDEX "alarm_by_state" ON "alarm" ("state", "raisedAt", "id");

CREATE INDEX "alarm_by_kind" ON "alarm" ("kind", "state", "raisedAt", "id");

CREATE INDEX "alarm_by_severity" ON "alarm" ("state", "severity", "raisedAt", "id");

CREATE TABLE "notificationTarget" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "address" text COLLATE "C" NOT NULL,
  "settings" text COLLATE "C" NOT NULL,
  "severity" text COLLATE "C" NOT NULL,
  "kinds" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX "notificationTarget_one_name" ON "notificationTarget" ("name");

CREATE INDEX "notificationTarget_by_state" ON "notificationTarget" ("state", "id");

CREATE TABLE "delivery" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "target" bytea NOT NULL,
  "alarm" bytea,
  "what" text COLLATE "C" NOT NULL,
  "message" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "tries" bigint NOT NULL,
  "nextAt" bigint NOT NULL,
  "lastError" text COLLATE "C",
  "createdAt" bigint NOT NULL,
  "sentAt" bigint
);

CREATE INDEX "delivery_by_target" ON "delivery" ("target", "id");

CREATE INDEX "delivery_by_state" ON "delivery" ("state", "nextAt", "id");

CREATE INDEX "delivery_by_queue" ON "delivery" ("target", "state", "id");

CREATE TABLE "renewalOrder" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "authority" bytea,
  "product" bytea,
  "lot" text COLLATE "C",
  "algorithm" text COLLATE "C",
  "fromAt" bigint NOT NULL,
  "until" bigint NOT NULL,
  "because" text COLLATE "C" NOT NULL,
  "total" bigint NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL,
  "endedAt" bigint
);

CREATE INDEX "renewalOrder_by_state" ON "renewalOrder" ("state", "id");

CREATE TABLE "setting" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "value" text COLLATE "C" NOT NULL,
  "changedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "setting_one_name" ON "setting" ("name");

CREATE TABLE "node" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "host" text COLLATE "C" NOT NULL,
  "directory" text COLLATE "C" NOT NULL,
  "process" bigint NOT NULL,
  "programVersion" text COLLATE "C" NOT NULL,
  "publicUrl" text COLLATE "C",
  "names" text COLLATE "C" NOT NULL,
  "addresses" text COLLATE "C" NOT NULL,
  "startedAt" bigint NOT NULL,
  "seenAt" bigint NOT NULL,
  "clockAheadMilliseconds" bigint,
  "stoppedAt" bigint,
  "runningSince" bigint
);

CREATE UNIQUE INDEX "node_one_name" ON "node" ("name");

CREATE INDEX "node_by_running" ON "node" ("runningSince", "id") WHERE "runningSince" IS NOT NULL;

CREATE TABLE "backup" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "file" text COLLATE "C" NOT NULL,
  "sha256" bytea NOT NULL,
  "size" bigint NOT NULL,
  "moment" bigint NOT NULL,
  "epoch" bigint NOT NULL,
  "logSize" bigint NOT NULL,
  "logRoot" bytea NOT NULL,
  "rows" bigint NOT NULL,
  "withRoot" bigint NOT NULL,
  "recipients" text COLLATE "C" NOT NULL,
  "madeBy" text COLLATE "C" NOT NULL,
  "madeAt" bigint NOT NULL
);

CREATE INDEX "backup_by_made" ON "backup" ("madeAt", "id");

CREATE TABLE "logHead" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "epoch" bigint NOT NULL,
  "origin" text COLLATE "C" NOT NULL,
  "size" bigint NOT NULL,
  "root" bytea NOT NULL,
  "checkpoint" text COLLATE "C",
  "addedBy" text COLLATE "C" NOT NULL,
  "addedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "logHead_one_head" ON "logHead" ("origin", "size", "root");

CREATE TABLE "learnt" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "certificate" bytea NOT NULL,
  "device" bytea NOT NULL,
  "epoch" bigint NOT NULL,
  "at" bigint NOT NULL
);

CREATE UNIQUE INDEX "learnt_one_certificate" ON "learnt" ("certificate");

CREATE INDEX "learnt_by_device" ON "learnt" ("device", "id");

CREATE INDEX "learnt_by_epoch" ON "learnt" ("epoch", "id");

CREATE TABLE "job" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "dueAt" bigint NOT NULL,
  "holder" text COLLATE "C",
  "heldUntil" bigint,
  "fence" bigint NOT NULL,
  "lastRunAt" bigint,
  "lastResult" text COLLATE "C",
  "lastGoodAt" bigint
);

CREATE UNIQUE INDEX "job_one_name" ON "job" ("name");

CREATE INDEX "job_by_due" ON "job" ("dueAt", "id");

CREATE TABLE "event" (
  "sequence" bigint NOT NULL PRIMARY KEY,
  "bytes" bytea,
  "salt" bytea
);

CREATE TABLE "entry" (
  "position" bigint NOT NULL PRIMARY KEY,
  "event" bigint NOT NULL,
  "commitment" bytea NOT NULL
);

CREATE TABLE "tile" (
  "level" bigint NOT NULL,
  "place" bigint NOT NULL,
  "hashes" bytea NOT NULL,
  PRIMARY KEY ("level", "place")
);

CREATE TABLE "sealed" (
  "name" text COLLATE "C" NOT NULL PRIMARY KEY,
  "content" text COLLATE "C" NOT NULL
);

CREATE TABLE "log" (
  "only" bigint NOT NULL PRIMARY KEY,
  "size" bigint NOT NULL,
  "lastEvent" bigint NOT NULL,
  "root" bytea NOT NULL,
  "fence" bigint NOT NULL,
  "holder" text COLLATE "C",
  "heldUntil" bigint,
  "checkpointSize" bigint,
  "checkpoint" text COLLATE "C"
);

CREATE TABLE "writer" (
  "id" bytea NOT NULL,
  "number" bigint NOT NULL,
  "at" bigint NOT NULL,
  PRIMARY KEY ("id", "number")
);
