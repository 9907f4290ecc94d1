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
  "bundle" bytea NOT NULL,
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
  "number" bigint NOT NULL,
  "anchors" text COLLATE "C" NOT NULL,
  "digest" bytea NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "anchorSet_one_number" ON "anchorSet" ("product", "number");

CREATE TABLE "vendorBundle" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "number" bigint NOT NULL,
  "issuedAt" bigint NOT NULL,
  "sha256" bytea NOT NULL,
  "certificates" bigint NOT NULL,
  "importedBy" text COLLATE "C" NOT NULL,
  "importedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "vendorBundle_one_number" ON "vendorBundle" ("name", "number");

CREATE TABLE "vendorRoot" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "bundle" text COLLATE "C" NOT NULL,
  "vendor" text COLLATE "C" NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "role" text COLLATE "C" NOT NULL,
  "certificate" bytea NOT NULL,
  "certificateSha256" bytea NOT NULL,
  "subject" text COLLATE "C" NOT NULL,
  "notAfter" bigint NOT NULL,
  "leniency" text COLLATE "C" NOT NULL,
  "oddities" text COLLATE "C" NOT NULL,
  "afterExpiry" text COLLATE "C" NOT NULL,
  "because" text COLLATE "C",
  "source" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "addedAt" bigint NOT NULL,
  "endedAt" bigint,
  "endedBy" text COLLATE "C"
);

CREATE UNIQUE INDEX "vendorRoot_one_certificate" ON "vendorRoot" ("bundle", "certificateSha256");

CREATE INDEX "vendorRoot_by_bundle" ON "vendorRoot" ("bundle", "state", "id");

CREATE INDEX "vendorRoot_by_state" ON "vendorRoot" ("state", "notAfter", "id");

CREATE INDEX "vendorRoot_by_kind" ON "vendorRoot" ("kind", "state", "id");

CREATE INDEX "vendorRoot_by_certificate" ON "vendorRoot" ("certificateSha256", "state", "id");

CREATE TABLE "element" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "uniqueId" text COLLATE "C" NOT NULL,
  "product" bytea NOT NULL,
  "device" bytea,
  "inDevice" bytea,
  "state" text COLLATE "C" NOT NULL,
  "source" text COLLATE "C" NOT NULL,
  "model" text COLLATE "C" NOT NULL,
  "partNumber" text COLLATE "C" NOT NULL,
  "signerSha256" bytea,
  "vendorRoot" bytea,
  "addedAt" bigint NOT NULL,
  "addedBy" text COLLATE "C" NOT NULL,
  "boundAt" bigint,
  "boundBy" text COLLATE "C"
);

CREATE UNIQUE INDEX "element_one_uniqueId" ON "element" ("uniqueId");

CREATE UNIQUE INDEX "element_one_inDevice" ON "element" ("inDevice") WHERE "inDevice" IS NOT NULL;

CREATE INDEX "element_by_device" ON "element" ("device", "state", "id") WHERE "device" IS NOT NULL;

CREATE INDEX "element_by_product" ON "element" ("product", "state", "id");

CREATE INDEX "element_by_state" ON "element" ("state", "id");

CREATE TABLE "elementKey" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "element" bytea NOT NULL,
  "slot" text COLLATE "C" NOT NULL,
  "fingerprint" bytea NOT NULL,
  "certificateSha256" bytea
);

CREATE UNIQUE INDEX "elementKey_one_fingerprint" ON "elementKey" ("fingerprint");

CREATE INDEX "elementKey_by_element" ON "elementKey" ("element", "id");

ALTER TABLE "code" ADD COLUMN "attestation" bytea;

ALTER TABLE "registrar" ADD COLUMN "renews" bigint;

CREATE TABLE "upstream" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "protocol" text COLLATE "C" NOT NULL,
  "address" text COLLATE "C" NOT NULL,
  "settings" text COLLATE "C" NOT NULL,
  "serverRoots" text COLLATE "C" NOT NULL,
  "credentialKey" text COLLATE "C",
  "credentialChain" text COLLATE "C" NOT NULL,
  "credentialEndsAt" bigint,
  "secretFile" text COLLATE "C",
  "repeatsMinutes" bigint NOT NULL,
  "authorities" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX "upstream_one_name" ON "upstream" ("name");

CREATE INDEX "upstream_by_state" ON "upstream" ("state", "id");

CREATE TABLE "upstreamOrder" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "certificate" bytea NOT NULL,
  "upstream" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "stage" text COLLATE "C" NOT NULL,
  "request" bytea NOT NULL,
  "expected" bytea NOT NULL,
  "occasion" text COLLATE "C" NOT NULL,
  "transaction" text COLLATE "C",
  "requestKey" bytea,
  "heldUntil" bigint NOT NULL,
  "askedAt" bigint,
  "nextAt" bigint NOT NULL,
  "until" bigint NOT NULL,
  "tries" bigint NOT NULL,
  "words" text COLLATE "C",
  "refusedAnswer" bytea,
  "revocation" text COLLATE "C",
  "createdAt" bigint NOT NULL,
  "endedAt" bigint
);

CREATE UNIQUE INDEX "upstreamOrder_one_certificate" ON "upstreamOrder" ("certificate");

CREATE INDEX "upstreamOrder_by_state" ON "upstreamOrder" ("state", "nextAt", "id");

CREATE INDEX "upstreamOrder_by_upstream" ON "upstreamOrder" ("upstream", "state", "id");

CREATE TABLE "endorsement" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "device" bytea NOT NULL,
  "fingerprint" bytea,
  "spkiSha256" bytea,
  "certificateSha256" bytea,
  "announcedSha256" bytea,
  "source" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "addedAt" bigint NOT NULL,
  "addedBy" text COLLATE "C" NOT NULL,
  "replacedAt" bigint,
  "seenAt" bigint
);

CREATE UNIQUE INDEX "endorsement_one_fingerprint" ON "endorsement" ("fingerprint") WHERE "fingerprint" IS NOT NULL;

CREATE UNIQUE INDEX "endorsement_one_spki" ON "endorsement" ("spkiSha256") WHERE "spkiSha256" IS NOT NULL;

CREATE UNIQUE INDEX "endorsement_one_certificate" ON "endorsement" ("certificateSha256") WHERE "certificateSha256" IS NOT NULL;

CREATE UNIQUE INDEX "endorsement_one_announced" ON "endorsement" ("announcedSha256") WHERE "announcedSha256" IS NOT NULL;

CREATE INDEX "endorsement_by_device" ON "endorsement" ("device", "id");

CREATE TABLE "attestation" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "keyFingerprint" bytea NOT NULL,
  "device" bytea,
  "form" text COLLATE "C" NOT NULL,
  "module" text COLLATE "C" NOT NULL,
  "moduleCertificateSha256" bytea,
  "nonce" bytea,
  "evidenceSha256" bytea NOT NULL,
  "facts" text COLLATE "C" NOT NULL,
  "quote" text COLLATE "C" NOT NULL,
  "at" bigint NOT NULL,
  "until" bigint
);

CREATE INDEX "attestation_by_key" ON "attestation" ("keyFingerprint", "at", "id");

CREATE INDEX "attestation_by_device" ON "attestation" ("device", "at", "id") WHERE "device" IS NOT NULL;

CREATE INDEX "attestation_by_form" ON "attestation" ("form", "at", "id");

CREATE TABLE "evidence" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "bytes" bytea NOT NULL
);

CREATE TABLE "attestationSession" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "device" bytea NOT NULL,
  "lane" text COLLATE "C" NOT NULL,
  "tokenSha256" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "entrance" bytea NOT NULL,
  "endorsement" bytea,
  "code" bytea,
  "fingerprint" bytea NOT NULL,
  "spkiSha256" bytea NOT NULL,
  "certificateSha256" bytea,
  "facts" text COLLATE "C" NOT NULL,
  "attestationKey" bytea NOT NULL,
  "secretSha256" bytea NOT NULL,
  "nonce" bytea NOT NULL,
  "selection" text COLLATE "C",
  "sourceAddress" text COLLATE "C" NOT NULL,
  "beganAt" bigint NOT NULL,
  "expiresAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "attestationSession_one_device" ON "attestationSession" ("device", "lane");

CREATE UNIQUE INDEX "attestationSession_one_token" ON "attestationSession" ("tokenSha256");

CREATE INDEX "attestationSession_by_state" ON "attestationSession" ("state", "expiresAt", "id");

CREATE TABLE "referenceValues" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "hardwareRevision" text COLLATE "C",
  "firmwareVersion" text COLLATE "C" NOT NULL,
  "bank" text COLLATE "C" NOT NULL,
  "values" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "activeKey" text COLLATE "C",
  "addedAt" bigint NOT NULL,
  "addedBy" text COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX "referenceValues_one_active" ON "referenceValues" ("activeKey") WHERE "activeKey" IS NOT NULL;

CREATE INDEX "referenceValues_by_product" ON "referenceValues" ("product", "state", "id");
