ALTER TABLE "device" ADD COLUMN "under" bytea;

ALTER TABLE "device" ADD COLUMN "anchors" bytea;

CREATE INDEX "device_by_under" ON "device" ("under", "product", "id") WHERE "under" IS NOT NULL;

CREATE INDEX "device_by_underLot" ON "device" ("under", "product", "lot", "id") WHERE "under" IS NOT NULL AND "lot" IS NOT NULL;

CREATE INDEX "device_by_anchors" ON "device" ("anchors", "id") WHERE "anchors" IS NOT NULL;

ALTER TABLE "key" ADD COLUMN "custody" text COLLATE "C";

CREATE INDEX "certificate_by_under" ON "certificate" ("authority", "kind", "product", "notAfter", "id") WHERE "product" IS NOT NULL;

ALTER TABLE "authority" ADD COLUMN "keyEverHere" bigint;

CREATE TABLE "authorityRequest" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "authority" bytea NOT NULL,
  "key" bytea NOT NULL,
  "algorithm" text COLLATE "C" NOT NULL,
  "request" bytea NOT NULL,
  "requestSha256" bytea NOT NULL,
  "twin" bytea,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL,
  "endedAt" bigint,
  "openName" text COLLATE "C"
);

CREATE UNIQUE INDEX "authorityRequest_one_openName" ON "authorityRequest" ("openName") WHERE "openName" IS NOT NULL;

CREATE UNIQUE INDEX "authorityRequest_one_authority" ON "authorityRequest" ("authority");

CREATE UNIQUE INDEX "authorityRequest_one_key" ON "authorityRequest" ("key");

CREATE INDEX "authorityRequest_by_state" ON "authorityRequest" ("state", "id");

CREATE TABLE "ceremony" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "vault" text COLLATE "C" NOT NULL,
  "act" bigint NOT NULL,
  "title" text COLLATE "C" NOT NULL,
  "environment" text COLLATE "C" NOT NULL,
  "bundleSha256" bytea NOT NULL,
  "scriptSha256" bytea NOT NULL,
  "transcriptSha256" bytea NOT NULL,
  "previousSha256" bytea,
  "heldAt" bigint NOT NULL,
  "script" bytea NOT NULL,
  "transcript" bytea NOT NULL,
  "manifest" bytea NOT NULL,
  "importedBy" text COLLATE "C" NOT NULL,
  "importedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "ceremony_one_bundle" ON "ceremony" ("bundleSha256");

CREATE UNIQUE INDEX "ceremony_one_act" ON "ceremony" ("vault", "act");

CREATE TABLE "rootLink" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "certified" bytea NOT NULL,
  "signer" bytea NOT NULL,
  "certificate" bytea NOT NULL,
  "certificateSha256" bytea NOT NULL,
  "notAfter" bigint NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "rootLink_one_certificate" ON "rootLink" ("certificateSha256");

CREATE TABLE "anchorSet" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "lot" text COLLATE "C" NOT NULL,
  "number" bigint NOT NULL,
  "anchors" text COLLATE "C" NOT NULL,
  "digest" bytea NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "anchorSet_one_number" ON "anchorSet" ("product", "lot", "number");
