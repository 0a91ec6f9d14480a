import Foundation
import Testing

/// The files in `deploy/examples` promise what the design does.
@Suite struct ExampleTests {
    private struct Policy: Decodable {
        struct Statement: Decodable {
            let Effect: String
            let Action: Actions
            let Resource: String?
            let Condition: [String: [String: String]]?
        }

        let Statement: [Statement]
    }

    /// One action, or several.
    private struct Actions: Decodable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            // What is no text is tried as a list next.
            if let one = try? container.decode(String.self) {
                names = [one]
            } else {
                names = try container.decode([String].self)
            }
        }
    }

    /// P5: nor overwrite. A write that makes an object carries `If-None-Match`; parts make none.
    @Test func anAgentsIdentityNeitherReadsNorDeletesNorOverwrites() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../deploy/examples/iam-agent-policy.json")
        let policy = try JSONDecoder().decode(Policy.self, from: Data(contentsOf: file))
        #expect(policy.Statement.allSatisfy { $0.Effect == "Allow" })
        let actions = Set(policy.Statement.flatMap(\.Action.names))
        #expect(actions == ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"])
        // Each host in the folder of its own name, and nowhere without one (D6).
        let own = "arn:aws:s3:::acme-backups/${aws:PrincipalTag/holdfast-agent}/*"
        #expect(policy.Statement.allSatisfy { $0.Resource == own })
        let conditions = policy.Statement.filter { $0.Action.names.contains("s3:PutObject") }.map(\.Condition)
        #expect(
            conditions == [
                ["Null": ["s3:if-none-match": "false"]], ["Bool": ["s3:ObjectCreationOperation": "false"]],
            ])
    }
}
