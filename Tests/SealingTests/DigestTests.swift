import Sealing
import Testing

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 gives the digests of FIPS 180`(text: String, expected: String) {
        #expect(hex(sha256(Array(text.utf8))) == expected)
        #expect(hex(sha256(text.utf8)) == expected)
        #expect(Array(text.utf8).withUnsafeBytes { hex(sha256($0)) } == expected)
    }

    @Test func `bytes in pieces give the digest of the whole, and the hasher starts anew`() {
        let bytes = (0..<100_003).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let hasher = SHA256Hasher()
        for _ in 0..<2 {
            var start = 0
            for size in sequence(first: 0, next: { $0 + 977 }) where start < bytes.count {
                let end = min(bytes.count, start + size)
                bytes[start..<end].withUnsafeBytes { hasher.update($0) }
                start = end
                if start == bytes.count { break }
            }
            #expect(hasher.finish() == sha256(bytes))
        }
        #expect(hasher.finish() == sha256([UInt8]()))
    }

    @Test func `MD5 gives the digests of RFC 1321`() {
        #expect(Array("message digest".utf8).withUnsafeBytes { hex(md5($0)) } == "f96b697d7cb7938d525a2f31aaf161d0")
        #expect(hex(md5(UnsafeRawBufferPointer(start: nil, count: 0))) == "d41d8cd98f00b204e9800998ecf8427e")
    }

    @Test func `HMAC-SHA-256 gives the values of RFC 4231, and takes empty keys and messages`() {
        #expect(
            hex(hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            hex(
                hmacSHA256(
                    key: [UInt8](repeating: 0xaa, count: 131),
                    Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        #expect(hex(hmacSHA256(key: [], [])) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `random bytes come in the number asked for and differ`() throws {
        #expect(try randomBytes(0) == [])
        #expect(try randomBytes(32) != randomBytes(32))
        #expect(try randomBytes(1000).count == 1000)
        #expect(throws: SealingError.self) { try randomBytes(-1) }
    }

    @Test func `equality in constant time is equality`() {
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(constantTimeEqual([], []))
    }

    @Test func `hexadecimal is lower case, two digits a byte`() {
        #expect(hex([0, 0x0f, 0xa0, 0xff]) == "000fa0ff")
        #expect(hex([]) == "")
    }
}
