/// `GET /v1/check`: one line for a monitoring system. `level` is 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
package struct CheckView: Codable, Sendable, Equatable {
    package var level: Int
    package var line: String

    package init(level: Int, line: String) {
        self.level = level
        self.line = line
    }
}
