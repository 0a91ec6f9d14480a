/// An error answer (RFC 9457, `application/problem+json`). `type` is stable and meant for programs.
package struct Problem: Codable, Sendable, Equatable, Error, CustomStringConvertible {
    /// `urn:holdfast:<word>`, for example `urn:holdfast:not-found`.
    package var type: String
    package var title: String
    /// The HTTP status.
    package var status: Int
    package var detail: String?

    package init(type: String, title: String, status: Int, detail: String? = nil) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
    }

    package var description: String { detail.map { "\(title): \($0)" } ?? title }

    package static let contentType = "application/problem+json"
}
