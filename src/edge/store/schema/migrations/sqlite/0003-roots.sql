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
  "bundle" BLOB NOT NULL,
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
  "number" INTEGER NOT NULL,
  "anchors" TEXT NOT NULL,
  "digest" BLOB NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "anchorSet_one_number" ON "anchorSet" ("product", "number");

CREATE TABLE "vendorBundle" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "number" INTEGER NOT NULL,
  "issuedAt" INTEGER NOT NULL,
  "sha256" BLOB NOT NULL,
  "certificates" INTEGER NOT NULL,
  "importedBy" TEXT NOT NULL,
  "importedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "vendorBundle_one_number" ON "vendorBundle" ("name", "number");

CREATE TABLE "vendorRoot" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "bundle" TEXT NOT NULL,
  "vendor" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "certificate" BLOB NOT NULL,
  "certificateSha256" BLOB NOT NULL,
  "subject" TEXT NOT NULL,
  "notAfter" INTEGER NOT NULL,
  "leniency" TEXT NOT NULL,
  "oddities" TEXT NOT NULL,
  "afterExpiry" TEXT NOT NULL,
  "because" TEXT,
  "source" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "addedAt" INTEGER NOT NULL,
  "endedAt" INTEGER,
  "endedBy" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "vendorRoot_one_certificate" ON "vendorRoot" ("bundle", "certificateSha256");

CREATE INDEX "vendorRoot_by_bundle" ON "vendorRoot" ("bundle", "state", "id");

CREATE INDEX "vendorRoot_by_state" ON "vendorRoot" ("state", "notAfter", "id");

CREATE INDEX "vendorRoot_by_kind" ON "vendorRoot" ("kind", "state", "id");

CREATE INDEX "vendorRoot_by_certificate" ON "vendorRoot" ("certificateSha256", "state", "id");

CREATE TABLE "element" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "uniqueId" TEXT NOT NULL,
  "product" BLOB NOT NULL,
  "device" BLOB,
  "inDevice" BLOB,
  "state" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "model" TEXT NOT NULL,
  "partNumber" TEXT NOT NULL,
  "signerSha256" BLOB,
  "vendorRoot" BLOB,
  "addedAt" INTEGER NOT NULL,
  "addedBy" TEXT NOT NULL,
  "boundAt" INTEGER,
  "boundBy" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "element_one_uniqueId" ON "element" ("uniqueId");

CREATE UNIQUE INDEX "element_one_inDevice" ON "element" ("inDevice") WHERE "inDevice" IS NOT NULL;

CREATE INDEX "element_by_device" ON "element" ("device", "state", "id") WHERE "device" IS NOT NULL;

CREATE INDEX "element_by_product" ON "element" ("product", "state", "id");

CREATE INDEX "element_by_state" ON "element" ("state", "id");

CREATE TABLE "elementKey" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "element" BLOB NOT NULL,
  "slot" TEXT NOT NULL,
  "fingerprint" BLOB NOT NULL,
  "certificateSha256" BLOB
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "elementKey_one_fingerprint" ON "elementKey" ("fingerprint");

CREATE INDEX "elementKey_by_element" ON "elementKey" ("element", "id");

ALTER TABLE "code" ADD COLUMN "attestation" BLOB;

ALTER TABLE "registrar" ADD COLUMN "renews" INTEGER;

CREATE TABLE "upstream" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "protocol" TEXT NOT NULL,
  "address" TEXT NOT NULL,
  "settings" TEXT NOT NULL,
  "serverRoots" TEXT NOT NULL,
  "credentialKey" TEXT,
  "credentialChain" TEXT NOT NULL,
  "credentialEndsAt" INTEGER,
  "secretFile" TEXT,
  "repeatsMinutes" INTEGER NOT NULL,
  "authorities" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "createdBy" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "upstream_one_name" ON "upstream" ("name");

CREATE INDEX "upstream_by_state" ON "upstream" ("state", "id");

CREATE TABLE "upstreamOrder" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "certificate" BLOB NOT NULL,
  "upstream" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "stage" TEXT NOT NULL,
  "request" BLOB NOT NULL,
  "expected" BLOB NOT NULL,
  "occasion" TEXT NOT NULL,
  "transaction" TEXT,
  "requestKey" BLOB,
  "heldUntil" INTEGER NOT NULL,
  "askedAt" INTEGER,
  "nextAt" INTEGER NOT NULL,
  "until" INTEGER NOT NULL,
  "tries" INTEGER NOT NULL,
  "words" TEXT,
  "refusedAnswer" BLOB,
  "revocation" TEXT,
  "createdAt" INTEGER NOT NULL,
  "endedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "upstreamOrder_one_certificate" ON "upstreamOrder" ("certificate");

CREATE INDEX "upstreamOrder_by_state" ON "upstreamOrder" ("state", "nextAt", "id");

CREATE INDEX "upstreamOrder_by_upstream" ON "upstreamOrder" ("upstream", "state", "id");

CREATE TABLE "endorsement" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "device" BLOB NOT NULL,
  "fingerprint" BLOB,
  "spkiSha256" BLOB,
  "certificateSha256" BLOB,
  "announcedSha256" BLOB,
  "source" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "addedAt" INTEGER NOT NULL,
  "addedBy" TEXT NOT NULL,
  "replacedAt" INTEGER,
  "seenAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "endorsement_one_fingerprint" ON "endorsement" ("fingerprint") WHERE "fingerprint" IS NOT NULL;

CREATE UNIQUE INDEX "endorsement_one_spki" ON "endorsement" ("spkiSha256") WHERE "spkiSha256" IS NOT NULL;

CREATE UNIQUE INDEX "endorsement_one_certificate" ON "endorsement" ("certificateSha256") WHERE "certificateSha256" IS NOT NULL;

CREATE UNIQUE INDEX "endorsement_one_announced" ON "endorsement" ("announcedSha256") WHERE "announcedSha256" IS NOT NULL;

CREATE INDEX "endorsement_by_device" ON "endorsement" ("device", "id");

CREATE TABLE "attestation" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "keyFingerprint" BLOB NOT NULL,
  "device" BLOB,
  "form" TEXT NOT NULL,
  "module" TEXT NOT NULL,
  "moduleCertificateSha256" BLOB,
  "nonce" BLOB,
  "evidenceSha256" BLOB NOT NULL,
  "facts" TEXT NOT NULL,
  "quote" TEXT NOT NULL,
  "at" INTEGER NOT NULL,
  "until" INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX "attestation_by_key" ON "attestation" ("keyFingerprint", "at", "id");

CREATE INDEX "attestation_by_device" ON "attestation" ("device", "at", "id") WHERE "device" IS NOT NULL;

CREATE INDEX "attestation_by_form" ON "attestation" ("form", "at", "id");

CREATE TABLE "evidence" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "bytes" BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "attestationSession" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "device" BLOB NOT NULL,
  "lane" TEXT NOT NULL,
  "tokenSha256" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "entrance" BLOB NOT NULL,
  "endorsement" BLOB,
  "code" BLOB,
  "fingerprint" BLOB NOT NULL,
  "spkiSha256" BLOB NOT NULL,
  "certificateSha256" BLOB,
  "facts" TEXT NOT NULL,
  "attestationKey" BLOB NOT NULL,
  "secretSha256" BLOB NOT NULL,
  "nonce" BLOB NOT NULL,
  "selection" TEXT,
  "sourceAddress" TEXT NOT NULL,
  "beganAt" INTEGER NOT NULL,
  "expiresAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "attestationSession_one_device" ON "attestationSession" ("device", "lane");

CREATE UNIQUE INDEX "attestationSession_one_token" ON "attestationSession" ("tokenSha256");

CREATE INDEX "attestationSession_by_state" ON "attestationSession" ("state", "expiresAt", "id");

CREATE TABLE "referenceValues" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "hardwareRevision" TEXT,
  "firmwareVersion" TEXT NOT NULL,
  "bank" TEXT NOT NULL,
  "values" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "activeKey" TEXT,
  "addedAt" INTEGER NOT NULL,
  "addedBy" TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "referenceValues_one_active" ON "referenceValues" ("activeKey") WHERE "activeKey" IS NOT NULL;

CREATE INDEX "referenceValues_by_product" ON "referenceValues" ("product", "state", "id");
