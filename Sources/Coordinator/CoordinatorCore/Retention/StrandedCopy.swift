import Catalog
import Wire

/// A copy in a directory of a host whose agent was revoked: retention forgets it, and its files stay.
struct StrandedCopy {
    let copy: CopyRecord
    let agent: String

    /// Nil when nobody is needed: the copy is in a bucket, or no file of it was ever finished.
    init?(_ copy: CopyRecord, on agent: String) {
        guard copy.place.s3 == nil, !copy.objects.isEmpty else { return nil }
        self.copy = copy
        self.agent = agent
    }

    /// Exactly which files: others beside them may be the last of another database.
    var line: String {
        "\(copy.location) on \(agent): " + copy.objects.map(\.name).joined(separator: ", ")
    }

    var reason: String { "the files stay on \(agent): it was revoked" }
}
