/// Carries a value that is not Sendable to another thread.
///
/// `@unchecked Sendable`, on the promise of the one who makes it: from the handing over until that other thread has
/// been joined, the value is touched there and nowhere else.
package struct Handover<Value>: @unchecked Sendable {
    package let value: Value

    package init(_ value: Value) { self.value = value }
}
