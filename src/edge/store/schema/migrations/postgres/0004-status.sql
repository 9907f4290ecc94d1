ALTER TABLE "device" ADD COLUMN "quarantine" bytea;

ALTER TABLE "device" ADD COLUMN "stateBefore" text COLLATE "C";

ALTER TABLE "certificate" ADD COLUMN "revocation" bytea;

ALTER TABLE "certificate" ADD COLUMN "retiresAt" bigint;

DROP INDEX "certificate_by_revoked";

CREATE INDEX "certificate_by_revoked" ON "certificate" ("authority", "shard", "revokedAt", "id", "serialNumber", "revocationReason", "kind", "notAfter") WHERE "revokedAt" IS NOT NULL;

CREATE INDEX "certificate_by_revocation" ON "certificate" ("revocation", "id") WHERE "revocation" IS NOT NULL;

CREATE INDEX "enrolment_by_registrar" ON "enrolment" ("registrar", "id") WHERE "registrar" IS NOT NULL;

CREATE TABLE "revocation" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "act" text COLLATE "C" NOT NULL,
  "chosen" text COLLATE "C" NOT NULL,
  "reason" text COLLATE "C" NOT NULL,
  "because" text COLLATE "C" NOT NULL,
  "total" bigint NOT NULL,
  "setSha256" bytea NOT NULL,
  "owners" bigint NOT NULL,
  "approvals" text COLLATE "C" NOT NULL,
  "done" bigint NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "requestedBy" text COLLATE "C" NOT NULL,
  "requestedAt" bigint NOT NULL,
  "decidedBy" text COLLATE "C",
  "decidedAt" bigint,
  "effectiveAt" bigint,
  "publishedAt" bigint,
  "unpublishedSince" bigint,
  "releasedBy" text COLLATE "C",
  "releasedAt" bigint
);

CREATE INDEX "revocation_by_state" ON "revocation" ("state", "id");

CREATE INDEX "revocation_by_requested" ON "revocation" ("requestedAt", "id");

CREATE INDEX "revocation_by_unpublished" ON "revocation" ("unpublishedSince", "id") WHERE "unpublishedSince" IS NOT NULL;

CREATE TABLE "integration" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "address" text COLLATE "C" NOT NULL,
  "settings" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL,
  "seenAt" bigint,
  "trouble" text COLLATE "C",
  "troubledSince" bigint
);

CREATE UNIQUE INDEX "integration_one_name" ON "integration" ("name");

CREATE INDEX "integration_by_state" ON "integration" ("state", "id");

CREATE TABLE "enforcement" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "revocation" bytea,
  "integration" bytea NOT NULL,
  "owner" text COLLATE "C",
  "act" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "tries" bigint NOT NULL,
  "nextAt" bigint NOT NULL,
  "after" text COLLATE "C",
  "owners" bigint NOT NULL,
  "sessionsEnded" bigint NOT NULL,
  "sessionsKnown" bigint NOT NULL,
  "lastError" text COLLATE "C",
  "createdAt" bigint NOT NULL,
  "confirmedAt" bigint
);

CREATE UNIQUE INDEX "enforcement_one_once" ON "enforcement" ("revocation", "integration", "act") WHERE "revocation" IS NOT NULL;

CREATE INDEX "enforcement_by_state" ON "enforcement" ("state", "nextAt", "id");

CREATE INDEX "enforcement_by_revocation" ON "enforcement" ("revocation", "id") WHERE "revocation" IS NOT NULL;

CREATE INDEX "enforcement_by_integration" ON "enforcement" ("integration", "state", "id");

CREATE TABLE "statusFile" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "anchors" text COLLATE "C" NOT NULL,
  "number" bigint NOT NULL,
  "coversUntil" bigint NOT NULL,
  "expiresAt" bigint NOT NULL,
  "certificates" bigint NOT NULL,
  "revoked" bigint NOT NULL,
  "file" bytea NOT NULL,
  "fileSha256" bytea NOT NULL,
  "delta" bytea,
  "book" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "statusFile_one_number" ON "statusFile" ("anchors", "number");

CREATE INDEX "statusFile_by_created" ON "statusFile" ("createdAt", "id");

ALTER TABLE "crl" ADD COLUMN "issue" bigint;

ALTER TABLE "crl" ADD COLUMN "base" bigint;

ALTER TABLE "crl" ADD COLUMN "endedBefore" bigint;

ALTER TABLE "crl" ADD COLUMN "entries" bigint;

ALTER TABLE "crl" ADD COLUMN "sha256" bytea;

ALTER TABLE "crl" ADD COLUMN "parts" bigint;

CREATE UNIQUE INDEX "crl_one_issue" ON "crl" ("authority", "issue") WHERE "issue" IS NOT NULL;

CREATE TABLE "crlPart" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "crl" bytea NOT NULL,
  "part" bigint NOT NULL,
  "bytes" bytea NOT NULL,
  "kept" bytea
);

CREATE UNIQUE INDEX "crlPart_one_part" ON "crlPart" ("crl", "part");

CREATE INDEX "crlPart_by_kept" ON "crlPart" ("kept", "id") WHERE "kept" IS NOT NULL;

CREATE TABLE "application" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "profile" text COLLATE "C" NOT NULL,
  "names" text COLLATE "C" NOT NULL,
  "products" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "codeSha256" bytea,
  "codeExpiresAt" bigint,
  "codeUsedAt" bigint,
  "createdAt" bigint NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL,
  "seenAt" bigint
);

CREATE UNIQUE INDEX "application_one_name" ON "application" ("name");

CREATE UNIQUE INDEX "application_one_code" ON "application" ("codeSha256") WHERE "codeSha256" IS NOT NULL;

CREATE INDEX "application_by_state" ON "application" ("state", "id");
