ALTER TABLE "scan" ADD COLUMN "madeHere" bigint;

CREATE TABLE "release" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "firmwareVersion" text COLLATE "C" NOT NULL,
  "securityVersion" bigint NOT NULL,
  "kind" text COLLATE "C" NOT NULL,
  "channel" text COLLATE "C" NOT NULL,
  "environment" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "revision" bigint NOT NULL,
  "supportUntil" bigint,
  "manifestSha256" bytea,
  "contributors" text COLLATE "C" NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL,
  "submittedAt" bigint,
  "signedAt" bigint,
  "publishedAt" bigint,
  "withdrawnAt" bigint,
  "because" text COLLATE "C"
);

CREATE UNIQUE INDEX "release_one_firmware" ON "release" ("product", "environment", "channel", "firmwareVersion");

CREATE INDEX "release_by_product" ON "release" ("product", "createdAt", "id");

CREATE INDEX "release_by_state" ON "release" ("state", "createdAt", "id");

CREATE INDEX "release_by_created" ON "release" ("createdAt", "id");

CREATE TABLE "releasePart" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "release" bytea NOT NULL,
  "role" text COLLATE "C" NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "sha256" bytea NOT NULL,
  "octets" bigint NOT NULL,
  "facts" text COLLATE "C" NOT NULL,
  "addedBy" text COLLATE "C" NOT NULL,
  "addedAt" bigint NOT NULL,
  "slot" text COLLATE "C",
  "removedAt" bigint
);

CREATE UNIQUE INDEX "releasePart_one_slot" ON "releasePart" ("release", "slot") WHERE "slot" IS NOT NULL;

CREATE INDEX "releasePart_by_release" ON "releasePart" ("release", "id");

CREATE INDEX "releasePart_by_sha256" ON "releasePart" ("sha256", "id");

CREATE TABLE "releaseManifest" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "release" bytea NOT NULL,
  "revision" bigint NOT NULL,
  "sha256" bytea NOT NULL,
  "text" bytea NOT NULL,
  "madeAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "releaseManifest_one_sha256" ON "releaseManifest" ("sha256");

CREATE UNIQUE INDEX "releaseManifest_one_revision" ON "releaseManifest" ("release", "revision");

CREATE TABLE "releaseLine" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "environment" text COLLATE "C" NOT NULL,
  "channel" text COLLATE "C" NOT NULL,
  "securityVersion" bigint NOT NULL,
  "release" bytea NOT NULL
);

CREATE UNIQUE INDEX "releaseLine_one_line" ON "releaseLine" ("product", "environment", "channel");

CREATE TABLE "builderKey" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "fingerprint" bytea NOT NULL,
  "spki" bytea NOT NULL,
  "builders" text COLLATE "C" NOT NULL,
  "addedBy" text COLLATE "C" NOT NULL,
  "addedAt" bigint NOT NULL,
  "endedAt" bigint,
  "because" text COLLATE "C"
);

CREATE UNIQUE INDEX "builderKey_one_key" ON "builderKey" ("product", "fingerprint");

CREATE INDEX "builderKey_by_product" ON "builderKey" ("product", "addedAt", "id");

CREATE TABLE "stored" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "sha256" bytea NOT NULL,
  "octets" bigint NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "storedBy" text COLLATE "C" NOT NULL,
  "storedAt" bigint NOT NULL,
  "wantedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "stored_one_sha256" ON "stored" ("sha256");

CREATE INDEX "stored_by_state" ON "stored" ("state", "wantedAt", "id");

CREATE TABLE "upload" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "octets" bigint NOT NULL,
  "sha256" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "startedBy" text COLLATE "C" NOT NULL,
  "startedAt" bigint NOT NULL,
  "expiresAt" bigint NOT NULL,
  "begunOn" text COLLATE "C" NOT NULL,
  "hold" text COLLATE "C",
  "takenOver" bigint NOT NULL
);

CREATE INDEX "upload_by_state" ON "upload" ("state", "expiresAt", "id");

CREATE INDEX "upload_by_by" ON "upload" ("startedBy", "sha256", "id");

CREATE TABLE "signingPolicy" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "number" bigint NOT NULL,
  "rules" text COLLATE "C" NOT NULL,
  "lowered" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "because" text COLLATE "C" NOT NULL,
  "approvals" text COLLATE "C" NOT NULL,
  "changedBy" text COLLATE "C" NOT NULL,
  "changedAt" bigint NOT NULL,
  "decidedBy" text COLLATE "C",
  "decidedAt" bigint
);

CREATE UNIQUE INDEX "signingPolicy_one_number" ON "signingPolicy" ("product", "number");

CREATE INDEX "signingPolicy_by_product" ON "signingPolicy" ("product", "state", "number", "id");

CREATE TABLE "approverKey" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "person" bytea NOT NULL,
  "key" bytea NOT NULL,
  "fingerprint" bytea NOT NULL,
  "spki" bytea NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "role" text COLLATE "C" NOT NULL,
  "kept" text COLLATE "C" NOT NULL,
  "chain" text COLLATE "C" NOT NULL,
  "statement" bytea NOT NULL,
  "signature" bytea NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "addedAt" bigint NOT NULL,
  "confirmedBy" text COLLATE "C",
  "confirmedAt" bigint,
  "endedBy" text COLLATE "C",
  "endedAt" bigint,
  "endedBecause" text COLLATE "C"
);

CREATE UNIQUE INDEX "approverKey_one_fingerprint" ON "approverKey" ("fingerprint");

CREATE INDEX "approverKey_by_person" ON "approverKey" ("person", "state", "id");

CREATE INDEX "approverKey_by_state" ON "approverKey" ("state", "addedAt", "id");

CREATE INDEX "approverKey_by_added" ON "approverKey" ("addedAt", "id");

CREATE TABLE "approval" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "release" bytea NOT NULL,
  "manifestSha256" bytea NOT NULL,
  "act" text COLLATE "C" NOT NULL,
  "person" bytea NOT NULL,
  "approverKey" bytea NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "role" text COLLATE "C" NOT NULL,
  "meaning" text COLLATE "C" NOT NULL,
  "statement" bytea NOT NULL,
  "statementSha256" bytea NOT NULL,
  "signature" bytea NOT NULL,
  "statedAt" bigint NOT NULL,
  "takenAt" bigint NOT NULL,
  "standing" text COLLATE "C",
  "voidedAt" bigint,
  "voidedBecause" text COLLATE "C"
);

CREATE UNIQUE INDEX "approval_one_standing" ON "approval" ("standing") WHERE "standing" IS NOT NULL;

CREATE UNIQUE INDEX "approval_one_statement" ON "approval" ("statementSha256");

CREATE INDEX "approval_by_release" ON "approval" ("release", "takenAt", "id");

CREATE INDEX "approval_by_person" ON "approval" ("person", "takenAt", "id");

CREATE INDEX "approval_by_key" ON "approval" ("approverKey", "takenAt", "id");

CREATE TABLE "emergency" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "release" bytea NOT NULL,
  "manifestSha256" bytea NOT NULL,
  "approval" bytea NOT NULL,
  "exception" bytea NOT NULL,
  "incident" text COLLATE "C" NOT NULL,
  "because" text COLLATE "C" NOT NULL,
  "until" bigint NOT NULL,
  "reviewBy" bigint NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "beganAt" bigint NOT NULL,
  "endedAt" bigint
);

CREATE INDEX "emergency_by_state" ON "emergency" ("state", "beganAt", "id");

CREATE INDEX "emergency_by_release" ON "emergency" ("release", "beganAt", "id");

CREATE TABLE "artefactKey" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "environment" text COLLATE "C" NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "key" bytea NOT NULL,
  "certificate" bytea,
  "chain" text COLLATE "C" NOT NULL,
  "forms" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "addedBy" text COLLATE "C" NOT NULL,
  "addedAt" bigint NOT NULL,
  "endedAt" bigint,
  "because" text COLLATE "C"
);

CREATE UNIQUE INDEX "artefactKey_one_name" ON "artefactKey" ("product", "environment", "name");

CREATE INDEX "artefactKey_by_product" ON "artefactKey" ("product", "environment", "state", "id");

CREATE INDEX "artefactKey_by_key" ON "artefactKey" ("key", "id");

CREATE TABLE "signedArtefact" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "release" bytea NOT NULL,
  "part" bytea NOT NULL,
  "form" text COLLATE "C" NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "sourceSha256" bytea NOT NULL,
  "sha256" bytea NOT NULL,
  "octets" bigint NOT NULL,
  "signature" bytea,
  "keys" text COLLATE "C" NOT NULL,
  "timeStamp" bytea,
  "facts" text COLLATE "C" NOT NULL,
  "signedBy" text COLLATE "C" NOT NULL,
  "signedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "signedArtefact_one_name" ON "signedArtefact" ("release", "name");

CREATE INDEX "signedArtefact_by_release" ON "signedArtefact" ("release", "signedAt", "id");

CREATE INDEX "signedArtefact_by_sha256" ON "signedArtefact" ("sha256", "id");

CREATE TABLE "signingPlan" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "number" bigint NOT NULL,
  "lines" text COLLATE "C" NOT NULL,
  "changedBy" text COLLATE "C" NOT NULL,
  "changedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "signingPlan_one_number" ON "signingPlan" ("product", "number");

CREATE TABLE "installed" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "device" bytea NOT NULL,
  "product" bytea NOT NULL,
  "lot" text COLLATE "C",
  "firmwareVersion" text COLLATE "C" NOT NULL,
  "securityVersion" bigint NOT NULL,
  "highestSecurityVersion" bigint NOT NULL,
  "anchors" text COLLATE "C" NOT NULL,
  "anchorSet" text COLLATE "C" NOT NULL,
  "certificate" bytea,
  "reportedAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "installed_one_device" ON "installed" ("device");

CREATE INDEX "installed_by_product" ON "installed" ("product", "firmwareVersion", "id");

CREATE INDEX "installed_by_productDevice" ON "installed" ("product", "device", "id");

CREATE INDEX "installed_by_anchorSet" ON "installed" ("product", "anchorSet", "id");

CREATE INDEX "installed_by_reported" ON "installed" ("product", "reportedAt", "id");

CREATE TABLE "rotation" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "product" bytea NOT NULL,
  "environment" text COLLATE "C" NOT NULL,
  "fromKey" bytea NOT NULL,
  "toKey" bytea NOT NULL,
  "forms" text COLLATE "C" NOT NULL,
  "thresholdPercent" bigint NOT NULL,
  "silentDays" bigint NOT NULL,
  "mostSilentPercent" bigint NOT NULL,
  "carrier" bytea,
  "skipped" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "openKey" text COLLATE "C",
  "because" text COLLATE "C" NOT NULL,
  "begunBy" text COLLATE "C" NOT NULL,
  "begunAt" bigint NOT NULL,
  "endedBy" text COLLATE "C",
  "endedAt" bigint,
  "endedBecause" text COLLATE "C"
);

CREATE UNIQUE INDEX "rotation_one_open" ON "rotation" ("openKey") WHERE "openKey" IS NOT NULL;

CREATE INDEX "rotation_by_product" ON "rotation" ("product", "begunAt", "id");

CREATE INDEX "rotation_by_begun" ON "rotation" ("begunAt", "id");

CREATE TABLE "keyEnding" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "artefactKey" bytea NOT NULL,
  "product" bytea NOT NULL,
  "act" text COLLATE "C" NOT NULL,
  "devices" bigint NOT NULL,
  "unknown" bigint NOT NULL,
  "because" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "openKey" text COLLATE "C",
  "approvals" text COLLATE "C" NOT NULL,
  "askedBy" text COLLATE "C" NOT NULL,
  "askedAt" bigint NOT NULL,
  "decidedBy" text COLLATE "C",
  "decidedAt" bigint
);

CREATE UNIQUE INDEX "keyEnding_one_open" ON "keyEnding" ("openKey") WHERE "openKey" IS NOT NULL;

CREATE INDEX "keyEnding_by_key" ON "keyEnding" ("artefactKey", "askedAt", "id");

CREATE INDEX "keyEnding_by_asked" ON "keyEnding" ("askedAt", "id");

CREATE TABLE "revocationLimit" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "owners" bigint,
  "was" bigint,
  "because" text COLLATE "C" NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "open" text COLLATE "C",
  "approvals" text COLLATE "C" NOT NULL,
  "askedBy" text COLLATE "C" NOT NULL,
  "askedAt" bigint NOT NULL,
  "decidedBy" text COLLATE "C",
  "decidedAt" bigint
);

CREATE UNIQUE INDEX "revocationLimit_one_open" ON "revocationLimit" ("open") WHERE "open" IS NOT NULL;

CREATE INDEX "revocationLimit_by_asked" ON "revocationLimit" ("askedAt", "id");

ALTER TABLE "person" ADD COLUMN "hasJoined" bigint;

ALTER TABLE "machine" ADD COLUMN "products" text COLLATE "C";

CREATE TABLE "buildTrust" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "issuer" text COLLATE "C" NOT NULL,
  "audience" text COLLATE "C" NOT NULL,
  "subject" text COLLATE "C" NOT NULL,
  "products" text COLLATE "C" NOT NULL,
  "minutes" bigint NOT NULL,
  "state" text COLLATE "C" NOT NULL,
  "createdBy" text COLLATE "C" NOT NULL,
  "createdAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "buildTrust_one_name" ON "buildTrust" ("name");

CREATE INDEX "buildTrust_by_issuer" ON "buildTrust" ("issuer", "state", "id");

CREATE INDEX "buildTrust_by_created" ON "buildTrust" ("createdAt", "id");

CREATE TABLE "grant" (
  "id" bytea NOT NULL PRIMARY KEY,
  "version" bigint NOT NULL,
  "tokenSha256" bytea NOT NULL,
  "idTokenSha256" bytea NOT NULL,
  "buildTrusts" text COLLATE "C" NOT NULL,
  "subject" text COLLATE "C" NOT NULL,
  "products" text COLLATE "C" NOT NULL,
  "grantedAt" bigint NOT NULL,
  "expiresAt" bigint NOT NULL
);

CREATE UNIQUE INDEX "grant_one_token" ON "grant" ("tokenSha256");

CREATE UNIQUE INDEX "grant_one_idToken" ON "grant" ("idTokenSha256");

CREATE INDEX "grant_by_expires" ON "grant" ("expiresAt", "id");

ALTER TABLE "node" ADD COLUMN "keyLists" text COLLATE "C";

CREATE TABLE "epoch" (
  "only" bigint NOT NULL PRIMARY KEY,
  "mark" bytea NOT NULL
);
