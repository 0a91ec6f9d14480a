import Testing
import Wire

/// What a host allows, as both sides reckon it.
@Suite struct HostLimitsTests {
    @Test(
        arguments: [
            (nil, "aws"), ("https://s3.eu-west-1.amazonaws.com", "aws"), ("https://S3.amazonaws.com:443/", "aws"),
            ("https://bucket.s3.dualstack.us-east-2.amazonaws.com/key?x=1", "aws"),
            ("https://s3-us-west-2.amazonaws.com", "aws"),
            ("https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com", "aws"),
            ("https://minio.example.com:9000/", "https://minio.example.com:9000"),
            ("https://Minio.example.com:443", "https://minio.example.com"),
        ] as [(String?, String)])
    func aStoreIsKnownByItsProvider(endpoint: String?, store: String) {
        #expect(Destination.S3(bucket: "b", region: "r", endpoint: endpoint).store == store)
    }

    /// Whoever answers there is not S3.
    @Test(arguments: [
        "https://evil.example/?x=s3.amazonaws.com", "https://evil.example#.s3.amazonaws.com",
        "https://s3.amazonaws.com@evil.example", "https://s3.amazonaws.com.evil.example",
        "https://s3-1.us-east-1.elb.amazonaws.com", "https://ec2-1-2-3-4.compute-1.amazonaws.com",
        "http://s3.amazonaws.com", "https://s3.amazonaws.com:8443", "s3.amazonaws.com",
    ])
    func whatOnlyLooksLikeAWSIsNot(address: String) {
        #expect(Destination.S3.store(at: address) != "aws")
    }

    @Test func addressesAreThoseOfTheStoresThatAreAllowed() {
        let limits = HostLimits(directories: [], stores: ["https://minio:9000", "aws"], replace: true)
        #expect(limits.refusal(ofAddress: "https://minio:9000/bucket/key?X-Amz-Signature=1") == nil)
        #expect(limits.refusal(ofAddress: "https://bucket.minio:9000/key") == nil)
        #expect(limits.refusal(ofAddress: "https://bucket.s3.eu-west-1.amazonaws.com/key") == nil)
        for address in [
            "http://169.254.169.254/latest", "http://minio:9000/b/k", "https://evilminio:9000/k", "https://minio/k",
            "https://user@minio:9000/k",
        ] {
            let words = limits.refusal(ofAddress: address)
            #expect(words?.hasPrefix("the host does not allow this: ") == true, "\(address): \(words ?? "allowed")")
        }
        #expect(HostLimits(directories: [], stores: nil, replace: true).refusal(ofAddress: "http://a/b") == nil)
    }

    @Test(arguments: [
        ("/var/backups", true), ("/var/backups/holdfast/", true), ("/var/backups2", false), ("/var", false),
        ("/var/backups/../lib", false), ("/var/backups/./x", false), ("var/backups", false),
    ])
    func pathsAreComparedByTheirParts(path: String, isInside: Bool) {
        let limits = HostLimits(directories: ["/var/backups"], stores: [], replace: true)
        #expect((limits.refusal(of: Destination(name: "d", directory: .init(path: path))) == nil) == isInside)
    }
}
