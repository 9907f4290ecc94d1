ALTER TABLE "device" ADD COLUMN "under" BLOB;

ALTER TABLE "device" ADD COLUMN "anchors" BLOB;

CREATE INDEX "device_by_under" ON "device" ("under", "product", "id") WHERE "under" IS NOT NULL;

CREATE INDEX "device_by_underLot" ON "device" ("under", "product", "lot", "id") WHERE "under" IS NOT NULL AND "lot" IS NOT NULL;

CREATE INDEX "device_by_anchors" ON "device" ("anchors", "id") WHERE "anchors" IS NOT NULL;

ALTER TABLE "key" ADD COLUMN "custody" TEXT;

CREATE INDEX "certificate_by_under" ON "certificate" ("authority", "kind", "product", "notAfter", "id") WHERE "product" IS NOT NULL;

ALTER TABLE "authority" ADD COLUMN "keyEverHere" INTEGER;

CREATE TABLE "authorityRequest" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "authority" BLOB NOT NULL,
  "key" BLOB NOT NULL,
  "algorithm" TEXT NOT NULL,
  "request" BLOB NOT NULL,
  "requestSha256" BLOB NOT NULL,
  "twin" BLOB,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "createdBy" TEXT NOT NULL,
  "endedAt" INTEGER,
  "openName" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "authorityRequest_one_openName" ON "authorityRequest" ("openName") WHERE "openName" IS NOT NULL;

CREATE UNIQUE INDEX "authorityRequest_one_authority" ON "authorityRequest" ("authority");

CREATE UNIQUE INDEX "authorityRequest_one_key" ON "authorityRequest" ("key");

CREATE INDEX "authorityRequest_by_state" ON "authorityRequest" ("state", "id");

CREATE TABLE "ceremony" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "vault" TEXT NOT NULL,
  "act" INTEGER NOT NULL,
  "title" TEXT NOT NULL,
  "environment" TEXT NOT NULL,
  "bundleSha256" BLOB NOT NULL,
  "scriptSha256" BLOB NOT NULL,
  "transcriptSha256" BLOB NOT NULL,
  "previousSha256" BLOB,
  "heldAt" INTEGER NOT NULL,
  "script" BLOB NOT NULL,
  "transcript" BLOB NOT NULL,
  "manifest" BLOB NOT NULL,
  "importedBy" TEXT NOT NULL,
  "importedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "ceremony_one_bundle" ON "ceremony" ("bundleSha256");

CREATE UNIQUE INDEX "ceremony_one_act" ON "ceremony" ("vault", "act");

CREATE TABLE "rootLink" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "certified" BLOB NOT NULL,
  "signer" BLOB NOT NULL,
  "certificate" BLOB NOT NULL,
  "certificateSha256" BLOB NOT NULL,
  "notAfter" INTEGER NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "rootLink_one_certificate" ON "rootLink" ("certificateSha256");

CREATE TABLE "anchorSet" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "lot" TEXT NOT NULL,
  "number" INTEGER NOT NULL,
  "anchors" TEXT NOT NULL,
  "digest" BLOB NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "anchorSet_one_number" ON "anchorSet" ("product", "lot", "number");
