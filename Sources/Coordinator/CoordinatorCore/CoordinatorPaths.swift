package import Foundation

/// Where the coordinator keeps its files: all in one directory (0700) of its own.
package struct CoordinatorPaths: Sendable {
    package let dataDirectory: URL

    package init(dataDirectory: URL) { self.dataDirectory = dataDirectory }

    package var catalog: URL { dataDirectory.appending(path: "catalog.sqlite") }
    package var caCertificate: URL { dataDirectory.appending(path: "ca.pem") }
    /// 0600.
    package var caKey: URL { dataDirectory.appending(path: "ca-key.pem") }
    package var serverCertificate: URL { dataDirectory.appending(path: "server.pem") }
    /// 0600.
    package var serverKey: URL { dataDirectory.appending(path: "server-key.pem") }
    /// 0600. Opens the copies of the catalog.
    package var catalogKey: URL { dataDirectory.appending(path: "catalog-key") }
    /// A copy of the catalog that is being made, plain and sealed.
    package var catalogCopy: URL { dataDirectory.appending(path: "catalog-copy.sqlite") }
    package var sealedCopy: URL { dataDirectory.appending(path: "catalog-copy.age") }
    /// Nothing but room.
    package var reserve: URL { dataDirectory.appending(path: "reserve") }
    /// Held with `flock` while a coordinator runs on this directory.
    package var lock: URL { dataDirectory.appending(path: "lock") }
}
