ALTER TABLE "scan" ADD COLUMN "madeHere" INTEGER;

CREATE TABLE "release" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "firmwareVersion" TEXT NOT NULL,
  "securityVersion" INTEGER NOT NULL,
  "kind" TEXT NOT NULL,
  "channel" TEXT NOT NULL,
  "environment" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "revision" INTEGER NOT NULL,
  "supportUntil" INTEGER,
  "manifestSha256" BLOB,
  "contributors" TEXT NOT NULL,
  "createdBy" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "submittedAt" INTEGER,
  "signedAt" INTEGER,
  "publishedAt" INTEGER,
  "withdrawnAt" INTEGER,
  "because" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "release_one_firmware" ON "release" ("product", "environment", "channel", "firmwareVersion");

CREATE INDEX "release_by_product" ON "release" ("product", "createdAt", "id");

CREATE INDEX "release_by_state" ON "release" ("state", "createdAt", "id");

CREATE INDEX "release_by_created" ON "release" ("createdAt", "id");

CREATE TABLE "releasePart" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "release" BLOB NOT NULL,
  "role" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "sha256" BLOB NOT NULL,
  "octets" INTEGER NOT NULL,
  "facts" TEXT NOT NULL,
  "addedBy" TEXT NOT NULL,
  "addedAt" INTEGER NOT NULL,
  "slot" TEXT,
  "removedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "releasePart_one_slot" ON "releasePart" ("release", "slot") WHERE "slot" IS NOT NULL;

CREATE INDEX "releasePart_by_release" ON "releasePart" ("release", "id");

CREATE INDEX "releasePart_by_sha256" ON "releasePart" ("sha256", "id");

CREATE TABLE "releaseManifest" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "release" BLOB NOT NULL,
  "revision" INTEGER NOT NULL,
  "sha256" BLOB NOT NULL,
  "text" BLOB NOT NULL,
  "madeAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "releaseManifest_one_sha256" ON "releaseManifest" ("sha256");

CREATE UNIQUE INDEX "releaseManifest_one_revision" ON "releaseManifest" ("release", "revision");

CREATE TABLE "releaseLine" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "environment" TEXT NOT NULL,
  "channel" TEXT NOT NULL,
  "securityVersion" INTEGER NOT NULL,
  "release" BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "releaseLine_one_line" ON "releaseLine" ("product", "environment", "channel");

CREATE TABLE "builderKey" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "name" TEXT NOT NULL,
  "fingerprint" BLOB NOT NULL,
  "spki" BLOB NOT NULL,
  "builders" TEXT NOT NULL,
  "addedBy" TEXT NOT NULL,
  "addedAt" INTEGER NOT NULL,
  "endedAt" INTEGER,
  "because" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "builderKey_one_key" ON "builderKey" ("product", "fingerprint");

CREATE INDEX "builderKey_by_product" ON "builderKey" ("product", "addedAt", "id");

CREATE TABLE "stored" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "sha256" BLOB NOT NULL,
  "octets" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "storedBy" TEXT NOT NULL,
  "storedAt" INTEGER NOT NULL,
  "wantedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "stored_one_sha256" ON "stored" ("sha256");

CREATE INDEX "stored_by_state" ON "stored" ("state", "wantedAt", "id");

CREATE TABLE "upload" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "octets" INTEGER NOT NULL,
  "sha256" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "startedBy" TEXT NOT NULL,
  "startedAt" INTEGER NOT NULL,
  "expiresAt" INTEGER NOT NULL,
  "begunOn" TEXT NOT NULL,
  "hold" TEXT,
  "takenOver" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX "upload_by_state" ON "upload" ("state", "expiresAt", "id");

CREATE INDEX "upload_by_by" ON "upload" ("startedBy", "sha256", "id");

CREATE TABLE "signingPolicy" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "number" INTEGER NOT NULL,
  "rules" TEXT NOT NULL,
  "lowered" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "because" TEXT NOT NULL,
  "approvals" TEXT NOT NULL,
  "changedBy" TEXT NOT NULL,
  "changedAt" INTEGER NOT NULL,
  "decidedBy" TEXT,
  "decidedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "signingPolicy_one_number" ON "signingPolicy" ("product", "number");

CREATE INDEX "signingPolicy_by_product" ON "signingPolicy" ("product", "state", "number", "id");

CREATE TABLE "approverKey" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "person" BLOB NOT NULL,
  "key" BLOB NOT NULL,
  "fingerprint" BLOB NOT NULL,
  "spki" BLOB NOT NULL,
  "name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "kept" TEXT NOT NULL,
  "chain" TEXT NOT NULL,
  "statement" BLOB NOT NULL,
  "signature" BLOB NOT NULL,
  "state" TEXT NOT NULL,
  "addedAt" INTEGER NOT NULL,
  "confirmedBy" TEXT,
  "confirmedAt" INTEGER,
  "endedBy" TEXT,
  "endedAt" INTEGER,
  "endedBecause" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "approverKey_one_fingerprint" ON "approverKey" ("fingerprint");

CREATE INDEX "approverKey_by_person" ON "approverKey" ("person", "state", "id");

CREATE INDEX "approverKey_by_state" ON "approverKey" ("state", "addedAt", "id");

CREATE INDEX "approverKey_by_added" ON "approverKey" ("addedAt", "id");

CREATE TABLE "approval" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "release" BLOB NOT NULL,
  "manifestSha256" BLOB NOT NULL,
  "act" TEXT NOT NULL,
  "person" BLOB NOT NULL,
  "approverKey" BLOB NOT NULL,
  "name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "meaning" TEXT NOT NULL,
  "statement" BLOB NOT NULL,
  "statementSha256" BLOB NOT NULL,
  "signature" BLOB NOT NULL,
  "statedAt" INTEGER NOT NULL,
  "takenAt" INTEGER NOT NULL,
  "standing" TEXT,
  "voidedAt" INTEGER,
  "voidedBecause" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "approval_one_standing" ON "approval" ("standing") WHERE "standing" IS NOT NULL;

CREATE UNIQUE INDEX "approval_one_statement" ON "approval" ("statementSha256");

CREATE INDEX "approval_by_release" ON "approval" ("release", "takenAt", "id");

CREATE INDEX "approval_by_person" ON "approval" ("person", "takenAt", "id");

CREATE INDEX "approval_by_key" ON "approval" ("approverKey", "takenAt", "id");

CREATE TABLE "emergency" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "release" BLOB NOT NULL,
  "manifestSha256" BLOB NOT NULL,
  "approval" BLOB NOT NULL,
  "exception" BLOB NOT NULL,
  "incident" TEXT NOT NULL,
  "because" TEXT NOT NULL,
  "until" INTEGER NOT NULL,
  "reviewBy" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "beganAt" INTEGER NOT NULL,
  "endedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX "emergency_by_state" ON "emergency" ("state", "beganAt", "id");

CREATE INDEX "emergency_by_release" ON "emergency" ("release", "beganAt", "id");

CREATE TABLE "artefactKey" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "environment" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "key" BLOB NOT NULL,
  "certificate" BLOB,
  "chain" TEXT NOT NULL,
  "forms" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "addedBy" TEXT NOT NULL,
  "addedAt" INTEGER NOT NULL,
  "endedAt" INTEGER,
  "because" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "artefactKey_one_name" ON "artefactKey" ("product", "environment", "name");

CREATE INDEX "artefactKey_by_product" ON "artefactKey" ("product", "environment", "state", "id");

CREATE INDEX "artefactKey_by_key" ON "artefactKey" ("key", "id");

CREATE TABLE "signedArtefact" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "release" BLOB NOT NULL,
  "part" BLOB NOT NULL,
  "form" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "sourceSha256" BLOB NOT NULL,
  "sha256" BLOB NOT NULL,
  "octets" INTEGER NOT NULL,
  "signature" BLOB,
  "keys" TEXT NOT NULL,
  "timeStamp" BLOB,
  "facts" TEXT NOT NULL,
  "signedBy" TEXT NOT NULL,
  "signedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "signedArtefact_one_name" ON "signedArtefact" ("release", "name");

CREATE INDEX "signedArtefact_by_release" ON "signedArtefact" ("release", "signedAt", "id");

CREATE INDEX "signedArtefact_by_sha256" ON "signedArtefact" ("sha256", "id");

CREATE TABLE "signingPlan" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "number" INTEGER NOT NULL,
  "lines" TEXT NOT NULL,
  "changedBy" TEXT NOT NULL,
  "changedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "signingPlan_one_number" ON "signingPlan" ("product", "number");

CREATE TABLE "installed" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "device" BLOB NOT NULL,
  "product" BLOB NOT NULL,
  "lot" TEXT,
  "firmwareVersion" TEXT NOT NULL,
  "securityVersion" INTEGER NOT NULL,
  "highestSecurityVersion" INTEGER NOT NULL,
  "anchors" TEXT NOT NULL,
  "anchorSet" TEXT NOT NULL,
  "certificate" BLOB,
  "reportedAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "installed_one_device" ON "installed" ("device");

CREATE INDEX "installed_by_product" ON "installed" ("product", "firmwareVersion", "id");

CREATE INDEX "installed_by_productDevice" ON "installed" ("product", "device", "id");

CREATE INDEX "installed_by_anchorSet" ON "installed" ("product", "anchorSet", "id");

CREATE INDEX "installed_by_reported" ON "installed" ("product", "reportedAt", "id");

CREATE TABLE "rotation" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "product" BLOB NOT NULL,
  "environment" TEXT NOT NULL,
  "fromKey" BLOB NOT NULL,
  "toKey" BLOB NOT NULL,
  "forms" TEXT NOT NULL,
  "thresholdPercent" INTEGER NOT NULL,
  "silentDays" INTEGER NOT NULL,
  "mostSilentPercent" INTEGER NOT NULL,
  "carrier" BLOB,
  "skipped" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "openKey" TEXT,
  "because" TEXT NOT NULL,
  "begunBy" TEXT NOT NULL,
  "begunAt" INTEGER NOT NULL,
  "endedBy" TEXT,
  "endedAt" INTEGER,
  "endedBecause" TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "rotation_one_open" ON "rotation" ("openKey") WHERE "openKey" IS NOT NULL;

CREATE INDEX "rotation_by_product" ON "rotation" ("product", "begunAt", "id");

CREATE INDEX "rotation_by_begun" ON "rotation" ("begunAt", "id");

CREATE TABLE "keyEnding" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "artefactKey" BLOB NOT NULL,
  "product" BLOB NOT NULL,
  "act" TEXT NOT NULL,
  "devices" INTEGER NOT NULL,
  "unknown" INTEGER NOT NULL,
  "because" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "openKey" TEXT,
  "approvals" TEXT NOT NULL,
  "askedBy" TEXT NOT NULL,
  "askedAt" INTEGER NOT NULL,
  "decidedBy" TEXT,
  "decidedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "keyEnding_one_open" ON "keyEnding" ("openKey") WHERE "openKey" IS NOT NULL;

CREATE INDEX "keyEnding_by_key" ON "keyEnding" ("artefactKey", "askedAt", "id");

CREATE INDEX "keyEnding_by_asked" ON "keyEnding" ("askedAt", "id");

CREATE TABLE "revocationLimit" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "owners" INTEGER,
  "was" INTEGER,
  "because" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "open" TEXT,
  "approvals" TEXT NOT NULL,
  "askedBy" TEXT NOT NULL,
  "askedAt" INTEGER NOT NULL,
  "decidedBy" TEXT,
  "decidedAt" INTEGER
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "revocationLimit_one_open" ON "revocationLimit" ("open") WHERE "open" IS NOT NULL;

CREATE INDEX "revocationLimit_by_asked" ON "revocationLimit" ("askedAt", "id");

ALTER TABLE "person" ADD COLUMN "hasJoined" INTEGER;

ALTER TABLE "machine" ADD COLUMN "products" TEXT;

CREATE TABLE "buildTrust" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "name" TEXT NOT NULL,
  "issuer" TEXT NOT NULL,
  "audience" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "products" TEXT NOT NULL,
  "minutes" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "createdBy" TEXT NOT NULL,
  "createdAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "buildTrust_one_name" ON "buildTrust" ("name");

CREATE INDEX "buildTrust_by_issuer" ON "buildTrust" ("issuer", "state", "id");

CREATE INDEX "buildTrust_by_created" ON "buildTrust" ("createdAt", "id");

CREATE TABLE "grant" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "version" INTEGER NOT NULL,
  "tokenSha256" BLOB NOT NULL,
  "idTokenSha256" BLOB NOT NULL,
  "buildTrusts" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "products" TEXT NOT NULL,
  "grantedAt" INTEGER NOT NULL,
  "expiresAt" INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX "grant_one_token" ON "grant" ("tokenSha256");

CREATE UNIQUE INDEX "grant_one_idToken" ON "grant" ("idTokenSha256");

CREATE INDEX "grant_by_expires" ON "grant" ("expiresAt", "id");

ALTER TABLE "node" ADD COLUMN "keyLists" TEXT;

CREATE TABLE "epoch" (
  "only" INTEGER NOT NULL PRIMARY KEY,
  "mark" BLOB NOT NULL
) STRICT;
