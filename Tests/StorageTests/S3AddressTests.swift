import Domain
import Storage
import Testing

struct S3AddressTests {
    private func address(
        _ bucket: String, _ region: String, _ endpoint: String? = nil, style: S3Configuration.Style? = nil
    )
        throws -> S3Address
    {
        var configuration = S3Configuration(bucket: bucket, region: region)
        configuration.endpoint = endpoint
        configuration.style = style
        return try S3Address(configuration)
    }

    @Test(
        arguments: [
            ("acme", "eu-west-1", nil, nil, "https://acme.s3.eu-west-1.amazonaws.com/k"),
            ("acme", "cn-north-1", nil, nil, "https://acme.s3.cn-north-1.amazonaws.com.cn/k"),
            ("a.b.c", "eu-west-1", nil, nil, "https://s3.eu-west-1.amazonaws.com/a.b.c/k"),
            ("acme", "eu-west-1", nil, .path, "https://s3.eu-west-1.amazonaws.com/acme/k"),
            ("acme", "r", "https://minio.example:9000", nil, "https://minio.example:9000/acme/k"),
            ("acme", "r", "https://minio.example:443/", nil, "https://minio.example/acme/k"),
            ("acme", "r", "https://minio.example", .virtualHost, "https://acme.minio.example/k"),
            ("acme", "r", "http://127.0.0.1:9000", nil, "http://127.0.0.1:9000/acme/k"),
            ("acme", "r", "http://[::1]:9000", nil, "http://[::1]:9000/acme/k"),
        ] as [(String, String, String?, S3Configuration.Style?, String)])
    func bucketsAreAddressed(
        bucket: String, region: String, endpoint: String?, style: S3Configuration.Style?, url: String
    )
        throws
    {
        let address = try address(bucket, region, endpoint, style: style)
        #expect("\(address.scheme)://\(address.host)\(address.path("k"))" == url)
    }

    @Test(
        arguments: [
            ("acme", "r", "http://minio.example:9000"), ("acme", "r", "https://user:pass@minio.example"),
            ("acme", "r", "minio.example"),
            ("acme", "r", "https://minio.example/path"), ("a/b", "r", nil), ("", "r", nil), ("acme", "../r", nil),
            ("acme", "", nil),
        ] as [(String, String, String?)])
    func whatCannotBeIsRefused(bucket: String, region: String, endpoint: String?) {
        #expect(code { _ = try address(bucket, region, endpoint) } == .configuration)
    }

    @Test func redirectsStayWithAmazon() throws {
        let aws = try address("acme", "us-east-1")
        #expect(aws.moved(region: "eu-west-1", host: nil)?.host == "acme.s3.eu-west-1.amazonaws.com")
        #expect(
            aws.moved(region: "eu-west-1", host: "acme.s3-eu-west-1.amazonaws.com")?.host
                == "acme.s3-eu-west-1.amazonaws.com")
        #expect(aws.moved(region: nil, host: "evil.example") == nil)
        #expect(aws.moved(region: "eu-west-1", host: "evilamazonaws.com") == nil)
        #expect(aws.moved(region: "eu-west-1", host: "amazonaws.com.evil.example") == nil)
        #expect(aws.moved(region: "eu-west-1", host: "a@b.amazonaws.com") == nil)
        #expect(aws.moved(region: "us-east-1", host: nil) == nil, "a redirect to the same place is a loop")
        let own = try address("acme", "us-east-1", "https://minio.example")
        #expect(own.moved(region: "eu-west-1", host: "acme.s3.eu-west-1.amazonaws.com") == nil)
    }
}
