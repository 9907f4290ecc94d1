CREATE TABLE "keyMaking" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "key" bytea NOT NULL,
  "owner" text COLLATE "C" NOT NULL,
  "source" text COLLATE "C" NOT NULL,
  "mode" text COLLATE "C" NOT NULL,
  "result" text COLLATE "C" NOT NULL,
  "kernelReady" bigint,
  "firmware" text COLLATE "C",
  "client" text COLLATE "C" NOT NULL,
  "statement" bytea NOT NULL,
  "at" bigint NOT NULL
);

CREATE UNIQUE INDEX "keyMaking_one_key" ON "keyMaking" ("key");

CREATE INDEX "keyMaking_by_owner" ON "keyMaking" ("owner", "id");

CREATE INDEX "keyMaking_by_firmware" ON "keyMaking" ("firmware", "id") WHERE "firmware" IS NOT NULL;

CREATE INDEX "keyMaking_by_mode" ON "keyMaking" ("mode", "id");

CREATE INDEX "keyMaking_by_source" ON "keyMaking" ("source", "id");

CREATE TABLE "signature" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "keyFingerprint" bytea NOT NULL,
  "digest" bytea NOT NULL,
  "r" bytea NOT NULL,
  "s" bytea NOT NULL,
  "mark" bytea NOT NULL,
  "enrolment" bytea,
  "attestation" bytea,
  "refusedOf" text COLLATE "C",
  "at" bigint NOT NULL
);

CREATE INDEX "signature_by_mark" ON "signature" ("mark", "id");

CREATE INDEX "signature_by_key" ON "signature" ("keyFingerprint", "id");

CREATE INDEX "signature_by_refused" ON "signature" ("refusedOf", "id") WHERE "refusedOf" IS NOT NULL;

CREATE TABLE "keyFinding" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "key" bytea NOT NULL,
  "cause" bytea NOT NULL,
  "severity" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "facts" text COLLATE "C" NOT NULL,
  "owner" text COLLATE "C" NOT NULL,
  "product" bytea,
  "lot" text COLLATE "C",
  "registrar" bytea,
  "firmware" text COLLATE "C",
  "foundAt" bigint NOT NULL,
  "revocation" bytea,
  "decidedBy" text COLLATE "C",
  "decidedAt" bigint,
  "because" text COLLATE "C"
);

CREATE UNIQUE INDEX "keyFinding_one_once" ON "keyFinding" ("key", "kind", "cause");

CREATE INDEX "keyFinding_by_state" ON "keyFinding" ("state", "foundAt", "id");

CREATE INDEX "keyFinding_by_cause" ON "keyFinding" ("cause", "id");

CREATE INDEX "keyFinding_by_kind" ON "keyFinding" ("kind", "state", "id");

CREATE INDEX "keyFinding_by_owner" ON "keyFinding" ("owner", "id");

CREATE INDEX "keyFinding_by_lot" ON "keyFinding" ("product", "lot", "id") WHERE "product" IS NOT NULL AND "lot" IS NOT NULL;

CREATE TABLE "scan" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "sha256" bytea NOT NULL,
  "octets" bigint NOT NULL,
  "product" bytea,
  "rules" text COLLATE "C" NOT NULL,
  "result" text COLLATE "C" NOT NULL,
  "found" bigint NOT NULL,
  "accepted" bigint NOT NULL,
  "notScanned" bigint NOT NULL,
  "findings" text COLLATE "C" NOT NULL,
  "requestedBy" text COLLATE "C" NOT NULL,
  "startedAt" bigint NOT NULL,
  "endedAt" bigint NOT NULL
);

CREATE INDEX "scan_by_started" ON "scan" ("startedAt", "id");

CREATE INDEX "scan_by_product" ON "scan" ("product", "startedAt", "id") WHERE "product" IS NOT NULL;

CREATE INDEX "scan_by_sha256" ON "scan" ("sha256", "id");
