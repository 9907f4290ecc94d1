ALTER TABLE "device" ADD COLUMN "quarantine" BLOB;

ALTER TABLE "device" ADD COLUMN "stateBefore" TEXT;

ALTER TABLE "certificate" ADD COLUMN "revocation" BLOB;

ALTER TABLE "certificate" ADD COLUMN "retiresAt" INTEGER;

DROP INDEX "certificate_by_revoked";

CREATE INDEX "certificate_by_revoked" ON "certificate" ("authority", "shard", "revokedAt", "id", "serialNumber", "revocationReason", "kind", "notAfter") WHERE "revokedAt" IS NOT NULL;

CREATE INDEX "certificate_by_revocation" ON "certificate" ("revocation", "id") WHERE "revocation" IS NOT NULL;

CREATE INDEX "enrolment_by_registrar" ON "enrolment" ("registrar", "id") WHERE "registrar" IS NOT NULL;

CREATE TABLE "revocation" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "act" TEXT NOT NULL,
  "chosen" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "because" TEXT NOT NULL,
  "total" INTEGER NOT NULL,
  "setSha256" BLOB NOT NULL,
  "owners" INTEGER NOT NULL,
  "approvals" TEXT NOT NULL,
  "done" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "requestedBy" TEXT NOT NULL,
  "requestedAt" INTEGER NOT NULL,
  "decidedBy" TEXT,
  "decidedAt" INTEGER,
  "effectiveAt" INTEGER,
  "publishedAt" INTEGER,
  "unpublishedSince" INTEGER,
  "releasedBy" TEXT,
  "releasedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX "revocation_by_state" ON "revocation" ("state", "id");

CREATE INDEX "revocation_by_requested" ON "revocation" ("requestedAt", "id");

CREATE INDEX "revocation_by_unpublished" ON "revocation" ("unpublishedSince", "id") WHERE "unpublishedSince" IS NOT NULL;

CREATE TABLE "integration" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "address" TEXT NOT NULL,
  "settings" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "createdBy" TEXT NOT NULL,
  "seenAt" INTEGER,
  "trouble" TEXT,
  "troubledSince" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "integration_one_name" ON "integration" ("name");

CREATE INDEX "integration_by_state" ON "integration" ("state", "id");

CREATE TABLE "enforcement" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "revocation" BLOB,
  "integration" BLOB NOT NULL,
  "owner" TEXT,
  "act" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "tries" INTEGER NOT NULL,
  "nextAt" INTEGER NOT NULL,
  "after" TEXT,
  "owners" INTEGER NOT NULL,
  "sessionsEnded" INTEGER NOT NULL,
  "sessionsKnown" INTEGER NOT NULL,
  "lastError" TEXT,
  "createdAt" INTEGER NOT NULL,
  "confirmedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "enforcement_one_once" ON "enforcement" ("revocation", "integration", "act") WHERE "revocation" IS NOT NULL;

CREATE INDEX "enforcement_by_state" ON "enforcement" ("state", "nextAt", "id");

CREATE INDEX "enforcement_by_revocation" ON "enforcement" ("revocation", "id") WHERE "revocation" IS NOT NULL;

CREATE INDEX "enforcement_by_integration" ON "enforcement" ("integration", "state", "id");

CREATE TABLE "statusFile" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "anchors" TEXT NOT NULL,
  "number" INTEGER NOT NULL,
  "coversUntil" INTEGER NOT NULL,
  "expiresAt" INTEGER NOT NULL,
  "certificates" INTEGER NOT NULL,
  "revoked" INTEGER NOT NULL,
  "file" BLOB NOT NULL,
  "fileSha256" BLOB NOT NULL,
  "delta" BLOB,
  "book" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "statusFile_one_number" ON "statusFile" ("anchors", "number");

CREATE INDEX "statusFile_by_created" ON "statusFile" ("createdAt", "id");

ALTER TABLE "crl" ADD COLUMN "issue" INTEGER;

ALTER TABLE "crl" ADD COLUMN "base" INTEGER;

ALTER TABLE "crl" ADD COLUMN "endedBefore" INTEGER;

ALTER TABLE "crl" ADD COLUMN "entries" INTEGER;

ALTER TABLE "crl" ADD COLUMN "sha256" BLOB;

ALTER TABLE "crl" ADD COLUMN "parts" INTEGER;

CREATE UNIQUE INDEX "crl_one_issue" ON "crl" ("authority", "issue") WHERE "issue" IS NOT NULL;

CREATE TABLE "crlPart" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "crl" BLOB NOT NULL,
  "part" INTEGER NOT NULL,
  "bytes" BLOB NOT NULL,
  "kept" BLOB
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "crlPart_one_part" ON "crlPart" ("crl", "part");

CREATE INDEX "crlPart_by_kept" ON "crlPart" ("kept", "id") WHERE "kept" IS NOT NULL;

CREATE TABLE "application" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "profile" TEXT NOT NULL,
  "names" TEXT NOT NULL,
  "products" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "codeSha256" BLOB,
  "codeExpiresAt" INTEGER,
  "codeUsedAt" INTEGER,
  "createdAt" INTEGER NOT NULL,
  "createdBy" TEXT NOT NULL,
  "seenAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "application_one_name" ON "application" ("name");

CREATE UNIQUE INDEX "application_one_code" ON "application" ("codeSha256") WHERE "codeSha256" IS NOT NULL;

CREATE INDEX "application_by_state" ON "application" ("state", "id");
