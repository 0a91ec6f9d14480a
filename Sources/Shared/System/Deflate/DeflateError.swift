/// What can go wrong with compressed bytes. The message says what was found, in lower case.
package struct DeflateError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The bytes are not what the codec writes, or their checksum is wrong.
        case damaged
        /// The bytes end too early.
        case truncated
        /// Something follows the end.
        case trailing
        /// A level that the codec does not have.
        case level
        /// The library refused for a reason that is ours or the machine's: no memory, wrong use.
        case library
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}
