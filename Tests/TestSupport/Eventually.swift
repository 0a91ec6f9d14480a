/// Waits for something that another process brings about: asks every 100 ms until `probe` has an answer, and throws,
/// naming what was awaited, when there is none in time.
@discardableResult
package func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60), _ probe: () async throws -> Value?
) async throws -> Value {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var last: (any Error)?
    while clock.now < end {
        do {
            if let value = try await probe() { return value }
        } catch {
            last = error
        }
        try await Task.sleep(for: .milliseconds(100))
    }
    throw ServerFailure("not within \(limit): \(what)\(last.map { "; last: \($0)" } ?? "")")
}
