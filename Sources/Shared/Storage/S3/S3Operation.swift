import Sealing
import Transfer

/// One request to a bucket, before it is addressed and signed.
struct S3Operation {
    /// For messages: "store db-01/x.sql.gz".
    var doing: String
    var method: String
    /// Nil for the bucket itself.
    var key: String?
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body = HTTPRequest.Body.none
    /// SHA-256 of the body.
    var bodyDigest = S3Operation.emptyDigest
    var deadline: Duration? = .seconds(60)
    var stallAfter: Duration?
    var answerLimit = 8 << 20
    /// What it does cannot be done twice: whether its answer was lost must be known.
    var isSentOnce = false

    static let emptyDigest = sha256([UInt8]())

    init(_ doing: String, _ method: String, key: String?, query: [(name: String, value: String)] = []) {
        self.doing = doing
        self.method = method
        self.key = key
        self.query = query
    }

    /// Sets a small body.
    mutating func set(body text: String) {
        let bytes = Array(text.utf8)
        body = .bytes(bytes)
        bodyDigest = sha256(bytes)
    }
}
