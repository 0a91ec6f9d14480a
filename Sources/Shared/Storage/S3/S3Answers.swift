import Domain
import Foundation
import Transfer

/// S3's answers as values. Whatever is not exactly the document that was asked for is a failure worth another try: a
/// proxy's page, a cut answer, or an error in a success.
enum S3Answers {
    /// The root element, which must be `name` (or `other`: some stores call it so).
    static func document(_ name: String, or other: String? = nil, _ response: HTTPResponse) throws(S3Failure) -> XMLNode
    {
        guard let document = XMLNode.parse(response.body) else {
            throw S3Failure(.later, message: "the answer (status \(response.status)) is not complete XML")
        }
        if document.name == "Error" { throw S3Failure(response, method: "POST") }
        guard document.name == name || document.name == other else {
            throw S3Failure(.later, message: "the answer is not a \(name)")
        }
        return document
    }

    static func uploadID(_ response: HTTPResponse) throws(S3Failure) -> String {
        let document = try document("InitiateMultipartUploadResult", response)
        guard let id = document.text("UploadId"), !id.isEmpty else {
            throw S3Failure(.later, message: "the answer names no upload")
        }
        return id
    }

    /// Without the quotes around it. Never empty.
    static func etag(_ text: String?) throws(S3Failure) -> String {
        let etag = (text ?? "").filter { $0 != "\"" }
        guard !etag.isEmpty else { throw S3Failure(.later, message: "the answer has no ETag") }
        return etag
    }

    /// One page of ListObjectsV2, and the token of the next one.
    static func listing(_ response: HTTPResponse) throws(S3Failure) -> (
        objects: [ObjectFacts], next: String?
    ) {
        let document = try document("ListBucketResult", response)
        let decode = decoder(document)
        var objects: [ObjectFacts] = []
        for entry in document.all("Contents") {
            guard let key = entry.text("Key").flatMap(decode), let bytes = entry.text("Size").flatMap({ Int64($0) })
            else {
                throw S3Failure(.later, message: "an entry of the listing has no key or size")
            }
            objects.append(
                ObjectFacts(
                    key: key, bytes: bytes, etag: (entry.text("ETag") ?? "").filter { $0 != "\"" },
                    modifiedAt: entry.text("LastModified").flatMap(Timestamp.date)))
        }
        switch document.text("IsTruncated") {
        case "false": return (objects, nil)
        case "true":
            guard let token = document.text("NextContinuationToken"), !token.isEmpty else {
                throw S3Failure(.later, message: "the listing goes on, but does not say where")
            }
            return (objects, token)
        default: throw S3Failure(.later, message: "the listing does not say whether it is complete")
        }
    }

    /// One page of ListMultipartUploads, and the markers of the next one.
    static func uploads(_ response: HTTPResponse) throws(S3Failure) -> (
        uploads: [(key: String, id: String)], next: (key: String, id: String)?
    ) {
        let document = try document("ListMultipartUploadsResult", response)
        let decode = decoder(document)
        let uploads = document.all("Upload").compactMap { entry -> (key: String, id: String)? in
            guard let key = entry.text("Key").flatMap(decode), let id = entry.text("UploadId") else { return nil }
            return (key, id)
        }
        guard document.text("IsTruncated") == "true" else { return (uploads, nil) }
        guard let key = document.text("NextKeyMarker").flatMap(decode), let id = document.text("NextUploadIdMarker")
        else {
            throw S3Failure(.later, message: "the list of uploads goes on, but does not say where")
        }
        return (uploads, (key, id))
    }

    /// Keys come encoded when the store says so: it was asked to, but need not know how.
    private static func decoder(_ document: XMLNode) -> (String) -> String? {
        document.text("EncodingType") == "url" ? { URIEncoding.decode($0, plusIsSpace: true) } : { $0 }
    }
}
