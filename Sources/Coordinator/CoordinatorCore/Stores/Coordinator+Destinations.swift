import Catalog
package import Domain
package import Wire

extension Coordinator {
    /// Every destination of the fleet in its order, with what is known of its store.
    package func destinations(by operator: OperatorIdentity) async throws(BackupError) -> [DestinationView] {
        try `operator`.require(.viewer, "looking at destinations")
        let fleet = fleet
        return try await catalog.read { view in
            try fleet.destinations.map { destination in
                let record = try StoreProbeRecord.read(destination, view)
                let said = destination.s3?.ways
                let ways = (record?.findings?.ways ?? StoreWays()).overridden(by: said)
                return DestinationView(
                    name: destination.name, place: Self.words(destination), ways: ways, said: said,
                    foundAt: record?.foundAt, triedAt: record?.triedAt, failure: record?.failure,
                    notes: record?.findings?.notes ?? [], promises: StorePromises.lines(destination, ways))
            }
        }
    }

    private static func words(_ destination: Destination) -> String {
        guard let s3 = destination.s3 else { return destination.directory?.path ?? "the data directory of each agent" }
        return "s3://\(s3.bucket)/\(s3.prefix)" + (s3.endpoint.map { " at \($0)" } ?? "")
    }
}
