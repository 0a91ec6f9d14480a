extension String {
    /// With `text` in place of each such scalar, whatever stands behind it.
    ///
    /// For everything that is quoted for another program: `replacing` compares characters, and to it a quote with a combining mark
    /// behind it is another character than a quote, and is left as it is. A server or a shell sees the quote.
    package func replacing(scalar: Unicode.Scalar, with text: String) -> String {
        guard unicodeScalars.contains(scalar) else { return self }
        var out = String.UnicodeScalarView()
        for one in unicodeScalars {
            if one == scalar { out.append(contentsOf: text.unicodeScalars) } else { out.append(one) }
        }
        return String(out)
    }
}
