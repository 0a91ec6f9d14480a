import Foundation
import FoundationXML

/// One element of a small XML answer: its local name, its text, its children.
struct XMLNode {
    var name: String
    var text = ""
    var children: [XMLNode] = []

    /// Reads a whole document. Nil when it is not well-formed to its very end, has a document type (an HTML page, or
    /// entities that grow), or is nested deeper than any answer is. White space before it is allowed: S3 keeps slow
    /// answers alive that way.
    static func parse(_ bytes: [UInt8]) -> XMLNode? {
        let document = bytes.drop { $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }
        guard !document.isEmpty, Data(document).range(of: Data("<!DOCTYPE".utf8)) == nil else { return nil }
        let builder = XMLTreeBuilder()
        let parser = XMLParser(data: Data(document))
        parser.delegate = builder
        guard parser.parse(), !builder.isTooDeep else { return nil }
        return builder.root
    }

    func first(_ name: String) -> XMLNode? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

    /// The text of the first child of that name.
    func text(_ name: String) -> String? { first(name)?.text }
}

private final class XMLTreeBuilder: NSObject, XMLParserDelegate {
    private var open: [XMLNode] = []
    private(set) var root: XMLNode?
    private(set) var isTooDeep = false

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(XMLNode(name: name.split(separator: ":").last.map(String.init) ?? name))
        if open.count > 16 {
            isTooDeep = true
            parser.abortParsing()
        }
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text += text
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        guard let ended = open.popLast() else { return }
        if open.isEmpty { root = ended } else { open[open.count - 1].children.append(ended) }
    }
}
