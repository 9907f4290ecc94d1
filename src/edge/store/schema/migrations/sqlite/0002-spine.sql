ALTER TABLE "device" ADD COLUMN "missedSince" INTEGER;

CREATE INDEX "device_by_missed" ON "device" ("missedSince", "id") WHERE "missedSince" IS NOT NULL;

CREATE INDEX "device_by_productMissed" ON "device" ("product", "missedSince", "id") WHERE "missedSince" IS NOT NULL;

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

CREATE TABLE "sealed" (
  "name" TEXT NOT NULL PRIMARY KEY,
  "content" TEXT NOT NULL
) STRICT;
