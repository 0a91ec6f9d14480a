import Catalog
import Domain
import Foundation
import Wire

extension IncidentCondition {
    static func uncopied(_ place: String, _ record: CatalogCopyRecord) -> Self {
        let age = record.at.map { "the newest copy is of \(Timestamp.seconds($0))" } ?? "there is none yet"
        return Self(
            key: IncidentKey.uncopied(place), kind: IncidentKind.uncopied, isCritical: false,
            title: "The catalog could not be copied to \(place) for an hour",
            detail:
                "\(record.failure ?? "no copy came to its end"); \(age). Without one a coordinator that is lost does not come back as it "
                + "was. The coordinator writes below .holdfast/catalog/ there; try again with `holdfast catalog backup`"
        )
    }

    static func waiting(_ hosts: [StrangerView]) -> Self {
        let names = hosts.prefix(10).map { $0.name ?? $0.id.uuidString.lowercased() }.joined(separator: ", ")
        return Self(
            key: IncidentKey.waiting, kind: IncidentKind.lacking, isCritical: true,
            title: "\(CountText.of(hosts.count, "host")) that the catalog has forgotten wait to be admitted",
            detail:
                "\(names)\(hosts.count > 10 ? " and others" : ""): they have joined once, and back up by their last plan, but nothing of it is "
                + "taken. Those that belong here: `holdfast agent admit NAME`, or --all; the others: stop their agents")
    }

    static func lacking(_ gap: CatalogGap) -> Self {
        Self(
            key: IncidentKey.lacking, kind: IncidentKind.lacking, isCritical: true,
            title: "The catalog is older than what was acknowledged",
            detail:
                "\(gap.reason): a copy of the catalog was put back, and backups that were made since have no row in it. Nothing is deleted "
                + "until that is mended: run `holdfast catalog rebuild`, then `holdfast catalog show`")
    }
}
