/// What this software calls itself.
package enum Product {
    package static let name = "holdfast"
    /// Semantic version of both programs; it stands in manifests, heartbeats and `--version`.
    package static let version = "0.1.0"
}
