CREATE TABLE "party" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "party_one_name" ON "party" ("name");

CREATE TABLE "product" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "party" BLOB NOT NULL,
  "exposure" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "product_one_name" ON "product" ("name");

CREATE TABLE "device" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "serial" TEXT NOT NULL,
  "hardwareRevision" TEXT,
  "lot" TEXT,
  "udiDi" TEXT,
  "state" TEXT NOT NULL,
  "enrolmentsLeft" INTEGER NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "seenAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "device_one_serial" ON "device" ("product", "serial");

CREATE INDEX "device_by_state" ON "device" ("state", "id");

CREATE INDEX "device_by_lot" ON "device" ("lot", "id") WHERE "lot" IS NOT NULL;

CREATE INDEX "device_by_productState" ON "device" ("product", "state", "id");

CREATE INDEX "device_by_bySerial" ON "device" ("serial", "id");

CREATE TABLE "key" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "fingerprint" BLOB NOT NULL,
  "algorithm" TEXT NOT NULL,
  "bits" INTEGER NOT NULL,
  "spki" BLOB NOT NULL,
  "origin" TEXT NOT NULL,
  "protection" TEXT NOT NULL,
  "attested" INTEGER NOT NULL,
  "exportable" INTEGER,
  "purpose" TEXT NOT NULL,
  "environment" TEXT NOT NULL,
  "owner" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "moduleCertificate" TEXT,
  "activatedAt" INTEGER NOT NULL,
  "deactivateAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "key_one_fingerprint" ON "key" ("fingerprint");

CREATE INDEX "key_by_owner" ON "key" ("owner", "id");

CREATE TABLE "certificate" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "serialNumber" BLOB NOT NULL,
  "authority" BLOB NOT NULL,
  "profile" TEXT NOT NULL,
  "profileVersion" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "owner" TEXT NOT NULL,
  "product" BLOB,
  "subject" TEXT NOT NULL,
  "deviceSerial" TEXT,
  "lot" TEXT,
  "key" BLOB NOT NULL,
  "algorithm" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "notBefore" INTEGER NOT NULL,
  "notAfter" INTEGER NOT NULL,
  "toBeSignedSha256" BLOB NOT NULL,
  "sha256" BLOB,
  "enrolment" BLOB,
  "shard" INTEGER NOT NULL,
  "reservedAt" INTEGER NOT NULL,
  "issuedAt" INTEGER,
  "usedAt" INTEGER,
  "replaces" BLOB,
  "revokedAt" INTEGER,
  "revocationReason" INTEGER
) STRICT, WITHOUT ROWID;

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
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "der" BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "enrolment" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "protocol" TEXT NOT NULL,
  "operation" TEXT NOT NULL,
  "entrance" BLOB,
  "owner" TEXT NOT NULL,
  "certificate" BLOB NOT NULL,
  "request" BLOB NOT NULL,
  "proof" TEXT NOT NULL,
  "credential" TEXT,
  "possession" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "profileVersion" INTEGER NOT NULL,
  "sourceAddress" TEXT,
  "at" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "repetition" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "requestKey" BLOB NOT NULL,
  "certificate" BLOB NOT NULL,
  "until" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "repetition_one_requestKey" ON "repetition" ("requestKey");

CREATE TABLE "profile" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "number" INTEGER NOT NULL,
  "document" TEXT NOT NULL,
  "author" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "profile_one_number" ON "profile" ("name", "number");

CREATE TABLE "authority" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "environment" TEXT NOT NULL,
  "algorithm" TEXT NOT NULL,
  "parent" BLOB,
  "key" BLOB,
  "certificate" BLOB NOT NULL,
  "certificateSha256" BLOB NOT NULL,
  "subjectKeyIdentifier" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "notAfter" INTEGER NOT NULL,
  "issueUntil" INTEGER NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "products" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "authority_one_name" ON "authority" ("name");

CREATE UNIQUE INDEX "authority_one_certificate" ON "authority" ("certificateSha256");

CREATE INDEX "authority_by_kind" ON "authority" ("kind", "id");

CREATE TABLE "crl" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "authority" BLOB NOT NULL,
  "shard" INTEGER NOT NULL,
  "number" INTEGER NOT NULL,
  "der" BLOB NOT NULL,
  "thisUpdate" INTEGER NOT NULL,
  "nextUpdate" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "crl_one_number" ON "crl" ("authority", "shard", "number");

CREATE TABLE "entrance" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "label" TEXT NOT NULL,
  "product" BLOB NOT NULL,
  "profile" TEXT NOT NULL,
  "authority" BLOB NOT NULL,
  "isDefault" INTEGER NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "entrance_one_label" ON "entrance" ("label");

CREATE INDEX "entrance_by_product" ON "entrance" ("product", "id");

CREATE TABLE "code" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "codeSha256" BLOB NOT NULL,
  "device" BLOB NOT NULL,
  "product" BLOB NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "createdBy" TEXT NOT NULL,
  "expiresAt" INTEGER NOT NULL,
  "usedAt" INTEGER,
  "usedFor" BLOB
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "code_one_codeSha256" ON "code" ("codeSha256");

CREATE INDEX "code_by_device" ON "code" ("device", "id");

CREATE INDEX "code_by_expires" ON "code" ("expiresAt", "id");

CREATE TABLE "exception" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "rule" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "grantedBy" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "until" INTEGER,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "exception_by_subject" ON "exception" ("subject", "id");

CREATE INDEX "exception_by_rule" ON "exception" ("rule", "id");

CREATE TABLE "person" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "passphrase" TEXT,
  "createdAt" INTEGER NOT NULL,
  "signedInAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "person_one_name" ON "person" ("name");

CREATE INDEX "person_by_state" ON "person" ("state", "id");

CREATE TABLE "session" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "tokenSha256" BLOB NOT NULL,
  "person" BLOB NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "expiresAt" INTEGER NOT NULL,
  "endedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "session_one_tokenSha256" ON "session" ("tokenSha256");

CREATE INDEX "session_by_person" ON "session" ("person", "id");

CREATE INDEX "session_by_expires" ON "session" ("expiresAt", "id");

CREATE TABLE "invitation" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "tokenSha256" BLOB NOT NULL,
  "person" BLOB,
  "expiresAt" INTEGER NOT NULL,
  "usedAt" INTEGER,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "invitation_one_tokenSha256" ON "invitation" ("tokenSha256");

CREATE INDEX "invitation_by_expires" ON "invitation" ("expiresAt", "id");

CREATE TABLE "machine" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "key" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "machine_one_name" ON "machine" ("name");

CREATE UNIQUE INDEX "machine_one_key" ON "machine" ("key");

CREATE TABLE "setting" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "value" TEXT NOT NULL,
  "changedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "setting_one_name" ON "setting" ("name");

CREATE TABLE "job" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "dueAt" INTEGER NOT NULL,
  "holder" TEXT,
  "heldUntil" INTEGER,
  "fence" INTEGER NOT NULL,
  "lastRunAt" INTEGER,
  "lastResult" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "job_one_name" ON "job" ("name");

CREATE INDEX "job_by_due" ON "job" ("dueAt", "id");

CREATE TABLE "event" (
  "sequence" INTEGER NOT NULL PRIMARY KEY,
  "bytes" BLOB,
  "salt" BLOB
) STRICT;

CREATE TABLE "entry" (
  "position" INTEGER NOT NULL PRIMARY KEY,
  "event" INTEGER NOT NULL,
  "commitment" BLOB NOT NULL
) STRICT;

CREATE TABLE "tile" (
  "level" INTEGER NOT NULL,
  "place" INTEGER NOT NULL,
  "hashes" BLOB NOT NULL,
  PRIMARY KEY ("level", "place")
) STRICT;

CREATE TABLE "log" (
  "only" INTEGER NOT NULL PRIMARY KEY,
  "size" INTEGER NOT NULL,
  "lastEvent" INTEGER NOT NULL,
  "root" BLOB NOT NULL,
  "fence" INTEGER NOT NULL,
  "holder" TEXT,
  "heldUntil" INTEGER,
  "checkpointSize" INTEGER,
  "checkpoint" TEXT
) STRICT;
