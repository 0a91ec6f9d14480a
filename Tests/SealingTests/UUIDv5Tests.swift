import Foundation
import Sealing
import Testing

@Suite struct UUIDv5Tests {
    let dns = UUID(uuidString: "6ba7b810-9dad-11d1-80b4-00c04fd430c8")

    @Test(arguments: [
        ("www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"),  // RFC 9562, appendix A.4
        ("python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d"),  // Python's uuid documentation
    ])
    func `a name has the UUID of the published examples`(name: String, expected: String) throws {
        let made = uuidV5(namespace: try #require(dns), name: name)
        #expect(made.uuidString.lowercased() == expected)
    }
}
