import Archive
import Catalog
import Domain
import Foundation
import Wire

/// What a report says of a backup, taken apart and checked: an agent's word counts only for what can be its own.
struct ReportedBackup {
    let manifest: Manifest
    let copies: [CopyRecord]
    /// Whether every demanded destination holds all of it.
    let isComplete: Bool
    /// What is missing, for people; empty when nothing is.
    let shortcomings: [String]

    /// What sizes of objects can be, so that no sum of an agent's figures overflows.
    private static let sizes: ClosedRange<Int64> = 0...(1 << 50)
    private static let mostObjects = 16

    var hasWholeCopy: Bool { copies.contains(where: \.isWhole) }

    /// Throws `.forbidden` when the manifest is another agent's or another run's, `.integrity` when it contradicts itself.
    ///
    /// `places` gives every definition that a destination's name ever had, newest first. `demanded` may be empty: then
    /// every destination that the report names is.
    init(
        _ report: RunReport, _ manifest: Manifest, from agent: AgentIdentity, demanded: [String],
        places: (String) throws -> [Destination]
    ) throws {
        try Self.check(manifest, report, agent)
        self.manifest = manifest
        let plain = BackupKeys(
            agentName: agent.name, database: report.database, kind: report.kind, tier: report.tiers.max() ?? .manual,
            nominalAt: report.nominalAt)
        let keys = Self.keys(manifest, report, plain)
        var copies: [CopyRecord] = []
        var shortcomings: [String] = []
        for result in report.destinations where !copies.contains(where: { $0.place.name == result.destination }) {
            let place = try places(result.destination).first { $0.keyPrefix + keys.folder == result.folder }
            guard let place else {
                shortcomings.append("\(result.destination): the coordinator knows no such place")
                continue
            }
            let finding = Self.finding(result, manifest, keys)
            if let finding { shortcomings.append("\(result.destination): \(finding)") }
            copies.append(
                CopyRecord(
                    backup: manifest.id, place: place, folder: result.folder,
                    state: finding == nil ? .stored : .incomplete, error: finding,
                    objects: Self.own(result.objects, manifest, keys)))
        }
        let whole = Set(copies.filter(\.isWhole).map(\.place.name))
        for name in demanded where !report.destinations.contains(where: { $0.destination == name }) {
            shortcomings.append("\(name): the policy demands it, and the agent did not write there")
        }
        self.copies = copies
        self.shortcomings = shortcomings
        isComplete = !whole.isEmpty && shortcomings.isEmpty && demanded.allSatisfy(whole.contains)
    }

    private static func check(_ manifest: Manifest, _ report: RunReport, _ agent: AgentIdentity) throws(BackupError) {
        guard manifest.agent.id == agent.id, manifest.agent.name == agent.name else {
            throw BackupError(.forbidden, "the manifest is another agent's")
        }
        guard manifest.run == report.run, manifest.attempt == report.attempt,
            manifest.database.name.rawValue.utf8.elementsEqual(report.database.rawValue.utf8),
            manifest.database.kind == report.kind, manifest.nominalAt == report.nominalAt
        else { throw BackupError(.forbidden, "the manifest belongs to another run") }
        // What is taken in is read again as a stored manifest is; one that cannot be would look like a damaged catalog.
        guard (try? Manifest(decoding: manifest.encoded())) != nil else {
            throw BackupError(.integrity, "the manifest is of a format that this coordinator does not read: upgrade it")
        }
        guard let main = manifest.objects.first(where: \.role.isContents), main.plainBytes > 0 else {
            throw BackupError(.integrity, "the backup is empty")
        }
        // It is kept until a person says otherwise, so it takes no scheduled backup's place.
        guard manifest.adopted == nil || report.tiers == [.manual] else {
            throw BackupError(.integrity, "a dump that was adopted counts for the tier manual alone")
        }
        guard manifest.objects.count <= mostObjects else {
            throw BackupError(.integrity, "the manifest names more than \(mostObjects) objects")
        }
        for object in manifest.objects {
            guard object.storedBytes > 0, sizes.contains(object.storedBytes), sizes.contains(object.plainBytes),
                isDigest(object.storedSha256),
                isDigest(object.plainSha256)
            else { throw BackupError(.integrity, "the manifest's sizes or checksums are none") }
        }
        guard sizes.contains(manifest.objects.reduce(0) { $0 + $1.storedBytes }),
            sizes.contains(manifest.objects.reduce(0) { $0 + $1.plainBytes })
        else { throw BackupError(.integrity, "the manifest's sizes or checksums are none") }
        guard Set(manifest.objects.map(\.name)).count == manifest.objects.count else {
            throw BackupError(.integrity, "the manifest names an object twice")
        }
    }

    /// All names of a backup have one stem, which its first object shows.
    private static func keys(_ manifest: Manifest, _ report: RunReport, _ plain: BackupKeys) -> BackupKeys {
        guard let name = manifest.objects.first?.name, let (keys, attempt) = plain.ofAttempt(named: name),
            attempt ?? report.attempt == report.attempt
        else { return plain }
        return keys
    }

    private static func isDigest(_ text: String) -> Bool { text.wholeMatch(of: /[0-9a-f]{64}/) != nil }

    /// Why the copy is not whole; nil when it is.
    private static func finding(_ result: DestinationResult, _ manifest: Manifest, _ keys: BackupKeys) -> String? {
        guard result.isComplete else { return result.error ?? "not complete" }
        for object in manifest.objects {
            guard name(object.name, isOf: keys) else { return "\(object.name) is not a name of this run" }
            guard
                result.objects.contains(where: {
                    $0.name == object.name && $0.bytes == object.storedBytes && $0.sha256 == object.storedSha256
                })
            else { return "\(object.name) is not there as the manifest says" }
        }
        return result.objects.contains { $0.name == keys.manifestName } ? nil : "the manifest is not there"
    }

    /// Only what this run can have written: what stands here is read and deleted later with the coordinator's rights (P5).
    /// The manifest comes last.
    private static func own(
        _ objects: [DestinationResult.StoredObject], _ manifest: Manifest, _ keys: BackupKeys
    ) -> [DestinationResult.StoredObject] {
        let names = Set(manifest.objects.map(\.name) + [keys.manifestName])
        var seen: Set<String> = []
        let own = objects.filter {
            names.contains($0.name) && name($0.name, isOf: keys) && seen.insert($0.name).inserted
                && sizes.contains($0.bytes)
                && isDigest($0.sha256)
        }
        return own.filter { $0.name != keys.manifestName } + own.filter { $0.name == keys.manifestName }
    }

    private static func name(_ name: String, isOf keys: BackupKeys) -> Bool {
        name.hasPrefix(keys.stem) && name.dropFirst(keys.stem.count).wholeMatch(of: /[A-Za-z0-9._]+/) != nil
    }
}
