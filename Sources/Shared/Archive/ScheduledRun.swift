package import Domain
package import Foundation
import Sealing

/// The runs that schedules start.
package enum ScheduledRun {
    /// One id for one occurrence, whoever reckons it and however often (DESIGN section 6).
    package static func id(policy: String, agent: UUID, database: DatabaseName, nominalAt: Date) -> UUID {
        let name = [policy, agent.uuidString.lowercased(), database.rawValue, Timestamp.text(nominalAt)]
        return uuidV5(namespace: namespace, name: name.joined(separator: "\n"))
    }

    /// Whether it is the id of some scheduled run: anyone can reckon those beforehand (P5).
    package static func isID(_ id: UUID) -> Bool { id.uuid.6 >> 4 == 5 }

    /// A fixed number, made once for this purpose.
    private static let namespace = UUID(
        uuid: (0x8e, 0x1f, 0x3b, 0x52, 0x6a, 0x0d, 0x4c, 0x77, 0x9a, 0x51, 0x2d, 0xc0, 0x44, 0xe9, 0x71, 0x06))
}
