import Foundation
import Storage
import Testing

/// The worked examples of the S3 documentation ("Signature Calculations for the Authorization Header", "Authenticating
/// Requests: Using Query Parameters").
struct S3DocumentationExampleTests {
    static let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    static let host = "examplebucket.s3.amazonaws.com"

    static let signer = SignatureV4(
        credentials: Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1", service: "s3", rule: .s3, at: Date(timeIntervalSince1970: 1_369_353_600))

    static let examples: [(String, SignatureV4.Request, String)] = [
        (
            "get object",
            .init(
                method: "GET", path: "/test.txt",
                headers: [("Host", host), ("Range", "bytes=0-9"), ("x-amz-content-sha256", nothing)],
                payloadHash: nothing),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        (
            "put object",
            .init(
                method: "PUT", path: "/test%24file.text",
                headers: [
                    ("Host", host), ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                    ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ], payloadHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        (
            "get bucket lifecycle",
            .init(
                method: "GET", path: "/", query: [("lifecycle", "")],
                headers: [("Host", host), ("x-amz-content-sha256", nothing)], payloadHash: nothing),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        (
            "list objects",
            .init(
                method: "GET", path: "/", query: [("max-keys", "2"), ("prefix", "J")],
                headers: [("Host", host), ("x-amz-content-sha256", nothing)], payloadHash: nothing),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ]

    @Test(arguments: examples.indices) func theSignatureIsThatOfTheDocumentation(example: Int) throws {
        let (name, request, signature) = Self.examples[example]
        let authorization = try #require(Self.signer.headers(for: request).first { $0.name == "Authorization" }?.value)
        #expect(authorization.hasSuffix("Signature=\(signature)"), "\(name)")
    }

    @Test func thePresignedURLIsThatOfTheDocumentation() {
        let request = SignatureV4.Request(
            method: "GET", path: "/test.txt", headers: [("Host", Self.host)], payloadHash: "UNSIGNED-PAYLOAD")
        let query = Self.signer.query(for: request, expires: 86400)
        #expect(query.hasSuffix("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
    }
}
