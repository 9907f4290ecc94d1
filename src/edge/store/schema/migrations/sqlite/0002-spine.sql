ALTER TABLE "device" ADD COLUMN "missedSince" INTEGER;

CREATE INDEX "device_by_missed" ON "device" ("missedSince", "id") WHERE "missedSince" IS NOT NULL;

CREATE INDEX "device_by_productMissed" ON "device" ("product", "missedSince", "id") WHERE "missedSince" IS NOT NULL;

ALTER TABLE "enrolment" ADD COLUMN "approval" BLOB;

ALTER TABLE "enrolment" ADD COLUMN "registrar" BLOB;

ALTER TABLE "enrolment" ADD COLUMN "proxy" BLOB;

ALTER TABLE "authority" ADD COLUMN "successor" BLOB;

ALTER TABLE "authority" ADD COLUMN "crlNumberFrom" INTEGER;

ALTER TABLE "authority" ADD COLUMN "origin" TEXT;

ALTER TABLE "authority" ADD COLUMN "twin" BLOB;

CREATE TABLE "bareRevocation" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "authority" BLOB NOT NULL,
  "serialNumber" BLOB NOT NULL,
  "revokedAt" INTEGER NOT NULL,
  "reason" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "bareRevocation_one_serialNumber" ON "bareRevocation" ("authority", "serialNumber");

CREATE INDEX "bareRevocation_by_authority" ON "bareRevocation" ("authority", "id");

ALTER TABLE "code" ADD COLUMN "heldFor" BLOB;

CREATE TABLE "request" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "requestKey" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "device" BLOB NOT NULL,
  "product" BLOB NOT NULL,
  "entrance" BLOB NOT NULL,
  "operation" TEXT NOT NULL,
  "request" BLOB NOT NULL,
  "requestSha256" BLOB NOT NULL,
  "proof" TEXT NOT NULL,
  "credential" TEXT NOT NULL,
  "registrar" BLOB,
  "proxy" BLOB,
  "sourceAddress" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "profileVersion" INTEGER NOT NULL,
  "askedAt" INTEGER NOT NULL,
  "expiresAt" INTEGER NOT NULL,
  "codeExpiresAt" INTEGER,
  "decidedAt" INTEGER,
  "decidedBy" TEXT,
  "reason" TEXT,
  "certificate" BLOB
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "request_one_requestKey" ON "request" ("requestKey");

CREATE INDEX "request_by_state" ON "request" ("state", "expiresAt", "id");

CREATE INDEX "request_by_device" ON "request" ("device", "state", "id");

CREATE TABLE "registrar" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "key" BLOB NOT NULL,
  "certificateSha256" BLOB NOT NULL,
  "products" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "expiresAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "registrar_one_name" ON "registrar" ("name");

CREATE UNIQUE INDEX "registrar_one_certificate" ON "registrar" ("certificateSha256");

CREATE TABLE "proxy" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "key" BLOB NOT NULL,
  "certificateSha256" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "proxy_one_name" ON "proxy" ("name");

CREATE UNIQUE INDEX "proxy_one_certificate" ON "proxy" ("certificateSha256");

CREATE TABLE "alarm" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "severity" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "text" TEXT NOT NULL,
  "facts" TEXT NOT NULL,
  "raisedAt" INTEGER NOT NULL,
  "lastSeenAt" INTEGER NOT NULL,
  "clearedAt" INTEGER,
  "acknowledgedBy" TEXT,
  "acknowledgedAt" INTEGER,
  "openKey" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "alarm_one_open" ON "alarm" ("openKey") WHERE "openKey" IS NOT NULL;

CREATE INDEX "alarm_by_raised" ON "alarm" ("raisedAt", "id");

CREATE INDEX "alarm_by_state" ON "alarm" ("state", "raisedAt", "id");

CREATE INDEX "alarm_by_kind" ON "alarm" ("kind", "state", "raisedAt", "id");

CREATE INDEX "alarm_by_severity" ON "alarm" ("state", "severity", "raisedAt", "id");

CREATE TABLE "notificationTarget" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "address" TEXT NOT NULL,
  "settings" TEXT NOT NULL,
  "severity" TEXT NOT NULL,
  "kinds" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "createdBy" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "notificationTarget_one_name" ON "notificationTarget" ("name");

CREATE INDEX "notificationTarget_by_state" ON "notificationTarget" ("state", "id");

CREATE TABLE "delivery" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "target" BLOB NOT NULL,
  "alarm" BLOB,
  "what" TEXT NOT NULL,
  "message" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "tries" INTEGER NOT NULL,
  "nextAt" INTEGER NOT NULL,
  "lastError" TEXT,
  "createdAt" INTEGER NOT NULL,
  "sentAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX "delivery_by_target" ON "delivery" ("target", "id");

CREATE INDEX "delivery_by_state" ON "delivery" ("state", "nextAt", "id");

CREATE INDEX "delivery_by_queue" ON "delivery" ("target", "state", "id");

CREATE TABLE "renewalOrder" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "authority" BLOB,
  "product" BLOB,
  "lot" TEXT,
  "algorithm" TEXT,
  "fromAt" INTEGER NOT NULL,
  "until" INTEGER NOT NULL,
  "because" TEXT NOT NULL,
  "total" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "createdBy" TEXT NOT NULL,
  "endedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX "renewalOrder_by_state" ON "renewalOrder" ("state", "id");

CREATE TABLE "node" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "host" TEXT NOT NULL,
  "directory" TEXT NOT NULL,
  "process" INTEGER NOT NULL,
  "programVersion" TEXT NOT NULL,
  "publicUrl" TEXT,
  "names" TEXT NOT NULL,
  "addresses" TEXT NOT NULL,
  "startedAt" INTEGER NOT NULL,
  "seenAt" INTEGER NOT NULL,
  "clockAheadMilliseconds" INTEGER,
  "stoppedAt" INTEGER,
  "runningSince" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "node_one_name" ON "node" ("name");

CREATE INDEX "node_by_running" ON "node" ("runningSince", "id") WHERE "runningSince" IS NOT NULL;

CREATE TABLE "backup" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "file" TEXT NOT NULL,
  "sha256" BLOB NOT NULL,
  "size" INTEGER NOT NULL,
  "moment" INTEGER NOT NULL,
  "epoch" INTEGER NOT NULL,
  "logSize" INTEGER NOT NULL,
  "logRoot" BLOB NOT NULL,
  "rows" INTEGER NOT NULL,
  "withRoot" INTEGER NOT NULL,
  "recipients" TEXT NOT NULL,
  "madeBy" TEXT NOT NULL,
  "madeAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "backup_by_made" ON "backup" ("madeAt", "id");

CREATE TABLE "logHead" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "epoch" INTEGER NOT NULL,
  "origin" TEXT NOT NULL,
  "size" INTEGER NOT NULL,
  "root" BLOB NOT NULL,
  "checkpoint" TEXT,
  "addedBy" TEXT NOT NULL,
  "addedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "logHead_one_head" ON "logHead" ("origin", "size", "root");

CREATE TABLE "learnt" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "certificate" BLOB NOT NULL,
  "device" BLOB NOT NULL,
  "epoch" INTEGER NOT NULL,
  "at" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "learnt_one_certificate" ON "learnt" ("certificate");

CREATE INDEX "learnt_by_device" ON "learnt" ("device", "id");

CREATE INDEX "learnt_by_epoch" ON "learnt" ("epoch", "id");

ALTER TABLE "job" ADD COLUMN "lastGoodAt" INTEGER;

CREATE TABLE "sealed" (
  "name" TEXT NOT NULL PRIMARY KEY,
  "content" TEXT NOT NULL
) STRICT;
