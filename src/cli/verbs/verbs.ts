// SPDX-License-Identifier: Apache-2.0
import type { OperationKind } from '#format/admin/operation.ts'
import type { OperationName } from '#format/admin/operations.ts'
import type { Command } from '../commands/commands.ts'
import type { Verb } from './verb.ts'

/** What is done for each kind of operation, unless the operation has a verb of its own. */
const byKind: Readonly<Record<OperationKind, () => Promise<Verb>>> = {
  plain: async () => (await import('./plain.ts')).plain,
  list: async () => (await import('./list.ts')).list,
  events: async () => (await import('./watch.ts')).watch,
  lines: async () => (await import('./export.ts')).exportLines,
  upload: async () => (await import('./import.ts')).importFile,
  append: async () => (await import('./artefact-upload.ts')).appendOctets,
  octets: async () => (await import('./download.ts')).download,
}

/** Where people deserve more than the answer's fields. Loaded only when asked, so that all starts fast. */
const byName: Partial<Record<OperationName, () => Promise<Verb>>> = {
  'approver.confirm': async () => (await import('./as-person.ts')).askAsPerson,
  'approver.register': async () => (await import('./approver-register.ts')).registerApprover,
  'artefact.upload': async () => (await import('./artefact-upload.ts')).uploadArtefact,
  'authority.export': async () => (await import('./export.ts')).exportPem,
  'authority.import': async () => (await import('./adopt.ts')).importAuthority,
  'authority.install': async () => (await import('./install-authority.ts')).installAuthority,
  'authority.new-root': async () => (await import('./new-root.ts')).newRoot,
  'authority.request': async () => (await import('./install-authority.ts')).requestAuthority,
  'authority.succeed': async () => (await import('./succeed-authority.ts')).succeedAuthority,
  'authority.what-if': async () => (await import('./what-if.ts')).whatIf,
  'backup.make': async () => (await import('./backup-make.ts')).makeBackup,
  'ceremony.export': async () => (await import('./ceremony-import.ts')).exportBundle,
  'ceremony.import': async () => (await import('./ceremony-import.ts')).importBundle,
  'certificate.export': async () => (await import('./export.ts')).exportPem,
  'certificate.verify': async () => (await import('./certificate-verify.ts')).verifyCertificate,
  claim: async () => (await import('./claim.ts')).claim,
  'claim-link': async () => (await import('./link.ts')).showLink,
  'device.add': async () => (await import('./device-add.ts')).addDevice,
  doctor: async () => (await import('./doctor.ts')).doctor,
  explain: async () => (await import('./explain.ts')).explain,
  'finding.show': async () => (await import('./finding.ts')).showFinding,
  'keywatch.run': async () => (await import('./finding.ts')).runWatch,
  'keywatch.show': async () => (await import('./finding.ts')).showWatch,
  'keywatch.pause': async () => (await import('./finding.ts')).showWatch,
  'keywatch.resume': async () => (await import('./finding.ts')).showWatch,
  'log.verify': async () => (await import('./log-verify.ts')).verifyLog,
  'person.invite': async () => (await import('./link.ts')).showLink,
  'person.restore': async () => (await import('./link.ts')).showLink,
  'profile.apply': async () => (await import('./profile.ts')).applyProfile,
  'profile.check': async () => (await import('./profile.ts')).checkProfile,
  'profile.diff': async () => (await import('./profile.ts')).diffProfile,
  'profile.show': async () => (await import('./profile.ts')).showProfile,
  'qualify.check': async () => (await import('./qualify.ts')).checkResult,
  'qualify.installation': async () => (await import('./qualify.ts')).qualify,
  'qualify.operation': async () => (await import('./qualify.ts')).qualify,
  'release.attach': async () => (await import('./release-attach.ts')).attachPart,
  'release.create': async () => (await import('./release-create.ts')).createRelease,
  'release.download': async () => (await import('./download.ts')).downloadFile,
  'release.scan': async () => (await import('./scan-send.ts')).scanRelease,
  'release.show': async () => (await import('./release-show.ts')).showRelease,
  'report.credentials': async () => (await import('./report.ts')).reportCredentials,
  'authority.revoke': async () => (await import('./revocation.ts')).askAct,
  'revocation.approve': async () => (await import('./revocation.ts')).approveAct,
  'revocation.end': async () => (await import('./revocation.ts')).askAct,
  'revocation.hold': async () => (await import('./revocation.ts')).askAct,
  'revocation.preview': async () => (await import('./revocation.ts')).previewAct,
  'revocation.release': async () => (await import('./revocation.ts')).askAct,
  'revocation.show': async () => (await import('./revocation.ts')).showAct,
  'release.approvals': async () => (await import('./release-approvals.ts')).showApprovals,
  'release.approve': async () => (await import('./release-approve.ts')).approveRelease,
  'release.refuse': async () => (await import('./release-approve.ts')).refuseRelease,
  'release.review-emergency': async () => (await import('./release-approve.ts')).reviewEmergency,
  'revocation.approve-limit': async () => (await import('./as-person.ts')).askAsPerson,
  'revocation.limit': async () => (await import('./revocation-limit.ts')).setLimit,
  'revocation.show-limit': async () => (await import('./revocation-limit.ts')).showLimit,
  'signing-policy.approve': async () => (await import('./as-person.ts')).askAsPerson,
  'signing-policy.set': async () => (await import('./signing-policy.ts')).setPolicy,
  'signing-policy.show': async () => (await import('./signing-policy.ts')).showPolicy,
  'signing-key.what-if': async () => (await import('./key-what-if.ts')).keyWhatIf,
  'signing-key.export-anchors': async () => (await import('./export-anchors.ts')).exportAnchors,
  'release.sign': async () => (await import('./release-sign.ts')).signRelease,
  'scan.send': async () => (await import('./scan-send.ts')).sendImage,
  'vendor-root.import': async () => (await import('./vendor-root-import.ts')).importVendorRoots,
  status: async () => (await import('./status.ts')).status,
}

/** What is done here, by no server. */
const offline: Readonly<Record<string, () => Promise<Verb>>> = {
  'approval verify': async () => (await import('./approval-verify.ts')).verifyApprovals,
  'approver make-key': async () => (await import('./approver-make-key.ts')).makeApproverKey,
  'backup check': async () => (await import('./backup-offline.ts')).checkBackup,
  'backup drill': async () => (await import('./backup-drill.ts')).drillBackup,
  'backup new-key': async () => (await import('./backup-offline.ts')).newKey,
  'ceremony check': async () => (await import('./ceremony-files.ts')).checkScript,
  'ceremony new-script': async () => (await import('./ceremony-files.ts')).newScript,
  'ceremony open': async () => (await import('./ceremony-hold.ts')).openVault,
  'ceremony run': async () => (await import('./ceremony-hold.ts')).runCeremony,
  'ceremony verify': async () => (await import('./ceremony-files.ts')).verifyBundle,
  'backup restore': async () => (await import('./backup-offline.ts')).restoreBackup,
  'crl keep': async () => (await import('./crl-keep.ts')).keepLists,
  'entropy assess': async () => (await import('./entropy-assess.ts')).assessEntropy,
  'firmware build': async () => (await import('./firmware-build.ts')).buildFirmware,
  'firmware check': async () => (await import('./firmware-check.ts')).checkFirmware,
  'firmware forms': async () => (await import('./firmware-forms.ts')).listForms,
  'firmware inspect': async () => (await import('./firmware-inspect.ts')).inspectFirmware,
  'firmware sign': async () => (await import('./firmware-sign.ts')).signFirmware,
  'firmware verify': async () => (await import('./firmware-verify.ts')).verifyFirmware,
  'release deliver': async () => (await import('./release-deliver.ts')).deliverRelease,
  scan: async () => (await import('./scan.ts')).scanImages,
  'key check': async () => (await import('./key-check.ts')).checkKeys,
  'release check': async () => (await import('./release-check.ts')).checkRelease,
  'status-file check': async () => (await import('./status-file-check.ts')).checkStatusFile,
  'weak-keys import': async () => (await import('./weak-keys.ts')).importKeyList,
  'weak-keys list': async () => (await import('./weak-keys.ts')).listKeyLists,
  'weak-keys make': async () => (await import('./weak-keys.ts')).makeKeyList,
  'store move': async () => (await import('./store-move.ts')).moveStore,
}

/** The verb of a command. */
export async function verbOf({ operation, kind, name }: Command): Promise<Verb> {
  const own = operation === undefined ? offline[name] : byName[operation]
  if (own !== undefined) return own()
  if (kind === undefined) throw new TypeError('a command without an operation has no verb')
  return byKind[kind]()
}
