import Domain
package import ServiceLifecycle

extension Coordinator {
    /// What the coordinator does by itself. To be run once, in one group with the API's server.
    package func services() -> [any Service] {
        [
            rounds("supervision", .seconds(30), .supervision) { (it) throws(BackupError) in try await it.supervise() },
            rounds("confirmation of copies", .seconds(60), .confirmation) { (it) throws(BackupError) in
                try await it.confirmCopies()
            },
            rounds("verification", .seconds(300), .verification) { (it) throws(BackupError) in
                try await it.readWaitingCopies()
            },
            rounds("alerts", .seconds(15), .alerts) { (it) throws(BackupError) in try await it.deliverAlerts() },
            rounds("deletion", .seconds(300), .deletion) { (it) throws(BackupError) in
                try await it.resumeDeletions()
                try await it.deleteLeftovers()
                try await it.cleanupIfDue()
            },
            rounds("last seen", .seconds(20), .sightings) { (it) throws(BackupError) in try await it.saveSightings() },
            rounds("comparison of stores with the catalog", .seconds(300), .comparison) { (it) throws(BackupError) in
                try await it.compareFolders()
                try await it.readUnprovenCopies()
            },
            rounds("probing of stores", .seconds(300), .probing) { (it) throws(BackupError) in
                try await it.probeStores()
            },
            rounds("copies of the catalog", .seconds(60), .copies) { (it) throws(BackupError) in
                try await it.keepMarks()
                try await it.tellWhatIsLacking()
                try await it.copyCatalogIfDue()
            },
            rounds("rebuild of the catalog", .seconds(3600), .rebuild) { (it) throws(BackupError) in
                await it.rebuildIfAsked()
            },
            HeldCheckInsService(presence: presence),
        ]
    }

    private func rounds(
        _ name: String, _ interval: Duration, _ bell: Bells.Bell,
        _ round: @escaping @Sendable (Coordinator) async throws(BackupError) -> Void
    ) -> RoundsService {
        RoundsService(name: name, interval: interval, line: bells.line(bell), logger: logger) {
            [self] () throws(BackupError) in try await round(self)
        }
    }
}
