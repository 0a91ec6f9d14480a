import Domain
import Foundation
import Storage
import TestSupport
import Transfer

/// Stores that are not Amazon's and not ours: OpenStack Swift and Ceph RGW, really.
struct OtherStore {
    enum Kind: String, CaseIterable {
        case swift = "openstack_swift.py"
        case ceph = "ceph_rgw.py"
    }

    let kind: Kind
    let process: ServerProcess

    init(_ kind: Kind) throws {
        self.kind = kind
        process = try ServerProcess(script: kind.rawValue)
    }

    func store(
        secret: String = "SECRET", _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> S3Store {
        var configuration = S3Configuration(bucket: "bucket", region: "us-east-1")
        configuration.endpoint = "http://127.0.0.1:\(process.port)"
        configuration.retry = ScriptedS3.patience
        configuration.parts = PartPlan(base: 5 << 20)
        change(&configuration)
        let id = kind == .swift ? "ID:ID" : "ID"
        return try S3Store(
            configuration: configuration,
            credentials: StaticCredentials(Credentials(accessKeyID: id, secretAccessKey: secret)), now: { Date() })
    }
}
