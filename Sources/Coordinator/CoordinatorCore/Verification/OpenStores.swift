import Domain
import Foundation
import Storage
import Synchronization
import Wire

/// S3 destinations as they were opened, so that connections and credentials are used again.
final class OpenStores: Sendable {
    private let environment: [String: String]
    private let now: @Sendable () -> Date
    private let open = Mutex<[(destination: Destination.S3, store: S3Store)]>([])

    init(_ environment: [String: String], now: @escaping @Sendable () -> Date) {
        self.environment = environment
        self.now = now
    }

    func store(_ destination: Destination.S3) throws(BackupError) -> S3Store {
        if let known = open.withLock({ $0.first { $0.destination == destination } }) { return known.store }
        let store = try S3Store(
            configuration: S3Configuration(destination),
            credentials: CredentialChain(
                variables: environment, home: environment["HOME"] ?? "/", region: destination.region, now: now),
            now: now)
        open.withLock { $0.append((destination, store)) }
        return store
    }
}
