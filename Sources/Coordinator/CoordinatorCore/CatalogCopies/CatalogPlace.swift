import Daemon
import Domain
import Foundation
import Storage
import Wire

/// Where copies of the catalog, or whole manifests, lie for the coordinator itself: a bucket, or a directory of its own host.
struct CatalogPlace: Sendable {
    /// A destination's name, `own directory`, or what a person typed.
    let name: String
    /// Comes before every key.
    let prefix: String
    let open: @Sendable () throws(BackupError) -> any ObjectStore
    /// As what a copy of a backup there is catalogued; nil for a place that only serves reading.
    var destination: Destination?

    /// `s3://bucket[/prefix]` by the environment's AWS variables, or an absolute path on this host.
    init(
        _ text: String, _ environment: [String: String],
        _ openS3: @escaping @Sendable (Destination.S3) throws(BackupError) -> any ObjectStore
    )
        throws(BackupError)
    {
        name = text
        guard text.hasPrefix("s3://") else {
            guard !text.isEmpty, !text.contains("://") else {
                throw BackupError(.usage, "\(text): name a directory of the coordinator's host, or s3://bucket/prefix")
            }
            let path = URL(filePath: text).absoluteURL.path
            prefix = ""
            open = { () throws(BackupError) in try DirectoryStore(root: path) }
            return
        }
        let parts = text.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let s3 = Destination.S3(
            bucket: try Destination.S3.bucket(String(parts[0])),
            region: environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1",
            prefix: try Destination.S3.prefix(parts.count > 1 ? String(parts[1]) : ""),
            endpoint: environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"],
            caFile: environment["AWS_CA_BUNDLE"])
        prefix = s3.prefix
        open = { () throws(BackupError) in try openS3(s3) }
    }

    init(
        _ destination: Destination, _ s3: Destination.S3,
        _ openS3: @escaping @Sendable (Destination.S3) throws(BackupError) -> any ObjectStore
    ) {
        (name, prefix, self.destination) = (destination.name, s3.prefix, destination)
        open = { () throws(BackupError) in try openS3(s3) }
    }

    init(ownDirectory path: String) {
        (name, prefix) = (Self.ownDirectory, "")
        open = { () throws(BackupError) in
            if !FileManager.default.fileExists(atPath: path) { try PrivateDirectory.ensure(path) }
            return try DirectoryStore(root: path)
        }
    }

    static let ownDirectory = "own directory"
}

extension Coordinator {
    /// Where the catalog is copied to: every object store of the fleet, and the directory that `catalog.directory` names.
    func catalogPlaces() -> [CatalogPlace] {
        let (fleet, openS3) = (fleet, world.openS3)
        var places = fleet.destinations.compactMap { destination in
            current(destination).s3.map { CatalogPlace(destination, $0, openS3) }
        }
        if let directory = fleet.catalog.directory { places.append(CatalogPlace(ownDirectory: directory)) }
        return places
    }
}
