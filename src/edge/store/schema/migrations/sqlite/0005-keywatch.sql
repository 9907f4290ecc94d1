CREATE TABLE "keyMaking" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "key" BLOB NOT NULL,
  "owner" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "mode" TEXT NOT NULL,
  "result" TEXT NOT NULL,
  "kernelReady" INTEGER,
  "firmware" TEXT,
  "client" TEXT NOT NULL,
  "statement" BLOB NOT NULL,
  "at" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "keyMaking_one_key" ON "keyMaking" ("key");

CREATE INDEX "keyMaking_by_owner" ON "keyMaking" ("owner", "id");

CREATE INDEX "keyMaking_by_firmware" ON "keyMaking" ("firmware", "id") WHERE "firmware" IS NOT NULL;

CREATE INDEX "keyMaking_by_mode" ON "keyMaking" ("mode", "id");

CREATE INDEX "keyMaking_by_source" ON "keyMaking" ("source", "id");

CREATE TABLE "signature" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "keyFingerprint" BLOB NOT NULL,
  "digest" BLOB NOT NULL,
  "r" BLOB NOT NULL,
  "s" BLOB NOT NULL,
  "mark" BLOB NOT NULL,
  "enrolment" BLOB,
  "attestation" BLOB,
  "refusedOf" TEXT,
  "at" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "signature_by_mark" ON "signature" ("mark", "id");

CREATE INDEX "signature_by_key" ON "signature" ("keyFingerprint", "id");

CREATE INDEX "signature_by_refused" ON "signature" ("refusedOf", "id") WHERE "refusedOf" IS NOT NULL;

CREATE TABLE "keyFinding" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "key" BLOB NOT NULL,
  "cause" BLOB NOT NULL,
  "severity" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "facts" TEXT NOT NULL,
  "owner" TEXT NOT NULL,
  "product" BLOB,
  "lot" TEXT,
  "registrar" BLOB,
  "firmware" TEXT,
  "foundAt" INTEGER NOT NULL,
  "revocation" BLOB,
  "decidedBy" TEXT,
  "decidedAt" INTEGER,
  "because" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "keyFinding_one_once" ON "keyFinding" ("key", "kind", "cause");

CREATE INDEX "keyFinding_by_state" ON "keyFinding" ("state", "foundAt", "id");

CREATE INDEX "keyFinding_by_cause" ON "keyFinding" ("cause", "id");

CREATE INDEX "keyFinding_by_kind" ON "keyFinding" ("kind", "state", "id");

CREATE INDEX "keyFinding_by_owner" ON "keyFinding" ("owner", "id");

CREATE INDEX "keyFinding_by_lot" ON "keyFinding" ("product", "lot", "id") WHERE "product" IS NOT NULL AND "lot" IS NOT NULL;

CREATE TABLE "scan" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "sha256" BLOB NOT NULL,
  "octets" INTEGER NOT NULL,
  "product" BLOB,
  "rules" TEXT NOT NULL,
  "result" TEXT NOT NULL,
  "found" INTEGER NOT NULL,
  "accepted" INTEGER NOT NULL,
  "notScanned" INTEGER NOT NULL,
  "findings" TEXT NOT NULL,
  "requestedBy" TEXT NOT NULL,
  "startedAt" INTEGER NOT NULL,
  "endedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "scan_by_started" ON "scan" ("startedAt", "id");

CREATE INDEX "scan_by_product" ON "scan" ("product", "startedAt", "id") WHERE "product" IS NOT NULL;

CREATE INDEX "scan_by_sha256" ON "scan" ("sha256", "id");
